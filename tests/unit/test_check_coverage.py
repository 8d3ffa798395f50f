# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of what the tests run: lines and branches apart."""

from __future__ import annotations

from tools.check_coverage import shortfalls

ENOUGH = {"covered_lines": 95, "num_statements": 100, "covered_branches": 90, "num_branches": 100}


def test_enough_of_both_is_enough() -> None:
    assert shortfalls(ENOUGH) == []


def test_too_few_branches_are_not_made_up_for_by_lines() -> None:
    found = shortfalls({**ENOUGH, "covered_lines": 100, "covered_branches": 89})
    assert found == ["89.0 % of the branches were run, and 90 % must be"]


def test_too_few_lines_are_reported() -> None:
    assert shortfalls({**ENOUGH, "covered_lines": 94}) == ["94.0 % of the lines were run, and 95 % must be"]
