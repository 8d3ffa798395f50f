# SPDX-License-Identifier: GPL-3.0-or-later
"""The list is validated as a whole before anything is compared: names, numbers, paths, comments, groups and keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linux_machine import KEY, OTHER_KEY, Machine, account, personal_groups
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.public_keys import parse_authorized_key
from ansible_collections.waldur.provider.plugins.module_utils._linux.account_list_validation import (
    find_comment_problem,
    find_home_problem,
    find_id_problem,
    find_name_problem,
    validate_account_list,
)
from ansible_collections.waldur.provider.plugins.module_utils._linux.model import DesiredAccount


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "root")


def errors(machine: Machine, **options: Any) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        validate_account_list(machine.options(**options))
    found: list[str] = raised.value.details.get("errors", [raised.value.message])
    return found


def test_a_valid_list_is_read_and_active_accounts_count(machine: Machine) -> None:
    alice = account(groups=["climate", "alice"], comment="Alice", user_uuid="a" * 32, ssh_keys=[OTHER_KEY, KEY, KEY])
    left = {"name": "0 invalid", "active": False, "reason": "no project left"}
    groups = personal_groups(alice, climate=30001)
    desired = validate_account_list(machine.options(accounts=[alice, left], groups=groups, adopt=["climate"]))
    keys = tuple(sorted((KEY, OTHER_KEY)))
    assert desired.accounts == {
        "alice": DesiredAccount(
            "alice", 20001, "alice", "/home/alice", "/bin/bash", "Alice", keys, frozenset({"climate"}), "a" * 32
        )
    }
    assert desired.groups == {"alice": 20001, "climate": 30001}
    assert desired.reasons == {"0 invalid": "no project left"}
    assert (set(desired.adopt), desired.max_removals, desired.deletes_departed) == ({"climate"}, 5, False)


@pytest.mark.parametrize(
    "name", ["", "-rf", ".", "..", "a/b", "a:b", "a b", "1234", "a" * 33, "a\nb", "ä", "x$", None, 7]
)
def test_names_that_shadow_utils_reject_are_errors(name: Any) -> None:
    assert find_name_problem(name)


@pytest.mark.parametrize("name", ["root", "nobody", "admin", "sudo", "wheel", "docker", "lxd"])
def test_names_of_the_system_are_errors(name: str) -> None:
    assert find_name_problem(name)


@pytest.mark.parametrize("name", ["alice", "m1_alpha", "first.last", "a-b", "0day", "A", "a" * 32])
def test_usual_names_are_valid(name: str) -> None:
    assert find_name_problem(name) == ""


@pytest.mark.parametrize("number", [0, 999, 65534, 65535, 4294967295, -1, None, True, "20001"])
def test_numbers_of_the_system_are_errors(number: Any) -> None:
    assert find_id_problem(number)


@pytest.mark.parametrize(
    "home",
    ["home/a", "/home", "/home/", "/home/../etc", "/home/a/", "/home//a", "/etc/passwd", "/homes/a", "/home/a\n", None],
)
def test_a_home_directory_elsewhere_is_an_error(home: Any) -> None:
    assert find_home_problem(home, ["/home"])


def test_home_directories_below_a_parent_are_valid() -> None:
    assert find_home_problem("/home/a", ["/home/"]) == find_home_problem("/data/x/a", ["/home", "/data"]) == ""


@pytest.mark.parametrize("comment", ["a:b", "a\nb", "\x1b[2J", None, "a" * 201])
def test_a_comment_that_would_break_a_file_is_an_error(comment: Any) -> None:
    assert find_comment_problem(comment)


def test_everything_that_is_wrong_is_reported_at_once(machine: Machine) -> None:
    bad = account(
        "../x", 7, home="/etc", shell="bash", comment="a:b", group="none", groups=["sudo"], ssh_keys=["no key"]
    )
    found = errors(machine, accounts=[bad], groups=[{"name": "a b", "gid": 5}], max_removals=-1, list_name="a/b")
    places = [text.split(":")[0] for text in found]
    keys = ("name", "uid", "home", "shell", "comment", "group", "groups", "ssh_keys[0]")
    assert places == [
        "max_removals",
        "list_name",
        "groups[0].name",
        "groups[0].gid",
        *(f"accounts[0].{key}" for key in keys),
    ]
    assert errors(machine, home_parents=["home"]) == [
        message("linux_path_invalid", option="home_parents[0]", path="home")
    ]


def test_names_numbers_and_homes_belong_to_one_account(machine: Machine) -> None:
    twins = [account(), account(), account("bob", home="/home/bob", group="alice")]
    groups = [*personal_groups(twins[0]), {"name": "alice", "gid": 30001}, {"name": "b", "gid": 30001}]
    assert errors(machine, accounts=twins, groups=groups) == [
        message("linux_entries_share", option="groups", count=2, key="name", value="alice"),
        message("linux_entries_share", option="groups", count=2, key="gid", value="30001"),
        message("linux_entries_share", option="accounts", count=2, key="name", value="alice"),
        message("linux_entries_share", option="accounts", count=3, key="uid", value="20001"),
        message("linux_entries_share", option="accounts", count=2, key="home", value="/home/alice"),
    ]


def test_a_home_directory_in_another_one_is_an_error(machine: Machine) -> None:
    inner = account("bob", 20002, home="/home/alice/.config")
    people = [account(), inner, account("ali", 20003)]
    assert errors(machine, accounts=people, groups=personal_groups(*people)) == [
        message("linux_homes_nested", home="/home/alice/.config", name="bob", other="/home/alice", owner="alice")
    ]


def test_what_an_active_account_requires_is_said_so(machine: Machine) -> None:
    found = errors(machine, accounts=[{"name": "alice", "active": True}])
    assert found == [message("linux_required", option=f"accounts[0].{key}") for key in ("uid", "home", "group")]


def test_keys_beyond_any_use_are_an_error(machine: Machine) -> None:
    alice = account(ssh_keys=[KEY] * 7000)
    [found] = errors(machine, accounts=[alice], groups=personal_groups(alice))
    assert found == message("linux_keys_large", option="accounts[0].ssh_keys", count=7000)


# --- options of keys --------------------------------------------------------------------------------------------------


def test_options_of_keys_are_dropped_unless_they_are_allowed() -> None:
    line = f'no-pty,command="echo \\"a, b\\"",restrict {KEY} a comment'
    assert parse_authorized_key(line) == (f"{KEY} a comment", ["no-pty", "command", "restrict"])
    kept = f'command="echo \\"a, b\\"",restrict {KEY} a comment'
    assert parse_authorized_key(line, {"command", "restrict"}) == (kept, ["no-pty"])
    assert parse_authorized_key(f"{KEY}\n") == (KEY, [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "restrict",
        f'command="x {KEY}',
        f"{KEY}\n{OTHER_KEY}",
        f"a=b {KEY}",
        f"restrict restrict {KEY}",
    ],
)
def test_what_is_not_one_key_with_options_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="it "):
        parse_authorized_key(text)


@given(st.text(), st.text())
def test_a_line_never_holds_more_than_one_key_or_an_option_that_is_not_allowed(before: str, after: str) -> None:
    try:
        line, _dropped = parse_authorized_key(f"{before}{KEY}{after}")
    except ValueError:
        return
    assert line.startswith(KEY)
    assert line.isprintable()
