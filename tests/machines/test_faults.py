# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong on a machine: a full disk, a file that can't be written, a kill half-way, other programs, LDAP."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from linux_machine import KEY, Machine, account, personal_groups
from messages import mentions, message

from .namespace import Namespace, requires

ROOT = Path(__file__).resolve().parents[2]
pytestmark = requires("useradd", "getent")
PEOPLE = [account(f"p{number}", 20000 + number, groups=["climate"]) for number in range(40)]
GROUPS = personal_groups(*PEOPLE, climate=30001)
RUN = """
import json, sys
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._linux.run import run
try:
    result = run(json.load(sys.stdin), check=False)
except WaldurError as error:
    result = {"failed": True, "msg": error.message, **error.details}
print(json.dumps(result))
"""


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[Namespace]:
    with Namespace(tmp_path) as made:
        yield made


def start(namespace: Namespace, options: dict[str, Any]) -> subprocess.Popen[str]:
    """Start a run in the namespace, on the files of the options' root."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "build")}
    process = subprocess.Popen(
        namespace.command(sys.executable, "-c", RUN),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd="/",
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(options))
    process.stdin.close()
    process.stdin = None
    return process


def run(namespace: Namespace, machine: Machine, **options: Any) -> dict[str, Any]:
    """Run the module on the running system of the namespace."""
    filled = {**machine.options(**{"accounts": PEOPLE, "groups": GROUPS, **options}), "root": options.get("root", "/")}
    printed, _errors = start(namespace, filled).communicate(timeout=120)
    result: dict[str, Any] = json.loads(printed)
    return result


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Only the source of options here."""
    return Machine(tmp_path / "root")


def people(namespace: Namespace) -> list[str]:
    lines = namespace.output("cat", "/etc/passwd").splitlines()
    return [line.split(":")[0] for line in lines if ":/home/p" in line]


def test_a_full_disk_leaves_whole_files_and_the_next_run_completes_the_work(
    namespace: Namespace, machine: Machine
) -> None:
    # Room for the four locks, and for nothing else.
    script = """
        cp -a /etc /run/etc && rm -rf /run/etc/ssl /run/etc/ssh
        mount -t tmpfs -o size=4m tmpfs /etc && cp -a /run/etc/. /etc/
        dd if=/dev/zero of=/etc/reserve bs=4k count=4
        dd if=/dev/zero of=/etc/filler bs=1k
        rm /etc/reserve
    """
    namespace.run("sh", "-c", script)
    files = ("cat", "/etc/passwd", "/etc/shadow", "/etc/group")
    before = namespace.output(*files)
    result = run(namespace, machine)
    assert mentions(result["msg"], "linux_disk_full"), result
    assert namespace.output(*files) == before
    namespace.run("rm", "/etc/filler")
    assert run(namespace, machine)["changed"] is True
    assert (len(people(namespace)), run(namespace, machine)["changed"]) == (len(PEOPLE), False)


def test_a_home_file_system_that_is_full_or_read_only_is_reported_per_account(
    namespace: Namespace, machine: Machine
) -> None:
    namespace.run("mount", "-o", "remount,ro", "/home")
    result = run(namespace, machine)
    assert len(result["failed_accounts"]) == len(PEOPLE)
    assert len(people(namespace)) == len(PEOPLE)
    namespace.run("mount", "-o", "remount,rw", "/home")
    assert run(namespace, machine)["changed"] is True
    assert namespace.output("cat", "/home/p7/.ssh/authorized_keys").splitlines()[1:] == [KEY]


def test_a_file_that_can_not_be_written_is_named_and_stays_as_it_is(namespace: Namespace, machine: Machine) -> None:
    namespace.run("sh", "-c", "mount --bind /etc/shadow /etc/shadow && mount -o remount,ro,bind /etc/shadow")
    before = namespace.output("cat", "/etc/shadow")
    result = run(namespace, machine)
    assert mentions(result["msg"], "linux_unwritable", path="/etc/shadow"), result
    assert namespace.output("cat", "/etc/shadow") == before
    assert people(namespace) == []
    namespace.run("umount", "/etc/shadow")
    assert run(namespace, machine)["changed"] is True
    assert run(namespace, machine)["changed"] is False


def test_a_killed_run_leaves_whole_files_and_the_next_run_completes_it_in_spite_of_its_locks(
    namespace: Namespace, machine: Machine
) -> None:
    people_on_machine = [{**row, "home": f"/home/{row['name']}"} for row in PEOPLE]
    for delay in (0.25, 0.35, 0.45):
        options = {**machine.options(accounts=people_on_machine, groups=GROUPS), "root": "/"}
        process = start(namespace, options)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # Only members without an account are left, as groups are written first: no other line is wrong.
        checked = namespace.output("grpck", "-r") + namespace.output("pwck", "-r", "-q")
        assert not re.search("invalid|duplicate|no matching", checked), (delay, checked)
    # The lock of a process that is gone, as the kill leaves it between two of these moments.
    namespace.run("sh", "-c", "printf '4194304\\0' > /etc/passwd.lock")
    run(namespace, machine)
    assert run(namespace, machine)["changed"] is False
    assert len(people(namespace)) == len(PEOPLE)


def test_useradd_at_the_same_time_loses_nothing(namespace: Namespace, machine: Machine) -> None:
    command = "for i in 1 2 3 4 5 6 7 8; do useradd --no-create-home --uid $((5000 + i)) other$i || exit 1; done"
    adding = subprocess.Popen(namespace.command("sh", "-c", command))
    for number in range(4):
        result = run(namespace, machine, accounts=PEOPLE[: 10 * (number + 1)])
        assert "msg" not in result, result
    assert adding.wait(timeout=120) == 0
    names = {line.split(":")[0] for line in namespace.output("cat", "/etc/passwd").splitlines()}
    assert {f"other{number}" for number in range(1, 9)} | {row["name"] for row in PEOPLE} <= names
    assert namespace.run("grpck", "-r").returncode == 0
    assert run(namespace, machine)["changed"] is False


@pytest.mark.skipif(
    not list(Path("/").glob("*lib*/**/libnss_extrausers.so*")) if os.geteuid() == 0 else True,
    reason="it needs root and libnss-extrausers",
)
def test_an_account_that_only_another_source_knows_is_an_error_before_the_first_change(
    namespace: Namespace, machine: Machine
) -> None:
    namespace.run(
        "sh",
        "-c",
        "printf 'passwd: files extrausers\\ngroup: files extrausers\\n' > /etc/nsswitch.conf;"
        "echo 'p3:x:7003:7003::/home/p3:/bin/sh' > /var/lib/extrausers/passwd;"
        "echo 'ldapuser:x:20005:7003::/home/x:/bin/sh' >> /var/lib/extrausers/passwd;"
        "echo 'climate:x:7004:' > /var/lib/extrausers/group; : > /var/lib/extrausers/shadow",
    )
    assert namespace.output("getent", "passwd", "p3").startswith("p3:x:7003:")
    result = run(namespace, machine)
    assert result["errors"] == [
        message("linux_group_of_ldap", name="climate"),
        message("linux_account_of_ldap", name="p3"),
        message("linux_uid_of_ldap", uid=20005, name="p5", owner="ldapuser"),
    ]
    assert people(namespace) == []
