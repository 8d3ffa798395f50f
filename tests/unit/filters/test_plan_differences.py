# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fields a plan would change, in lines for logs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given

from ansible_collections.waldur.provider.plugins.filter.plan_differences import FilterModule

from .plans import ALPHA, BETA, PLANS, TWINS, USUAL, change

differences = FilterModule().filters()["plan_differences"]


def test_each_change_is_a_line_that_names_the_fields_that_differ() -> None:
    assert differences(USUAL)[:3] == [
        "Alpha Cloud Ltd: update description, enable_notifications, image, account_options: homedir_prefix,"
        " account_options: login_shell",
        "Alpha Cloud Ltd: grant member1 as CUSTOMER.MANAGER: expiration_time",
        "Alpha Cloud Ltd: extend member2 as CUSTOMER.MANAGER: expiration_time",
    ]
    assert differences([change("delete", "Alpha Cloud Ltd", None, None)]) == ["Alpha Cloud Ltd: delete"]
    assert differences([]) == []


def test_the_lines_of_two_providers_of_one_name_differ() -> None:
    assert differences(TWINS) == [
        f"Alpha Cloud Ltd ({ALPHA}): grant bob: expiration_time",
        f"Alpha Cloud Ltd ({BETA}): grant bob: expiration_time",
    ]


@given(PLANS)
def test_no_line_is_a_template_or_several_lines_whatever_the_names_hold(plan: Any) -> None:
    found = differences(plan)
    assert len(found) == len(plan)
    assert all(line.isprintable() or "\u200b" in line for line in found)
    assert not [line for line in found if any(mark in line for mark in ("{{", "{%", "{#", "\n"))]


@pytest.mark.parametrize("plan", ["text", {"plan": []}, [7], [{"action": "unknown"}]])
def test_what_is_no_plan_is_refused_in_one_sentence(plan: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^waldur\.provider\.plan_differences: _input"):
        differences(plan)
