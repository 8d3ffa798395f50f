# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines about the progress of long runs: on the error output alone, whole, and only where they may be shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import yaml

from simulator_process import Simulator

from .playbook import runner

USERS = ("member1", "member2", "member3", "member4", "member5", "rolefree1", "rolefree2", "outsider")
GRANT = {
    "name": "Grant",
    "waldur.provider.user_role": {
        "service_provider": "{{ provider }}",
        "users": "{{ entries }}",
    },
    "no_log": "{{ is_hidden | default(false) }}",
}
LINE = re.compile(r"(Alpha Cloud Ltd|Beta HPC Centre): \d of 4 changes applied, \d+ s, about \d+ s left")


def test_long_runs_of_several_hosts_show_whole_lines_and_leave_the_standard_output_to_callbacks(
    sim: Simulator,
) -> None:
    run = runner(sim)
    sim.fault(path="*/add_user/", times=None, delay=2.5)
    first, second = [{"user": name} for name in USERS[:4]], [{"user": name} for name in USERS[4:]]
    hosts = {
        "first": {"provider": "ALPHA", "entries": first},
        "second": {"provider": "BETA", "entries": first},
        "hidden": {"provider": "ALPHA", "entries": second, "is_hidden": True},
        "elsewhere": {"provider": "BETA", "entries": second, "ansible_connection": "as_module"},
    }
    common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"vars": common, "hosts": hosts}}
    play = {"name": "Case", "hosts": "all", "gather_facts": False, "tasks": [GRANT]}
    (run.folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (run.folder / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "-i", "hosts.yml", "--forks", "4", "play.yml"],
        cwd=run.folder,
        env=run.environment({"ANSIBLE_STDOUT_CALLBACK": "json_output"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == dict.fromkeys(hosts, True)
    lines = [line for line in done.stderr.splitlines() if "applied" in line or "left" in line]
    assert all(LINE.fullmatch(line) for line in lines), lines
    assert {line.split()[0] for line in lines} == {"Alpha", "Beta"}
    assert 2 <= len(lines) <= 4
