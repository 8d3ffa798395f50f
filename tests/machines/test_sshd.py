# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole story with a real sshd: a person of Waldur logs in, leaves the project, is refused, and returns."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator_process import Simulator

from .namespace import Namespace, find_program, requires

ROOT = Path(__file__).resolve().parents[2]
pytestmark = requires("sshd", "ssh", "ssh-keygen", "getent")
ACCOUNT = "m1_alpha"
SSHD = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
UsePAM {pam}
PasswordAuthentication no
KbdInteractiveAuthentication no
Match User root,deployer
    AuthorizedKeysFile /etc/ssh/root_keys
"""


@pytest.fixture(scope="module")
def waldur() -> Iterator[Simulator]:
    with Simulator.start(edition="2026") as simulator:
        yield simulator


def arrange(sim: Simulator, public_key: str, *, is_member: bool) -> None:
    """Give member1 an account with numbers and a key, and the project a group; or take the roles in projects away."""
    sim.reset()
    numbers = {"uidnumber": 20001, "primarygroup": 20001, "home_directory": f"/home/{ACCOUNT}"}
    sim.change("OfferingUser", {"user__username": "member1"}, numbers)
    assert sim.change("SshKey", {"name": "member1-key1"}, {"public_key": public_key})
    sim.create("ProjectGroup", service_provider="Alpha Cloud Ltd", project="Project c1", name="climate", gid=30001)
    if not is_member:
        assert sim.delete("Grant", {"user__username": "member1"})


class Site:
    """A machine with two sshd, one with and one without PAM, and the controller that manages it through SSH."""

    def __init__(self, namespace: Namespace, folder: Path, sim: Simulator) -> None:
        self.namespace, self._folder, self._sim = namespace, folder, sim
        self._servers: list[subprocess.Popen[bytes]] = []
        for name in ("host_key", "root", "person"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        # In a folder in which only root can write, as sshd requires.
        (folder / "etc" / "ssh" / "root_keys").write_text((folder / "root.pub").read_text())
        self.ports = {pam: self._start(pam) for pam in ("yes", "no")}
        self.key_file = folder / "person.pub"
        self.public_key = (folder / "person.pub").read_text()

    def _start(self, pam: str) -> int:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port: int = server.getsockname()[1]
        config = self._folder / f"sshd_{pam}"
        config.write_text(SSHD.format(port=port, folder=self._folder, pam=pam))
        self._servers.append(self.namespace.start(["/usr/sbin/sshd", "-D", "-e", "-f", str(config)]))
        _wait_for(port)
        return port

    def stop(self) -> None:
        """End both sshd, which run in the foreground."""
        for server in self._servers:
            server.terminate()
            server.wait(timeout=20)

    def log_in(self, pam: str, command: str = "id -nG") -> subprocess.CompletedProcess[str]:
        """Log in as the person, with their key."""
        return subprocess.run(
            ["ssh", *_ssh_options(self._folder), "-p", str(self.ports[pam]), f"{ACCOUNT}@127.0.0.1", command],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def play(self, *options: str, connection: Mapping[str, str] | None = None, **variables: Any) -> str:
        """Run the playbook from the controller, through SSH and become, and return what it prints.

        ``connection`` are variables of the host that replace those of a login as root.
        """
        host = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.ports["yes"],
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._folder / "root"),
            "ansible_ssh_common_args": " ".join(_ssh_options(None)),
            "ansible_become_method": "su",
            "ansible_python_interpreter": sys.executable,
            **(connection or {}),
        }
        inventory = self._folder / "machines.yml"
        inventory.write_text(yaml.safe_dump({"cluster": {"hosts": {"machine": host}}}))
        given = {"service_provider": "ALPHA", "accounts_hosts": "cluster", **variables}
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ansible.cli.playbook", "waldur.provider.linux_accounts", "-i", str(inventory)),
                *("-e", json.dumps(given), *options),
            ],
            env=controller_environment(self._sim, self._folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
            cwd=self._folder,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert self._sim.token("staff") not in done.stdout + done.stderr
        return done.stdout

    def look(self) -> dict[str, str]:
        """Return what getent and id say of the person and the group."""
        commands = {
            "passwd": ("getent", "passwd", ACCOUNT),
            "shadow": ("getent", "shadow", ACCOUNT),
            "group": ("getent", "group", "climate"),
            "id": ("id", ACCOUNT),
        }
        return {name: self.namespace.output(*command).strip() for name, command in commands.items()}


def _ssh_options(folder: Path | None) -> list[str]:
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "ConnectTimeout=20"]
    flags = [part for option in options for part in ("-o", option)]
    return flags if folder is None else [*flags, "-i", str(folder / "person"), "-o", "IdentitiesOnly=yes"]


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    with socket.socket() as client:
        while client.connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < deadline, "sshd did not start"
            time.sleep(0.1)


def controller_environment(sim: Simulator, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "WALDUR_"))}
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_CONFIG": str(ROOT / "build" / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "WALDUR_API_URL": sim.url,
        "WALDUR_ACCESS_TOKEN": sim.token("staff"),
    }


@pytest.fixture
def site(waldur: Simulator, tmp_path: Path) -> Iterator[Site]:
    tmp_path.chmod(0o755)
    with Namespace(tmp_path) as namespace:
        made = Site(namespace, tmp_path, waldur)
        try:
            yield made
        finally:
            made.stop()


def test_a_person_logs_in_with_their_key_leaves_the_project_is_refused_and_returns_with_the_same_uid(
    site: Site, waldur: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    arrange(waldur, site.public_key, is_member=True)
    seen = {"before": site.look()}
    assert set(seen["before"].values()) == {""}

    site.play("--check")
    assert site.look() == seen["before"]
    assert "create m1_alpha" in site.play("--diff")
    seen["granted"] = site.look()
    assert seen["granted"]["passwd"] == f"{ACCOUNT}:x:20001:20001:Member1 Tester:/home/{ACCOUNT}:/bin/bash"
    assert seen["granted"]["group"] == f"climate:x:30001:{ACCOUNT}"
    assert seen["granted"]["id"] == f"uid=20001({ACCOUNT}) gid=20001({ACCOUNT}) groups=20001({ACCOUNT}),30001(climate)"
    for pam in site.ports:
        logged_in = site.log_in(pam)
        assert (logged_in.returncode, logged_in.stdout) == (0, f"{ACCOUNT} climate\n"), logged_in.stderr
    site.log_in("no", "echo kept > work")
    assert re.search(r"changed=0 .*failed=0", site.play())

    arrange(waldur, site.public_key, is_member=False)
    assert "lock m1_alpha" in site.play()
    seen["left"] = site.look()
    # Not only the missing key keeps them out: one that they put back does not help.
    site.namespace.run("sh", "-c", f"cat {site.key_file} >> /home/{ACCOUNT}/.ssh/authorized_keys")
    assert seen["left"]["passwd"] == seen["granted"]["passwd"]
    assert seen["left"]["shadow"].startswith(f"{ACCOUNT}:!*:")
    assert seen["left"]["group"] == "climate:x:30001:"
    for pam, reason in {"yes": "Your account has expired", "no": "Permission denied"}.items():
        refused = site.log_in(pam)
        assert refused.returncode == 255, refused.stdout
        assert reason in refused.stderr

    arrange(waldur, site.public_key, is_member=True)
    assert "unlock m1_alpha" in site.play()
    seen["returned"] = site.look()
    assert {**seen["returned"], "shadow": ""} == {**seen["granted"], "shadow": ""}
    for pam in site.ports:
        assert site.log_in(pam, "cat work; id -u").stdout == "kept\n20001\n"
    with capsys.disabled():
        print(
            "", *(f"{when}: {name}: {text}" for when, found in seen.items() for name, text in found.items()), sep="\n"
        )


@pytest.mark.parametrize("method", ["su", "sudo"])
def test_a_user_who_is_not_root_logs_in_and_becomes_root(site: Site, waldur: Simulator, method: str) -> None:
    if not find_program(method):
        pytest.skip(f"it needs {method}")
    # In the machine of the test only: a user of Ansible, the password of root for su, and a right for sudo.
    script = """
        set -e
        useradd --create-home --shell /bin/sh deployer && echo root:s3cret-of-root | chpasswd
        mkdir -p /etc/sudoers.d && echo 'deployer ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deployer
        chmod 440 /etc/sudoers.d/deployer
        chmod 755 /etc /etc/ssh && chmod 644 /etc/ssh/root_keys
    """
    assert site.namespace.run("sh", "-c", script).returncode == 0
    connection = {"ansible_user": "deployer", "ansible_become_method": method}
    if method == "su":
        connection["ansible_become_password"] = "s3cret-of-root"
    arrange(waldur, site.public_key, is_member=True)
    printed = site.play("-vvvv", connection=connection)
    assert "create m1_alpha" in printed
    assert site.look()["id"].startswith(f"uid=20001({ACCOUNT})")
    # Neither the password of root nor what was run is left.
    assert "s3cret-of-root" not in printed
    left = site.namespace.output("find", "/home/deployer", "/run", "-name", "AnsiballZ*")
    assert left == ""


def test_nobody_is_removed_when_waldur_can_not_be_read_completely(site: Site, waldur: Simulator) -> None:
    arrange(waldur, site.public_key, is_member=True)
    site.play()
    arrange(waldur, site.public_key, is_member=False)
    granted = site.look()
    waldur.fault(path="*/project_permissions/", status=403, body={"detail": "No."})
    assert "nobody was removed" in site.play(linux_accounts_departed="delete")
    waldur.clear_faults()
    waldur.fault(path="*/keys/", status=500, times=None)
    with pytest.raises(AssertionError, match="Waldur failed"):
        site.play()
    waldur.clear_faults()
    assert site.look() == granted
    assert site.log_in("no").returncode == 0
