# SPDX-License-Identifier: GPL-3.0-or-later
"""Only whole, known, single keys reach a line, and only the accounts that they belong to."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from hypothesis import given
from hypothesis import strategies as st
from messages import fragment, message

from ansible_collections.waldur.provider.plugins.filter import authorized_keys as filter_file
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.public_keys import parse_public_key
from ansible_collections.waldur.provider.plugins.plugin_utils._ssh_keys import authorized_keys

ALICE, BOB, CAROL = (digit * 32 for digit in "abc")


def encoded(kind: str, *fields: bytes) -> str:
    parts = [kind.encode(), *fields]
    return base64.b64encode(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).decode()


def ed25519(number: int = 1) -> str:
    return f"ssh-ed25519 {encoded('ssh-ed25519', bytes([number]) * 32)}"


RSA = f"ssh-rsa {encoded('ssh-rsa', bytes([1, 0, 1]), b'n' * 257)}"
ECDSA = f"ecdsa-sha2-nistp256 {encoded('ecdsa-sha2-nistp256', b'nistp256', b'p' * 65)}"
SECURITY_KEY = f"sk-ssh-ed25519@openssh.com {encoded('sk-ssh-ed25519@openssh.com', b'k' * 32, b'ssh:')}"


def user(uuid: str = ALICE, username: str = "alice", **more: Any) -> dict[str, Any]:
    return {"uuid": uuid, "username": username, **more}


def key(text: Any, owner: str = ALICE, name: Any = "laptop", **more: Any) -> dict[str, Any]:
    return {"user_uuid": owner, "public_key": text, "name": name, **more}


def account(owner: str, username: str | None, **more: Any) -> dict[str, Any]:
    return {"user_uuid": owner, "username": username, **more}


@pytest.mark.parametrize("text", [ed25519(), RSA, ECDSA, SECURITY_KEY])
def test_a_key_keeps_its_type_and_its_base64_and_loses_its_own_comment(text: str) -> None:
    found = authorized_keys([key(f"  {text} someone@else\n")], [user()])
    assert found.lines == {"alice": [f"{text} alice laptop"]}
    assert not found.left_out


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('command="rm -rf /" ' + RSA, message("key_type_unknown")),
        ("restrict " + RSA, message("key_type_unknown")),
        ("cert-authority " + RSA, message("key_type_unknown")),
        (f"{RSA}\n{ed25519()}", message("key_of_many_lines")),
        (f"{RSA}\r{ed25519()}", message("key_of_many_lines")),
        (f"{RSA}\u2028{ed25519()}", message("key_of_many_lines")),
        (f"{RSA} a\x00b", message("key_of_many_lines")),
        ("ssh-rsa", message("key_not_of_its_type")),
        ("ssh-rsa AAAA=BBBB", "base64 is invalid"),
        ("ssh-rsa AAAAB3NzaC1yc2E", "base64 is invalid"),
        ("ssh-rsa Ā", "base64 is invalid"),
        (ed25519().replace("ssh-ed25519 ", "ssh-rsa "), message("key_not_of_its_type")),
        (f"ssh-ed25519 {encoded('ssh-ed25519')}", message("key_not_of_its_type")),
        (f"ssh-ed25519 {encoded('ssh-ed25519', b'', b'x')}", message("key_not_of_its_type")),
        (f"ssh-dss {encoded('ssh-dss', b'p', b'q', b'g', b'y')}", message("key_type_unknown")),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", message("key_type_unknown")),
        ("# " + RSA, message("key_type_unknown")),
        ("", message("key_type_unknown")),
        (None, message("key_type_unknown")),
        (5, message("key_type_unknown")),
    ],
)
def test_what_is_not_exactly_one_key_is_left_out_with_its_reason(text: Any, reason: str) -> None:
    found = authorized_keys([key(text), key(ed25519(), name="other")], [user()])
    assert found.lines == {"alice": [f"{ed25519()} alice other"]}
    assert [reason in sentence for sentence in found.left_out] == [True]
    assert found.left_out[0].startswith("key 'laptop' of alice: ")


def test_a_second_key_on_the_same_line_was_a_comment_and_is_dropped() -> None:
    assert parse_public_key(f"{RSA} {ed25519()}") == RSA


def test_comments_hold_no_line_break_no_template_and_nothing_that_can_not_be_seen() -> None:
    name = "my\nkey\u202e {{ lookup('pipe', 'id') }}\x00 {% x %}"
    found = authorized_keys([key(RSA, name=name)], [user()])
    assert found.lines == {"alice": [f"{RSA} alice my key lookup('pipe', 'id') % x %"]}


@given(text=st.text() | st.text().map(lambda text: f"{RSA}{text}") | st.text().map(lambda text: f"{text}{RSA}"))
def test_whatever_the_server_says_a_line_is_one_of_the_keys_that_were_checked(text: str) -> None:
    found = authorized_keys([key(text, name=text)], [user()])
    for line in found.lines["alice"]:
        assert line.startswith(f"{RSA} alice")
        assert line.isprintable()
        assert "{" not in line
        assert len(line.splitlines()) == 1


@given(st.binary())
def test_bytes_are_a_key_only_where_they_hold_its_type_and_fields(blob: bytes) -> None:
    with pytest.raises(ValueError, match="it"):
        parse_public_key(f"ssh-ed25519 {base64.b64encode(blob).decode()}")


def test_a_deactivated_user_gets_an_empty_list_so_that_old_keys_go() -> None:
    people = [user(is_active=False), user(BOB, "bob", is_active=True), user(CAROL, "carol", is_active=None)]
    keys = [key(ed25519(1)), key(ed25519(2), BOB), key(ed25519(3), CAROL)]
    assert [len(lines) for lines in authorized_keys(keys, people).lines.values()] == [0, 1, 1]
    assert [len(lines) for lines in authorized_keys(keys, people, keep_inactive=True).lines.values()] == [1, 1, 1]


def test_users_without_keys_are_there_and_keys_without_users_are_not() -> None:
    found = authorized_keys([key(ed25519(), BOB), key("rubbish", BOB)], [user()])
    assert found.lines == {"alice": []}
    assert not found.left_out


def test_the_same_key_twice_is_one_line_and_the_order_of_rows_does_not_matter() -> None:
    keys = [key(RSA, name="b"), key(f"{RSA} x", name="a"), key(ed25519(2)), key(ed25519(1), BOB)]
    people = [user(BOB, "bob"), user()]
    found = authorized_keys(keys, people)
    assert found == authorized_keys(keys[::-1], people[::-1])
    assert found.lines == {
        "alice": [f"{ed25519(2)} alice laptop", f"{RSA} alice a"],
        "bob": [f"{ed25519(1)} bob laptop"],
    }
    assert list(found.lines) == ["alice", "bob"]


def test_uuids_are_compared_without_dashes_and_case() -> None:
    dashed = "AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAA"
    assert authorized_keys([key(RSA, dashed)], [user()]).lines == {"alice": [f"{RSA} alice laptop"]}


def test_with_usernames_the_accounts_are_called_as_at_the_provider() -> None:
    people = [user(), {"uuid": BOB}]
    rows = [account(ALICE, "a_cloud"), account(ALICE, "a_hpc"), account(BOB, "b_cloud"), account(BOB, None)]
    found = authorized_keys([key(RSA), key(ed25519(), BOB, None)], people, rows)
    assert found.lines == {
        "a_cloud": [f"{RSA} alice laptop"],
        "a_hpc": [f"{RSA} alice laptop"],
        "b_cloud": [f"{ed25519()} {BOB}"],
    }
    assert not found.left_out


@pytest.mark.parametrize("closed", [{"is_restricted": True}, {"state": "Deleted"}, {"state": "Requested deletion"}])
def test_restricted_and_ended_accounts_and_those_of_strangers_keep_no_keys(closed: dict[str, Any]) -> None:
    rows = [account(ALICE, "a1", **closed), account(CAROL, "c1"), account(BOB, "b1", state="OK", is_restricted=False)]
    found = authorized_keys([key(RSA), key(ed25519(), BOB), key(RSA, CAROL)], [user(), user(BOB, "bob")], rows)
    assert {name: len(lines) for name, lines in found.lines.items()} == {"a1": 0, "b1": 1, "c1": 0}


def test_one_name_for_two_users_is_an_error_unless_one_of_them_has_left() -> None:
    people = [user(), user(BOB, "bob")]
    with pytest.raises(InvalidInput, match=fragment("username_of_two_users", username="same")):
        authorized_keys([], people, [account(ALICE, "same"), account(BOB, "same")])
    rows = [account(ALICE, "same", state="Deleted"), account(BOB, "same")]
    assert authorized_keys([key(RSA), key(ed25519(), BOB)], people, rows).lines == {"same": [f"{ed25519()} bob laptop"]}


@pytest.mark.parametrize(
    "name", ["../../root/.ssh", "a/b", ".", "-r", "a b", "a\nb", "~x", "{{ x }}", "root", "", None]
)
def test_names_that_no_account_can_have_are_left_out_and_reported(name: Any) -> None:
    found = authorized_keys([key(RSA)], [user(username=name)])
    assert found.lines == {}
    assert len(found.left_out) == 1
    assert "{" not in found.left_out[0]


def test_rows_that_can_not_be_joined_are_an_error_that_says_what_is_missing() -> None:
    for keys, users, expected in (
        ("text", [], "_input: must be a list"),
        ({"ssh_keys": []}, [], "_input: must be a list"),
        ([], None, "users: must be a list"),
        ([], ["alice"], r"users\[0\]: must be a row"),
        ([], [{"username": "alice"}], r"users\[0\]: has no uuid"),
        ([{"public_key": RSA}], [], r"_input\[0\]: has no user_uuid"),
        ([{"user_uuid": ALICE}], [], r"_input\[0\]: has no public_key"),
    ):
        with pytest.raises(InvalidInput, match=expected):
            authorized_keys(keys, users)


def test_the_filter_warns_of_bad_keys_or_fails_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda self, text: told.append(text))
    run = filter_file.FilterModule().filters()["authorized_keys"]
    rows = (row for row in [key(RSA), key("rubbish")])
    assert run(rows, [user()]) == {"alice": [f"{RSA} alice laptop"]}
    reason = f"key 'laptop' of alice: it {message('key_type_unknown')}"
    assert told == [f"waldur.provider.authorized_keys left out: {reason}."]
    for options, expected in (({"invalid": "fail"}, reason), ({"invalid": "ignore"}, "must be 'warn' or 'fail'")):
        with pytest.raises(AnsibleFilterError, match=expected):
            run([key("rubbish")], [user()], **options)
    with pytest.raises(AnsibleFilterError, match=fragment("rows_of_keys_required", option="users")):
        run([], 5)
