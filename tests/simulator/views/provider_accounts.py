# SPDX-License-Identifier: GPL-3.0-or-later
"""One account for all offerings of a provider, which came in 2026 (contract 3.i)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import yaml
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from .. import editions, models
from ..fields import HexField
from ..forms import AccountOptionsForm
from ..models import ServiceProvider
from ..permissions import connected_projects
from ..shapes import row
from .provider_lists import offered

ACCOUNTS = editions.load("accounts.yaml")
DEFAULTS, FIRST_ID = ACCOUNTS["defaults"], ACCOUNTS["first_id"]


def read_body(request: Request, **fields: serializers.Field) -> dict[str, Any]:
    """The request's body, which has *fields*; raises 400."""
    body = type("Body", (serializers.Serializer,), fields)(data=request.data)
    body.is_valid(raise_exception=True)
    return body.validated_data


def accounts_of(provider: ServiceProvider) -> QuerySet:
    """The accounts at the provider that have a name."""
    found = models.OfferingUser.objects.filter(offering__customer=provider.customer).exclude(state="Deleted")
    return found.exclude(username=None).exclude(username="").select_related("user", "offering").order_by("id")


def named(provider: ServiceProvider) -> dict[models.User, dict[str, list[models.OfferingUser]]]:
    """The accounts of each user, by name."""
    found: dict[models.User, dict[str, list[models.OfferingUser]]] = defaultdict(lambda: defaultdict(list))
    for account in accounts_of(provider):
        found[account.user][account.username].append(account)
    return found


def candidate(user: models.User, username: str, accounts: list[models.OfferingUser]) -> dict[str, Any]:
    """A name that a user's accounts could have from now on."""
    live = models.Resource.objects.exclude(state="Terminated").filter(project__in=connected_projects(user))
    return {
        "username": username,
        "offering_count": len(accounts),
        "offering_uuids": [account.offering.uuid.hex for account in accounts],
        "has_active_resources": live.filter(offering__in=[account.offering for account in accounts]).exists(),
        "home_directories": [],
    }


def username_conflicts(provider: ServiceProvider, request: Request) -> list[dict[str, Any]]:
    """The users whose accounts at the provider carry different names."""
    return [
        {
            "user_uuid": user.uuid.hex,
            "user_username": user.username,
            "user_full_name": user.full_name,
            "candidates": [candidate(user, name, accounts) for name, accounts in names.items()],
        }
        for user, names in named(provider).items()
        if len(names) > 1
    ]


def adopt_provider_accounts(provider: ServiceProvider, request: Request) -> dict[str, int]:
    """Give each user one account at the provider, all or none; ``resolutions`` has the name that survives by user."""
    body = read_body(request, resolutions=serializers.DictField(child=serializers.CharField(), default=dict))
    wanted = {key.replace("-", "").lower(): name for key, name in body["resolutions"].items()}
    users, chosen = named(provider), {}
    for user, names in users.items():
        chosen[user] = wanted.get(user.uuid.hex, "") if len(names) > 1 else next(iter(names))
        if chosen[user] not in names:
            problem = f"Username conflicts of {user.username}: choose one of {', '.join(names)}."
            raise ValidationError({"resolutions": [problem]})
    held = {account.user: account.username for account in provider.accounts.select_related("user")}
    times = Counter({**chosen, **held}.values())
    if shared := sorted(name for name, number in times.items() if number > 1):
        raise ValidationError({"usernames": shared})
    adopted = backed = 0
    for user, name in chosen.items():
        account, new = provider.accounts.get_or_create(user=user, defaults={"username": name})
        adopted += new
        for own in (one for accounts in users[user].values() for one in accounts):
            own.service_provider_account = account
            own.rename(account.username)
            backed += 1
    return {"adopted": adopted, "backed": backed}


def setting(key: str, offering: models.Offering, options: dict[str, Any]) -> dict[str, Any]:
    """What holds for *offering* at a provider with *options*, and who says so."""
    sources = {"offering": offering.plugin_options, "provider": options, "default": DEFAULTS}
    return next({"value": values[key], "source": name} for name, values in sources.items() if values.get(key))


def renamed(account: models.OfferingUser, policy: str, prefix: str) -> dict[str, Any]:
    """What *policy* makes of an account's name; null where it takes more than the user to know."""
    user = account.user
    names = {"waldur_username": user.username, "full_name": f"{user.first_name}_{user.last_name}".lower()}
    name, old = names.get(policy), {"username": account.username or "", "home_directory": ""}
    return {**old, "new_username": name, "new_home_directory": None if name is None else f"{prefix}{name}"}


def preview(offering: models.Offering, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What a change of the provider's options from *before* to *after* does to *offering*."""
    pairs = {
        key: {"before": setting(key, offering, before), "after": setting(key, offering, after)} for key in DEFAULTS
    }
    now = {key: pair["after"]["value"] for key, pair in pairs.items()}
    changed = [key for key, pair in pairs.items() if pair["before"]["value"] != now[key]]
    accounts = offering.accounts.exclude(state="Deleted").select_related("user").order_by("id")
    policy, prefix = now["username_generation_policy"], now["homedir_prefix"]
    renames = []
    if "username_generation_policy" in changed and policy != "service_provider":
        own = accounts.filter(service_provider_account=None)
        renames = [
            row for row in (renamed(one, policy, prefix) for one in own) if row["username"] != row["new_username"]
        ]
    name = f"{now['username_anonymized_prefix']}{FIRST_ID}" if policy == "anonymized" else "jdoe"
    return {
        "uuid": offering.uuid.hex,
        "name": offering.name,
        "settings": pairs,
        "changed": changed,
        "example": {"username": name, "home_directory": f"{prefix}{name}", "login_shell": now["login_shell"]},
        "renames": renames,
        "provider_accounts_kept": accounts.exclude(service_provider_account=None).count() if changed else 0,
        "accounts_keeping_home_or_shell": accounts.count() if {"homedir_prefix", "login_shell"} & set(changed) else 0,
    }


def account_options_preview(provider: ServiceProvider, request: Request) -> dict[str, Any]:
    """What other options would do; nothing is stored."""
    before = provider.account_options
    after = AccountOptionsForm.merged(
        before, read_body(request, account_options=AccountOptionsForm())["account_options"]
    )
    rows = [preview(offering, before, after) for offering in provider.customer.offerings.order_by("name")]
    conflicts = sum(len(names) > 1 for names in named(provider).values())
    return {
        "account_options": {"current": before, "proposed": after},
        "warnings": ["Usernames conflict."] if conflicts and after.get("account_scope") == "provider" else [],
        "offerings": rows,
        "renamed": sum(len(row["renames"]) for row in rows),
        "provider_accounts_kept": sum(row["provider_accounts_kept"] for row in rows),
        "accounts_keeping_home_or_shell": sum(row["accounts_keeping_home_or_shell"] for row in rows),
        "username_conflicts": conflicts,
    }


def glauth_tree(provider: ServiceProvider, request: Request) -> dict[str, Any]:
    """The directory of the accounts that offerings share, each once, alone in a group of its own number."""
    every, options = provider.customer.offerings.order_by("name"), provider.account_options
    places = [one for one in every if setting("account_scope", one, options)["value"] == "provider"]
    found = {one.username: one for one in accounts_of(provider).filter(offering__in=places)}
    for name, account in found.items():
        shell, prefix = (setting(key, account.offering, options)["value"] for key in ("login_shell", "homedir_prefix"))
        account.number, account.login_shell, account.home_dir = FIRST_ID + account.user_id, shell, f"{prefix}{name}"
        account.disabled = not account.user.is_active or account.is_restricted
        account.ssh_keys = [key.public_key for key in account.user.keys.all()]
        account.members, account.memberships = [name], [account]
    robots = models.RobotAccount.objects.filter(resource__offering__in=places).order_by("id")
    rows = {"offerings": places, "groups": found.values(), "users": found.values(), "robot_accounts": robots}
    return {
        **{name: [row(f"glauth_{name}", item, request) for item in items] for name, items in rows.items()},
        "warnings": [],
    }


def glauth_users_config(provider: ServiceProvider, request: Request) -> HttpResponse:
    """The same directory as the TOML that GLAuth reads."""
    users = glauth_tree(provider, request)["users"]
    # JSON's texts and lists are TOML's too.
    texts = (
        ACCOUNTS["glauth_user"].format(**{key: json.dumps(value) for key, value in user.items()}) for user in users
    )
    return HttpResponse("".join(texts), content_type="text/plain; charset=utf-8")


def generate_site_agent_config(provider: ServiceProvider, request: Request) -> HttpResponse:
    """The file of settings for an agent that serves the offerings, secrets left out."""
    body = read_body(
        request,
        offering_uuids=serializers.ListField(child=HexField(), allow_empty=False),
        include_policy_settings=serializers.BooleanField(default=True),
        waldur_api_url=serializers.CharField(default=request.build_absolute_uri("/api/")),
        timezone=serializers.CharField(default="UTC"),
    )
    found = provider.customer.offerings.filter(uuid__in=body["offering_uuids"]).order_by("name")
    if len(found) < len(set(body["offering_uuids"])):
        raise ValidationError({"offering_uuids": ["Not all of these are offerings of this service provider."]})
    shared = {"waldur_api_url": body["waldur_api_url"], "waldur_api_token": "<YOUR_API_TOKEN_HERE>"}
    rows = [{"name": one.name, **shared, "waldur_offering_uuid": one.uuid.hex} for one in found]
    offerings = [{**row, **ACCOUNTS["agent_backends"]} for row in rows]
    text = yaml.safe_dump({"timezone": body["timezone"], "offerings": offerings}, sort_keys=False)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def offering_types(provider: ServiceProvider, request: Request) -> list[str]:
    """The types of the provider's offerings."""
    return sorted(set(offered(provider).values_list("type", flat=True)))
