# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the paths of home directories. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

# The path of a home directory, and the name of its account.
Home = tuple[str, str]


def find_nested(first: Iterable[Home], second: Iterable[Home]) -> Iterator[tuple[Home, Home]]:
    """Yield the pairs of a home of ``first`` and one of ``second`` that are the same folder, or one in the other."""
    left, right = list(first), list(second)
    yield from _find_below(left, right)
    yield from ((outer, inner) for inner, outer in _find_below(right, left) if inner[0] != outer[0])


def _find_below(inner: list[Home], outer: list[Home]) -> Iterator[tuple[Home, Home]]:
    """Yield each home of ``inner`` with those of ``outer`` that are the same folder or around it."""
    by_path: dict[str, list[Home]] = defaultdict(list)
    for home in outer:
        by_path[home[0].rstrip("/")].append(home)
    for home in inner:
        names = home[0].rstrip("/").split("/")
        for length in range(2, len(names) + 1):
            for container in by_path.get("/".join(names[:length]), ()):
                yield home, container
