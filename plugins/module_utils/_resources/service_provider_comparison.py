# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the current profile of a service provider with the desired one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._common.types import Row
from .._document import images
from .._document.model import UNSET, ImageFile
from .._plan.changes import Action, Change, ChangeKind, Comparison, Effect, Severity, Stage
from .._references.targets import Target
from .account_options import ACCOUNT_OPTIONS_KEY, NAMING_KEYS, SCOPE, SHARED, differing_options
from .account_options_changes import MERGED_FIELDS, AccountOptionsComparison
from .service_provider_profile import Profile, ProfileState, ProfileWrite

CREATE = Action("create", Stage.PREPARE, effect=Effect.CREATE, participle="created")
_UPDATE = Action(
    "update",
    Stage.PREPARE,
    Severity.LOSS,
    "update that removes values",
    "updates that remove values",
    Effect.UPDATE,
    "updated",
)
# Home directories of accounts follow options of the update before it, and their numbers come from the pools.
_UPDATE_ACCOUNT_OPTIONS = Action(
    "update_account_settings",
    Stage.CONFIGURE,
    Severity.ATTENTION,
    "change of account settings",
    "changes of account settings",
    Effect.UPDATE,
    "given other account settings",
    verb="update account settings of",
)
DELETE = Action("delete", Stage.DELETE, Severity.REMOVAL, "removal", "removals", Effect.DELETE, "deleted")
KIND = ChangeKind(
    "service_provider",
    (CREATE, _UPDATE, _UPDATE_ACCOUNT_OPTIONS, DELETE),
    "service provider {}",
    "service providers",
    merged_fields=MERGED_FIELDS,
)


def plan_deletion(target: Target, desired: Profile, current: ProfileState) -> Comparison[ProfileWrite]:
    if current.row is None:
        return Comparison()
    if current.live_offerings:
        names = ", ".join(current.live_offerings)
        return Comparison(
            errors=(
                f"{desired.option('state')}: the provider {target.name} can't be deleted while it has offerings:"
                f" archive {names} first.",
            )
        )
    keys = ("description", "enable_notifications")
    before = {"customer": target.name, **{key: current.row.get(key) for key in keys}}
    return Comparison((_make_change(target, DELETE, before, None, ProfileWrite()),))


def _is_sent_alone(key: str, value: Any, current: ProfileState) -> bool:
    """Return whether an account option has a change of its own, as it can change accounts at once.

    A new provider is created with its options, which change no account then, and shares accounts only afterwards
    (api-behaviour: account-settings-create).
    """
    return key in NAMING_KEYS if current.row is not None else (key, value) == (SCOPE, SHARED)


def options_sent_alone(desired: Profile, current: ProfileState) -> Row:
    """Return the account options that have a change of their own."""
    options = desired.account_options.options
    return {key: value for key, value in options.items() if _is_sent_alone(key, value, current)}


def profile_change(target: Target, desired: Profile, current: ProfileState) -> Change[ProfileWrite] | None:
    """Return the change that creates or updates the provider; None where nothing differs."""
    before, after, send = find_differences(desired, current)
    if current.row is None:
        payload = ProfileWrite(send, desired.image)
        return _make_change(target, CREATE, None, {"customer": target.name, **after}, payload)
    image = desired.image if "image" in after else UNSET
    return _make_change(target, _UPDATE, before, after, ProfileWrite(send, image)) if after else None


def warn_of_prefix(target: Target, change: Change[ProfileWrite] | None) -> tuple[str, ...]:
    """Return a warning where home directories would run into usernames (api-behaviour: account-settings-keys)."""
    options = ((change.after or {}) if change else {}).get(ACCOUNT_OPTIONS_KEY) or {}
    prefix = options.get("homedir_prefix") or "/"
    if prefix.endswith("/"):
        return ()
    text = f"'{prefix}' has no slash at the end, so the home directory of a user bob would be {prefix}bob"
    return (f"{target.name}: {ACCOUNT_OPTIONS_KEY}.homedir_prefix: {text}.",)


def account_options_change(target: Target, comparison: AccountOptionsComparison) -> Change[ProfileWrite] | None:
    """Return the change of the options that can change accounts; None where nothing differs."""
    if comparison.write is None:
        return None
    payload = ProfileWrite(account_options=comparison.write)
    change = _make_change(target, _UPDATE_ACCOUNT_OPTIONS, comparison.before, comparison.after, payload)
    return replace(change, renames=comparison.renames)


def find_differences(desired: Profile, current: ProfileState) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return what differs, before and after, and the JSON fields to send, without the options that are sent alone."""
    row = current.row or {}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    send: dict[str, Any] = {}
    for name, value in desired.fields.items():
        current_value, desired_value = row.get(name), value
        if name == ACCOUNT_OPTIONS_KEY:
            others = {key: item for key, item in value.items() if not _is_sent_alone(key, item, current)}
            current_value, desired_value = differing_options(current.options, others)
            if not desired_value:
                continue
            differs = True
        elif name == "allowed_domains":
            differs = sorted(current_value or []) != sorted(value)
        else:
            differs = (current_value.strip() if isinstance(current_value, str) else current_value) != value
        if differs or current.row is None:
            before[name], after[name], send[name] = current_value, desired_value, desired_value
    if isinstance(desired.image, ImageFile):
        desired_image = images.digest(desired.image.content) if desired.image.content else None
        has_image = bool(row.get("image"))
        if (desired_image != current.image) if desired_image else has_image:
            before["image"] = current.image.as_dict() if current.image else None
            after["image"] = desired_image.as_dict() if desired_image else None
    return before, after, send


def _make_change(
    target: Target, action: Action, before: Row | None, after: Row | None, payload: ProfileWrite
) -> Change[ProfileWrite]:
    ids = {"customer": target.customer_uuid, "user": None, "role": None}
    return Change(target.name, KIND, target.name, action, before, after, ids, payload)
