# SPDX-License-Identifier: GPL-3.0-or-later
"""One account for all offerings of a provider, which came in 2026 (api-behaviour: editions-2026)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import yaml
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from .. import accounts, adoption, models
from ..accounts import DEFAULTS, RULES
from ..computed import creates_accounts
from ..fields import HexField
from ..forms import AccountOptionsForm
from ..models import ServiceProvider
from ..shapes import row
from .provider_lists import offered

FIRST_ID = RULES["first_id"]


def read_body(request: Request, **fields: serializers.Field) -> dict[str, Any]:
    """The request's body, which has *fields*; raises 400."""
    body = type("Body", (serializers.Serializer,), fields)(data=request.data)
    body.is_valid(raise_exception=True)
    return body.validated_data


def accounts_of(provider: ServiceProvider) -> QuerySet:
    """The accounts at the provider that have a name and a user."""
    found = adoption.rows_of(provider).exclude(state="Deleted")
    return found.exclude(username=None).exclude(username="")


def username_conflicts(provider: ServiceProvider, request: Request) -> list[dict[str, Any]]:
    """The users whose accounts at the provider carry different names, whatever their state
    (api-behaviour: accounts-conflicts)."""
    return adoption.find_conflicts(provider)


def adopt_provider_accounts(provider: ServiceProvider, request: Request) -> dict[str, int]:
    """Give each user one account at the provider, all or none; ``resolutions`` has the name that survives by user."""
    body = read_body(request, resolutions=serializers.DictField(child=serializers.CharField(), default=dict))
    return adoption.adopt(provider, body["resolutions"])


def renames_of(rows: QuerySet, offering: models.Offering, now: dict[str, str]) -> list[dict[str, Any]]:
    """What the settings *now* make of the names of *rows*, one after the other, as the change would name them."""
    names: dict[int, str] = dict(offering.accounts.exclude(username=None).values_list("pk", "username"))
    found = []
    for account in rows:
        entry = renamed(account, offering, now, names.values())
        names[account.pk] = entry["new_username"] or ""
        found.append(entry)
    return [entry for entry in found if entry["username"] != entry["new_username"]]


def renamed(
    account: models.OfferingUser, offering: models.Offering, now: dict[str, str], taken: Iterable[str]
) -> dict[str, Any]:
    """What the settings *now* make of an account's name; null where a number would be allocated first."""
    policy, prefix = now["username_generation_policy"], now["username_anonymized_prefix"]
    row = {"username": account.username or "", "home_directory": account.home_directory or ""}
    name: str | None = None
    if policy != "anonymized" or not accounts.lacks_number(offering, account.user, "uid"):
        name = accounts.generated_name(offering, account.user, policy, prefix, taken)
    home = None if name is None else f"{now['homedir_prefix']}{name}" if name else ""
    return {**row, "new_username": name, "new_home_directory": home}


def preview(offering: models.Offering, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What a change of the provider's options from *before* to *after* does to *offering*
    (api-behaviour: account-settings-preview)."""
    own = offering.plugin_options
    pairs = {
        key: {"before": accounts.setting(key, own, before), "after": accounts.setting(key, own, after)}
        for key in DEFAULTS
    }
    now = {key: pair["after"]["value"] for key, pair in pairs.items()}
    other = {key for key, pair in pairs.items() if pair["before"]["value"] != now[key]}
    rows = offering.accounts.exclude(state="Deleted").select_related("user").order_by("id")
    policy, prefix = now["username_generation_policy"], now["homedir_prefix"]
    renames = []
    if "username_generation_policy" in other or (policy == "anonymized" and "username_anonymized_prefix" in other):
        kept = rows.filter(accounts.RENAMED, service_provider_account=None)
        renames = renames_of(kept, offering, now)
    name = {"anonymized": f"{now['username_anonymized_prefix']}<uid>"}.get(policy, "<username>")
    return {
        "uuid": offering.uuid.hex,
        "name": offering.name,
        "settings": pairs,
        # A change of the source alone counts.
        "changed": [key for key, pair in pairs.items() if pair["before"] != pair["after"]],
        "example": {"username": name, "home_directory": f"{prefix}{name}", "login_shell": now["login_shell"]},
        "renames": renames,
        "provider_accounts_kept": rows.exclude(service_provider_account=None).count() if other else 0,
        "accounts_keeping_home_or_shell": rows.count() if {"homedir_prefix", "login_shell"} & other else 0,
    }


def group_warnings(provider: ServiceProvider, options: dict[str, Any]) -> list[str]:
    """What keeps groups of projects from getting numbers, where *options* have them on
    (api-behaviour: account-settings-preview)."""
    pool = models.PosixPool.objects.filter(service_provider=provider).first()
    if not options.get("project_groups_enabled") or (pool and pool.min_gid):
        return []
    return ["The service provider's POSIX ID pool has no GID range."]


def account_options_preview(provider: ServiceProvider, request: Request) -> dict[str, Any]:
    """What other options would do; nothing is stored."""
    before = provider.account_options
    changes = read_body(request, account_options=AccountOptionsForm())["account_options"]
    after = AccountOptionsForm.merged(before, changes)
    offerings = accounts.offerings_with_accounts(provider).exclude(state="Archived").order_by("name")
    rows = [preview(offering, before, after) for offering in offerings]
    becomes_shared = after.get("account_scope") == "provider" != before.get("account_scope")
    return {
        "account_options": {"current": before, "proposed": after},
        "warnings": group_warnings(provider, after),
        "offerings": rows,
        "renamed": sum(len(row["renames"]) for row in rows),
        "provider_accounts_kept": sum(row["provider_accounts_kept"] for row in rows),
        "accounts_keeping_home_or_shell": sum(row["accounts_keeping_home_or_shell"] for row in rows),
        "username_conflicts": len(username_conflicts(provider, request)) if becomes_shared else 0,
    }


def entry(rows: list[models.OfferingUser]) -> models.OfferingUser:
    """The entry of one user in the directory, made of the *rows* at the offerings that share accounts.

    A row with a pinned home directory goes before the others. Only what no pool supplied is made up, as the directory
    needs it.
    """
    account = min(rows, key=lambda one: not one.is_home_pinned)
    now = accounts.values_of(account.offering)
    account.number = account.uidnumber or FIRST_ID + account.user_id
    account.group_number = account.primarygroup or account.number
    account.home_dir = account.home_directory or f"{now['homedir_prefix']}{account.username}"
    account.login_shell = account.login_shell or now["login_shell"]
    account.disabled = not account.user.is_active or all(one.is_restricted for one in rows)
    account.ssh_keys = [key.public_key for key in account.user.keys.all()]
    account.members, account.memberships = [account.username], [account]
    return account


def glauth_tree(provider: ServiceProvider, request: Request) -> dict[str, Any]:
    """The directory of the accounts that offerings share, each once, alone in a group of its own number."""
    every = provider.customer.offerings.order_by("name")
    places = [one for one in every if accounts.is_shared(one) and creates_accounts(one, request)]
    by_user: dict[int, list[models.OfferingUser]] = defaultdict(list)
    for one in accounts_of(provider).filter(offering__in=places):
        by_user[one.user_id].append(one)
    found = [entry(rows) for rows in by_user.values()]
    robots = models.RobotAccount.objects.filter(resource__offering__in=places).order_by("id")
    rows = {"offerings": places, "groups": found, "users": found, "robot_accounts": robots}
    return {
        **{name: [row(f"glauth_{name}", item, request) for item in items] for name, items in rows.items()},
        "warnings": [],
    }


def glauth_users_config(provider: ServiceProvider, request: Request) -> HttpResponse:
    """The same directory as the TOML that GLAuth reads."""
    users = glauth_tree(provider, request)["users"]
    # JSON's texts and lists are TOML's too.
    texts = (RULES["glauth_user"].format(**{key: json.dumps(value) for key, value in user.items()}) for user in users)
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
    offerings = [{**row, **RULES["agent_backends"]} for row in rows]
    text = yaml.safe_dump({"timezone": body["timezone"], "offerings": offerings}, sort_keys=False)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def offering_types(provider: ServiceProvider, request: Request) -> list[str]:
    """The types of the provider's offerings."""
    return sorted(set(offered(provider).values_list("type", flat=True)))
