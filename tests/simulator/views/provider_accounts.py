# SPDX-License-Identifier: GPL-3.0-or-later
"""One account for all offerings of a provider, which came in 2026 (api-behaviour: editions-2026)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from .. import accounts, adoption, models, posix
from ..accounts import DEFAULTS
from ..forms import AccountOptionsForm
from ..models import ServiceProvider
from .provider_lists import offered


def read_body(request: Request, **fields: serializers.Field) -> dict[str, Any]:
    """The request's body, which has *fields*; raises 400."""
    body = type("Body", (serializers.Serializer,), fields)(data=request.data)
    body.is_valid(raise_exception=True)
    return body.validated_data


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
        own = {"username": account.username or "", "home_directory": account.home_directory or ""}
        # No name and an empty one are the same; a name that waits for a UID (None) is another one.
        if name != own["username"]:
            home = f"{settings['homedir_prefix']}{name}" if name else ""
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


def offering_types(provider: ServiceProvider, request: Request) -> list[str]:
    """The types of the provider's offerings."""
    return sorted(set(offered(provider).values_list("type", flat=True)))
