# SPDX-License-Identifier: GPL-3.0-or-later
"""The live run itself, with simulators in place of real Waldurs: it gets only a URL, tokens and names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator_process import Simulator

from .name_mapping import NameMapping
from .playbook import ROOT

LISTS = (
    "customers users roles user-permissions projects marketplace-service-providers marketplace-provider-offerings"
    " marketplace-provider-resources marketplace-offering-users"
).split()
# A few of each kind, as the whole takes minutes; `make test-live` runs all of them.
SOME = (
    "in_process and (new_provider_with or an_image_that_is_taken or list_of_many or is_revoked or wrong_input)"
    " or facts_of_any"
)
NAMED = {
    "WALDUR_TEST_CUSTOMERS": "Spare Customer (no provider); Consumer Institute",
    "WALDUR_TEST_USERS": "pm1; pm2; pa1; member5; rolefree1",
    "WALDUR_TEST_ACCOUNT": "Beta HPC Centre; member4",
}
# Makes things, and fails.
FAILING = """
from integration.playbook import runner

def test_fails(waldur):
    task = {"name": "Make", "waldur.provider.service_provider": {"customer": "SPARE", "description": "Left behind?"}}
    grant = {"name": "Grant", "waldur.provider.user_role": {"service_provider": "SPARE", "user": "member1"}}
    assert runner(waldur).play([task, grant]).code == 0
    raise SystemExit("the end")
"""


@pytest.fixture(params=["2024", "2025", "2026"])
def other_edition(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator.start(edition=request.param) as simulator:
        yield simulator


def fetch(simulator: Simulator, path: str) -> Any:
    url = f"{simulator.url}/api/{path}"
    request = urllib.request.Request(url, headers={"Authorization": f"Token {simulator.token('staff')}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def world(simulator: Simulator) -> dict[str, Any]:
    """All that staff sees by list, and the secret codes."""
    found = {name: sorted(fetch(simulator, f"{name}/?page_size=300"), key=json.dumps) for name in LISTS}
    for row in found["marketplace-service-providers"]:
        found[row["uuid"]] = fetch(simulator, f"marketplace-service-providers/{row['uuid']}/api_secret_code/")
    return found


def live(simulator: Simulator, *options: str, **settings: str) -> str:
    """Runs pytest with ``--live``; returns what it prints."""
    connection = {"WALDUR_API_URL": simulator.url, "WALDUR_ACCESS_TOKEN": simulator.token("staff")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WALDUR_", "PYTEST_"))}
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "build")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--live", "-q", "-rs", "-p", "no:cacheprovider", *options],
        cwd=ROOT,
        env={**kept, **connection, **settings, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_live_run_leaves_every_edition_as_it_was(other_edition: Simulator) -> None:
    before = world(other_edition)
    printed = live(other_edition, "-k", SOME, "tests/integration")
    assert re.search(r"\d+ passed", printed), printed
    assert not re.search(r"failed|error", printed.splitlines()[-1]), printed
    assert "providers are made for Consumer Institute; Delta University; Spare Customer (no provider)" in printed
    assert ("this Waldur has no roles on service providers" in printed) is (other_edition.edition == "2024"), printed
    # Most wrong inputs are rejected on any Waldur, those that take a provider's grants where it has some.
    assert ("left out: a role that is not there" in printed) is (other_edition.edition == "2024"), printed
    assert "left out: a token that is wrong" not in printed
    assert other_edition.token("staff") not in printed
    assert world(other_edition) == before


def test_a_live_run_takes_those_who_are_named_and_gives_accounts_their_names_back(sim: Simulator) -> None:
    before = world(sim)
    selected = "wherever or username_that_is_right or list_of_many or an_owner_may_change_the or printed_nowhere"
    tokens = {"WALDUR_TEST_OWNER_TOKEN": sim.token("owner"), "WALDUR_TEST_OUTSIDER_TOKEN": sim.token("outsider")}
    printed = live(sim, "-k", f"in_process and ({selected})", "tests/integration", **NAMED, **tokens)
    assert "providers are made for Spare Customer (no provider); Consumer Institute" in printed
    assert "roles are given to member5; pa1; pm1; pm2; rolefree1" in printed
    assert re.search(r"\d+ passed", printed), printed
    assert not re.search(r"failed|error|skipped", printed.splitlines()[-1]), printed
    assert accounts_by_name(world(sim)) == accounts_by_name(before)


def accounts_by_name(found: dict[str, Any]) -> dict[str, Any]:
    """A world without the moments at which accounts were changed."""
    rows = [{**row, "modified": None} for row in found["marketplace-offering-users"]]
    return {**found, "marketplace-offering-users": sorted(rows, key=lambda row: str(row["uuid"]))}


def test_a_live_run_that_breaks_off_leaves_nothing_behind(sim: Simulator, tmp_path: Path) -> None:
    before = world(sim)
    (tmp_path / "test_failing.py").write_text(FAILING)
    printed = live(sim, "-p", "integration.conftest", str(tmp_path / "test_failing.py"), "--rootdir", str(tmp_path))
    assert "SystemExit: the end" in printed, printed
    assert world(sim) == before


def test_without_a_url_and_token_a_live_run_says_what_is_missing(sim: Simulator) -> None:
    printed = live(sim, "-k", "is_right", "tests/integration/test_cases.py", WALDUR_ACCESS_TOKEN="")
    assert "WALDUR_ACCESS_TOKEN is not set" in printed


def test_names_are_translated_in_both_directions() -> None:
    mapping = NameMapping(
        {"Alpha Cloud Ltd": "Zoo", "ALPHA": "ZOO", "member1": "ada", "member1@example.org": "ada@zoo.example"}
    )
    recorded = {"ALPHA": ["member1", "MEMBER1", 7, "member10", "-Alpha Cloud Ltd: member1@example.org."]}
    here = {"ZOO": ["ada", "MEMBER1", 7, "member10", "-Zoo: ada@zoo.example."]}
    assert mapping.to_target(recorded) == here
    assert mapping.from_target(here) == recorded


def test_two_names_may_change_places() -> None:
    mapping = NameMapping({"member1": "member2", "member2": "member1"})
    assert mapping.from_target(mapping.to_target("member1, member2")) == "member1, member2"
    assert mapping.to_target("member1, member2") == "member2, member1"


def test_a_name_without_a_counterpart_is_reported() -> None:
    mapping = NameMapping({"member1": "ada"}, {r"\bmember\d": "nobody"})
    assert mapping.missing_reason({"user": "member2"}) == "nobody"
    assert mapping.missing_reason({"user": "member1"}) is None
