# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a policy: all its errors at once, and no file that would check nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from messages import message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document.policy_file import read_policy
from ansible_collections.waldur.provider.plugins.module_utils._document.policy_rules import FIELDS
from ansible_collections.waldur.provider.plugins.module_utils._plan.policy import Policy


def policy_of(folder: Path, text: str, name: str = "policy.yml") -> Policy:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_policy(str(path))


def test_all_errors_of_a_policy_are_reported_at_once(tmp_path: Path) -> None:
    text = "max_chnges: 1\nmax_role_duration: soon\nforbidden_email_domains: ['a b', '@']\nprotected_users:\n"
    with pytest.raises(InvalidInput) as failed:
        policy_of(tmp_path, text)
    assert failed.value.details["errors"][0] == message(
        "key_unknown",
        option="policy.yml",
        key_name="max_chnges",
        suggestion="max_changes",
        known=", ".join(one.name for one in FIELDS),
    )
    assert [error.split(": ")[1] for error in failed.value.details["errors"][1:]] == [
        "protected_users",
        "max_role_duration",
        "forbidden_email_domains[0]",
        "forbidden_email_domains[1]",
    ]


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("{}", "policy_empty", {}),
        ("x-a: 1", "policy_empty", {}),
        ("max_changes:", "policy_key_empty", {"name": "max_changes"}),
        ("", "policy_no_mapping", {}),
        ("[1]", "policy_no_mapping", {}),
    ],
)
def test_a_policy_that_would_check_nothing_is_an_error(
    tmp_path: Path, text: str, key: str, values: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput, match=prefix(key, file="policy.yml", **values)):
        policy_of(tmp_path, text)


@pytest.mark.parametrize("path", ["", " "])
def test_an_empty_path_is_an_error(path: str) -> None:
    with pytest.raises(InvalidInput, match=pattern("policy_path_empty")):
        read_policy(path)


BOMB = "x-a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"x-{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in pairwise("abcdefgh")
)


@pytest.mark.parametrize(
    "text",
    [
        f"{BOMB}max_changes: 1\n",
        f"{BOMB}protected_users: *h\n",
        f"max_changes: {'[' * 1000}\n",
        "max_changes: {a: 1}\n",
        "max_changes: -1\n",
        "max_changes: 1.5\n",
        "max_changes: true\n",
        "max_changes: [1]\n",
        "max_changes: 99999999999999999999\n",
        "max_changes: 1\nmax_changes: 2\n",
        "max_role_duration: 0\n",
        "max_role_duration: 2027-01-01\n",
        "max_role_duration: 99999999w\n",
        "protected_users: alice\n",
        "protected_users: {alice: true}\n",
        "protected_users: [7]\n",
        "protected_users: [[alice]]\n",
        "protected_users: [yes]\n",
        "protected_users: ['']\n",
        "forbidden_email_domains: [null]\n",
        "forbidden_email_domains: ['*.org']\n",
        "? [a]\n: 1\n",
        "!!python/object/apply:os.system [id]\n",
        "a: b: c\n",
        "max_changes: \x00\n",
        "&a [*a]\n",
        "text",
    ],
)
def test_a_hostile_policy_is_one_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput) as failed:
        policy_of(tmp_path, text)
    assert failed.value.message.startswith("policy.yml: ")
    assert len(failed.value.message) < 1000


def test_a_policy_that_is_no_text_file_is_an_error_of_the_option(tmp_path: Path) -> None:
    large = tmp_path / "large.yml"
    large.write_bytes(b"#" * 1_000_001)
    for path in (large, tmp_path, tmp_path / "missing.yml", tmp_path / "missing.rego", Path("/dev/zero")):
        with pytest.raises(InvalidInput) as failed:
            read_policy(str(path))
        assert failed.value.message.startswith("policy_path: ")
