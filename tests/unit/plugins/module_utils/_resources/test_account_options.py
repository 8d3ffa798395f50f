# SPDX-License-Identifier: GPL-3.0-or-later
"""The account options of a provider: what is valid, what differs, what is sent, and what an export holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import begins, matching, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._resources.account_options import (
    ACCOUNT_OPTIONS,
    differing_options,
    exported_options,
    merged_options,
    named_options,
    unapplied_options,
)

OPTION = "account_options"
POLICIES = ("service_provider", "anonymized", "full_name", "waldur_username", "freeipa", "identity_claim")
VALID: dict[str, tuple[Any, ...]] = {
    "account_scope": ("offering", "provider"),
    "username_generation_policy": POLICIES,
    "username_anonymized_prefix": ("waldur_", "ünï $", "0"),
    "homedir_prefix": ("/home/", "/a", "/data/x-1_2/.hidden/"),
    "login_shell": ("/bin/bash", "/usr/local/bin/zsh-5.9"),
    "project_groups_enabled": (True, False),
}


def read(value: Any) -> dict[str, Any]:
    return ACCOUNT_OPTIONS.read(OPTION, value)


def errors(value: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(value)
    found: list[str] = caught.value.details.get("errors") or [caught.value.message]
    return found


# --- what is valid ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", VALID)
def test_every_value_that_waldur_takes_is_valid(key: str) -> None:
    for value in VALID[key]:
        assert read({key: value}) == {key: value}


@pytest.mark.parametrize("key", VALID)
@pytest.mark.parametrize("value", ["", "  ", None])
def test_an_empty_value_removes_a_key(key: str, value: Any) -> None:
    assert read({key: value}) == {key: ""}


def test_keys_that_are_left_out_are_not_among_the_options() -> None:
    assert read({}) == {}
    assert read({"login_shell": " /bin/sh\n"}) == {"login_shell": "/bin/sh"}


def test_null_in_the_options_of_a_task_is_a_key_that_was_left_out() -> None:
    assert named_options({**dict.fromkeys(VALID), "login_shell": ""}) == {"login_shell": ""}
    assert named_options(None) is None


def test_an_unknown_key_is_rejected_with_the_closest_one() -> None:
    for value in ("provider", None, ""):
        (told,) = errors({"acount_scope": value})
        assert told == message(
            "key_unknown", option=OPTION, key_name="acount_scope", suggestion="account_scope", known=", ".join(VALID)
        )


@pytest.mark.parametrize("key", ["homedir_prefix", "login_shell"])
@pytest.mark.parametrize("path", ["/", "home", "/a/../b", "/a b", "/bin/sh;x", "/ümlaut/", "/..", "~/x", "/a\nb"])
def test_a_path_that_waldur_would_reject_is_rejected_offline(key: str, path: str) -> None:
    (told,) = errors({key: path})
    shown = path.encode("unicode_escape").decode() if "\n" in path else path
    assert told == message("path_invalid", option=f"{OPTION}.{key}", value=shown)


@pytest.mark.parametrize(
    ("key", "value", "choices"),
    [
        ("account_scope", "providr", "offering or provider"),
        ("username_generation_policy", "random", " or ".join(POLICIES)),
    ],
)
def test_a_value_that_is_no_choice_is_rejected(key: str, value: str, choices: str) -> None:
    (told,) = errors({key: value})
    expected = message("choice_invalid", option=f"{OPTION}.{key}", choices=choices, value=value)
    assert told.startswith(expected)


def test_all_errors_are_reported_at_once() -> None:
    found = errors({"account_scope": True, "login_shell": 7, "project_groups_enabled": "maybe", "colour": 1})
    assert [text.partition(": ")[0] for text in found] == [
        OPTION,
        *(f"{OPTION}.{key}" for key in ("account_scope", "login_shell", "project_groups_enabled")),
    ]


@pytest.mark.parametrize("value", [[], "provider", 7])
def test_options_must_be_a_mapping(value: Any) -> None:
    (told,) = errors(value)
    assert begins(told, "mapping_of_keys_required", option=OPTION, keys=matching("account_scope, .*"))


# --- what differs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "desired"),
    [
        ({}, {}),
        ({"login_shell": "/bin/sh"}, {}),
        ({"login_shell": "/bin/sh"}, {"login_shell": "/bin/sh"}),
        ({}, {"login_shell": ""}),
        ({"login_shell": ""}, {"login_shell": ""}),
        ({"login_shell": None}, {"login_shell": ""}),
        ({}, {"project_groups_enabled": ""}),
        ({"project_groups_enabled": False}, {"project_groups_enabled": ""}),
        ({"project_groups_enabled": False}, {"project_groups_enabled": False}),
    ],
)
def test_options_that_are_so_already_do_not_differ(current: dict[str, Any], desired: dict[str, Any]) -> None:
    assert differing_options(current, desired) == ({}, {})


@pytest.mark.parametrize(
    ("current", "desired", "before", "sent"),
    [
        ({}, {"account_scope": "provider"}, {"account_scope": None}, {"account_scope": "provider"}),
        (
            {"login_shell": "/bin/sh", "homedir_prefix": "/data/"},
            {"login_shell": "", "homedir_prefix": "/data/"},
            {"login_shell": "/bin/sh"},
            {"login_shell": ""},
        ),
        (
            {"project_groups_enabled": True},
            {"project_groups_enabled": ""},
            {"project_groups_enabled": True},
            {"project_groups_enabled": False},
        ),
        ({}, {"project_groups_enabled": False}, {"project_groups_enabled": None}, {"project_groups_enabled": False}),
        (
            {"project_groups_enabled": 1},
            {"project_groups_enabled": True},
            {"project_groups_enabled": 1},
            {"project_groups_enabled": True},
        ),
    ],
)
def test_only_options_that_differ_are_sent(
    current: dict[str, Any], desired: dict[str, Any], before: dict[str, Any], sent: dict[str, Any]
) -> None:
    assert repr(differing_options(current, desired)) == repr((before, sent))


DESIRED = st.fixed_dictionaries({}, optional={key: st.sampled_from([*values, ""]) for key, values in VALID.items()})
STORED = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in VALID.items()})


@given(STORED, DESIRED)
def test_what_is_sent_is_applied_and_then_nothing_differs(stored: dict[str, Any], desired: dict[str, Any]) -> None:
    _before, sent = differing_options(stored, desired)
    after = merged_options(stored, sent)
    assert unapplied_options(after, sent) == []
    assert differing_options(after, desired) == ({}, {})
    assert {key: value for key, value in after.items() if key not in desired} == {
        key: value for key, value in stored.items() if key not in desired
    }


def test_options_that_waldur_ignored_are_found() -> None:
    assert unapplied_options({"login_shell": "/bin/sh"}, {"login_shell": "", "homedir_prefix": "/x/"}) == [
        "login_shell",
        "homedir_prefix",
    ]


# --- exports ---------------------------------------------------------------------------------------------------------


@given(STORED)
def test_an_export_holds_all_valid_options_and_changes_nothing(stored: dict[str, Any]) -> None:
    exported, others = exported_options(stored)
    assert (exported, others) == (stored, [])
    assert list(exported) == sorted(exported)
    assert differing_options(stored, read(exported)) == ({}, {})


def test_options_that_no_document_can_hold_are_left_out_of_an_export_by_name() -> None:
    stored = {"login_shell": "sh", "new_key": 1, "homedir_prefix": "/home/", "account_scope": ""}
    assert exported_options(stored) == ({"homedir_prefix": "/home/"}, ["login_shell", "new_key"])
