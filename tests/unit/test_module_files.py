# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module has an action stub and is in the action group; without them it runs slowly or without group defaults."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml
from tools.generate.actions import OWN_ACTIONS

from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import (
    OFFLINE_MODULES,
    TARGET_MODULES,
)

ROOT = Path(__file__).resolve().parents[2]
# Those that run on machines have no action plugin: it would run them on the controller.
MODULES = sorted({path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} - TARGET_MODULES.keys())
ACTIONS = ROOT / "plugins" / "action"
# The plugin itself; the others take its class, so that Ansible imports it once, before it forks.
SAMPLE = "ssh_key_info"


def body(name: str) -> str:
    """The code of an action plugin, without its comments."""
    return ast.unparse(ast.parse((ACTIONS / f"{name}.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", [name for name in MODULES if name not in OWN_ACTIONS])
def test_every_module_has_its_stub_among_the_actions(module: str) -> None:
    stub = ACTIONS / f"{module}.py"
    assert stub.is_file(), f"plugins/action/{module}.py is missing: run make generate"
    assert body(module) == body(SAMPLE), f"plugins/action/{module}.py differs from {SAMPLE}.py: run make generate"


def test_no_action_is_there_without_its_module() -> None:
    assert {path.stem for path in ACTIONS.glob("*.py")} == set(MODULES)


def test_every_module_with_connection_options_is_in_the_action_group() -> None:
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    connected = [name for name in MODULES if name not in OFFLINE_MODULES and name not in OWN_ACTIONS]
    missing = sorted(set(connected) - set(groups["all"]))
    assert not missing, f"meta/runtime.yml: action_groups.all lacks {', '.join(missing)}: run make generate"
    assert groups["all"] == connected, (
        "meta/runtime.yml: action_groups.all holds these modules, sorted, and nothing else"
    )
