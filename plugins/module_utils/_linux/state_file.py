# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file: which accounts and groups of a machine are managed, by name and number. Nothing in it is secret."""

from __future__ import annotations

import json
from typing import Any

from .._common.errors import WaldurError
from .model import ManagedAccount, ManagedState
from .root_folder import RootFolder, make_parents

FOLDER = "/var/lib/waldur_linux_accounts"
_VERSION = 1


def locate_state(list_name: str) -> str:
    """Return the path of the state file of a list."""
    return f"{FOLDER}/{list_name}.json"


def read_state(root: RootFolder, list_name: str) -> ManagedState:
    """Return what the state file notes; nothing is managed where there is no file. Raises ``WaldurError``."""
    path = locate_state(list_name)
    text = root.read_text(path)
    if text is None:
        return ManagedState()
    try:
        return _parse(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WaldurError(
            f"{path} is not a valid state file of this version. Nothing was changed. Restore it, or remove it and name"
            " the accounts and groups to manage in the option adopt."
        ) from error


def _parse(data: Any) -> ManagedState:
    if data["version"] != _VERSION:
        raise ValueError
    groups = {str(name): int(gid) for name, gid in data["groups"].items()}
    return ManagedState(_read_accounts(data["accounts"]), groups, _read_accounts(data["deleted"]))


def _read_accounts(rows: Any) -> dict[str, ManagedAccount]:
    return {str(name): ManagedAccount(int(row["uid"]), str(row["user_uuid"])) for name, row in rows.items()}


def write_state(root: RootFolder, list_name: str, state: ManagedState) -> None:
    """Write the state file, for the administrator only."""
    path = locate_state(list_name)
    make_parents(root, path)
    root.replace_text(path, _render(state))


def _render(state: ManagedState) -> str:
    def rows(accounts: Any) -> dict[str, dict[str, Any]]:
        return {name: {"uid": noted.uid, "user_uuid": noted.user_uuid} for name, noted in accounts.items()}

    data = {
        "version": _VERSION,
        "accounts": rows(state.accounts),
        "groups": dict(state.groups),
        "deleted": rows(state.deleted),
    }
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def merge_states(first: ManagedState, second: ManagedState) -> ManagedState:
    """Return a state with what either notes, for the time between the first and the last change of a run."""
    return ManagedState(
        {**first.accounts, **second.accounts}, {**first.groups, **second.groups}, {**first.deleted, **second.deleted}
    )
