# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for the ranges of a POSIX ID pool, without a server (api-behaviour: posix-pools-ranges)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._resources import posix_id_pool_ranges as ranges

UIDS = {"min_uid": 2000, "max_uid": 2999}
GIDS = {"min_gid": 2000, "max_gid": 2999}
GROUPS = {"min_group_gid": 3000, "max_group_gid": 3099}
ENDS = [key for one in ranges.RANGES for key in (one.first, one.last)]


def option(name: str) -> str:
    """Return the name of an option in a document."""
    return f"posix_id_pool.{name}"


def every_problem(values: dict[str, Any], desired: Iterable[str] = ENDS, others: Any = ()) -> list[str]:
    """Return all that is wrong with the ranges of a pool."""
    return [
        *ranges.end_problems(values, option),
        *ranges.check_order(values, desired, option),
        *ranges.overlap_problems(values, desired, list(others), option),
    ]


@pytest.mark.parametrize("values", [UIDS, GIDS, {**UIDS, **GIDS}, {**UIDS, **GROUPS}, {**UIDS, **GIDS, **GROUPS}])
def test_complete_ranges_are_accepted_and_a_uid_may_equal_a_gid(values: dict[str, int]) -> None:
    assert every_problem(values) == []


def test_a_range_of_one_number_is_accepted() -> None:
    assert every_problem({"min_uid": 4294967294, "max_uid": 4294967294}) == []


@pytest.mark.parametrize("missing", ENDS)
def test_a_range_needs_both_ends(missing: str) -> None:
    values = {key: value for key, value in {**UIDS, **GIDS, **GROUPS}.items() if key != missing}
    one = next(one for one in ranges.RANGES if missing in (one.first, one.last))
    names = {"range": one.label, "min": one.first, "max": one.last}
    assert every_problem(values) == [message("pool_range_incomplete", option=option(missing), **names)]


@pytest.mark.parametrize("values", [{}, GROUPS])
def test_a_pool_needs_a_range_of_uids_or_of_gids(values: dict[str, int]) -> None:
    assert every_problem(values) == [message("pool_range_missing", option=option("min_uid"))]


@pytest.mark.parametrize(("desired", "named"), [(["max_uid"], "max_uid"), (["min_uid"], "min_uid"), (ENDS, "max_uid")])
def test_a_range_that_ends_before_it_begins_is_rejected_by_the_option_that_was_set(
    desired: list[str], named: str
) -> None:
    names = {"range": "UID", "min": "min_uid", "max": "max_uid", "first": 3000, "last": 2999}
    expected = message("pool_range_reversed", option=option(named), **names)
    assert every_problem({**UIDS, "min_uid": 3000}, desired) == [expected]


@pytest.mark.parametrize(
    ("first", "last", "overlaps"), [(3000, 3099, False), (2999, 3099, True), (1000, 2000, True), (1000, 1999, False)]
)
def test_the_group_range_and_the_gid_range_have_no_number_in_common(first: int, last: int, overlaps: bool) -> None:
    values = {**GIDS, "min_group_gid": first, "max_group_gid": last}
    spans = {"groups": f"{first} to {last}", "gids": "2000 to 2999"}
    expected = [message("pool_group_range_overlaps", option=option("max_group_gid"), **spans)]
    assert every_problem(values, ["max_group_gid"]) == (expected if overlaps else [])


def pool_of_offering(**values: int) -> dict[str, Any]:
    """Return the row of an offering's pool."""
    return {"offering": "0f" * 16, **values}


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        ({"min_uid": 2999, "max_uid": 3999}, "UID"),
        ({"min_uid": 1000, "max_uid": 2000}, "UID"),
        ({"min_uid": 3000, "max_uid": 3999}, ""),
        ({"min_gid": 2999, "max_gid": 3999}, ""),
    ],
)
def test_a_range_must_not_overlap_that_of_an_offering_in_the_same_numbers(other: dict[str, int], taken: str) -> None:
    found = every_problem(UIDS, others=[pool_of_offering(**other)])
    span = f"{min(other.values())} to {max(other.values())}"
    names = {"range": "UID", "span": "2000 to 2999", "taken": taken, "other": span, "offering": "0f" * 16}
    assert found == ([message("pool_range_taken", option=option("min_uid"), **names)] if taken else [])


def test_the_group_range_must_not_overlap_the_gids_of_an_offering() -> None:
    (found,) = every_problem({**UIDS, **GROUPS}, others=[pool_of_offering(min_gid=3099, max_gid=3200)])
    names = {"range": "project group GID", "span": "3000 to 3099", "taken": "GID", "other": "3099 to 3200"}
    assert found == message("pool_range_taken", option=option("min_group_gid"), offering="0f" * 16, **names)


def test_a_range_that_is_not_changed_is_not_checked_against_offerings() -> None:
    assert every_problem(UIDS, ["description"], [pool_of_offering(min_uid=2000, max_uid=2000)]) == []


@pytest.mark.parametrize(
    ("changed", "held", "named"),
    [
        ({"max_uid": 2003}, [2004, 2005], "max_uid"),
        ({"min_uid": 2005}, [2004], "min_uid"),
        ({"min_uid": 2005, "max_uid": 2007}, [2004, 2008], "min_uid"),
        ({"min_uid": 2005, "max_uid": 2007}, [2008], "max_uid"),
    ],
)
def test_numbers_in_use_that_a_range_leaves_out_are_named_with_the_option_that_does_it(
    changed: dict[str, int], held: list[int], named: str
) -> None:
    found = list(ranges.shrink_problems({**UIDS, **changed}, {"uid": held}, list(changed), option))
    numbers = ", ".join(map(str, held))
    assert found == [message("pool_numbers_left_out", option=option(named), column="UID", numbers=numbers)]


def test_three_numbers_are_named_and_more_are_counted_as_more() -> None:
    assert ranges.list_numbers([1, 2, 3]) == "1, 2, 3"
    assert ranges.list_numbers([1, 2, 3, 4, 5]) == "1, 2, 3 and more"


def pool_keys(name: str) -> tuple[str, str]:
    return f"min_{name}", f"max_{name}"


SPANS = st.tuples(st.integers(1000, 1040), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))
POOLS = st.fixed_dictionaries({}, optional={one.name: SPANS for one in ranges.RANGES}).map(
    lambda spans: {key: end for name, span in spans.items() for key, end in zip(pool_keys(name), span, strict=True)}
)


@given(POOLS, POOLS)
def test_the_excluded_numbers_are_those_that_were_in_a_range_and_are_in_none(
    before: dict[str, int], after: dict[str, int]
) -> None:
    for column in ranges.COLUMNS:
        own = [one for one in ranges.RANGES if one.column == column]

        def numbers(values: dict[str, int], own: list[ranges.NumberRange] = own) -> set[int]:
            spans = [span for one in own if (span := one.span(values))]
            return {number for first, last in spans for number in range(first, last + 1)}

        excluded = {
            number for first, last in ranges.excluded_spans(column, before, after) for number in range(first, last + 1)
        }
        assert excluded == numbers(before) - numbers(after)
