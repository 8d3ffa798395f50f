# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema: what it may hold, and what it means."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import date, datetime, timezone
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common import values
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document import model
from ansible_collections.waldur.provider.plugins.module_utils._document.model import UNSET, ImageFile
from ansible_collections.waldur.provider.plugins.module_utils._resources.api_secret_code import SecretCode
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import FIELDS, SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    UsernameEntry,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import Profile
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import GRANT, GrantEntry, Grants

from ...helpers.samples import document as provider
from ...helpers.samples import image, no_image, state_of

KEYS = [one.name for one in FIELDS]
HEX = "0123456789abcdef0123456789abcdef"
FINGERPRINT = "sha256:9f2c61aa01b7e3d4"


# --- what it means ---------------------------------------------------------------------------------------------------


def test_a_whole_entry_means_what_it_says() -> None:
    [document] = SCHEMA.read(
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
    assert (document.where, document.reference, document.reference_kind) == ("service_providers[0]", "ACME", "customer")
    assert document.get(Profile) == Profile(
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
    assert document.get(Grants) == Grants(
        (
            GrantEntry("service_providers[0].users[0]", "alice", "CUSTOMER.MANAGER", until),
            GrantEntry("service_providers[0].users[1]", "bob", state="absent"),
        ),
        exclusive=True,
        where="service_providers[0].exclusive_users",
    )
    name = UsernameEntry("service_providers[0].offering_usernames[0]", "carol", "carol_hpc")
    assert document.get(Usernames) == Usernames((name,))
    assert document.get(SecretCode) == SecretCode("service_providers[0].api_secret_code", "rotated", FINGERPRINT)


def test_what_is_left_out_is_left_alone() -> None:
    [document] = SCHEMA.read(provider(), no_image)
    assert document.get(Profile) == Profile("present", {}, UNSET)
    assert (document.get(Grants), document.get(Usernames), document.get(SecretCode)) == (None, None, None)


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("customer", "posix_id_pool")])
def test_a_key_without_a_value_counts_as_left_out(key: str) -> None:
    assert SCHEMA.read(provider(**{key: None}), no_image) == SCHEMA.read(provider(), no_image)


def test_an_empty_list_is_a_desired_state_and_not_left_out() -> None:
    [document] = SCHEMA.read(provider(users=[], offering_usernames=[], allowed_domains=[]), no_image)
    assert document.get(Grants) == Grants((), where="service_providers[0].exclusive_users")
    assert document.get(Usernames) == Usernames(())
    assert state_of(document, Profile).fields == {"allowed_domains": []}


@pytest.mark.parametrize("path", ["", "  "])
def test_an_empty_image_path_removes_the_image_and_no_file_is_read(path: str) -> None:
    [document] = SCHEMA.read(provider(image=path), no_image)
    assert state_of(document, Profile).image == ImageFile("", b"")


def test_an_empty_description_is_sent_as_such() -> None:
    [document] = SCHEMA.read(provider(description=" \n"), no_image)
    assert state_of(document, Profile).fields == {"description": ""}


def test_an_expiry_left_out_is_not_never() -> None:
    left_out = GRANT.read("users[0]", {"user": "alice"})
    never = GRANT.read("users[0]", {"user": "alice", "expiration_time": "never"})
    assert left_out.expiration_time is UNSET
    assert never.expiration_time is None


@pytest.mark.parametrize("word", ["never", "Never", " NEVER "])
def test_never_is_a_word_in_any_case(word: str) -> None:
    assert values.expiration("expiration_time", word) is None


@pytest.mark.parametrize(
    "written",
    ["2027-06-30", "2027-06-30T00:00:00Z", "2027-06-30T02:00:00+02:00", date(2027, 6, 30), datetime(2027, 6, 30)],
)
def test_dates_and_date_times_as_text_or_object_are_taken(written: Any) -> None:
    assert values.expiration("expiration_time", written) == datetime(2027, 6, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((word, True) for word in (True, "yes", "true", "on", "True", " YES ", 1)),
        *((word, False) for word in (False, "no", "false", "off", "False", " NO ", 0)),
    ],
)
def test_the_words_that_ansible_takes_for_booleans_are_booleans(written: Any, meant: bool) -> None:
    assert values.boolean("enable_notifications", written) is meant


def test_lengths_up_to_the_limits_are_taken() -> None:
    [document] = SCHEMA.read(
        provider(description="d" * 2000, offering_usernames=[{"user": "carol", "username": "c" * 100}]), no_image
    )
    assert len(state_of(document, Usernames).entries[0].username) == 100


# --- any schema ----------------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes()
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYS, "user", "role", "username", "zzz"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_any_document_is_taken_or_refused_and_never_a_crash(value: Any) -> None:
    with suppress(InvalidInput):
        assert all(isinstance(document, model.ProviderDocument) for document in SCHEMA.read(value, image))


@given(
    st.fixed_dictionaries(
        {"customer": st.just("ACME")},
        optional={
            "description": st.text(st.characters(exclude_characters="\0"), max_size=50),
            "enable_notifications": st.booleans(),
            "users": st.lists(
                st.fixed_dictionaries({"user": st.sampled_from(["a", "b"])}), max_size=2, unique_by=itemgetter("user")
            ),
            "account_options": st.dictionaries(
                st.sampled_from(["homedir_prefix", "login_shell"]), st.sampled_from(["/x", "", None])
            ),
        },
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_keys_means_nothing(entry: dict[str, Any], chance: random.Random) -> None:
    keys = list(entry)
    chance.shuffle(keys)
    assert SCHEMA.read([{key: entry[key] for key in keys}], no_image) == SCHEMA.read([entry], no_image)
