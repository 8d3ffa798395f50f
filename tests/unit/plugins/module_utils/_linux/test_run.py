# SPDX-License-Identifier: GPL-3.0-or-later
"""A run on a machine in a folder: the files that it writes, and what stops it or is left for the next run."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from linux_machine import IS_ROOT, KEY, OTHER_KEY, Machine, account, personal_groups
from messages import fragment, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._linux import file_locks
from ansible_collections.waldur.provider.plugins.module_utils._linux import run as linux_run
from ansible_collections.waldur.provider.plugins.module_utils._linux.file_locks import lock_files
from ansible_collections.waldur.provider.plugins.module_utils._linux.homes import Homes
from ansible_collections.waldur.provider.plugins.module_utils._linux.model import LocalAccount
from ansible_collections.waldur.provider.plugins.module_utils._linux.name_service import HostNameService
from ansible_collections.waldur.provider.plugins.module_utils._linux.root_folder import OpenFolder, RootFolder
from ansible_collections.waldur.provider.plugins.module_utils._linux.run import run

pytestmark = pytest.mark.skipif(not IS_ROOT, reason="only root can give files to other users")
ALICE = account(groups=["climate"], comment="Alice Example", user_uuid="a" * 32)
BOB = account("bob", 20002, groups=["climate"], user_uuid="b" * 32)
GROUPS = personal_groups(ALICE, BOB, climate=30001)


@pytest.fixture(autouse=True)
def _no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "root")


def apply(machine: Machine, *accounts: dict[str, Any], check: bool = False, **options: Any) -> dict[str, Any]:
    filled = machine.options(accounts=list(accounts), **{"groups": GROUPS, **options})
    return run(filled, check=check, diff=True)


def owner_and_mode(path: Path) -> tuple[int, int, int]:
    info = path.lstat()
    return info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)


def test_a_run_creates_accounts_homes_and_keys_and_the_next_one_changes_nothing(machine: Machine) -> None:
    before = machine.snapshot()
    predicted = apply(machine, ALICE, BOB, check=True)
    assert machine.snapshot() == before
    assert not list(machine.root.glob("etc/.pwd.lock"))
    result = apply(machine, ALICE, BOB)
    assert result == predicted
    assert [(row["name"], row["state"], row["action"]) for row in result["accounts"]] == [
        ("alice", "active", "create"),
        ("bob", "active", "create"),
    ]
    home = machine.root / "home" / "alice"
    assert owner_and_mode(home) == (20001, 20001, 0o700)
    assert owner_and_mode(home / ".profile") == (20001, 20001, 0o644)
    assert owner_and_mode(home / ".ssh") == (20001, 20001, 0o700)
    assert owner_and_mode(home / ".ssh" / "authorized_keys") == (20001, 20001, 0o600)
    assert machine.keys("alice") == [KEY]
    assert machine.read("group")["climate"][3] == "alice,bob"
    snapshot = machine.snapshot()
    result = apply(machine, ALICE, BOB)
    assert (result["changed"], result["diff"], machine.snapshot()) == (False, [], snapshot)


def test_files_keep_owner_and_mode_have_a_copy_and_no_lock_is_left(machine: Machine) -> None:
    os.chown(machine.root / "etc" / "shadow", 0, 42)
    apply(machine, ALICE)
    assert owner_and_mode(machine.root / "etc" / "shadow") == (0, 42, 0o640)
    assert owner_and_mode(machine.root / "etc" / "passwd") == (0, 0, 0o644)
    assert owner_and_mode(machine.root / "etc" / "shadow-") == (0, 0, 0o600)
    folder = machine.root / "var" / "lib" / "waldur_linux_accounts"
    assert (owner_and_mode(folder), owner_and_mode(folder / "waldur.json")) == ((0, 0, 0o700), (0, 0, 0o600))
    names = {path.name for path in (machine.root / "etc").iterdir()}
    assert not [name for name in names if name.endswith(".lock") and name != ".pwd.lock"]
    assert not [name for name in names if name.startswith(".") and name != ".pwd.lock"]


def test_a_person_leaves_and_returns_with_uid_home_and_keys(machine: Machine) -> None:
    apply(machine, ALICE, BOB)
    kept = machine.root / "home" / "alice" / "work"
    kept.write_text("kept")
    left = {"name": "alice", "active": False, "reason": "no project left"}
    result = apply(machine, left, BOB)
    assert [row for row in result["accounts"] if row["name"] == "alice"] == [
        {"name": "alice", "uid": 20001, "state": "locked", "action": "lock", "reason": "no project left"}
    ]
    assert machine.read("shadow")["alice"][1:8:6] == ["!*", "1"]
    assert (machine.keys("alice"), machine.read("group")["climate"][3]) == ([], "bob")
    assert apply(machine, left, BOB)["changed"] is False
    result = apply(machine, ALICE, BOB)
    assert [row["action"] for row in result["accounts"]] == ["unlock", "none"]
    assert (machine.read("passwd")["alice"][2], machine.keys("alice"), kept.read_text()) == ("20001", [KEY], "kept")


def test_deleting_keeps_the_home_and_gives_the_number_to_nobody_else(machine: Machine) -> None:
    apply(machine, ALICE)
    apply(machine, departed="delete", groups=personal_groups(climate=30001))
    assert "alice" not in machine.read("passwd").keys() | machine.read("shadow").keys() | machine.read("group").keys()
    assert (machine.root / "home" / "alice" / ".profile").exists()
    thief = account("carol", 20001, user_uuid="c" * 32)
    with pytest.raises(InvalidInput, match=fragment("linux_uid_of_deleted", uid=20001, name="carol", owner="alice")):
        apply(machine, thief, groups=personal_groups(thief))
    apply(machine, ALICE)
    assert (machine.read("passwd")["alice"][2], machine.keys("alice")) == ("20001", [KEY])


def test_an_incomplete_list_removes_nobody_and_warns(machine: Machine) -> None:
    apply(machine, ALICE, BOB)
    result = apply(machine, BOB, is_complete=False, departed="delete")
    assert (result["changed"], result["kept"]) == (False, ["alice"])
    assert [mentions(text, "linux_kept", names="alice") for text in result["warnings"]] == [True]
    assert [row["state"] for row in result["accounts"]] == ["kept", "active"]


def test_a_new_username_renames_account_groups_and_home(machine: Machine) -> None:
    apply(machine, ALICE)
    (machine.root / "home" / "alice" / "work").write_text("kept")
    renamed = account("alice2", 20001, groups=["climate"], user_uuid="a" * 32)
    result = apply(machine, renamed, groups=personal_groups(renamed, climate=30001))
    assert [(row["name"], row["action"]) for row in result["accounts"]] == [("alice2", "rename")]
    assert "alice" not in machine.read("passwd").keys() | machine.read("shadow").keys() | machine.read("group").keys()
    assert machine.read("group")["climate"][3] == "alice2"
    assert (machine.root / "home" / "alice2" / "work").read_text() == "kept"
    assert not (machine.root / "home" / "alice").exists()
    assert apply(machine, renamed, groups=personal_groups(renamed, climate=30001))["changed"] is False


def test_an_account_that_another_program_deleted_is_forgotten_with_a_warning(machine: Machine) -> None:
    apply(machine, ALICE, BOB)
    for name in ("passwd", "shadow"):
        path = machine.root / "etc" / name
        path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("alice:")))
    result = apply(machine, BOB)
    assert [mentions(text, "linux_lost", names="alice") for text in result["warnings"]] == [True]
    assert apply(machine, BOB)["warnings"] == []


def test_a_home_directory_that_can_not_be_moved_stops_the_run_before_any_account_is_changed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(machine, ALICE)
    before = machine.read("passwd")

    def refuse(*_arguments: Any, **_keywords: Any) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Homes, "move", refuse)
    with pytest.raises(WaldurError, match=fragment("linux_home_not_moved", old="/home/alice", new="/home/other")):
        apply(machine, {**ALICE, "home": "/home/other"})
    assert machine.read("passwd") == before


def test_a_home_directory_of_another_account_is_not_moved(machine: Machine) -> None:
    apply(machine, ALICE)
    os.chown(machine.root / "home" / "alice", 1000, 1000)
    apply(machine, {**ALICE, "home": "/home/other"})
    assert (machine.root / "home" / "alice" / ".profile").exists()
    assert owner_and_mode(machine.root / "home" / "other")[:2] == (20001, 20001)


def test_another_list_of_the_machine_is_never_touched(machine: Machine) -> None:
    apply(machine, ALICE, groups=personal_groups(ALICE, climate=30001))
    bob, groups = account("bob", 20002), personal_groups(BOB)
    result = apply(machine, bob, list_name="beta", groups=groups)
    assert [row["name"] for row in result["accounts"]] == ["bob"]
    assert machine.read("shadow")["alice"][1] == "*"
    with pytest.raises(InvalidInput, match=fragment("linux_other_list", names="alice, alice", list="waldur")):
        apply(machine, account(), list_name="beta", groups=personal_groups(ALICE))


def test_names_and_numbers_of_other_sources_are_errors_before_the_first_change(machine: Machine) -> None:
    class Ldap(HostNameService):
        def find_uid(self, name: str) -> int | None:
            return 7000 if name == "alice" else None

        def find_account(self, uid: int) -> str | None:
            return "ldapuser" if uid == 20002 else None

        def find_gid(self, name: str) -> int | None:
            return None

        def find_group(self, gid: int) -> str | None:
            return "ldapgroup" if gid == 30001 else None

    before = machine.snapshot()
    with pytest.raises(InvalidInput) as raised:
        run(machine.options(accounts=[ALICE, BOB], groups=GROUPS), check=False, service=Ldap())
    assert raised.value.details["errors"] == [
        message("linux_gid_of_ldap", gid=30001, name="climate", owner="ldapgroup"),
        message("linux_account_of_ldap", name="alice"),
        message("linux_uid_of_ldap", uid=20002, name="bob", owner="ldapuser"),
    ]
    assert machine.snapshot() == before


def test_the_host_knows_root_and_no_account_without_a_name() -> None:
    service = HostNameService()
    assert (service.find_uid("root"), service.find_account(0)) == (0, "root")
    assert (service.find_gid("root"), service.find_group(0)) == (0, "root")
    unknown = 4294967200
    assert (service.find_uid("no such account"), service.find_account(unknown)) == (None, None)
    assert (service.find_gid("no such group"), service.find_group(unknown)) == (None, None)


def test_an_account_that_cannot_be_used_stays_as_it_is_if_its_person_has_access(machine: Machine) -> None:
    apply(machine, ALICE, BOB)
    before = machine.snapshot()
    unusable = {"name": "alice", "active": False, "has_access": True, "reason": "no UID"}
    result = apply(machine, unusable, BOB, departed="delete", max_removals=0)
    assert (result["changed"], machine.snapshot()) == (False, before)
    assert result["accounts"][0] == {
        "name": "alice",
        "uid": 20001,
        "state": "kept",
        "action": "none",
        "reason": "no UID",
    }
    assert [mentions(text, "linux_unusable", names="alice (no UID)") for text in result["warnings"]] == [True]


def test_a_misspelled_name_to_adopt_is_reported(machine: Machine) -> None:
    result = apply(machine, ALICE, adopt=["climat", "climate"])
    assert [mentions(text, "linux_adopt_unknown", names="climat") for text in result["warnings"]] == [True]
    # A person who left does not make the variable wrong.
    assert apply(machine, {"name": "alice", "active": False}, adopt=["alice"])["warnings"] == []


def test_the_note_of_a_deleted_number_stays_while_adopt_names_it_until_it_is_given_out(machine: Machine) -> None:
    apply(machine, ALICE)
    apply(machine, departed="delete", adopt=["alice"], groups=[])
    apply(machine, BOB, adopt=["alice"])
    carol = account("carol", 20001, user_uuid="c" * 32)
    groups = [*personal_groups(carol, BOB), {"name": "climate", "gid": 30001}]
    with pytest.raises(InvalidInput, match=fragment("linux_uid_of_deleted", uid=20001, name="carol", owner="alice")):
        apply(machine, BOB, carol, groups=groups)
    apply(machine, BOB, carol, adopt=["alice"], groups=groups)
    assert apply(machine, BOB, carol, groups=groups)["changed"] is False


def test_the_number_of_an_account_that_another_list_deleted_is_given_to_nobody_else(machine: Machine) -> None:
    apply(machine, ALICE)
    apply(machine, departed="delete", groups=[])
    carol = account("carol", 20001, user_uuid="c" * 32)
    with pytest.raises(InvalidInput, match=fragment("linux_uid_of_deleted", uid=20001, name="carol", owner="alice")):
        apply(machine, carol, list_name="beta", groups=personal_groups(carol))


def test_a_home_directory_in_that_of_an_account_of_the_machine_is_an_error(machine: Machine) -> None:
    for home in ("/home/local/.config", "/home/local"):
        with pytest.raises(InvalidInput, match=fragment("linux_homes_overlap", home=home, name="alice", owner="local")):
            apply(machine, {**ALICE, "home": home})


def test_a_line_that_is_not_valid_or_doubled_is_an_error_for_its_account_only(machine: Machine) -> None:
    for name, line in {"passwd": "alice:x:1", "group": "climate:x:30001"}.items():
        path = machine.root / "etc" / name
        path.write_text(f"{path.read_text()}{line}\nodd\n")
    with pytest.raises(InvalidInput) as raised:
        apply(machine, ALICE)
    expected = {"passwd": ("accounts", "alice"), "group": ("groups", "climate")}
    for text, (file, (option, name)) in zip(raised.value.details["errors"], expected.items(), strict=True):
        assert mentions(text, "linux_invalid_line", option=option, path=f"/etc/{file}", name=name)
    apply(machine, account("bob", 20002), groups=personal_groups(BOB))


def test_a_user_who_is_not_root_is_told_to_become_root(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(WaldurError, match=fragment("linux_not_root")):
        apply(machine, ALICE, check=True)


# --- people who can write in their home directories -------------------------------------------------------------------


@pytest.mark.parametrize("place", [".ssh", ".ssh/authorized_keys"])
def test_a_symbolic_link_of_a_person_leads_nowhere(machine: Machine, place: str) -> None:
    apply(machine, ALICE)
    target = machine.root / "etc" / "target"
    target.mkdir()
    (target / "authorized_keys").write_text("untouched")
    path = machine.root / "home" / "alice" / place
    path.rename(machine.root / "home" / "alice" / "moved")
    path.symlink_to(target if place == ".ssh" else target / "authorized_keys")
    os.chown(path, 20001, 20001, follow_symlinks=False)
    changed = {**ALICE, "ssh_keys": [OTHER_KEY]}
    if place == ".ssh":
        with pytest.raises(WaldurError, match=fragment("linux_homes_failed", count=1)) as raised:
            apply(machine, changed, BOB)
        assert raised.value.details["failed_accounts"] == ["alice"]
        assert machine.keys("bob") == [KEY]
    else:
        apply(machine, changed, BOB)
        assert machine.keys("alice") == [OTHER_KEY]
    assert (target / "authorized_keys").read_text() == "untouched"


def test_a_person_who_swaps_folders_during_a_run_never_makes_it_write_elsewhere(machine: Machine) -> None:
    apply(machine, ALICE)
    target = machine.root / "etc" / "target"
    target.mkdir()
    (target / "authorized_keys").write_text("untouched")
    home = machine.root / "home" / "alice"
    swapper = os.fork()
    if swapper == 0:
        # Before it is the person, who may not enter the folders around the machine of the test.
        os.chdir(home)
        os.setgid(20001)
        os.setuid(20001)
        for turn in itertools.count():
            with contextlib.suppress(OSError):
                os.rename(".ssh", f"away{turn}")
                os.symlink(target, ".ssh")
                os.unlink(".ssh")
                os.rename(f"away{turn}", ".ssh")
    try:
        failures = 0
        for number in range(1000):
            try:
                apply(machine, {**ALICE, "ssh_keys": [(KEY, OTHER_KEY)[number % 2]]})
            except WaldurError:
                failures += 1
            if failures == 5:
                break
    finally:
        os.kill(swapper, signal.SIGKILL)
        os.waitpid(swapper, 0)
    assert failures, "no folder was swapped"
    assert [path.name for path in target.iterdir()] == ["authorized_keys"]
    assert (target / "authorized_keys").read_text() == "untouched"
    assert owner_and_mode(target) == (0, 0, 0o755)


def test_keys_with_another_owner_or_mode_are_written_again(machine: Machine) -> None:
    apply(machine, ALICE)
    path = machine.root / "home" / "alice" / ".ssh" / "authorized_keys"
    path.chmod(0o666)
    path.parent.chmod(0o777)
    assert apply(machine, ALICE)["changed"] is True
    assert (owner_and_mode(path), owner_and_mode(path.parent)) == ((20001, 20001, 0o600), (20001, 20001, 0o700))
    os.chown(path, 1000, 1000)
    assert apply(machine, ALICE)["changed"] is True
    assert owner_and_mode(path)[:2] == (20001, 20001)


def test_an_incomplete_list_keeps_the_keys_of_a_file_with_another_mode(machine: Machine) -> None:
    apply(machine, ALICE)
    path = machine.root / "home" / "alice" / ".ssh" / "authorized_keys"
    path.write_text(f"{OTHER_KEY} own\n")
    path.chmod(0o644)
    apply(machine, ALICE, is_complete=False)
    assert (machine.keys("alice"), owner_and_mode(path)[2]) == ([f"{OTHER_KEY} own", KEY], 0o600)


def test_a_hard_link_to_a_secret_file_of_the_system_is_never_copied_into_the_keys(machine: Machine) -> None:
    apply(machine, ALICE)
    path = machine.root / "home" / "alice" / ".ssh" / "authorized_keys"
    path.unlink()
    path.hardlink_to(machine.root / "etc" / "shadow")
    before = machine.read("shadow")
    result = apply(machine, ALICE, is_complete=False)
    assert (machine.keys("alice"), machine.read("shadow")) == ([KEY], before)
    assert "hash" not in str(result)
    assert owner_and_mode(machine.root / "etc" / "shadow") == (0, 0, 0o640)


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_keys_that_are_no_regular_file_hang_no_run_and_stop_no_other_account(machine: Machine, kind: str) -> None:
    apply(machine, ALICE)
    path = machine.root / "home" / "alice" / ".ssh" / "authorized_keys"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
        os.chown(path, 20001, 20001)
        apply(machine, ALICE, BOB)
        assert machine.keys("alice") == [KEY]
    else:
        path.mkdir()
        with pytest.raises(WaldurError, match=fragment("linux_homes_failed", count=1)):
            apply(machine, ALICE, BOB)
    assert machine.keys("bob") == [KEY]


def test_a_person_who_left_loses_the_keys_whatever_they_did_with_the_file(machine: Machine) -> None:
    apply(machine, ALICE, BOB)
    without_header = machine.root / "home" / "alice" / ".ssh" / "authorized_keys"
    without_header.write_text(f"{OTHER_KEY}\n")
    with_other_mode = machine.root / "home" / "bob" / ".ssh" / "authorized_keys"
    with_other_mode.chmod(0o644)
    apply(machine, groups=[])
    assert (machine.keys("alice"), machine.keys("bob")) == ([], [])
    assert len(without_header.read_text().splitlines()) == len(with_other_mode.read_text().splitlines()) == 1
    assert apply(machine, groups=[])["changed"] is False


def test_keys_of_a_person_are_shown_without_control_characters(machine: Machine) -> None:
    apply(machine, ALICE)
    path = machine.root / "home" / "alice" / ".ssh" / "authorized_keys"
    path.write_text("\x1b]0;title\x07\n")
    assert "\x1b" not in str(apply(machine, ALICE, check=True)["diff"][0]["before"])


def test_a_home_directory_that_root_may_not_open_stops_no_other_account(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network file system on which root has no rights."""
    apply(machine, ALICE)
    open_folder = OpenFolder.open_folder

    def refuse(self: OpenFolder, name: str) -> OpenFolder:
        if name == "alice":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return open_folder(self, name)

    monkeypatch.setattr(OpenFolder, "open_folder", refuse)
    with pytest.raises(WaldurError, match=fragment("linux_homes_failed", count=1)) as raised:
        apply(machine, {**ALICE, "ssh_keys": [OTHER_KEY]}, BOB)
    assert raised.value.details["failed_accounts"] == ["alice"]
    assert machine.keys("bob") == [KEY]
    apply(machine, BOB)
    assert machine.read("shadow")["alice"][1] == "!*"


def test_a_missing_folder_of_home_directories_is_named(machine: Machine) -> None:
    own = {**ALICE, "home": "/data/people/alice"}
    with pytest.raises(WaldurError, match=fragment("linux_no_home_parent", path="/data/people")):
        apply(machine, own, home_parents=["/data"])


def test_the_old_home_directory_of_a_person_who_left_stops_no_run(machine: Machine) -> None:
    apply(machine, ALICE, BOB)
    home = machine.root / "home" / "alice"
    home.rename(machine.root / "moved")
    home.symlink_to("/moved")
    assert [row["action"] for row in apply(machine, BOB)["accounts"]] == ["lock", "none"]


def test_home_and_keys_get_the_contexts_of_selinux_where_the_machine_has_them(machine: Machine) -> None:
    def find_context(path: str, file_type: int) -> str:
        return f"test:{path}:{file_type:o}"

    (machine.root / "etc" / "skel" / "bin").mkdir()
    (machine.root / "etc" / "skel" / "bin" / "tool").write_text("#!/bin/sh\n")
    homes = Homes(RootFolder(str(machine.root)), ["/home"], find_context)
    alice = LocalAccount("alice", 20001, 20001, "", "/home/alice", "/bin/sh", keys=(KEY,))
    homes.create(alice)
    homes.write_keys(alice)
    paths = {"": 0o40000, "/.profile": 0o100000, "/bin": 0o40000, "/bin/tool": 0o100000}
    paths |= {"/.ssh": 0o40000, "/.ssh/authorized_keys": 0o100000}
    found = {path: os.getxattr(f"{machine.root}/home/alice{path}", "security.selinux") for path in paths}
    assert found == {path: f"{find_context(f'/home/alice{path}', kind)}\0".encode() for path, kind in paths.items()}


def test_a_folder_of_keys_of_another_user_is_refused(machine: Machine) -> None:
    apply(machine, ALICE)
    os.chown(machine.root / "home" / "alice" / ".ssh", 1000, 1000)
    with pytest.raises(WaldurError, match=fragment("linux_homes_failed", count=1)):
        apply(machine, ALICE)


def test_a_home_directory_that_is_a_symbolic_link_stops_the_run(machine: Machine) -> None:
    (machine.root / "home" / "alice").symlink_to("/etc")
    before = machine.read("passwd")
    with pytest.raises(WaldurError, match=fragment("linux_home_unusable", home="/home/alice")):
        apply(machine, ALICE)
    assert machine.read("passwd") == before


def test_links_that_lead_to_no_file_can_not_be_read(machine: Machine) -> None:
    root = RootFolder(str(machine.root))
    for target, reason in {"/": "Is a directory", "..": "Is a directory", "shells": "Too many levels"}.items():
        (machine.root / "etc" / "shells").unlink()
        (machine.root / "etc" / "shells").symlink_to(target)
        with pytest.raises(WaldurError, match=fragment("linux_unreadable", path="/etc/shells")) as raised:
            root.read_text("/etc/shells")
        assert reason in raised.value.message
    with pytest.raises(WaldurError, match=fragment("linux_unreadable", path="/etc/passwd")):
        root.list_names("/etc/passwd")


def test_a_root_is_never_left_by_a_symbolic_link(machine: Machine, tmp_path: Path) -> None:
    """An absolute link, and one that goes up, lead where they would lead on the machine itself."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "passwd").write_text("alice:x:1:1:host:/:/bin/sh\n")
    (machine.root / "home").rmdir()
    (machine.root / "home").symlink_to("/data/people")
    (machine.root / "data" / "people").mkdir(parents=True)
    (machine.root / "etc" / "passwd").rename(machine.root / "data" / "passwd")
    (machine.root / "etc" / "passwd").symlink_to("../" * 20 + "data/passwd")
    (machine.root / "etc" / "shells").unlink()
    (machine.root / "etc" / "shells").symlink_to(outside / "passwd")
    (machine.root / "etc" / ".pwd.lock").symlink_to(outside / "lock")
    with pytest.raises(WaldurError, match=fragment("linux_not_lockable")):
        apply(machine, ALICE)
    (machine.root / "etc" / ".pwd.lock").unlink()
    apply(machine, ALICE)
    assert (machine.root / "data" / "people" / "alice" / ".ssh" / "authorized_keys").exists()
    # The link stays, and the mode is that of the file, and not that of the link.
    assert (machine.root / "etc" / "passwd").is_symlink()
    assert owner_and_mode(machine.root / "data" / "passwd") == (0, 0, 0o644)
    assert "alice:x:20001" in (machine.root / "data" / "passwd").read_text()
    assert [path.name for path in outside.iterdir()] == ["passwd"]
    (machine.root / "data" / "people").rename(machine.root / "data" / "moved")
    (machine.root / "data" / "people").symlink_to("people")
    with pytest.raises(WaldurError, match=fragment("linux_home_unusable", home="/home/alice")):
        apply(machine, ALICE)


def test_a_root_must_be_an_absolute_path_with_a_folder_etc(machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=fragment("linux_root_relative", path="image")):
        run({**machine.options(), "root": "image"}, check=True)
    assert RootFolder("//").is_host
    with pytest.raises(InvalidInput, match=fragment("linux_root_without_etc", path=str(tmp_path))):
        run({**machine.options(), "root": str(tmp_path)}, check=True)


def test_the_skeleton_is_copied_with_folders_and_links_and_half_a_home_is_made_anew(machine: Machine) -> None:
    skeleton = machine.root / "etc" / "skel"
    (skeleton / "bin").mkdir(mode=0o750)
    (skeleton / "bin" / "tool").write_text("#!/bin/sh\n")
    (skeleton / "bin" / "tool").chmod(0o4755)
    (skeleton / "link").symlink_to("bin/tool")
    os.mkfifo(skeleton / "pipe")
    half = machine.root / "home" / ".alice.new"
    (half / "folder").mkdir(parents=True)
    (half / "folder" / "file").write_text("half")
    apply(machine, ALICE)
    home = machine.root / "home" / "alice"
    assert sorted(path.name for path in home.iterdir()) == [".profile", ".ssh", "bin", "link"]
    assert owner_and_mode(home / "bin") == (20001, 20001, 0o750)
    assert owner_and_mode(home / "bin" / "tool") == (20001, 20001, 0o755)
    assert (home / "link").readlink() == Path("bin/tool")
    assert not half.exists()


def test_a_machine_without_skeleton_shells_and_gshadow_is_managed_too(machine: Machine) -> None:
    (machine.root / "etc" / "skel" / ".profile").unlink()
    (machine.root / "etc" / "skel").rmdir()
    for name in ("shells", "gshadow", "login.defs"):
        (machine.root / "etc" / name).unlink()
    own = account(home="/data/people/alice")
    (machine.root / "data" / "people").mkdir(parents=True)
    apply(machine, own, home_parents=["/data"])
    assert not (machine.root / "etc" / "gshadow").exists()
    assert (machine.root / "data" / "people" / "alice" / ".ssh" / "authorized_keys").exists()


# --- files that can't be read or written ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["passwd", "shadow", "group"])
def test_a_missing_file_is_an_error(machine: Machine, name: str) -> None:
    (machine.root / "etc" / name).unlink()
    with pytest.raises(WaldurError, match=fragment("linux_file_missing", path=f"/etc/{name}")):
        apply(machine, ALICE)


STATE = '{{"version": 1, "accounts": {accounts}, "groups": {groups}, "deleted": {{}}}}'
NOTED = '{{"{name}": {{"uid": {uid}, "user_uuid": "", "has_keys": true}}}}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"version": 9}',
        '{"version": 1, "accounts": [], "groups": {}}',
        # What would make the program lock or delete accounts and groups of the system.
        STATE.format(accounts=NOTED.format(name="root", uid=0), groups="{}"),
        STATE.format(accounts=NOTED.format(name="daemon", uid=1), groups="{}"),
        STATE.format(accounts=NOTED.format(name="alice", uid='"20001"'), groups="{}"),
        STATE.format(accounts="{}", groups='{"sudo": 27}'),
        STATE.format(accounts="{}", groups='{"sudo": 30001}'),
    ],
)
def test_a_damaged_state_file_stops_the_run(machine: Machine, text: str) -> None:
    apply(machine, ALICE)
    path = machine.root / "var" / "lib" / "waldur_linux_accounts" / "waldur.json"
    path.write_text(text)
    before = machine.snapshot()
    with pytest.raises(WaldurError, match=fragment("linux_state_invalid")):
        apply(machine, BOB)
    assert machine.snapshot() == before


def test_a_file_that_is_a_folder_can_not_be_read(machine: Machine) -> None:
    (machine.root / "etc" / "gshadow").unlink()
    (machine.root / "etc" / "gshadow").mkdir()
    with pytest.raises(WaldurError, match=fragment("linux_unreadable", path="/etc/gshadow")):
        apply(machine, ALICE)


def test_a_state_folder_that_can_not_be_made_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was reported as a lock that could not be taken."""

    def refuse(*_arguments: Any, **_keywords: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(WaldurError, match=fragment("linux_not_creatable", path="/var/lib/waldur_linux_accounts")):
        apply(machine, ALICE)
    assert "alice" not in machine.read("passwd")


def test_a_pipe_in_an_image_hangs_no_run(machine: Machine) -> None:
    (machine.root / "etc" / "shells").unlink()
    os.mkfifo(machine.root / "etc" / "shells")
    with pytest.raises(WaldurError, match=fragment("linux_unreadable", path="/etc/shells")):
        apply(machine, ALICE)


def test_a_copy_of_shadow_that_a_killed_run_left_is_removed(machine: Machine) -> None:
    left = machine.root / "etc" / "shadow+"
    left.write_text("local:$6$hash:19000:0:99999:7:::\n")
    apply(machine, ALICE)
    assert sorted(path.name for path in (machine.root / "etc").iterdir() if "shadow" in path.name) == [
        "gshadow",
        "gshadow-",
        "shadow",
        "shadow-",
    ]


# --- locks ------------------------------------------------------------------------------------------------------------


def test_the_locks_of_shadow_utils_are_waited_for_and_stale_ones_are_removed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = machine.root / "etc" / "passwd.lock"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lock.write_bytes(f"{gone.pid}\0".encode())
    root = RootFolder(str(machine.root))
    with lock_files(root):
        assert lock.read_bytes() == f"{os.getpid()}\0".encode()
        monkeypatch.setattr(file_locks, "_PAUSE", 0.01)
        with pytest.raises(WaldurError, match=fragment("linux_locked")), lock_files(root, timeout=0.05):
            pass
    assert not lock.exists()
    for text in (b"", b"0", b"text", b"-5", b"9" * 31):
        lock.write_bytes(text)
        with pytest.raises(WaldurError, match=fragment("linux_locked", path=lock)), lock_files(root, timeout=0.05):
            pass


def test_a_lock_that_is_a_pipe_hangs_no_run(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_locks, "_PAUSE", 0.01)
    os.mkfifo(machine.root / "etc" / "group.lock")
    root = RootFolder(str(machine.root))
    with (
        pytest.raises(WaldurError, match=fragment("linux_locked", path="/etc/group.lock")),
        lock_files(root, timeout=0.05),
    ):
        pass
    os.mkfifo(machine.root / "etc" / ".pwd.lock.pipe")
    (machine.root / "etc" / ".pwd.lock").unlink()
    (machine.root / "etc" / ".pwd.lock.pipe").rename(machine.root / "etc" / ".pwd.lock")
    with pytest.raises(WaldurError, match=fragment("linux_not_lockable")), lock_files(root, timeout=0.05):
        pass


def test_the_lock_of_lckpwdf_is_waited_for(machine: Machine) -> None:
    path = machine.root / "etc" / ".pwd.lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()",
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    root = RootFolder(str(machine.root))
    with (
        pytest.raises(WaldurError, match=fragment("linux_locked", path="/etc/.pwd.lock")),
        lock_files(root, timeout=0.2),
    ):
        pass
    holder.communicate(b"\n")
    with lock_files(root):
        pass


def test_a_folder_without_etc_can_not_be_locked(machine: Machine) -> None:
    root = RootFolder(str(machine.root))
    (machine.root / "etc").rename(machine.root / "moved")
    with pytest.raises(WaldurError, match=fragment("linux_not_lockable")), lock_files(root):
        pass


@pytest.mark.parametrize("error", [OSError(8, "Exec format error"), subprocess.TimeoutExpired("nscd", 30)])
def test_a_cache_that_can_not_be_flushed_does_not_fail_a_run_that_is_done(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    calls: list[list[str]] = []

    def hang(command: list[str], **_options: Any) -> None:
        calls.append(command)
        raise error

    monkeypatch.setattr(shutil, "which", lambda name, path: f"/usr/sbin/{name}")
    monkeypatch.setattr(subprocess, "run", hang)
    linux_run._flush_caches()
    assert calls == [["/usr/sbin/nscd", "-i", "passwd"], ["/usr/sbin/nscd", "-i", "group"]]


# --- interruptions ----------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What stands for SIGKILL: nothing in the code may catch it."""


def test_a_run_that_is_cut_off_at_any_step_is_completed_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(name: str) -> Machine:
        machine = Machine(tmp_path / name)
        apply(machine, ALICE, BOB)
        return machine

    carol, dave = account("carol", 20003, groups=["climate"]), account("dave", 20002, user_uuid="b" * 32)
    groups = personal_groups(carol, dave, ALICE, climate=30001)
    last = [carol, {**dave, "ssh_keys": [OTHER_KEY]}]
    complete = build("complete")
    steps = count_steps(monkeypatch, lambda: apply(complete, *last, groups=groups))
    expected = complete.snapshot()
    assert steps >= 10
    for step in range(steps):
        machine = build(f"killed{step}")
        with pytest.raises(Killed):
            count_steps(monkeypatch, lambda: apply(machine, *last, groups=groups), step)  # noqa: B023
        assert machine.read("passwd")["local"] == complete.read("passwd")["local"]
        apply(machine, *last, groups=groups)
        assert machine.snapshot() == expected, step
        assert apply(machine, *last, groups=groups)["changed"] is False


STEPS = {"open", "os.rename", "os.mkdir", "os.link", "os.remove", "os.chown", "os.chmod", "os.symlink", "os.rmdir"}


def test_a_run_that_is_killed_at_any_step_is_completed_by_the_next_one_and_leaves_no_copy_of_a_password(
    tmp_path: Path,
) -> None:
    """With SIGKILL, so that no handler cleans up, before each call that may write."""
    carol, groups = account("carol", 20003, groups=["climate"]), personal_groups(account("carol", 20003), climate=30001)

    def build(name: str) -> Machine:
        machine = Machine(tmp_path / name)
        apply(machine, ALICE, BOB)
        return machine

    complete = build("complete")
    apply(complete, carol, groups=groups)
    expected = complete.snapshot()
    step = 0
    while True:
        machine = build(f"killed{step}")
        if not kill_at_step(step, lambda: apply(machine, carol, groups=groups)):  # noqa: B023
            break
        for name in ("passwd", "group", "shadow", "gshadow"):
            width = {"passwd": 7, "shadow": 9}.get(name, 4)
            lines = (machine.root / "etc" / name).read_text().splitlines()
            assert {line.count(":") for line in lines if line[0] not in "#+"} == {width - 1}, (step, name)
        apply(machine, carol, groups=groups)
        assert machine.snapshot() == expected, step
        assert apply(machine, carol, groups=groups)["changed"] is False
        secrets = {path.name for path in machine.root.rglob("*") if path.is_file() and "$6$" in path.read_text()}
        assert secrets == {"shadow", "shadow-"}, step
        step += 1
    assert step > 40


def kill_at_step(step: int, action: Any) -> bool:
    """Run ``action`` in another process, kill it before a step, and return whether it was killed."""
    child = os.fork()
    if child == 0:
        count = 0

        def kill(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal count
            if event not in STEPS or (event == "open" and not arguments[2] & os.O_CREAT):
                return
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

        sys.addaudithook(kill)
        action()
        os._exit(0)
    _child, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def count_steps(monkeypatch: pytest.MonkeyPatch, action: Any, last: int | None = None) -> int:
    """Count how often files and folders get their names, and cut the run off before step ``last``."""
    steps = 0
    rename = os.rename

    def cut_off(*arguments: Any, **keywords: Any) -> None:
        nonlocal steps
        if steps == last:
            raise Killed
        steps += 1
        rename(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", cut_off)
        action()
    return steps
