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

from .. import accounts, adoption, models, posix
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


# Names in the example of a preview, by the policy (api-behaviour: account-settings-preview).
EXAMPLES = {
    "full_name": "<first name>_<last name>_00",
    "waldur_username": "<Waldur username>",
    "freeipa": "<FreeIPA username>",
    "identity_claim": "<site username claim>",
}


def list_renames(rows: Iterable[models.OfferingUser], settings: dict[str, str]) -> list[dict[str, Any]]:
    """Return the accounts of *rows* to which the *settings* would give another name, each for itself."""
    policy, prefix = settings["username_generation_policy"], settings["username_anonymized_prefix"]
    renames = []
    for account in rows:
        name = accounts.previewed_name(account, policy, prefix)
        if name != account.username:
            home = f"{settings['homedir_prefix']}{name}" if name else ""
            own = {"username": account.username or "", "home_directory": account.home_directory or ""}
            renames.append({**own, "new_username": name, "new_home_directory": home})
    return renames


def show_example(offering: models.Offering, settings: dict[str, str]) -> dict[str, str]:
    """Return what a user who is new to *offering* would get under the *settings*."""
    policy = settings["username_generation_policy"]
    name = EXAMPLES.get(policy, "")
    if policy == "anonymized":
        name = f"{settings['username_anonymized_prefix']}{accounts.next_uid(offering) or '<UID>'}"
    home = f"{settings['homedir_prefix']}{name or '<username>'}"
    return {"username": name, "home_directory": home, "login_shell": settings["login_shell"]}


def preview(offering: models.Offering, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what a change of the provider's options from *before* to *after* does to *offering*
    (api-behaviour: account-settings-preview)."""
    own = offering.plugin_options
    pairs = {
        key: {"before": accounts.setting(key, own, before), "after": accounts.setting(key, own, after)}
        for key in DEFAULTS
    }
    changed = [key for key, pair in pairs.items() if pair["before"] != pair["after"]]
    old, new = ({key: pair[time]["value"] for key, pair in pairs.items()} for time in ("before", "after"))
    rows = list(offering.accounts.filter(accounts.RENAMED).select_related("user", "offering").order_by("id"))
    unlinked = [row for row in rows if row.service_provider_account_id is None]
    is_renaming, is_posix = accounts.affects_names(old, new), bool({"homedir_prefix", "login_shell"} & set(changed))
    renames = list_renames(unlinked, new) if is_renaming else []
    renamed = {rename["username"] for rename in renames}
    return {
        "uuid": offering.uuid.hex,
        "name": offering.name,
        "settings": pairs,
        "changed": changed,
        "example": show_example(offering, new),
        "renames": renames,
        "provider_accounts_kept": len(rows) - len(unlinked) if is_renaming or is_posix else 0,
        "accounts_keeping_home_or_shell": sum(
            bool(row.username) and row.username not in renamed for row in unlinked if is_posix
        ),
    }


def group_warnings(provider: ServiceProvider, options: dict[str, Any]) -> list[str]:
    """What keeps groups of projects from getting numbers, where *options* have them on
    (api-behaviour: account-settings-preview)."""
    if not options.get("project_groups_enabled"):
        return []
    kind = posix.group_range(posix.provider_pool(provider))
    if kind is None:
        return ["The service provider's POSIX ID pool has no GID range."]
    return [] if kind == "group_gid" else ["The service provider's POSIX ID pool has no range for project groups."]


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
