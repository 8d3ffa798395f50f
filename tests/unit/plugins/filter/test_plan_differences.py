# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fields a plan would change, in lines for logs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from messages import prefix

from ansible_collections.waldur.provider.plugins.filter.plan_differences import FilterModule

from ..helpers.sample_plans import ALPHA, BETA, HOSTILE, PLANS, TWINS, USUAL, change

differences = FilterModule().filters()["plan_differences"]


def test_each_change_is_a_line_with_its_values_before_and_after_and_the_last_line_has_the_totals() -> None:
    found = differences(
        [*USUAL, change("update", "Alpha Cloud Ltd", {"image": {"sha256": "1" * 64, "size": 7}}, {"image": None})]
    )
    assert found[1:] == [
        "Alpha Cloud Ltd: grant member1 as CUSTOMER.MANAGER: expiration_time: never",
        "Alpha Cloud Ltd: extend member2 as CUSTOMER.MANAGER: expiration_time: 2027-06-30 -> 2027-12-31 16:30:15 UTC",
        "Alpha Cloud Ltd: shorten member3 as CUSTOMER.SUPPORT: expiration_time: never -> 2027-06-30",
        "Alpha Cloud Ltd: set username carol@example.org: "
        + ", ".join(
            f"Cluster {n}: {'(no username)' if n % 2 else chr(39) + 'carol' + chr(39)} -> 'carol_hpc'" for n in range(8)
        ),
        "Alpha Cloud Ltd: rotate API secret code: fingerprint: sha256:1571e2342f780ab4 -> (a new one)",
        "Beta: grant bob as CUSTOMER.MANAGER: expiration_time: 2027-06-30",
        "Alpha Cloud Ltd: revoke outsider as CUSTOMER.MANAGER: expiration_time: 2027-06-30",
        "Beta: revoke bob as CUSTOMER.OWNER: expiration_time: never",
        "Gamma: delete description: 'Old'",
        "Alpha Cloud Ltd: update image: sha256:1111111111111111, 7 bytes -> (none)",
        "Total: 11 changes on 3 service providers: 2 update, 1 delete, 2 grant, 1 extend, 1 shorten, 2 revoke,"
        " 1 set username, 1 rotate",
    ]
    assert "enable_notifications: no -> yes, image: (none) -> sha256:9f2c61aa01b7e3d4, 12345 bytes" in found[0]
    assert differences([change("delete", "Alpha Cloud Ltd", None, None)], totals="no") == ["Alpha Cloud Ltd: delete"]
    assert differences([]) == []


def test_a_line_shows_thirty_values_of_a_change() -> None:
    names = {f"VM: m{number:04d}": f"m{number}" for number in range(2000)}
    after = {"usernames": dict.fromkeys(names, "new")}
    (line,) = differences([change("update_account_settings", "A", {"usernames": names}, after)], totals=False)
    assert line.endswith("usernames: VM: m0029: 'm29' -> 'new', and 1,970 more")


def test_the_lines_of_two_providers_of_one_name_differ() -> None:
    assert differences(TWINS, totals=False) == [
        f"Alpha Cloud Ltd ({ALPHA}): grant bob: expiration_time: never",
        f"Alpha Cloud Ltd ({BETA}): grant bob: expiration_time: never",
    ]


def test_long_values_are_shortened_so_that_their_difference_is_seen() -> None:
    start = "the same for a long time " * 10
    (line,) = differences(
        [change("update", "A", {"description": f"{start}old"}, {"description": f"{start}new"})], totals=False
    )
    assert len(line) < 300
    assert "old' -> '…" in line
    assert line.endswith("new'")
    (line,) = differences([change("update", "A", {"description": "x" * 500}, {"description": ""})], totals=False)
    assert line.endswith(f"update A: description: '{'x' * 79}…' -> (empty)")


def test_no_line_holds_a_secret() -> None:
    assert "must-not-be-seen" not in str(differences(HOSTILE))


@given(PLANS)
def test_no_line_is_a_template_or_several_lines_whatever_the_names_hold(plan: Any) -> None:
    found = differences(plan)
    assert len(found) == (len(plan) + 1 if plan else 0)
    assert all(line.isprintable() or "\u200b" in line for line in found)
    assert not [line for line in found if any(mark in line for mark in ("{{", "{%", "{#", "\n"))]


@pytest.mark.parametrize("plan", ["text", {"plan": []}, [7], [{"action": "unknown"}]])
def test_what_is_no_plan_is_refused_in_one_sentence(plan: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^waldur\.provider\.plan_differences: _input"):
        differences(plan)


def test_totals_that_are_neither_true_nor_false_are_refused() -> None:
    with pytest.raises(
        AnsibleFilterError, match=prefix("boolean_required", option="waldur.provider.plan_differences: totals")
    ):
        differences(USUAL, totals="perhaps")
