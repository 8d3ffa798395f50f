# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manage the accounts and groups of a machine by a list, in one run.

The files in ``/etc`` are written directly, as ``useradd`` and ``groupadd`` would write them: under the locks of
shadow-utils, each file replaced as a whole, in an order in which an interrupted run gives nobody too much. The programs
of shadow-utils were not used, because each call reads, checks and writes all files again: a thousand accounts take
minutes, a run that is cut off leaves a part of them, ``newusers`` can't change, lock or expire an account, and nothing
would make the comparison and the writing one step.

The state file is written first, with what will be managed, and last, with what is: an interrupted run is completed by
the next one, which compares again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from .._common.errors import WaldurError, quote
from .account_list_validation import validate_account_list
from .comparison import compare
from .file_locks import lock_files
from .homes import FindContext, Homes
from .model import AccountPlan, Desired, LocalAccount, ManagedState
from .name_service import HostNameService, NameService
from .reading import read_files, read_first_ids, read_machine
from .report import make_result
from .root_folder import RootFolder
from .state_file import list_states, merge_states, read_state, write_state
from .tables import FILES, Tables

_SECONDS_PER_DAY = 86400
_CACHES = (("nscd", "-i", "passwd"), ("nscd", "-i", "group"))


def run(
    options: Mapping[str, Any],
    *,
    check: bool,
    diff: bool = False,
    service: NameService | None = None,
    find_context: FindContext | None = None,
) -> dict[str, Any]:
    """Make the machine have the accounts and groups of the list, and return the module's result.

    ``options`` are valid by the argument spec. ``service`` replaces the name services of the running system, and
    ``find_context`` finds SELinux contexts in its policy. In check mode, nothing is written, and no lock is taken.
    Raises ``WaldurError``.
    """
    if os.geteuid() != 0:
        raise WaldurError("linux_accounts must run as root on the machine: set become to true, or log in as root.")
    root = RootFolder(options["root"])
    first_ids = read_first_ids(root)
    desired = validate_account_list(options, *first_ids)
    homes = Homes(root, list(options["home_parents"]), find_context if root.is_host else None)
    if service is None and root.is_host:
        service = HostNameService()
    with contextlib.nullcontext() if check else lock_files(root):
        machine_run = _MachineRun(root, homes, options["list_name"], desired, first_ids, service)
        failures = {} if check else machine_run.apply()
    result = make_result(machine_run.plan, desired, diff=diff)
    if failures:
        names = ", ".join(f"{name} ({reason})" for name, reason in sorted(failures.items())[:10])
        raise WaldurError(
            f"The home directories or keys of {len(failures)} accounts could not be written, and all other changes were"
            f" made: {names}. Correct the cause, and run the task again.",
            **result,
            failed_accounts=sorted(failures),
        )
    return result


class _MachineRun:
    """One run on a machine: what was read, the plan, and how it is applied."""

    def __init__(
        self,
        root: RootFolder,
        homes: Homes,
        list_name: str,
        desired: Desired,
        first_ids: tuple[int, int],
        service: NameService | None,
    ) -> None:
        self._root = root
        self._homes = homes
        self._list_name = list_name
        self._files = read_files(root)
        self._managed = read_state(root, list_name, first_ids)
        # What the file contains now.
        self._noted = self._managed
        others = {name: read_state(root, name, first_ids) for name in list_states(root) if name != list_name}
        self._tables = self._files.parse()
        machine = read_machine(root, self._tables, self._managed, others, desired, homes, service)
        self.plan: AccountPlan = compare(machine, desired)

    def apply(self) -> dict[str, str]:
        """Apply the plan, and return why the home directory or keys of an account could not be written, by name."""
        self._write_state(merge_states(self._managed, self.plan.managed))
        self._move_homes()
        before = self._files.parse()
        self._tables.apply(self.plan, int(time.time()) // _SECONDS_PER_DAY)
        is_written = self._write_tables(before)
        failures = self._write_homes()
        self._write_state(self.plan.managed)
        if is_written and self._root.is_host:
            _flush_caches()
        return failures

    def _write_state(self, state: ManagedState) -> None:
        if state != self._noted:
            write_state(self._root, self._list_name, state)
            self._noted = state

    def _write_tables(self, before: Tables) -> bool:
        """Write the files that differ, each with a copy of its content before, as shadow-utils do."""
        is_written = False
        for path, render in FILES.items():
            old, new = render(before), render(self._tables)
            if new is not None and old is not None and old != new:
                self._root.replace_text(f"{path}-", old)
                self._root.replace_text(path, new)
                is_written = True
        return is_written

    def _move_homes(self) -> None:
        """Move home directories before passwd names their new paths, so that an interrupted run moves them again."""
        for change in self.plan.accounts:
            if change.before and change.after and change.before.home != change.after.home:
                self._move_home(change.before.home, change.after)

    def _move_home(self, old: str, account: LocalAccount) -> None:
        try:
            self._homes.move(old, account)
        except OSError as error:
            raise WaldurError(
                f"Cannot move the home directory {old} of '{account.name}' to {account.home}: {quote(error.strerror)}."
                " No account was changed. Move it yourself, or correct the list."
            ) from error

    def _write_homes(self) -> dict[str, str]:
        failures = {}
        for change in self.plan.accounts:
            if change.after is None:
                continue
            try:
                self._write_home(change.before, change.after)
            except OSError as error:
                failures[change.name] = quote(error.strerror or error)
            except WaldurError as error:
                failures[change.name] = error.message
        return failures

    def _write_home(self, before: LocalAccount | None, after: LocalAccount) -> None:
        if after.has_home:
            self._homes.create(after)
            if after.keys and (before is None or _key_file(before) != _key_file(after)):
                self._homes.write_keys(after)


def _key_file(account: LocalAccount) -> tuple[Any, ...]:
    """Return what the file of keys of an account depends on."""
    return account.keys, account.are_keys_valid, account.gid


def _flush_caches() -> None:
    """Make caches of the running system read the files again, as useradd does."""
    for command in _CACHES:
        if program := shutil.which(command[0], path="/usr/sbin:/sbin:/usr/bin:/bin"):
            # All changes are made by now: a cache that can't be flushed reads the files again by itself, later.
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                # AnsibleModule.run_command is not available here.
                subprocess.run(  # pylint: disable=ansible-bad-function
                    [program, *command[1:]], check=False, capture_output=True, timeout=30
                )
