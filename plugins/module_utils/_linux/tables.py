# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files passwd, shadow, group and gshadow (passwd(5), shadow(5), group(5), gshadow(5)). Pure.

Lines in another form, such as comments and those of NIS, stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .model import Access, AccountChange, AccountPlan, GroupChange, LocalAccount, LocalGroup

_EXPIRED = "1"  # the day after 1970-01-01, as usermod -e 1 writes it
_NIS = ("+", "-")  # how lines of NIS begin, which include or exclude accounts
_NO_PASSWORD = "*"  # no password is valid; unlike "!", sshd does not take it for a locked account


class Table:
    """The rows of one file in their order, by name."""

    def __init__(self, text: str, width: int) -> None:
        self._width = width
        self._lines: list[str | list[str]] = []
        self._rows: dict[str, list[str]] = {}
        # The names of lines that are not valid, or that come after another line of that name.
        self.invalid: set[str] = set()
        # Only a line feed ends a line: other characters, such as U+2028, may be in the comment of a user.
        for line in text.removesuffix("\n").split("\n") if text else ():
            row = line.split(":")
            is_entry = row[0] and not line.startswith(("#", *_NIS))
            if is_entry and len(row) == width and row[0] not in self._rows:
                self._rows[row[0]] = row
                self._lines.append(row)
            else:
                self._lines.append(line)
                if is_entry:
                    self.invalid.add(row[0])

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    @property
    def rows(self) -> Mapping[str, list[str]]:
        """The rows by name."""
        return self._rows

    def change(self, old: str, row: list[str]) -> None:
        """Replace the row of ``old``, else one that has the new name already, or add it at the end, before lines of
        NIS, where there is none."""
        current = self._rows.pop(old, None) or self._rows.pop(row[0], None)
        if current is None:
            current = []
            self._lines.insert(self._find_end(), current)
        current[:] = row
        self._rows[row[0]] = current

    def _find_end(self) -> int:
        end = len(self._lines)
        while end and isinstance(line := self._lines[end - 1], str) and line.startswith(_NIS):
            end -= 1
        return end

    def remove(self, name: str) -> None:
        """Remove a row, if there is one."""
        if row := self._rows.pop(name, None):
            self._lines = [line for line in self._lines if line is not row]

    def render(self) -> str:
        """Return the text of the file."""
        return "".join((line if isinstance(line, str) else ":".join(line)) + "\n" for line in self._lines)


class Tables:
    """The four files of accounts and groups. ``gshadow`` is None where the machine has no such file."""

    def __init__(self, passwd: str, shadow: str, group: str, gshadow: str | None) -> None:
        self.passwd = Table(passwd, 7)
        self.shadow = Table(shadow, 9)
        self.group = Table(group, 4)
        self.gshadow = None if gshadow is None else Table(gshadow, 4)

    def read_accounts(self) -> dict[str, LocalAccount]:
        """Return the accounts of the files, without their keys and home directories."""
        return {
            name: LocalAccount(
                name, int(row[2]), int(row[3]), row[4], row[5], row[6], _read_access(self.shadow.rows.get(name))
            )
            for name, row in self.passwd.rows.items()
            if _is_number(row[2]) and _is_number(row[3])
        }

    def read_groups(self) -> dict[str, LocalGroup]:
        """Return the groups of the files."""
        return {
            name: LocalGroup(name, int(row[2]), frozenset(filter(None, row[3].split(","))))
            for name, row in self.group.rows.items()
            if _is_number(row[2])
        }

    def read_unshadowed(self) -> frozenset[str]:
        """Return the names whose password is in passwd."""
        return frozenset(name for name, row in self.passwd.rows.items() if row[1] != "x")

    def find_invalid(self) -> dict[str, frozenset[str]]:
        """Return the names with a line that is not valid, or with two lines, by the path of the file."""
        numbers = {name for name, row in self.passwd.rows.items() if not (_is_number(row[2]) and _is_number(row[3]))}
        gids = {name for name, row in self.group.rows.items() if not _is_number(row[2])}
        return {
            "/etc/passwd": frozenset(self.passwd.invalid | numbers),
            "/etc/shadow": frozenset(self.shadow.invalid),
            "/etc/group": frozenset(self.group.invalid | gids),
            "/etc/gshadow": frozenset(self.gshadow.invalid if self.gshadow else ()),
        }

    def apply(self, plan: AccountPlan, today: int) -> None:
        """Change the rows as the plan says; ``today`` is the number of days since 1970-01-01."""
        for change in plan.groups:
            self._apply_group(change)
        for account in plan.accounts:
            self._apply_account(account, today)

    def _apply_account(self, change: AccountChange, today: int) -> None:
        before, after = change.before, change.after
        if after is None:
            self.passwd.remove(change.name)
            self.shadow.remove(change.name)
            return
        old = before.name if before else after.name
        if before is None or _make_row(before) != _make_row(after):
            self.passwd.change(old, _make_row(after))
        new = [after.name, _NO_PASSWORD, str(today), "", "", "", "", "", ""]
        # A row without an account is what another program left, and its password is not that of the new person.
        row = new if before is None else self.shadow.rows.get(old) or self.shadow.rows.get(after.name) or new
        self.shadow.change(old, _set_access([after.name, *row[1:]], after.access))

    def _apply_group(self, change: GroupChange) -> None:
        before, after = change.before, change.after
        if after is None:
            self.group.remove(change.name)
            if self.gshadow is not None:
                self.gshadow.remove(change.name)
            return
        old = before.name if before else after.name
        password = self.group.rows[old][1] if old in self.group else "x"
        members = _order(self.group.rows[old][3] if old in self.group else "", after.members)
        self.group.change(old, [after.name, password, str(after.gid), members])
        if self.gshadow is not None:
            row = self.gshadow.rows.get(old) or self.gshadow.rows.get(after.name) or [after.name, "!", "", ""]
            self.gshadow.change(old, [after.name, row[1], row[2], _order(row[3], after.members)])


def _make_row(account: LocalAccount) -> list[str]:
    """Return the row of passwd."""
    return [account.name, "x", str(account.uid), str(account.gid), account.comment, account.home, account.shell]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _order(current: str, members: Iterable[str]) -> str:
    """Return the members of a group as text: those who are there in their order, new ones sorted after them."""
    names = set(members)
    kept = [name for name in dict.fromkeys(current.split(",")) if name in names]
    return ",".join([*kept, *sorted(names - set(kept))])


def _read_access(row: list[str] | None) -> Access:
    if row is None:
        return Access.PARTIAL
    is_locked, expiry = row[1].startswith("!"), row[7]
    if is_locked and expiry == _EXPIRED:
        return Access.LOCKED
    return Access.PARTIAL if is_locked or expiry else Access.OPEN


def _set_access(row: list[str], access: Access) -> list[str]:
    """Return a row of shadow for an account that is locked and expired, or open.

    A password that was set on the machine stays, locked by "!" as usermod -L does. A row without a password gets one
    that is never valid, as an empty one would let everybody in.
    """
    password = row[1].lstrip("!")
    if access is Access.LOCKED:
        return [row[0], f"!{password or _NO_PASSWORD}", *row[2:7], _EXPIRED, row[8]]
    return [row[0], password or _NO_PASSWORD, *row[2:7], "", row[8]]


# What the file of a table is called, and how to render it. They are written in this order: a comparison looks at passwd
# and group, so what an interrupted run wrote into the other two files is completed.
FILES: Mapping[str, Callable[[Tables], str | None]] = {
    "/etc/gshadow": lambda tables: None if tables.gshadow is None else tables.gshadow.render(),
    "/etc/group": lambda tables: tables.group.render(),
    "/etc/shadow": lambda tables: tables.shadow.render(),
    "/etc/passwd": lambda tables: tables.passwd.render(),
}
