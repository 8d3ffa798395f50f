# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on AWX: its project, with the environment that a credential of our type gives to jobs."""

from __future__ import annotations

import json
from pathlib import Path

from awx_credential import PROJECT, injected

from simulation import Simulator

from .inventories import rows, unmarked
from .playbook import Outcome, runner

# A port where nobody listens.
NOWHERE = "127.0.0.1:9"


def synced(sim: Simulator, url: str, folder: Path) -> Outcome:
    """Sync the inventory source, with a credential that has only the required inputs, and no retries."""
    inputs = {"api_url": url, "access_token": sim.token("staff"), "retries": "0"}
    environment = {**injected(inputs, folder), "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg")}
    command = ["inventory", "-i", str(PROJECT / "inventory" / "fleet.waldur.yml"), "--list"]
    return runner(sim).command([*command, "--output", str(folder / "hosts.json")], environment)


def test_the_inventory_source_has_a_host_for_each_provider(sim: Simulator, tmp_path: Path) -> None:
    outcome = synced(sim, sim.url, tmp_path)
    assert outcome.code == 0, outcome.output
    found = unmarked(json.loads((tmp_path / "hosts.json").read_text()))
    uuids = {host["waldur_uuid"] for host in found["_meta"]["hostvars"].values()}
    assert uuids == {row["uuid"] for row in rows(sim, "")}
    assert set(found["waldur_service_providers"]["hosts"]) == set(found["_meta"]["hostvars"])


def test_a_sync_fails_when_waldur_is_down(sim: Simulator, tmp_path: Path) -> None:
    outcome = synced(sim, f"http://{NOWHERE}", tmp_path)
    assert outcome.code != 0
    assert f"{NOWHERE} refused the connection: check api_url." in " ".join(outcome.output.split())
    assert "Traceback" not in outcome.output
