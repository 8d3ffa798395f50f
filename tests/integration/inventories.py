# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the inventory with the real ansible-inventory, and read its output."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

import yaml

from simulator_process import Simulator

from .playbook import Outcome, Runner

PLUGIN = "waldur.provider.inventory"
KINDS = (
    "service_providers",
    "offerings",
    "projects",
    "customers",
    "users",
    "course_accounts",
    "project_service_accounts",
)
# Without it, Ansible only warns of an inventory that fails.
STRICTLY = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}


def run_inventory(
    run: Runner, content: Mapping[str, Any], *options: str, name: str = "x.waldur.yml", **environment: str
) -> Outcome:
    """Run ansible-inventory with the highest verbosity on a file with that content."""
    run.write(name, yaml.safe_dump({"plugin": PLUGIN, **content}))
    return run.command(["inventory", "-i", name, "-vvvv", *options], {**STRICTLY, **environment})


def read_inventory(run: Runner, content: Mapping[str, Any], *options: str, **environment: str) -> dict[str, Any]:
    """Return the output of ``--list``, without the marks of untrusted texts."""
    out = run.folder / "listed.json"
    outcome = run_inventory(run, content, "--list", "--output", str(out), *options, **environment)
    assert outcome.code == 0, outcome.output
    found: dict[str, Any] = unmarked(json.loads(out.read_text()))
    for secret in {*run.sim.tokens.values(), *run.secrets}:
        assert secret not in out.read_text()
    return found


def hosts(run: Runner, content: Mapping[str, Any], *options: str, **environment: str) -> dict[str, dict[str, Any]]:
    """Return the variables of all hosts."""
    found: dict[str, dict[str, Any]] = read_inventory(run, content, *options, **environment)["_meta"]["hostvars"]
    return found


def read_error(run: Runner, content: Mapping[str, Any], *options: str, **environment: str) -> str:
    """Return the output of an inventory that must fail, on one line."""
    outcome = run_inventory(run, content, "--list", *options, **environment)
    assert outcome.code != 0, outcome.output
    assert "Traceback" not in outcome.output
    return " ".join(outcome.output.split())


def unmarked(value: Any) -> Any:
    """Return the values without marks."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: unmarked(item) for key, item in value.items()}
    return [unmarked(item) for item in value] if isinstance(value, list) else value


def rows(sim: Simulator, path: str) -> list[dict[str, Any]]:
    """Return a list of the API below the providers, as staff sees it."""
    url = f"{sim.url}/api/marketplace-service-providers/{path}?page_size=300"
    request = urllib.request.Request(url, headers={"Authorization": f"Token {sim.token('staff')}"})
    with urllib.request.urlopen(request) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def uuids(sim: Simulator, kind: str) -> set[str]:
    """Return the UUIDs of all objects of a kind under any provider."""
    providers = rows(sim, "")
    if kind == "service_providers":
        return {row["uuid"] for row in providers}
    return {row["uuid"] for one in providers for row in rows(sim, f"{one['uuid']}/{kind}/")}
