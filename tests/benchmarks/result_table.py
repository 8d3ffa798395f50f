# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that the benchmark prints."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = ("what", "ours", "compared with", "ratio", "budget", "within")
WIDTHS = (58, 13, 38, 8, 26, 6)


@dataclass(frozen=True)
class Row:
    """One line; ``within`` is ``None`` where nothing was promised."""

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
    """Cells side by side."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def head() -> str:
    """The first two lines."""
    return line(HEAD) + "\n" + line(tuple("-" * width for width in WIDTHS))


def seconds(value: float) -> str:
    """A time, as people read it."""
    return f"{value:.2f} s"


def times(value: float) -> str:
    """A ratio."""
    return f"{value:.2f} x"
