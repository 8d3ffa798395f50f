# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation of every module run as they are written there, on the command line too."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import linux_machine
import pytest
import yaml
from PIL import Image

from simulator_process import Simulator

from .playbook import ROOT, runner

# The module that changes the accounts of a machine writes files of another owner.
MODULES = [
    path
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py"))
    if path.stem != "linux_accounts" or linux_machine.IS_ROOT
]
INFOS = [module for module in MODULES if module.stem.endswith("_info")]
AD_HOC = re.compile(r"^# ansible (.*)$", re.MULTILINE)


def written(module: Path) -> str:
    """The examples as text."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{module.name} has no examples")


def examples(module: Path, folder: Path) -> list[dict[str, Any]]:
    """The tasks; the one place of theirs that a test must not write to becomes a folder of its own."""
    text = written(module).replace("/etc/waldur-agent", str(folder))
    tasks: list[dict[str, Any]] = yaml.safe_load(text)
    for task in tasks:
        # Never the accounts of the machine that runs the tests.
        if "waldur.provider.linux_accounts" in task:
            task["waldur.provider.linux_accounts"]["root"] = str(folder / "machine")
    return tasks


# Modules of every edition whose examples use options of Waldur 2026.
NEWER = ("service_provider",)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_the_examples_of_a_module_run_as_written(
    request: pytest.FixtureRequest, simulator_for: Callable[[str], Simulator], module: Path
) -> None:
    if module.stem in NEWER:
        server: Simulator = request.getfixturevalue("running_2026")
        server.reset()
    else:
        server = simulator_for(module.stem)
    run = runner(server)
    (run.folder / "files").mkdir()
    Image.new("RGB", (4, 4), "red").save(run.folder / "files" / "logo.png")
    document = "service_providers: [{customer: ALPHA, description: From a file}]\n"
    (run.folder / "providers.yml").write_text(document)
    for folder in ("providers", "build"):
        (run.folder / folder).mkdir()
    # The name of the file that an export of the provider writes.
    (run.folder / "providers" / "alpha-cl-1.yml").write_text(document)
    (run.folder / "policy.yml").write_text("max_changes: 100\n")
    (run.folder / "uid_map.yml").write_text("{}\n")
    linux_machine.Machine(run.folder / "machine")
    profile = {"production": {"api_url": server.url, "access_token": server.token("staff")}}
    (run.folder / "profiles.yml").write_text(yaml.safe_dump(profile))
    tasks = examples(module, run.folder)
    environment = {"WALDUR_PROFILES_FILE": str(run.folder / "profiles.yml")}
    # Some examples reveal a code on purpose; the cases look for leaks.
    outcome = run.play(tasks, environment=environment, leaks_allowed=True)
    assert outcome.code == 0, outcome.output
    assert {line["status"] for line in outcome.lines} == {"ok"}
    if module in INFOS:
        assert server.counts().writes == 0
        assert "[WARNING]" not in outcome.output


@pytest.mark.parametrize("module", INFOS, ids=lambda module: module.stem)
def test_the_command_line_of_a_module_that_reads_works_as_written(
    simulator_for: Callable[[str], Simulator], module: Path
) -> None:
    server = simulator_for(module.stem)
    commands = [shlex.split(command) for command in AD_HOC.findall(written(module))]
    assert commands
    for command in commands:
        assert command[:3] == ["localhost", "-m", f"waldur.provider.{module.stem}"]
        outcome = runner(server).command(["adhoc", *command])
        assert outcome.code == 0, outcome.output
        assert outcome.output.startswith("localhost | SUCCESS => "), outcome.output
