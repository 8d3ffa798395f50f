# SPDX-License-Identifier: GPL-3.0-or-later
"""Format the table that the benchmark prints."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = ("what", "ours", "compared with", "ratio", "budget", "within")
WIDTHS = (58, 13, 38, 8, 26, 6)


@dataclass(frozen=True)
class Row:
    """One row of the table; ``within`` is whether the value meets its target, and None where there is no target."""

    what: str
    ours: str
    compared: str = ""
    ratio: str = ""
    budget: str = ""
    within: bool | None = None

    def __str__(self) -> str:
        verdict = {None: "", True: "yes", False: "NO"}[self.within]
        return line((self.what, self.ours, self.compared, self.ratio, self.budget, verdict))


def line(cells: tuple[str, ...]) -> str:
    """Return the cells as one line, each with the width of its column."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def head() -> str:
    """Return the header of the table: the names of its columns and a line below them."""
    return line(HEAD) + "\n" + line(tuple("-" * width for width in WIDTHS))


def seconds(value: float) -> str:
    """Return a duration as text."""
    return f"{value:.2f} s"


def times(value: float) -> str:
    """Return a ratio as text."""
    return f"{value:.2f} x"
