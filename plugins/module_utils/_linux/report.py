# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run returns and shows: the accounts, and a line for each value that differs. Pure."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from .._common.errors import quote
from .comparison import KEYS_HEADER
from .model import AccountChange, AccountPlan, Desired, GroupChange, LocalAccount, LocalGroup

_MOST_NAMED = 10


def make_result(plan: AccountPlan, desired: Desired, *, diff: bool) -> dict[str, Any]:
    """Return the result of a run: ``changed``, ``accounts``, ``groups``, ``kept``, ``warnings``, and the diff."""
    actions = {change.name: change.action for change in plan.accounts}
    group_actions = {change.name: change.action for change in plan.groups}
    states = {**dict.fromkeys(plan.managed.accounts, "locked"), **dict.fromkeys((*plan.kept, *plan.unusable), "kept")}
    states |= dict.fromkeys(desired.accounts, "active")
    states |= {change.name: "deleted" for change in plan.accounts if change.after is None}
    uids = {name: noted.uid for name, noted in {**plan.managed.deleted, **plan.managed.accounts}.items()}
    result: dict[str, Any] = {
        "changed": bool(plan.accounts or plan.groups),
        "accounts": [
            {
                "name": name,
                "uid": uids[name],
                "state": states[name],
                "action": actions.get(name, "none"),
                "reason": "" if name in desired.accounts else desired.reasons.get(name, "not in the list"),
            }
            for name in sorted(states)
        ],
        "groups": [
            {"name": name, "gid": gid, "action": group_actions.get(name, "none")}
            for name, gid in sorted(plan.managed.groups.items())
        ],
        "kept": list(plan.kept),
        "warnings": list(_make_warnings(plan, desired)),
    }
    if diff:
        result["diff"] = [*map(_diff_group, plan.groups), *map(_diff_account, plan.accounts)]
    return result


def _make_warnings(plan: AccountPlan, desired: Desired) -> Iterator[str]:
    if plan.kept:
        yield (
            f"Nobody was removed, because the list is not complete. {len(plan.kept)} departed accounts stay as they"
            f" are: {_list(plan.kept)}."
        )
    if plan.unusable:
        reasons = [f"{name} ({quote(desired.reasons[name])})" for name in plan.unusable]
        yield (
            "These accounts stay as they are, because their people have access, but the list can't be used for them:"
            f" {_list(reasons)}."
        )
    if plan.lost:
        yield (
            "Another program deleted these accounts or gave them another UID, so they are no longer managed:"
            f" {_list(plan.lost)}."
        )
    if plan.unknown:
        yield (
            f"adopt: {_list(plan.unknown)}: the list has no such account or group, so nothing was adopted. Check the"
            " spelling."
        )


def _list(names: Sequence[str]) -> str:
    return f"{', '.join(names[:_MOST_NAMED])}{' …' if len(names) > _MOST_NAMED else ''}"


def _diff_account(change: AccountChange) -> dict[str, str]:
    return _diff(f"account {change.name}", _describe_account(change.before), _describe_account(change.after))


def _diff_group(change: GroupChange) -> dict[str, str]:
    return _diff(f"group {change.name}", _describe_group(change.before), _describe_group(change.after))


def _diff(header: str, before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """Return the lines of the values that differ."""

    def lines(values: dict[str, str], others: dict[str, str]) -> str:
        return "".join(f"{key}: {value}\n" for key, value in values.items() if others.get(key) != value)

    return {
        "before_header": header,
        "after_header": header,
        "before": lines(before, after),
        "after": lines(after, before),
    }


def _describe_account(account: LocalAccount | None) -> dict[str, str]:
    if account is None:
        return {}
    keys = [_describe_key(line) for line in account.keys if line != KEYS_HEADER]
    return {
        "name": account.name,
        "uid": str(account.uid),
        "gid": str(account.gid),
        "comment": account.comment,
        "home": account.home,
        "shell": account.shell,
        "access": account.access.value,
        "home directory": "exists" if account.has_home else "missing",
        "SSH keys": ", ".join(keys) or "none",
        "owner and mode of keys": "right" if account.are_keys_valid else "wrong",
    }


def _describe_group(group: LocalGroup | None) -> dict[str, str]:
    if group is None:
        return {}
    return {"name": group.name, "gid": str(group.gid), "members": ", ".join(sorted(group.members)) or "none"}


def _describe_key(line: str) -> str:
    """Return the fingerprint of a key as ssh-keygen -l shows it; the escaped line where it holds no key."""
    for word in line.split():
        if word.startswith("AAAA"):
            try:
                digest = hashlib.sha256(b64decode(word, validate=True)).digest()
            except ValueError:
                break
            return f"SHA256:{b64encode(digest).decode().rstrip('=')}"
    return quote(line)
