# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential type in AWX's own code: what a job gets of a credential, the sync of the inventory, and a module."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from awx_credential import PROJECT
from integration.inventories import rows, unmarked
from integration.playbook import Outcome, runner

from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import connect, resolve
from simulator_process import Simulator

from .awx import inject

LEAST = {"api_url": "https://waldur.example.org/api/", "access_token": "0123456789abcdef0123456789abcdef01234567"}
ALL = {
    **LEAST,
    "auth_scheme": "Bearer",
    "validate_certs": "true",
    "ca_certificates": "-----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----",
    "client_cert": "-----BEGIN CERTIFICATE-----\nclient\n-----END CERTIFICATE-----",
    "client_key": "-----BEGIN PRIVATE KEY-----\nkey\n-----END PRIVATE KEY-----",
    "proxy": "http://user:password@proxy.example.org:3128",
    "timeout": "12.5",
    "retries": "0",
}


def test_a_credential_with_all_fields_gives_the_whole_connection(tmp_path: Path) -> None:
    environment = inject(ALL, tmp_path).environment
    connection = connect(resolve({}, {}, environment), environment)
    assert connection.api_url == "https://waldur.example.org"
    assert connection.access_token == LEAST["access_token"]
    assert connection.auth_scheme == "Bearer"
    assert dict(connection.proxies) == dict.fromkeys(("http", "https"), ALL["proxy"])
    assert (connection.timeout, connection.retries) == (12.5, 0)
    assert isinstance(connection.cert, tuple)
    files = [Path(str(name)) for name in (connection.verify, *connection.cert)]
    assert [path.parent for path in files] == [tmp_path / "env"] * 3
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600] * 3
    texts = [path.read_text(encoding="utf-8") for path in files]
    assert texts == [ALL["ca_certificates"], ALL["client_cert"], ALL["client_key"]]


def test_awx_stores_no_secret_of_a_job(tmp_path: Path) -> None:
    injected = inject(ALL, tmp_path)
    assert injected.stored.keys() == injected.environment.keys()
    assert injected.arguments == []
    stored = " ".join(injected.stored.values())
    for name in ("access_token", "client_cert", "client_key", "proxy"):
        assert ALL[name] not in stored, name


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(set(ALL) - set(LEAST), "")], ids=["left out", "empty"])
def test_fields_without_a_value_leave_the_option_out(empty: dict[str, str], tmp_path: Path) -> None:
    environment = inject({**LEAST, **empty}, tmp_path).environment
    assert resolve({}, {}, environment) == LEAST
    connection = connect(LEAST, environment)
    assert connection == connect(LEAST, {})
    assert connection.verify is True


def test_fields_without_a_value_leave_the_option_to_a_profile(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles.yml"
    others = {"auth_scheme": "Bearer", "ca_path": "/ca", "client_cert": "/cert", "timeout": 5, "retries": 7}
    profiles.write_text(yaml.safe_dump({"site": {**others, "api_url": "https://other.example.org"}}), encoding="utf-8")
    environment = {
        **inject(LEAST, tmp_path).environment,
        "WALDUR_PROFILES_FILE": str(profiles),
        "WALDUR_PROFILE": "site",
    }
    assert resolve({}, {}, environment) == {**others, **LEAST}


@pytest.mark.parametrize(("given", "checked"), [("true", True), ("false", False), (True, True), (False, False)])
def test_certificates_are_checked_as_awx_writes_the_choice_or_a_boolean(
    given: Any, checked: bool, tmp_path: Path
) -> None:
    environment = inject({**LEAST, "validate_certs": given}, tmp_path).environment
    assert connect(resolve({}, {}, environment), environment).verify is checked


# --- jobs ------------------------------------------------------------------------------------------------------------

# A port where nobody listens.
NOWHERE = "127.0.0.1:9"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator.start() as simulator:
        yield simulator


def run(sim: Simulator, command: list[str], folder: Path, **inputs: str) -> Outcome:
    """Run a command of Ansible, with a credential that has only the required inputs, and no retries."""
    inputs = {"api_url": sim.url, "access_token": sim.token("staff"), "retries": "0", **inputs}
    environment = {**inject(inputs, folder).environment, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg")}
    return runner(sim, "nobody").command(command, environment)


def sync(sim: Simulator, folder: Path, **inputs: str) -> Outcome:
    """Sync the inventory source."""
    command = ["inventory", "-i", str(PROJECT / "inventory" / "fleet.waldur.yml"), "--list"]
    return run(sim, [*command, "--output", str(folder / "hosts.json")], folder, **inputs)


def test_a_module_uses_the_credential(sim: Simulator, tmp_path: Path) -> None:
    module = ["-m", "waldur.provider.service_provider_info"]
    outcome = run(sim, ["adhoc", "localhost", *module], tmp_path)
    assert outcome.code == 0, outcome.output
    assert f'"count": {len(rows(sim, ""))},' in outcome.output
    refused = run(sim, ["adhoc", "localhost", *module], tmp_path, access_token="0" * 40)
    assert refused.code != 0


def test_the_inventory_source_has_a_host_for_each_provider(sim: Simulator, tmp_path: Path) -> None:
    outcome = sync(sim, tmp_path)
    assert outcome.code == 0, outcome.output
    found = unmarked(json.loads((tmp_path / "hosts.json").read_text()))
    uuids = {host["waldur_uuid"] for host in found["_meta"]["hostvars"].values()}
    assert uuids == {row["uuid"] for row in rows(sim, "")}
    assert set(found["waldur_service_providers"]["hosts"]) == set(found["_meta"]["hostvars"])


def test_a_sync_fails_when_waldur_is_down(sim: Simulator, tmp_path: Path) -> None:
    outcome = sync(sim, tmp_path, api_url=f"http://{NOWHERE}")
    assert outcome.code != 0
    assert f"{NOWHERE} refused the connection: check api_url." in " ".join(outcome.output.split())
    assert "Traceback" not in outcome.output
