# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of passwd, shadow, group and gshadow: what is changed, and what stays as it is, byte by byte."""

from __future__ import annotations

from dataclasses import replace

from linux_machine import FILES

from ansible_collections.waldur.provider.plugins.module_utils._linux.model import (
    Access,
    AccountChange,
    AccountPlan,
    GroupChange,
    LocalAccount,
    LocalGroup,
    ManagedState,
)
from ansible_collections.waldur.provider.plugins.module_utils._linux.tables import Table, Tables

ALICE = LocalAccount("alice", 20001, 20001, "Alice", "/home/alice", "/bin/bash")
TODAY = 20000


def tables(*, with_gshadow: bool = True) -> Tables:
    texts = {name: text for name, (_mode, text) in FILES.items()}
    return Tables(texts["passwd"], texts["shadow"], texts["group"], texts["gshadow"] if with_gshadow else None)


def apply(current: Tables, *changes: AccountChange | GroupChange) -> None:
    accounts = tuple(change for change in changes if isinstance(change, AccountChange))
    groups = tuple(change for change in changes if isinstance(change, GroupChange))
    current.apply(AccountPlan(accounts, groups, ManagedState()), TODAY)


def test_comments_nis_entries_and_rows_in_another_form_stay_where_they_are() -> None:
    text = "a:b\n# a:b:c\n+@x:y:z\nname:x:y\n\nname:x:z\n"
    table = Table(text, 3)
    assert (list(table.rows), table.render()) == (["name"], text)
    table.change("name", ["new", "x", "y"])
    assert table.render() == text.replace("name:x:y", "new:x:y")
    table.remove("new")
    table.remove("unknown")
    assert table.render() == text.replace("name:x:y\n", "")


def test_a_new_account_has_no_valid_password_and_can_log_in_with_a_key() -> None:
    current = tables()
    nis = "+@cluster::::::\n"
    before = current.passwd.render().removesuffix(nis)
    apply(current, AccountChange("create", None, ALICE))
    # Before the line of NIS, as useradd does.
    assert current.passwd.render() == before + "alice:x:20001:20001:Alice:/home/alice:/bin/bash\n" + nis
    assert current.shadow.render().endswith("\nalice:*:20000::::::\n")
    assert current.read_accounts()["alice"] == ALICE


def test_locking_keeps_the_password_and_unlocking_gives_it_back() -> None:
    current = tables()
    local = current.read_accounts()["local"]
    locked = replace(local, access=Access.LOCKED)
    apply(current, AccountChange("lock", local, locked))
    assert current.shadow.rows["local"] == ["local", "!$6$hash", "19000", "0", "99999", "7", "", "1", ""]
    assert current.read_accounts()["local"] == locked
    apply(current, AccountChange("unlock", locked, local))
    assert current.shadow.render() == tables().shadow.render()


def test_unlocking_never_leaves_an_empty_password() -> None:
    for password in ("!", "!!", ""):
        current = Tables("alice:x:20001:20001::/h:/bin/sh\n", f"alice:{password}:1::::::\n", "", None)
        before = current.read_accounts()["alice"]
        apply(current, AccountChange("unlock", before, replace(before, access=Access.OPEN)))
        assert current.shadow.rows["alice"][1] == "*"


def test_an_account_without_an_entry_in_shadow_is_neither_open_nor_locked() -> None:
    current = Tables("alice:x:20001:20001::/h:/bin/sh\n", "bob:*:1:::::5:\n", "", None)
    assert current.read_accounts()["alice"].access is Access.PARTIAL
    assert Tables("bob:x:1:1::/:/\n", "bob:*:1:::::5:\n", "", None).read_accounts()["bob"].access is Access.PARTIAL


def test_members_keep_their_order_and_new_ones_follow_in_both_files() -> None:
    current = Tables("", "", "climate:x:30001:zoe,amy,tom\n", "climate:!:adm:zoe,amy,tom\n")
    before = current.read_groups()["climate"]
    after = replace(before, members=frozenset({"zoe", "tom", "bob", "al"}))
    apply(current, GroupChange("change", before, after))
    assert current.group.render() == "climate:x:30001:zoe,tom,al,bob\n"
    assert current.gshadow is not None
    assert current.gshadow.render() == "climate:!:adm:zoe,tom,al,bob\n"


def test_groups_are_created_renamed_and_deleted_with_and_without_gshadow() -> None:
    new, renamed = LocalGroup("climate", 30001), LocalGroup("weather", 30001)
    for with_gshadow in (True, False):
        current = tables(with_gshadow=with_gshadow)
        unchanged = current.group.render()
        apply(current, GroupChange("create", None, new))
        assert current.group.render() == unchanged + "climate:x:30001:\n"
        apply(current, GroupChange("change", new, renamed))
        assert current.group.render() == unchanged + "weather:x:30001:\n"
        assert (current.gshadow is None) == (not with_gshadow)
        if current.gshadow is not None:
            assert current.gshadow.render().endswith("weather:!::\n")
        apply(current, GroupChange("delete", renamed, None))
        assert current.group.render() == unchanged


def test_a_deleted_account_leaves_no_row() -> None:
    current = tables()
    apply(current, AccountChange("create", None, ALICE), AccountChange("delete", ALICE, None))
    assert current.passwd.render() == tables().passwd.render()
    assert current.shadow.render() == tables().shadow.render()
    assert current.read_unshadowed() == frozenset()


def test_only_a_line_feed_ends_a_line_so_that_the_comment_of_a_user_breaks_no_file() -> None:
    # chfn lets a user write these characters; str.splitlines takes them for ends of lines.
    text = "".join(
        f"u{number}:x:{number}:1:a{char}b:/h:/s\n" for number, char in enumerate("\u2028\x85\x0c\x1c\r", 1000)
    )
    table = Table(text, 7)
    assert (len(table.rows), table.invalid, table.render()) == (5, set(), text)


def test_lines_that_are_not_valid_and_second_lines_are_found_by_name() -> None:
    passwd = "a:x:1:1::/:/s\na:x:0:0::/:/s\nb:x:1:1::/\nc:x:²:1::/:/s\n# d:x\n+e\n-f\n\n"
    current = Tables(passwd, "g:x\n", "h:x:1\ni:x:-1:\n", "j:\n")
    assert current.find_invalid() == {
        "/etc/passwd": {"a", "b", "c"},
        "/etc/shadow": {"g"},
        "/etc/group": {"h", "i"},
        "/etc/gshadow": {"j"},
    }
    assert (set(current.read_accounts()), set(current.read_groups())) == ({"a"}, set())
