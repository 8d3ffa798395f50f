# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module has an action stub and is in the action group; without them it runs slowly or without group defaults."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tools.generate.actions import OWN_ACTIONS

from ansible_collections.waldur.provider.plugins.module_utils._module.modules import OFFLINE_MODULES, TARGET_MODULES
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.module_utils._validation.desired_state_validate import REPORTS
from ansible_collections.waldur.provider.plugins.plugin_utils._action import files

ROOT = Path(__file__).resolve().parents[2]
# Those that run on machines have no action plugin: it would run them on the controller.
MODULES = sorted({path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} - TARGET_MODULES.keys())
ACTIONS = ROOT / "plugins" / "action"
# The stubs take the class of one plugin, so that Ansible imports it once, before it forks.
SAMPLE = "ssh_key_info"
KINDS = {resource.kind.name for resource in RESOURCES}


def body(name: str) -> str:
    """The code of an action plugin, without its comments."""
    return ast.unparse(ast.parse((ACTIONS / f"{name}.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", [name for name in MODULES if name not in OWN_ACTIONS])
def test_every_module_has_its_stub_among_the_actions(module: str) -> None:
    stub = ACTIONS / f"{module}.py"
    assert stub.is_file(), f"plugins/action/{module}.py is missing: run make generate"
    sample = "user_role" if module in KINDS else SAMPLE
    assert body(module) == body(sample), f"plugins/action/{module}.py differs from {sample}.py: run make generate"


@pytest.mark.parametrize("module", sorted(KINDS))
def test_the_action_of_a_resource_imports_nothing_of_what_reads_exports_and_validates(module: str) -> None:
    program = (
        "import importlib, sys; from ansible.plugins.loader import init_plugin_loader; init_plugin_loader();"
        f"importlib.import_module('ansible_collections.waldur.provider.plugins.action.{module}');"
        "print(*(name.split('.')[5] for name in sys.modules if '.provider.plugins.module_utils.' in name))"
    )
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build")}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    packages = set(done.stdout.split())
    assert "_resources" in packages
    assert not packages & {"_query", "_export", "_validation", "_linux"}


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


def test_the_paths_of_all_reports_are_resolved_on_the_controller() -> None:
    assert set(files.REPORT_OPTIONS) == set(REPORTS)
