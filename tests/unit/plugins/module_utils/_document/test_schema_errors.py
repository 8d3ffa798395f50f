# SPDX-License-Identifier: GPL-3.0-or-later
"""The document: what it may not hold, and what is said of it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest
from messages import begins, matching, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import FIELDS, SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import USERNAME

from ...helpers.samples import document as provider
from ...helpers.samples import image

FINGERPRINT = "sha256:9f2c61aa01b7e3d4"


def refusal(value: Any) -> str:
    """What is said of a document that is refused."""
    with pytest.raises(InvalidInput) as told:
        SCHEMA.read(value, image)
    return told.value.message


def test_a_pool_without_a_value_is_an_error_that_says_what_to_do_and_other_keys_count_as_left_out() -> None:
    entry = provider(users=None, project_groups=None)[0]
    expected = message(
        "key_without_value", option="service_providers[0].posix_id_pool", hint=message("pool_without_value")
    )
    assert refusal([{**entry, "posix_id_pool": None}]) == expected
    assert SCHEMA.read([entry], image)


# --- unknown and misspelt keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "place", "nearest"),
    [
        ({"custmer": "ACME"}, "service_providers[0]", "customer"),
        ({"stat": "present"}, "service_providers[0]", "state"),
        ({"desciption": "x"}, "service_providers[0]", "description"),
        ({"enable_notification": True}, "service_providers[0]", "enable_notifications"),
        ({"imgae": "x.png"}, "service_providers[0]", "image"),
        ({"allowed_domain": []}, "service_providers[0]", "allowed_domains"),
        ({"account_option": {}}, "service_providers[0]", "account_options"),
        ({"user": []}, "service_providers[0]", "users"),
        ({"exclusive_user": True}, "service_providers[0]", "exclusive_users"),
        ({"offering_username": []}, "service_providers[0]", "offering_usernames"),
        ({"api_secret_cod": {}}, "service_providers[0]", "api_secret_code"),
        ({"users": [{"usr": "alice"}]}, "service_providers[0].users[0]", "user"),
        ({"users": [{"user": "a"}, {"user": "b", "rol": "R"}]}, "service_providers[0].users[1]", "role"),
        ({"users": [{"user": "a", "expiration": "never"}]}, "service_providers[0].users[0]", "expiration_time"),
        ({"users": [{"user": "a", "states": "absent"}]}, "service_providers[0].users[0]", "state"),
        ({"offering_usernames": [{"user_": "a"}]}, "service_providers[0].offering_usernames[0]", "user"),
        (
            {"offering_usernames": [{"user": "a", "user_name": "b"}]},
            "service_providers[0].offering_usernames[0]",
            "username",
        ),
        ({"api_secret_code": {"sate": "present"}}, "service_providers[0].api_secret_code", "state"),
        ({"api_secret_code": {"finger_print": "x"}}, "service_providers[0].api_secret_code", "fingerprint"),
    ],
)
def test_a_misspelt_key_is_reported_with_its_place_and_the_nearest_key(
    entry: dict[str, Any], place: str, nearest: str
) -> None:
    told = refusal([{"customer": "ACME", **entry}])
    assert told.startswith(f"{place}: '")
    assert mentions(told, "suggestion", value=nearest)


def test_a_key_like_no_other_is_reported_with_those_that_are_known() -> None:
    told = refusal(provider(zzz=1))
    assert told.startswith("service_providers[0]: 'zzz' is not known.")
    assert "Did you mean" not in told
    assert all(one.name in told for one in FIELDS)


@pytest.mark.parametrize("key", [True, 7, None, 1.5])
def test_a_key_that_is_no_text_is_unknown_and_no_crash(key: Any) -> None:
    assert begins(
        refusal([{"customer": "ACME", key: "x"}]), "key_not_known", option="service_providers[0]", key_name=key
    )


def test_an_unknown_key_without_a_value_is_unknown_all_the_same() -> None:
    assert "'exclusive' is not known" in refusal(provider(exclusive=None))


def test_the_place_of_an_error_counts_providers_too() -> None:
    assert refusal([*provider(), {"customer": "B", "userz": []}]).startswith("service_providers[1]: 'userz'")


# --- wrong types -----------------------------------------------------------------------------------------------------

UNQUOTED = [(7, "number"), (1.5, "number"), (True, "boolean"), (date(2027, 6, 30), "date")]
UNQUOTED += [(datetime(2027, 6, 30, 12, 30, 45), "date")]


def shown(value: Any) -> str:
    """How a value is shown whose spelling is unknown."""
    return str(value).lower() if isinstance(value, bool) else str(value)


SHARED = {"account_scope": "provider"}


def resolution(**keys: Any) -> list[dict[str, Any]]:
    """A document with a single username to keep."""
    return provider(account_options=SHARED, username_resolutions=[keys])


PLACES = {
    "customer": lambda value: [{"customer": value}],
    "description": lambda value: provider(description=value),
    "image": lambda value: provider(image=value),
    "allowed_domains[0]": lambda value: provider(allowed_domains=[value]),
    "users[0].user": lambda value: provider(users=[{"user": value}]),
    "users[0].role": lambda value: provider(users=[{"user": "alice", "role": value}]),
    "offering_usernames[0].user": lambda value: provider(offering_usernames=[{"user": value, "username": "x"}]),
    "offering_usernames[0].username": lambda value: provider(offering_usernames=[{"user": "a", "username": value}]),
    "username_resolutions[0].user": lambda value: resolution(user=value, username="x"),
    "username_resolutions[0].username": lambda value: resolution(user="a", username=value),
    "account_options.username_anonymized_prefix": lambda value: provider(
        account_options={"username_anonymized_prefix": value}
    ),
    "api_secret_code.fingerprint": lambda value: provider(api_secret_code={"state": "rotated", "fingerprint": value}),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("value", "kind"), UNQUOTED)
def test_names_references_and_fingerprints_that_yaml_made_something_of_are_to_be_quoted(
    place: str, value: Any, kind: str
) -> None:
    told = refusal(PLACES[place](value))
    assert told.startswith(
        f"service_providers[0].{place}: the value is the {kind} {shown(value)}, but text is required:"
    )
    assert "put it in quotes" in told


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("value", "kind"), [(["x"], "list"), ({"x": 1}, "mapping"), (b"x", "bytes")])
def test_names_references_and_fingerprints_are_text(place: str, value: Any, kind: str) -> None:
    told = refusal(PLACES[place](value))
    assert told.startswith(f"service_providers[0].{place}: must be text, and a {kind} was given")


@pytest.mark.parametrize("place", PLACES)
def test_text_with_a_nul_is_refused_before_the_server_does(place: str) -> None:
    assert begins(refusal(PLACES[place]("a\x00b")), "nul_in_text", option=f"service_providers[0].{place}")


_REMOVABLE = ("description", "image", "account_options.username_anonymized_prefix")


@pytest.mark.parametrize("place", [place for place in PLACES if place not in _REMOVABLE])
@pytest.mark.parametrize("empty", ["", "  \n"])
def test_an_empty_name_or_reference_is_refused(place: str, empty: str) -> None:
    assert refusal(PLACES[place](empty)).startswith(f"service_providers[0].{place}: ")


@pytest.mark.parametrize("value", [20270630, 1.5, True, False])
def test_an_expiry_that_yaml_made_a_number_or_boolean_of_is_to_be_quoted(value: Any) -> None:
    told = refusal(provider(users=[{"user": "alice", "expiration_time": value}]))
    assert told.startswith("service_providers[0].users[0].expiration_time: the value is the ")
    assert "put it in quotes" in told


@pytest.mark.parametrize("value", ["soon", "", "2027-02-29", "30.06.2027", ["2027-06-30"], {}, time(12, 30)])
def test_an_expiry_that_is_no_moment_is_reported_with_what_to_write(value: Any) -> None:
    told = refusal(provider(users=[{"user": "alice", "expiration_time": value}]))
    assert told.startswith("service_providers[0].users[0].expiration_time: ")
    assert '"2027-06-30T12:00:00Z" or never' in told


@pytest.mark.parametrize("key", ["users", "offering_usernames", "username_resolutions", "allowed_domains"])
@pytest.mark.parametrize(
    ("value", "kind"), [("alice", "text"), ({"user": "a"}, "mapping"), (7, "number"), (True, "boolean")]
)
def test_a_list_must_be_a_list(key: str, value: Any, kind: str) -> None:
    told = refusal(provider(**{key: value}))
    assert told == message("list_required", option=f"service_providers[0].{key}", kind=kind)


@pytest.mark.parametrize(
    "options", [{}, {"account_options": {"account_scope": "offering"}}, {"account_options": {"account_scope": ""}}]
)
def test_usernames_to_keep_require_the_scope_that_shares_accounts(options: dict[str, Any]) -> None:
    entries = [{"user": "alice", "username": "a1"}]
    told = refusal(provider(username_resolutions=entries, **options))
    assert told == message("resolution_unneeded", option="service_providers[0].username_resolutions")
    assert SCHEMA.read(provider(username_resolutions=[], **options), image)


def test_an_empty_username_to_keep_is_rejected() -> None:
    option = "service_providers[0].username_resolutions[0].username"
    assert refusal(resolution(user="alice", username=" ")) == message("resolution_empty", option=option)


@pytest.mark.parametrize(("value", "kind"), [("ACME", "text"), ({"customer": "ACME"}, "mapping"), (None, "null")])
def test_the_document_must_be_a_list(value: Any, kind: str) -> None:
    assert refusal(value) == message("list_required", option="service_providers", kind=kind)


def test_a_list_that_arrives_as_text_because_of_a_date_says_so() -> None:
    told = refusal("[{'customer': 'ACME', 'users': [{'expiration_time': datetime.date(2027, 6, 30)}]}]")
    assert told == message("dates_not_quoted", option="service_providers")


@pytest.mark.parametrize("key", ["users", "offering_usernames"])
@pytest.mark.parametrize(("value", "kind"), [("alice", "text"), (["alice"], "list"), (7, "number"), (None, "null")])
def test_an_entry_must_be_a_mapping(key: str, value: Any, kind: str) -> None:
    told = refusal(provider(**{key: [value]}))
    assert begins(told, "mapping_of_keys_required", option=f"service_providers[0].{key}[0]", keys=matching(r"user.*"))
    assert told.endswith(f"and a {kind} was given.")


@pytest.mark.parametrize("value", ["ACME", ["customer"], None])
def test_a_provider_must_be_a_mapping(value: Any) -> None:
    assert begins(
        refusal([value]), "mapping_of_keys_required", option="service_providers[0]", keys=matching(r"customer.*")
    )


@pytest.mark.parametrize("key", ["api_secret_code", "account_options"])
@pytest.mark.parametrize("value", ["rotated", ["rotated"], 7, True])
def test_a_mapping_must_be_a_mapping(key: str, value: Any) -> None:
    assert begins(refusal(provider(**{key: value})), "mapping_needed", option=f"service_providers[0].{key}")


@pytest.mark.parametrize("key", ["enable_notifications", "exclusive_users"])
@pytest.mark.parametrize("value", ["maybe", "", 2, ["yes"], {}])
def test_a_boolean_must_be_a_boolean(key: str, value: Any) -> None:
    told = refusal(provider(**{key: value}, users=[]))
    kinds: dict[type, str] = {list: "a list", dict: "a mapping"}
    kind = kinds.get(type(value), f"'{value}'")
    assert told == message("boolean_required", option=f"service_providers[0].{key}", value=kind)


@pytest.mark.parametrize(
    ("entry", "place", "choices"),
    [
        ({"state": "presnt"}, "state", "present or absent"),
        ({"state": True}, "state", "present or absent"),
        ({"state": ["present"]}, "state", "present or absent"),
        ({"users": [{"user": "a", "state": "gone"}]}, "users[0].state", "present or absent"),
        ({"api_secret_code": {"state": "absent"}}, "api_secret_code.state", "present or rotated"),
    ],
)
def test_a_state_must_be_one_of_its_choices(entry: dict[str, Any], place: str, choices: str) -> None:
    assert refusal(provider(**entry)).startswith(f"service_providers[0].{place}: must be {choices}, and ")


def test_a_misspelt_state_is_reported_with_the_nearest_one() -> None:
    assert refusal(provider(state="presnt")).endswith("Did you mean 'present'?")


@pytest.mark.parametrize("value", ["9f2c61aa01b7e3d4", "sha256:9f2c", "sha256:" + "g" * 16, "md5:9f2c61aa01b7e3d4"])
def test_a_fingerprint_is_sha256_and_sixteen_hex_digits(value: str) -> None:
    told = refusal(provider(api_secret_code={"state": "rotated", "fingerprint": value}))
    assert told.startswith("service_providers[0].api_secret_code.fingerprint: ")
    assert "sha256: and 16 hex digits" in told


# --- what is missing, too long, or does not go together --------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ([{}], "service_providers[0].customer: is missing"),
        ([{"customer": None}], "service_providers[0].customer: is missing"),
        (provider(users=[{"role": "R"}]), "service_providers[0].users[0].user: is missing"),
        (provider(users=[{"user": None}]), "service_providers[0].users[0].user: is missing"),
        (
            provider(offering_usernames=[{"username": "x"}]),
            "service_providers[0].offering_usernames[0].user: is missing",
        ),
        (
            provider(offering_usernames=[{"user": "x"}]),
            "service_providers[0].offering_usernames[0].username: is missing",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_place(value: Any, place: str) -> None:
    assert refusal(value).startswith(place)


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"description": "d" * 2001}, "description: has 2001 characters, and 2000 are allowed"),
        (
            {"offering_usernames": [{"user": "a", "username": "c" * 101}]},
            "offering_usernames[0].username: has 101 characters, and 100 are allowed",
        ),
    ],
)
def test_what_is_too_long_for_waldur_is_refused(entry: dict[str, Any], place: str) -> None:
    assert refusal(provider(**entry)).startswith(f"service_providers[0].{place}")


@pytest.mark.parametrize(
    "entry",
    [
        {"description": "x"},
        {"enable_notifications": False},
        {"image": ""},
        {"allowed_domains": []},
        {"account_options": {}},
        {"users": []},
        {"exclusive_users": False},
        {"offering_usernames": []},
        {"api_secret_code": {}},
    ],
)
def test_a_provider_that_is_to_be_absent_can_be_asked_for_nothing_else(entry: dict[str, Any]) -> None:
    told = refusal(provider(state="absent", **entry))
    assert begins(told, "absent_excludes_keys", option="service_providers[0]")
    assert next(iter(entry)) in told


def test_an_exclusive_list_needs_a_list() -> None:
    assert refusal(provider(exclusive_users=True)).startswith("service_providers[0].exclusive_users: needs users")


@pytest.mark.parametrize("expiry", ["never", "2027-06-30"])
def test_a_grant_that_is_to_be_absent_has_no_expiry(expiry: str) -> None:
    told = refusal(provider(users=[{"user": "a", "state": "absent", "expiration_time": expiry}]))
    assert begins(told, "absent_excludes", option="service_providers[0].users[0].expiration_time")


@pytest.mark.parametrize("code", [{"fingerprint": FINGERPRINT}, {"state": "present", "fingerprint": FINGERPRINT}])
def test_a_fingerprint_goes_with_a_rotation_only(code: dict[str, str]) -> None:
    told = refusal(provider(api_secret_code=code))
    assert told.startswith("service_providers[0].api_secret_code.fingerprint: requires state: rotated")


@pytest.mark.parametrize("char", ["\u200b", "\u202e", "\u00ad", "\ufeff", "\t", "\n", "\x1b", "\x7f", "\u2028"])
def test_a_username_with_a_control_or_format_character_is_rejected(char: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        SCHEMA.read(provider(offering_usernames=[{"user": "a", "username": f"ad{char}min"}]), image)
    assert caught.value.message.startswith("service_providers[0].offering_usernames[0].username: 'ad\\")
    assert mentions(caught.value.message, "invisible_in_username", code=f"{ord(char):04X}")
    with pytest.raises(InvalidInput, match=r"^username: "):
        USERNAME.read("", {"user": "a", "username": f"ad{char}min"})
