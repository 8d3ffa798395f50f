# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of every module, as ansible-doc tells it, beside what the module takes and what it returns."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from linux_machine import Machine, account, personal_groups
from tools.generate.actions import OWN_ACTIONS

from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._linux.run import run
from ansible_collections.waldur.provider.plugins.module_utils._module import argument_specs, runner
from ansible_collections.waldur.provider.plugins.module_utils._module.modules import (
    MODULES,
    OFFLINE_MODULES,
    TARGET_MODULES,
)
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS, Info
from simulator_process import Simulator

ROOT = Path(__file__).resolve().parents[4]
NAMES = sorted(MODULES)
PREFIX = "waldur.provider."
# What options need to be valid, beside the provider that nearly all of them ask for.
OPTIONS: dict[str, dict[str, Any]] = {
    "desired_state_file": {"dest": "/nowhere/providers"},
    "desired_state_validate": {"providers_path": str(ROOT / "examples" / "gitops" / "providers")},
    "service_provider": {"customer": "ALPHA"},
    "user_role": {"user": "manager_alpha", "role": "CUSTOMER.MANAGER", "state": "present"},
    "offering_username": {"user": "member1", "username": "somebody"},
    "site_agent_config_info": {"offerings": ["Alpha Storage"], "include_policy_settings": True},
    "project_group": {"groups": [{"project": "Project c1", "gid": 20001}]},
    "desired_state": {"service_providers": [{"customer": "ALPHA", "description": "New"}]},
}
# The keys that Ansible and every module add to the result.
COMMON = {"changed", "warnings", "diff"}


@pytest.fixture(scope="module")
def documentation(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ansible-doc says of every module, fragments merged."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_HOME": str(tmp_path_factory.mktemp("ansible")),
    }
    command = [sys.executable, "-m", "ansible.cli.doc", "--json", "-t", "module", *(PREFIX + name for name in NAMES)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return {name.removeprefix(PREFIX): expected for name, expected in found.items()}


def sentences(expected: Any) -> list[str]:
    return [expected] if isinstance(expected, str) else list(expected)


def every_option(options: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The options with those within them."""
    for name, one in options.items():
        yield f"{where}{name}", one
        yield from every_option(one.get("suboptions") or {}, f"{where}{name}.")


def compared(options: Mapping[str, Any], inner: str) -> dict[str, Any]:
    """What documentation and argument spec have to agree on."""
    return {
        name: {
            "type": one.get("type", "str"),
            "elements": one.get("elements"),
            "choices": one.get("choices"),
            "aliases": sorted(one.get("aliases", [])),
            "required": one.get("required", False),
            "default": one.get("default"),
            "within": compared(one.get(inner) or {}, inner),
        }
        for name, one in options.items()
    }


def test_every_module_has_its_declaration_and_every_declaration_its_module(documentation: dict[str, Any]) -> None:
    files = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    assert files - OWN_ACTIONS == set(NAMES) == set(documentation)


@pytest.mark.parametrize("module", NAMES)
def test_the_options_that_are_documented_are_those_that_are_taken(documentation: dict[str, Any], module: str) -> None:
    documented = compared(documentation[module]["doc"]["options"], "suboptions")
    taken = compared(argument_specs.spec(MODULES[module]), "options")
    assert set(documented) == set(taken)
    for name, one in taken.items():
        assert documented[name] == one, name


@pytest.mark.parametrize("module", NAMES)
def test_everything_is_described_in_whole_sentences(documentation: dict[str, Any], module: str) -> None:
    doc = documentation[module]["doc"]
    expected = [(name, one["description"]) for name, one in every_option(doc["options"])]
    expected += [(name, one["description"]) for name, one in every_return(documentation[module]["return"])]
    expected += [("description", doc["description"]), ("notes", doc.get("notes", []))]
    for name, text in expected:
        for sentence in sentences(text):
            assert re.fullmatch(r'["A-Z].*\S +\S.*\.', sentence), f"{name}: {sentence}"


@pytest.mark.parametrize("module", NAMES)
def test_the_examples_use_only_what_is_documented(documentation: dict[str, Any], module: str) -> None:
    tasks = yaml.safe_load(documentation[module]["examples"])
    used = [(name, task[name] or {}) for task in tasks for name in task if name.startswith(PREFIX)]
    assert PREFIX + module in dict(used)
    assert all(task["name"] for task in tasks)
    for name, given in used:
        options = documentation[name.removeprefix(PREFIX)]["doc"]["options"]
        for option, value in given.items():
            assert option in {*options, *(also for one in options.values() for also in one.get("aliases", []))}
            choices = options.get(option, {}).get("choices")
            templated = "{{" in str(value)
            assert not choices or templated or set(value if isinstance(value, list) else [value]) <= set(choices)


# --- what is returned ------------------------------------------------------------------------------------------------


def every_return(returns: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The keys with those within them."""
    for name, one in (returns or {}).items():
        yield f"{where}{name}", one
        yield from every_return(one.get("contains") or {}, f"{where}{name}.")


# What the Waldur of these tests returns in any case; see ``Simulator.start``.
ALWAYS = ("success", "always", "since Waldur 2025", "until Waldur 2025")


def always(expected: Mapping[str, Any]) -> set[str]:
    """Those that must be there; the others say themselves when they are."""
    return {name for name, one in expected.items() if one.get("returned", "success") in ALWAYS}


TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "dict": (dict,),
    "list": (list,),
}


def agree(found: Mapping[str, Any], expected: Mapping[str, Any], where: str) -> None:
    """Every key that is there is documented, and the other way round, with its type, at every depth."""
    assert not set(found) - set(expected), f"{where}: not documented"
    assert not always(expected) - set(found), f"{where}: not there"
    for name, value in found.items():
        kind = expected[name].get("type")
        if value is not None and kind in TYPES:
            assert isinstance(value, TYPES[kind]), f"{where}.{name} is a {type(value).__name__}"
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, dict) and expected[name].get("contains"):
                agree(row, expected[name]["contains"], f"{where}.{name}")


def run_any_module(sim: Simulator, module: str, **options: Any) -> dict[str, Any]:
    """Run any module, also one that has no connection, in check mode unless it is skipped there."""
    declared = MODULES[module]
    check = not (isinstance(declared, Info) and declared.is_skipped_in_check_mode)
    spec = argument_specs.spec(MODULES[module])
    defaults = {name: one.get("default") for name, one in spec.items()}
    provider = {"service_provider": "ALPHA"} if "service_provider" in spec else {}
    given = {**defaults, **provider, **OPTIONS.get(module, {}), **options}
    if module in TARGET_MODULES:
        with tempfile.TemporaryDirectory() as folder:
            own = account()
            machine = Machine(Path(folder) / "root")
            return run(machine.options(accounts=[own], groups=personal_groups(own)), check=True)
    if module in OFFLINE_MODULES:
        return runner.run_offline(module, given, check=True)
    connection = Connection(sim.url, sim.token("staff"), retries=0)
    return runner.run(module, given, connection, check=check, diff=False)


def without_common(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in COMMON}


@pytest.mark.parametrize("module", NAMES)
def test_the_keys_that_are_documented_are_those_that_are_returned(
    simulator_for: Callable[[str], Simulator], documentation: dict[str, Any], module: str
) -> None:
    agree(without_common(run_any_module(simulator_for(module), module)), documentation[module]["return"], module)


@pytest.mark.parametrize("module", sorted(name for name, one in INFOS.items() if one.operations))
def test_all_rows_of_a_list_are_counted(simulator_for: Callable[[str], Simulator], module: str) -> None:
    found = without_common(run_any_module(simulator_for(module), module))
    rows = [value for value in found.values() if isinstance(value, list)]
    assert {len(one) for one in rows} <= {found.get("count")}


def test_every_attribute_of_users_that_2026_shows_of_accounts_is_documented(
    running_2026: Simulator, documentation: dict[str, Any]
) -> None:
    attributes = yaml.safe_load((ROOT / "tests" / "simulator" / "attributes.yaml").read_text(encoding="utf-8"))
    running_2026.reset()
    running_2026.change("Offering", {"name": "Alpha VM"}, {"exposed_attributes": list(attributes)})
    expected = documentation["offering_username_info"]["return"]
    found = without_common(run_any_module(running_2026, "offering_username_info", offering=["Alpha VM"]))
    agree(found, expected, "offering_username_info")
    documented = set(expected["offering_usernames"]["contains"])
    private = {"user_civil_number", "user_phone_number"}
    assert set(found["offering_usernames"][0]) == documented - private
    named = run_any_module(running_2026, "offering_username_info", offering=["Alpha VM"], fields=list(private))
    assert set(named["offering_usernames"][0]) == private


def test_what_is_returned_only_when_it_is_named_is_there_then(sim: Simulator, documentation: dict[str, Any]) -> None:
    named = [
        (module, *name.split("."))
        for module in NAMES
        for name, one in every_return(documentation[module]["return"])
        if one.get("returned") == "when O(fields) names it"
    ]
    assert ("user_info", "users", "phone_number") in named
    for module, rows, key in named:
        found = run_any_module(sim, module, fields=[key])
        assert (set(found[rows][0]), found["warnings"]) == ({key}, [])


@pytest.mark.parametrize("module", NAMES)
def test_every_value_that_is_returned_has_a_sample(documentation: dict[str, Any], module: str) -> None:
    for name, one in every_return(documentation[module]["return"]):
        assert "sample" in one or one.get("contains") or name not in always({name: one}), name
