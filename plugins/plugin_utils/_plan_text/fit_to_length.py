# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sections of Markdown that fit into a limited length. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# The line that counts the items of a folded block that are left out.
_MORE = "- … {:,} more"
_LONGEST_MORE = len(_MORE.format(10**9))
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Entry:
    """A line, or a block of several lines with ``items`` between ``text`` and ``end``, which stand for ``changes``."""

    text: str
    items: Sequence[str] = ()
    end: str = ""
    changes: int = 0

    def render(self, count: int) -> str:
        """Return the entry with the first ``count`` items, and the number of the others."""
        hidden = len(self.items) - count
        more = [_MORE.format(hidden)] if hidden else []
        return "\n".join([self.text, *self.items[:count], *more, *([self.end] if self.end else [])])

    @property
    def length(self) -> int:
        """The length without items, with the line breaks around it."""
        return len(self.text) + len(self.end) + 3 + (_LONGEST_MORE if self.items else 0)


@dataclass(frozen=True)
class Section:
    """Entries that stand between a head and a tail; without entries nothing of it is shown."""

    head: str
    entries: Sequence[Entry]
    tail: str = ""


@dataclass
class FittedSection:
    """A section with the number of shown items of each shown entry."""

    section: Section
    items: list[int] = field(default_factory=list)

    def render(self) -> str:
        """Return the section as Markdown; "" without an entry."""
        if not self.items:
            return ""
        shown = (entry.render(count) for entry, count in zip(self.section.entries, self.items, strict=False))
        return _BLANK_LINES.sub("\n\n", "\n".join([self.section.head, *shown, self.section.tail])).strip("\n")

    @property
    def hidden(self) -> Sequence[Entry]:
        """The entries that are left out."""
        return self.section.entries[len(self.items) :]

    @property
    def hidden_changes(self) -> int:
        """The number of changes that are left out."""
        return sum(entry.changes for entry in self.hidden)

    @property
    def hidden_items(self) -> int:
        """The number of items that are left out of entries that are shown."""
        return sum(len(entry.items) - count for entry, count in zip(self.section.entries, self.items, strict=False))


class Space:
    """The number of characters that are left. Once a text does not fit, no further text is accepted."""

    def __init__(self, length: int) -> None:
        self._left = length

    def take(self, length: int) -> bool:
        """Take so many characters, and return whether they were left."""
        self._left = self._left - length if length <= self._left else -1
        return self._left >= 0


def fit_entries(sections: Iterable[Section], space: Space) -> list[FittedSection]:
    """Return the sections with the entries that fit, without their items. The first section is served first."""
    fitted = []
    for section in sections:
        fitted_section = FittedSection(section)
        for entry in section.entries:
            frame = 0 if fitted_section.items else len(section.head) + len(section.tail) + 4
            if not space.take(entry.length + frame):
                break
            fitted_section.items.append(0)
        fitted.append(fitted_section)
    return fitted


def fit_items(fitted: Iterable[FittedSection], space: Space) -> None:
    """Show the items that fit, of entries that are shown."""
    for fitted_section in fitted:
        for number, entry in enumerate(fitted_section.section.entries[: len(fitted_section.items)]):
            for item in entry.items:
                if not space.take(len(item) + 1):
                    return
                fitted_section.items[number] += 1
