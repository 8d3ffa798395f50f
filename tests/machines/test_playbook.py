# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook on twenty hosts: Waldur is read once, and one host that fails does not stop the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from linux_machine import IS_ROOT, Machine

from simulator_process import Simulator

from .test_sshd import controller_environment

pytestmark = pytest.mark.skipif(not IS_ROOT, reason="only root can give files to other users")
HOSTS = [f"host{number:02}" for number in range(20)]
RANGES = {"min_uid": 20000, "max_uid": 29999, "min_gid": 30000, "max_gid": 30999}


def play(sim: Simulator, folder: Path, *options: str, code: int = 0, **variables: object) -> str:
    given = {"service_provider": "ALPHA", "accounts_hosts": "all", "linux_accounts_become": False, **variables}
    command = [sys.executable, "-m", "ansible.cli.playbook", "waldur.provider.linux_accounts", "-i", "machines.yml"]
    done = subprocess.run(
        [*command, "-f", "20", "-e", json.dumps(given), *options],
        env=controller_environment(sim, folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=folder,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def machines(tmp_path: Path) -> dict[str, Machine]:
    hosts = {
        name: {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "linux_accounts_root": str(tmp_path / name),
        }
        for name in HOSTS
    }
    (tmp_path / "machines.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    (tmp_path / "uid_map.yml").write_text(yaml.safe_dump(RANGES))
    (tmp_path / "empty.yml").write_text("---\n")
    return {name: Machine(tmp_path / name) for name in HOSTS}


def test_twenty_hosts_get_the_accounts_from_one_reading_and_a_conflict_on_one_stops_only_that_host(
    sim: Simulator, tmp_path: Path, machines: dict[str, Machine]
) -> None:
    taken = machines["host07"].root / "etc" / "passwd"
    taken.write_text(taken.read_text() + "m1_alpha:x:1001:1001::/home/m1_alpha:/bin/sh\n")
    os.chown(taken, 0, 0)
    before = machines["host07"].snapshot()
    sim.zero()
    printed = play(sim, tmp_path, code=2, linux_accounts_uid_map="uid_map.yml")
    assert sim.counts().requests <= 9
    assert "m1_alpha" in printed
    for name, machine in machines.items():
        if name == "host07":
            assert machine.snapshot() == before
        else:
            assert machine.read("passwd")["m1_alpha"][2] == "20000"
            assert machine.read("group")["project_c1"][3] == "m1_alpha,m2_alpha"
    numbers = yaml.safe_load((tmp_path / "uid_map.yml").read_text())
    assert [row["uid"] for row in numbers["users"]] == [20000, 20001]
    assert sorted(row["name"] for row in numbers["groups"]) == ["project_c1", "project_c2", "project_d1"]
    other = machines["host00"].snapshot()
    assert play(sim, tmp_path, "--limit", "host00", linux_accounts_uid_map="uid_map.yml").count("changed=0") == 1
    assert machines["host00"].snapshot() == other


@pytest.mark.parametrize(
    ("variables", "option"),
    [
        ({"service_provider": ""}, "service_provider: is required"),
        ({"accounts_hosts": ""}, "accounts_hosts: is required"),
        ({"accounts_hosts": None}, "accounts_hosts: is required"),
        ({"accounts_hosts": None, "account_hosts": "all"}, "Did you mean accounts_hosts?"),
        ({"accounts_hosts": "nowhere"}, "accounts_hosts: no host matches nowhere"),
        ({"linux_accounts_uid_map": "none.yml"}, "linux_accounts_uid_map: there is no file none.yml"),
        ({"linux_accounts_uid_map": "empty.yml"}, "linux_accounts_uid_map: empty.yml must contain a mapping"),
    ],
)
def test_a_wrong_variable_is_an_error_before_waldur_is_asked(
    sim: Simulator, tmp_path: Path, machines: dict[str, Machine], variables: dict[str, str | None], option: str
) -> None:
    sim.zero()
    printed = play(sim, tmp_path, "--limit", "host00", code=2, **variables)
    assert option in " ".join(printed.split())
    assert sim.counts().requests == 0
    assert machines["host00"].read("passwd").keys() == {"root", "# a comment", "nobody", "local", "+@cluster"}
