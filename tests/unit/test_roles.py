# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles describe the document as the engine takes it, and playbooks hand on the engine's own defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import (
    DEFAULT_MAX_REMOVALS,
    DEFAULT_MAX_RENAMES,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
OF_DOCUMENTS = ("desired_state", "drift")


def options(role: str) -> dict[str, Any]:
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return found


def keys(specs: dict[str, Any]) -> dict[str, Any]:
    """The options and theirs below, without words."""
    return {
        name: {**{key: spec[key] for key in ("type", "choices", "required") if key in spec}, **keys(spec["options"])}
        if "options" in spec
        else {key: spec[key] for key in ("type", "elements", "choices", "required") if key in spec}
        for name, spec in specs.items()
    }


def known_to_the_engine(entry: Any) -> list[str]:
    """The keys that a refusal names."""
    with pytest.raises(InvalidInput) as caught:
        SCHEMA.read([entry], images.read_image)
    return caught.value.message.partition(" Known are ")[2].rstrip(".").split(", ")


@pytest.mark.parametrize("role", OF_DOCUMENTS)
def test_every_key_of_the_document_is_an_option_of_the_role(role: str) -> None:
    entry = options(role)[f"{role}_service_providers"]["options"]
    assert list(entry) == known_to_the_engine({"customer": "A", "no": 1})
    for name, value in (
        ("users", [{"no": 1}]),
        ("offering_usernames", [{"no": 1}]),
        ("api_secret_code", {"no": 1}),
        ("posix_id_pool", {"no": 1}),
        ("project_groups", [{"no": 1}]),
    ):
        assert list(entry[name]["options"]) == known_to_the_engine({"customer": "A", name: value})


@pytest.mark.parametrize("role", ["desired_state", "drift"])
def test_an_entry_of_the_document_has_to_name_its_customer_alone(role: str) -> None:
    entry = options(role)[f"{role}_service_providers"]["options"]
    assert [key for key, one in entry.items() if one.get("required")] == ["customer"]


def test_both_roles_take_the_same_document() -> None:
    first, second = (keys(options(role)[f"{role}_service_providers"]["options"]) for role in OF_DOCUMENTS)
    assert first == second


@pytest.mark.parametrize("role", ROLES)
def test_variables_of_a_role_bear_its_name_and_its_readme_names_them_all(role: str) -> None:
    readme = (ROOT / "roles" / role / "README.md").read_text()
    for name in options(role):
        assert name.startswith(f"{role}_")
        assert f"`{name}`" in readme, name


@pytest.mark.parametrize("playbook", ["apply", "plan"])
def test_playbooks_hand_on_the_usual_limits(playbook: str) -> None:
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text()
    assert f'desired_state_max_removals: "{{{{ max_removals | default({DEFAULT_MAX_REMOVALS}) }}}}"' in text
    assert f'desired_state_max_renames: "{{{{ max_renames | default({DEFAULT_MAX_RENAMES}) }}}}"' in text
