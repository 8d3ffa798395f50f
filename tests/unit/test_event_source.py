# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source as ansible-rulebook loads it: a file alone, its documentation, and the rulebooks that use it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import textwrap
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.waldur.provider.plugins.doc_fragments.plugin_connection import ModuleDocFragment
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES
from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import (
    CHANGED,
    EXPIRING,
    KINDS,
    summarize_row,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._events.options import FIRST_RUNS, OPTIONS, Settings
from ansible_collections.waldur.provider.plugins.plugin_utils._events.state import Change, State
from simulator_process import Simulator

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / "build" / "ansible_collections" / "waldur" / "provider"
SOURCE = INSTALLED / "extensions" / "eda" / "plugins" / "event_source" / "changes.py"
RULEBOOKS = sorted((ROOT / "extensions" / "eda" / "rulebooks").glob("*.yml"))


@pytest.fixture(scope="module")
def plugin() -> dict[str, Any]:
    """Gives what ansible-rulebook finds in the file."""
    return runpy.run_path(str(SOURCE))


@pytest.fixture(scope="module")
def documentation(plugin: dict[str, Any]) -> dict[str, Any]:
    documented: dict[str, Any] = yaml.safe_load(plugin["DOCUMENTATION"])
    return documented


def test_every_option_is_documented_and_no_other(documentation: dict[str, Any]) -> None:
    assert list(documentation["options"]) == list(OPTIONS)


def test_the_documented_defaults_and_choices_are_those_of_the_code(documentation: dict[str, Any]) -> None:
    options = documentation["options"]
    for name in ("interval", "max_interval", "overlap", "full_interval", "commit_delay"):
        assert options[name]["default"] == getattr(Settings, name), name
    assert (options["first_run"]["choices"], options["first_run"]["default"]) == (list(FIRST_RUNS), "silent")
    assert options["kinds"]["choices"] == list(KINDS)
    connection = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    for name in NAMES:
        assert options[name]["type"] == connection[name]["type"], name


def test_the_examples_use_documented_options(plugin: dict[str, Any]) -> None:
    for source in yaml.safe_load(plugin["EXAMPLES"]):
        assert set(source["waldur.provider.changes"]) <= set(OPTIONS)


def test_main_is_a_coroutine_function_as_ansible_rulebook_requires(plugin: dict[str, Any]) -> None:
    assert asyncio.iscoroutinefunction(plugin["main"])


def test_the_file_alone_says_what_to_do(tmp_path: Path) -> None:
    copy = tmp_path / "changes.py"
    shutil.copy(SOURCE, copy)
    with pytest.raises(ImportError, match="install the collection with ansible-galaxy"):
        runpy.run_path(str(copy))["import_source"]()


def test_the_collection_that_the_file_lies_in_is_used_also_where_another_was_imported_before(tmp_path: Path) -> None:
    """A fresh Python that has imported ansible_collections from elsewhere, as a package of its own."""
    (tmp_path / "ansible_collections").mkdir()
    (tmp_path / "ansible_collections" / "__init__.py").touch()
    code = (
        "import runpy, sys, ansible_collections;"
        f"print(runpy.run_path({str(SOURCE)!r})['import_source']().__file__);"
        "sys.exit('ansible' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip().startswith(str(INSTALLED))


def start_as_program(sim: Simulator, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WALDUR_API_URL": sim.url, "WALDUR_ACCESS_TOKEN": sim.token("staff")}
    command = [sys.executable, str(SOURCE), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_started_as_a_program_it_prints_events_and_errors(sim: Simulator, tmp_path: Path) -> None:
    options = {"cursor": str(tmp_path / "cursor.json"), "first_run": "replay", "kinds": ["role"]}
    options["service_providers"] = ["ALPHA"]
    done = start_as_program(sim, "--once", json.dumps(options))
    (event,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (event["kind"], event["action"], event["user"]["username"]) == ("role", "granted", "manager_alpha")
    done = start_as_program(sim, "--once", json.dumps({**options, "intervall": 1}))
    assert done.returncode == 1
    assert "Did you mean 'interval'?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_rulebooks_use_options_of_the_source(path: Path) -> None:
    for ruleset in yaml.safe_load(path.read_text(encoding="utf-8")):
        for source in ruleset["sources"]:
            assert set(source["waldur.provider.changes"]) <= set(OPTIONS)
            # An interrupted action is carried out after a restart.
            assert source["waldur.provider.changes"]["commit_delay"] >= 60


def test_there_are_the_two_rulebooks() -> None:
    assert [path.stem for path in RULEBOOKS] == ["notify_expiring_roles", "repair_drift"]


def test_the_source_needs_no_ansible() -> None:
    """The environment of ansible-rulebook may lack ansible-core where it only starts jobs elsewhere."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'build')!r}); sys.modules['ansible'] = None;"
        "import ansible_collections.waldur.provider.plugins.plugin_utils._events.source"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_events.rst"


def blocks_of_guide(language: str) -> list[str]:
    """Return the code blocks of the guide in a language."""
    text = GUIDE.read_text(encoding="utf-8")
    found = re.findall(rf"^\.\. code-block:: {language}\n(?:   :.*\n)?\n((?:   .*\n|\n)+)", text, re.M)
    return [textwrap.dedent(block) for block in found]


def test_the_guide_shows_an_event_as_it_is() -> None:
    shown = json.loads(blocks_of_guide("json")[0])
    state = State("0f" * 16)
    state.providers["a" * 32] = ("Acme", "c" * 32)
    state.start_list(("role", "a" * 32))
    row = summarize_row(KINDS["role"], {key: "text" for key in KINDS["role"].keys if key != "expiration_time"})
    state.record(Change(("role", "a" * 32), "b" * 32, "granted", None, row), datetime.now(timezone.utc))
    (event,) = state.outbox
    assert list(shown) == list(event)
    for key in ("service_provider", "user"):
        assert list(shown[key]) == list(event[key])


def test_the_guide_names_every_option_kind_and_action() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for name in (*OPTIONS[len(NAMES) :], *KINDS):
        assert re.search(rf"^   \* - ``{name}``|^     - .*``{name}``", text, re.M), name
    for kind in KINDS.values():
        for action in (kind.created, kind.removed, CHANGED, EXPIRING):
            assert f"     - ``{action}``" in text, action


def test_the_rulebook_of_the_guide_uses_options_of_the_source() -> None:
    rulebooks = [one for block in blocks_of_guide("yaml") if isinstance(one := yaml.safe_load(block), list)]
    assert rulebooks
    for ruleset in itertools.chain(*rulebooks):
        for source in ruleset["sources"]:
            assert set(source["waldur.provider.changes"]) <= set(OPTIONS)


def test_the_variables_of_the_guide_are_those_of_the_rulebooks() -> None:
    variables = [one for block in blocks_of_guide("yaml") if isinstance(one := yaml.safe_load(block), dict)]
    for path in RULEBOOKS:
        used = set(re.findall(r"\{\{ (\w+) \}\}", path.read_text(encoding="utf-8"))) - {"ansible_playbook_python"}
        assert used in [set(one) for one in variables], path.name
