# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file: which accounts and groups of a machine are managed, by name and number. Nothing in it is secret."""

from __future__ import annotations

import json
from typing import Any

from .._common.errors import WaldurError
from .account_list_validation import FIRST_ID, find_id_problem, find_name_problem
from .model import ManagedAccount, ManagedState
from .root_folder import RootFolder

FOLDER = "/var/lib/waldur_linux_accounts"
_VERSION = 1


def locate_state(list_name: str) -> str:
    """Return the path of the state file of a list."""
    return f"{FOLDER}/{list_name}.json"


def list_states(root: RootFolder) -> list[str]:
    """Return the names of the lists that have a state file. Raises ``WaldurError``."""
    names = root.list_names(FOLDER)
    return [name.removesuffix(".json") for name in names if name.endswith(".json") and not name.startswith(".")]


def read_state(root: RootFolder, list_name: str, first_ids: tuple[int, int]) -> ManagedState:
    """Return what the state file notes; nothing is managed where there is no file.

    ``first_ids`` are the lowest UID and GID for people. Raises ``WaldurError``, also for a file that names accounts or
    groups of the system, which this program never manages.
    """
    path = locate_state(list_name)
    text = root.read_text(path)
    if text is None:
        return ManagedState()
    try:
        return _parse(json.loads(text), *first_ids)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WaldurError(
            f"{path} is not a valid state file of this version. Nothing was changed. Restore it, or remove it and name"
            " the accounts and groups to manage in the option adopt."
        ) from error


def _parse(data: Any, first_uid: int, first_gid: int) -> ManagedState:
    if data["version"] != _VERSION:
        raise ValueError
    for name, gid in data["groups"].items():
        _check(name, gid, first_gid)
    accounts, deleted = (_read_accounts(data[key], first_uid) for key in ("accounts", "deleted"))
    return ManagedState(accounts, dict(data["groups"]), deleted)


def _read_accounts(rows: Any, first_uid: int) -> dict[str, ManagedAccount]:
    accounts = {}
    for name, row in rows.items():
        _check(name, row["uid"], first_uid)
        accounts[name] = ManagedAccount(row["uid"], str(row["user_uuid"]), row["has_keys"] is True)
    return accounts


def _check(name: Any, number: Any, first: int) -> None:
    # UID_MIN may have been raised since the file was written.
    if find_name_problem(name) or find_id_problem(number, min(first, FIRST_ID)):
        raise ValueError


def write_state(root: RootFolder, list_name: str, state: ManagedState) -> None:
    """Write the state file, for the administrator only."""
    root.make_folders(FOLDER)
    root.replace_text(locate_state(list_name), _render(state))


def _render(state: ManagedState) -> str:
    def rows(accounts: Any) -> dict[str, dict[str, Any]]:
        return {
            name: {"uid": noted.uid, "user_uuid": noted.user_uuid, "has_keys": noted.has_keys}
            for name, noted in accounts.items()
        }

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
