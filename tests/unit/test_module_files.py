# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module has an action stub and is in the action group; without them it runs slowly or without group defaults."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.generate.actions import OWN_ACTIONS

from ansible_collections.waldur.provider.plugins.module_utils._module.modules import OFFLINE_MODULES, TARGET_MODULES
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.module_utils._validation.desired_state_validate import REPORTS
from ansible_collections.waldur.provider.plugins.plugin_utils._action import files
from simulator_process import Simulator

ROOT = Path(__file__).resolve().parents[2]
# Those that run on machines have no action plugin: it would run them on the controller.
MODULES = sorted({path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} - TARGET_MODULES.keys())
ACTIONS = ROOT / "plugins" / "action"
# The stubs take the class of one plugin, so that Ansible loads it once, before it forks.
SAMPLE = "ssh_key_info"
KINDS = {resource.kind.name for resource in RESOURCES}


def body(name: str) -> str:
    """The code of an action plugin, without its comments."""
    return ast.unparse(ast.parse((ACTIONS / f"{name}.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", [name for name in MODULES if name not in OWN_ACTIONS])
def test_every_module_has_its_stub_among_the_actions(module: str) -> None:
    stub = ACTIONS / f"{module}.py"
    assert stub.is_file(), f"plugins/action/{module}.py is missing: run make generate"
    expected = body(SAMPLE).replace(SAMPLE, module)
    assert body(module) == expected, f"plugins/action/{module}.py differs from {SAMPLE}.py: run make generate"


def imported_files(module: str, task: str = "", **environment: str) -> tuple[set[str], set[str]]:
    """Return the files below plugins/ that the action plugin of ``module`` imports, and those that ``task`` adds."""
    program = (
        "import importlib, sys; from ansible.plugins.loader import init_plugin_loader; init_plugin_loader()\n"
        f"importlib.import_module('ansible_collections.waldur.provider.plugins.action.{module}')\n"
        f"before = set(sys.modules)\n{task}\n"
        "for names in before, sys.modules.keys() - before:\n"
        "    print(*(name.partition('.provider.plugins.')[2] for name in names))\n"
    )
    variables = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"), **environment}
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, env=variables)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    return set(first.split()), set(second.split())


@pytest.mark.parametrize("module", sorted(KINDS))
def test_the_action_of_a_resource_imports_only_what_its_tasks_need(module: str) -> None:
    files, _later = imported_files(module)
    packages = {name.split(".")[1] for name in files if name.startswith("module_utils.")}
    assert not packages & {"_query", "_export", "_validation", "_linux"}
    assert f"module_utils._resources.{module}" in files
    assert not files & {"module_utils._resources.registry", "module_utils._document.loader"}


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("user_role", {"service_provider": "ALPHA", "user": "member1", "exclusive": False}),
        ("service_provider", {"customer": "ALPHA", "description": "Another one", "state": "present"}),
        ("desired_state", {"service_providers": [{"customer": "ALPHA", "description": "Another one"}]}),
        ("customer_info", {"service_provider": "ALPHA"}),
    ],
)
def test_a_task_imports_nothing_that_its_action_has_not_imported(
    sim: Simulator, tmp_path: Path, module: str, options: dict[str, Any]
) -> None:
    """Each task runs in a process of its own, which would compile again what was not imported before."""
    if module == "desired_state":
        policy = tmp_path / "policy.yml"
        policy.write_text("forbidden_email_domains: [example.org]\n", encoding="utf-8")
        options = {**options, "policy_path": str(policy)}
    utils = "ansible_collections.waldur.provider.plugins.module_utils"
    task = (
        f"from {utils}._http.connection import Connection\nfrom {utils}._module.runner import run\n"
        f"run({module!r}, {options!r}, Connection({sim.url!r}, {sim.token('staff')!r}), check=True, diff=True)"
    )
    _files, later = imported_files(module, task)
    assert not later


@pytest.mark.parametrize(
    ("module", "files"),
    [("user_role", {"user_role", "planner", "find_module"}), ("validate_playbook", {"playbook_validation", "errors"})],
)
def test_python_keeps_the_bytecode_of_what_an_action_imports(module: str, files: set[str], tmp_path: Path) -> None:
    imported_files(module, PYTHONPYCACHEPREFIX=str(tmp_path), PYTHONDONTWRITEBYTECODE="")
    kept = {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc") if "_utils" in str(path)}
    assert files <= kept


def test_an_action_imports_the_source_where_its_bytecode_is_damaged(tmp_path: Path) -> None:
    """Python writes only the start of a file to a full disk, and never replaces it."""
    variables = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    before = imported_files("user_role", **variables)
    (planner,) = tmp_path.rglob("_engine/planner.*.pyc")
    (resource,) = tmp_path.rglob("_resources/user_role.*.pyc")
    os.truncate(planner, 100)
    resource.write_bytes(resource.read_bytes()[:16] + b"i\0\0\0\0")
    assert imported_files("user_role", **variables) == before
    assert not planner.exists()
    assert not resource.exists()


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
