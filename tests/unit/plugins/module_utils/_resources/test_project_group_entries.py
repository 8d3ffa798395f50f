# SPDX-License-Identifier: GPL-3.0-or-later
"""What the entries of project groups may say, and which errors name what they may not."""

from __future__ import annotations

from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_entries import (
    GROUP,
    GroupEntry,
    find_duplicates,
)

GROUP_OF_CLIMATE: dict[str, Any] = {"project": "Climate", "gid": 30001}


@pytest.mark.parametrize("keys", [{}, {"state": "present"}, {"name": None}])
def test_an_entry_needs_no_more_than_a_project_and_a_gid(keys: dict[str, str]) -> None:
    assert GROUP.read("groups[0]", {**GROUP_OF_CLIMATE, **keys}) == GroupEntry("groups[0]", "Climate", 30001, "")


@pytest.mark.parametrize("name", ["a", "_a", "a-1", "a_1", "a" * 32])
def test_an_entry_gives_the_name_of_a_new_group(name: str) -> None:
    assert GROUP.read("groups[1]", {**GROUP_OF_CLIMATE, "name": f" {name} "}).name == name


@pytest.mark.parametrize("name", ["1a", "-a", "Upper", "a.b", "a" * 33, "ä"])
def test_a_name_that_a_group_can_not_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as failed:
        GROUP.read("groups[0]", {**GROUP_OF_CLIMATE, "name": name})
    assert failed.value.message == message("group_name_invalid", option="groups[0].name", name=name)


def test_an_entry_that_would_delete_a_group_is_refused() -> None:
    with pytest.raises(InvalidInput) as failed:
        GROUP.read("groups[0]", {**GROUP_OF_CLIMATE, "state": "absent"})
    assert failed.value.message == message("group_never_deleted", option="groups[0].state")


def test_each_gid_and_each_name_that_an_earlier_entry_has_is_an_error() -> None:
    groups = [("a", 30001), ("b", 30002), ("", 30001), ("", 30003), ("b", 30001), ("a", 30004)]
    entries = [GroupEntry(f"groups[{number}]", f"P{number}", gid, name) for number, (name, gid) in enumerate(groups)]
    assert list(find_duplicates(entries)) == [
        message("group_value_duplicated", option=f"groups[{at}].{key}", value=value, first=f"groups[{first}].{key}")
        for key, at, value, first in [
            ("gid", 2, 30001, 0),
            ("gid", 4, 30001, 0),
            ("name", 4, "b", 1),
            ("name", 5, "a", 0),
        ]
    ]
