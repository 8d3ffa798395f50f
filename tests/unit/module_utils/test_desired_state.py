# SPDX-License-Identifier: GPL-3.0-or-later
"""The document: what it may hold, and what it means."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import date, datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils import _desired_state as document
from ansible_collections.waldur.provider.plugins.module_utils._desired_state import UNSET, ImageFile
from ansible_collections.waldur.provider.plugins.module_utils._errors import InvalidInput

from .hand_made import document as provider
from .hand_made import image, no_image

HEX = "0123456789abcdef0123456789abcdef"
FINGERPRINT = "sha256:9f2c61aa01b7e3d4"


# --- what it means ---------------------------------------------------------------------------------------------------


def test_a_whole_entry_means_what_it_says() -> None:
    [wish] = document.parse(
        provider(
            state="present",
            description="  Compute and storage\n",
            enable_notifications=False,
            image="files/logo.png",
            allowed_domains=["example.org"],
            account_options={"homedir_prefix": "/home/"},
            users=[
                {"user": "alice", "role": "CUSTOMER.MANAGER", "expiration_time": "2027-06-30"},
                {"user": "bob", "state": "absent"},
            ],
            exclusive_users=True,
            offering_usernames=[{"user": "carol", "username": " carol_hpc "}],
            api_secret_code={"state": "rotated", "fingerprint": FINGERPRINT.upper()},
        ),
        image,
    )
    assert (wish.where, wish.reference, wish.reference_kind) == ("service_providers[0]", "ACME", "customer")
    assert wish.profile == document.Profile(
        "present",
        {
            "description": "Compute and storage",
            "enable_notifications": False,
            "allowed_domains": ["example.org"],
            "account_options": {"homedir_prefix": "/home/"},
        },
        ImageFile("files/logo.png", b"files/logo.png"),
    )
    until = datetime(2027, 6, 30, tzinfo=timezone.utc)
    assert wish.grants == document.Grants(
        (
            document.GrantEntry("service_providers[0].users[0]", "alice", "CUSTOMER.MANAGER", until),
            document.GrantEntry("service_providers[0].users[1]", "bob", state="absent"),
        ),
        exclusive=True,
        where="service_providers[0].exclusive_users",
    )
    name = document.UsernameEntry("service_providers[0].offering_usernames[0]", "carol", "carol_hpc")
    assert wish.usernames == document.Usernames((name,))
    assert wish.secret_code == document.SecretCode("service_providers[0].api_secret_code", "rotated", FINGERPRINT)


def test_what_is_left_out_is_left_alone() -> None:
    [wish] = document.parse(provider(), no_image)
    assert wish.profile == document.Profile("present", {}, UNSET)
    assert (wish.grants, wish.usernames, wish.secret_code) == (None, None, None)


@pytest.mark.parametrize("key", [key for key in document._PROVIDER_KEYS if key != "customer"])
def test_a_key_without_a_value_counts_as_left_out(key: str) -> None:
    assert document.parse(provider(**{key: None}), no_image) == document.parse(provider(), no_image)


def test_an_empty_list_is_a_wish_and_not_left_out() -> None:
    [wish] = document.parse(provider(users=[], offering_usernames=[], allowed_domains=[]), no_image)
    assert wish.grants == document.Grants((), where="service_providers[0].exclusive_users")
    assert wish.usernames == document.Usernames(())
    assert wish.profile is not None
    assert wish.profile.fields == {"allowed_domains": []}


@pytest.mark.parametrize("path", ["", "  "])
def test_an_empty_image_path_removes_the_image_and_no_file_is_read(path: str) -> None:
    [wish] = document.parse(provider(image=path), no_image)
    assert wish.profile is not None
    assert wish.profile.image == ImageFile("", b"")


def test_an_empty_description_is_sent_as_such() -> None:
    [wish] = document.parse(provider(description=" \n"), no_image)
    assert wish.profile is not None
    assert wish.profile.fields == {"description": ""}


def test_an_expiry_left_out_is_not_never() -> None:
    left_out = document.grant("users[0]", {"user": "alice"})
    never = document.grant("users[0]", {"user": "alice", "expiration_time": "never"})
    assert left_out.expiration_time is UNSET
    assert never.expiration_time is None


@pytest.mark.parametrize("word", ["never", "Never", " NEVER "])
def test_never_is_a_word_in_any_case(word: str) -> None:
    assert document.expiration("expiration_time", word) is None


@pytest.mark.parametrize(
    "written",
    ["2027-06-30", "2027-06-30T00:00:00Z", "2027-06-30T02:00:00+02:00", date(2027, 6, 30), datetime(2027, 6, 30)],
)
def test_dates_and_date_times_as_text_or_object_are_taken(written: Any) -> None:
    assert document.expiration("expiration_time", written) == datetime(2027, 6, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((word, True) for word in (True, "yes", "true", "on", "True", " YES ", 1)),
        *((word, False) for word in (False, "no", "false", "off", "False", " NO ", 0)),
    ],
)
def test_the_words_that_ansible_takes_for_booleans_are_booleans(written: Any, meant: bool) -> None:
    assert document.boolean("enable_notifications", written) is meant


def test_lengths_up_to_the_limits_are_taken() -> None:
    [wish] = document.parse(
        provider(description="d" * 2000, offering_usernames=[{"user": "carol", "username": "c" * 100}]), no_image
    )
    assert wish.usernames is not None
    assert len(wish.usernames.entries[0].username) == 100


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (HEX, f"{HEX[:8]}-{HEX[8:12]}-{HEX[12:16]}-{HEX[16:20]}-{HEX[20:]}", True),
        (HEX, HEX.upper(), True),
        ("alice", "alice", True),
        ("alice", "Alice", False),
    ],
)
def test_spellings_of_a_uuid_are_one_user_and_names_count_as_written(one: str, other: str, same: bool) -> None:
    assert (document.user_key(one) == document.user_key(other)) is same


# --- any document ----------------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes()
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*document._PROVIDER_KEYS, "user", "role", "username", "zzz"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_any_document_is_taken_or_refused_and_never_a_crash(value: Any) -> None:
    with suppress(InvalidInput):
        assert all(isinstance(wish, document.Desired) for wish in document.parse(value, image))


@given(
    st.fixed_dictionaries(
        {"customer": st.just("ACME")},
        optional={
            "description": st.text(st.characters(exclude_characters="\0"), max_size=50),
            "enable_notifications": st.booleans(),
            "users": st.lists(st.fixed_dictionaries({"user": st.sampled_from(["a", "b"])}), max_size=3),
            "account_options": st.dictionaries(st.sampled_from(["x", "y"]), st.booleans()),
        },
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_keys_means_nothing(entry: dict[str, Any], chance: random.Random) -> None:
    keys = list(entry)
    chance.shuffle(keys)
    assert document.parse([{key: entry[key] for key in keys}], no_image) == document.parse([entry], no_image)
