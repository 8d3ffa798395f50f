# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook exports into a file, a playbook applies from that file, and nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from simulator_process import Simulator

from .playbook import EXECUTIONS, runner
from .waldur import Waldur

each_execution = pytest.mark.parametrize("execution", EXECUTIONS)
MODULE = "waldur.provider.desired_state_info"
ALPHA = "d2c8772ce559428283e388badd97f2d6"
TEMPLATE = "{{ lookup('ansible.builtin.pipe', 'touch hacked') }}"
EXPORT = {"name": "Export", MODULE: {"service_provider": "ALPHA"}, "register": "live"}
WRITE = {
    "name": "Write",
    "ansible.builtin.copy": {
        "content": "{{ {'service_providers': live.service_providers} | to_nice_yaml(sort_keys=false) }}",
        "dest": "{{ playbook_dir }}/exported.yml",
    },
}
FILE = "lookup('ansible.builtin.file', playbook_dir + '/exported.yml')"
APPLY = {
    "name": "Apply",
    "waldur.provider.desired_state": {"service_providers": "{{ (" + FILE + " | from_yaml).service_providers }}"},
}


OPTIONS = {"username_anonymized_prefix": "007", "project_groups_enabled": True}


@pytest.fixture(scope="module", params=["2024", "2025", "2026"])
def edition(running: Simulator, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Each of them; none in a live run, as *running* is not there either."""
    with Simulator.start(edition=request.param) as simulator:
        yield simulator


def trapped(sim: Simulator) -> None:
    """The recorded world with names that YAML and Ansible could take for something else."""
    sim.reset()
    sim.change("ServiceProvider", {"customer__uuid": ALPHA}, {"description": f"{TEMPLATE}\n# no comment: 'x' \u2028ü"})
    sim.change("ServiceProvider", {"customer__uuid": ALPHA}, {"account_options": OPTIONS})
    sim.change("User", {"username": "manager_alpha"}, {"username": "0123"})
    sim.change("User", {"username": "member1"}, {"username": "12:30:45"})
    sim.change("OfferingUser", {"username": "m1_alpha"}, {"username": TEMPLATE})
    for user, until in (("member2", "2027-06-30T00:00:00Z"), ("member3", "2026-01-01T00:00:00Z")):
        fields = {"user": user, "role": "CUSTOMER.MANAGER", "service_provider": "Alpha Cloud Ltd"}
        sim.create("Grant", **fields, expiration_time=until)
    sim.zero()


@each_execution
def test_what_was_exported_into_a_file_changes_nothing_in_any_edition(edition: Simulator, execution: str) -> None:
    trapped(edition)
    run = runner(edition, execution=execution)
    outcome = run.play([EXPORT, WRITE, APPLY, {**APPLY, "name": "Plan", "check_mode": True}])
    assert outcome.code == 0, outcome.output
    assert [outcome.of(task)["changed"] for task in ("Export", "Apply", "Plan")] == [False, False, False]
    assert outcome.of("Apply")["plan"] == outcome.of("Plan")["plan"] == []
    assert edition.counts().writes == 0
    assert not list(run.folder.rglob("hacked")), "text of the server was evaluated"
    found = yaml.safe_load((run.folder / "exported.yml").read_text())["service_providers"]
    assert found == outcome.of("Export")["service_providers"]
    assert found[0]["description"].startswith(TEMPLATE)
    assert found[0]["offering_usernames"] == [{"user": "12:30:45", "username": TEMPLATE}]
    notes = {(note["key"], note["name"]) for note in outcome.of("Export")["notes"]}
    if edition.edition == "2024":
        assert "users" not in found[0]
        assert ("users", None) in notes
    else:
        assert [entry["user"] for entry in found[0]["users"]] == ["0123", "member2"]
        assert found[0]["users"][1]["expiration_time"] == "2027-06-30T00:00:00Z"
        assert ("users", "member3 as CUSTOMER.MANAGER") in notes
    assert ("account_options" in found[0]) is (edition.edition == "2026")


@each_execution
def test_everything_is_exported_and_applied_by_its_own_name(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    run.secrets |= waldur.codes()
    waldur.save_state()
    tasks: list[dict[str, Any]] = [{"name": "Export", MODULE: {}, "register": "live"}, WRITE, APPLY]
    outcome = run.play(tasks)
    assert outcome.code == 0, outcome.output
    assert outcome.of("Export")["count"] == len(outcome.of("Export")["service_providers"]) > 1
    assert (outcome.of("Apply")["changed"], outcome.of("Apply")["plan"]) == (False, [])
    assert not waldur.has_changed(), waldur.describe_state()


@each_execution
def test_what_changes_after_an_export_is_drift(waldur: Waldur, execution: str) -> None:
    late = {"service_provider": "ALPHA", "user": "member1", "expiration_time": "2030-01-01"}
    grant = {"name": "Grant", "waldur.provider.user_role": late}
    later = {**late, "expiration_time": "2031-01-01"}
    outcome = runner(waldur, execution=execution).play(
        [grant, EXPORT, WRITE, {**grant, "waldur.provider.user_role": later}, {**APPLY, "check_mode": True}]
    )
    assert outcome.code == 0, outcome.output
    assert [change["action"] for change in outcome.of("Apply")["plan"]] == ["shorten"]


@each_execution
def test_a_list_of_references_parts_and_a_registered_export_go_straight_on(waldur: Waldur, execution: str) -> None:
    wanted = {"service_providers": ["BETA", "ALPHA"], "parts": ["users", "profile"]}
    tasks = [
        {"name": "Export", MODULE: wanted, "register": "live"},
        {"name": "Apply", "waldur.provider.desired_state": {"service_providers": "{{ live.service_providers }}"}},
    ]
    outcome = runner(waldur, execution=execution).play(tasks)
    assert outcome.code == 0, outcome.output
    assert outcome.of("Apply")["changed"] is False
    assert all("offering_usernames" not in entry for entry in outcome.of("Export")["service_providers"])


@each_execution
def test_what_can_not_be_read_fails_with_the_right_that_is_missing(waldur: Waldur, execution: str) -> None:
    outcome = runner(waldur, "outsider", execution).play([EXPORT])
    assert outcome.lines[0]["status"] == "failed"
    assert "SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS" in outcome.result["msg"]
    wrong = {"name": "Wrong", MODULE: {"parts": ["user"]}}
    outcome = runner(waldur, execution=execution).play([wrong])
    assert "value of parts must be one or more of: profile, users, offering_usernames" in outcome.result["msg"]
