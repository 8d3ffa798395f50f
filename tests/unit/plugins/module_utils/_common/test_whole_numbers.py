# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole numbers as YAML, Ansible and templates give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common import values
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_files import read_yaml
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_spelling import WrittenBool


def read(value: Any) -> int:
    return values.whole_number("max_uid", value, 1000, 5000)


@pytest.mark.parametrize("value", [1000, 5000, "1000", " 1000\n", "4999"])
def test_a_whole_number_may_be_text(value: Any) -> None:
    assert read(value) == int(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "'True'"),
        (WrittenBool(True, "yes"), "'yes'"),
        (1000.0, "'1000.0'"),
        ("1e3", "'1e3'"),
        ("0x3e8", "'0x3e8'"),
        ("01000", "'01000'"),
        ("1_000", "'1_000'"),
        ("", "''"),
        ("many", "'many'"),
        ([1000], "a list"),
        ({"min": 1000}, "a mapping"),
    ],
)
def test_what_is_no_whole_number_is_rejected(value: Any, shown: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read(value)
    assert error.value.message == message("whole_number_required", option="max_uid", value=shown)


@pytest.mark.parametrize("value", [999, 5001, -1000, 10**90, "5001"])
def test_a_number_out_of_its_range_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidInput) as error:
        read(value)
    assert error.value.message == message("number_out_of_range", option="max_uid", least=1000, most=5000, value=value)


@pytest.mark.parametrize("written", ["02000", "0x7d0", "2_000", "0b11111010000", "33:20"])
def test_a_number_in_another_notation_of_yaml_is_rejected_as_it_was_written(tmp_path: Path, written: str) -> None:
    path = tmp_path / "numbers.yml"
    path.write_text(f"number: {written}\nplain: 2000\n", encoding="utf-8")
    content = read_yaml(str(path), "numbers.yml", "providers_path")
    assert read(content["plain"]) == 2000
    with pytest.raises(InvalidInput) as error:
        read(content["number"])
    assert error.value.message == message("whole_number_required", option="max_uid", value=f"'{written}'")
