# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of playbooks: declared once, and used by the playbooks that take them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
SPECS: dict[str, Any] = yaml.safe_load((PLAYBOOKS / "vars" / "argument_specs.yml").read_text(encoding="utf-8"))
NAMES = sorted(path.stem for path in PLAYBOOKS.glob("*.yml"))


def test_every_playbook_declares_its_variables_and_every_variable_has_a_playbook() -> None:
    assert sorted(SPECS["playbooks"]) == NAMES
    assert {name for names in SPECS["playbooks"].values() for name in names} == set(SPECS["variables"])


@pytest.mark.parametrize("name", NAMES)
def test_a_playbook_validates_its_variables_and_uses_each_of_them(name: str) -> None:
    text = (PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8")
    assert f"_playbook: {name}\n" in text
    code = re.sub(r"^ *#.*$", "", text, flags=re.MULTILINE)
    role = PLAYBOOKS.parent / "roles" / name / "meta" / "argument_specs.yml"
    # A variable of the role reaches it without the playbook.
    code += role.read_text(encoding="utf-8") if role.exists() else ""
    unused = [one for one in SPECS["playbooks"][name] if not re.search(rf"(?<![\w.]){one}\b", code)]
    assert unused == []


def test_what_counts_as_a_misspelling_is_no_variable_of_a_playbook() -> None:
    assert set(SPECS["misspelt"]) & set(SPECS["variables"]) == set()
    assert set(SPECS["misspelt"].values()) <= set(SPECS["variables"])
