# SPDX-License-Identifier: GPL-3.0-or-later
"""How the options of a task become documents with the desired state."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from messages import begins, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document.model import UNSET, ImageFile, ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import OPTIONS
from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import CONNECTION, spec
from ansible_collections.waldur.provider.plugins.module_utils._module.modules import WRITE_MODULES
from ansible_collections.waldur.provider.plugins.module_utils._module.plan_limits import parse_approved
from ansible_collections.waldur.provider.plugins.module_utils._resources.api_secret_code import SecretCode
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import Usernames
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import Profile
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import Grants

from ...helpers.samples import image, state_of

FINGERPRINT = "sha256:9f2c61aa01b7e3d4"


def wishes(module: str, **options: Any) -> list[ProviderDocument]:
    """As a task comes: validated by the module's own argument spec, then read."""
    task = WRITE_MODULES[module]
    validator = ArgumentSpecValidator(spec(task), **task.rules)
    found = validator.validate(options)
    assert not found.error_messages, found.error_messages
    return task.load(found.validated_parameters, image)


def refusal(module: str, **options: Any) -> str:
    with pytest.raises(InvalidInput) as told:
        wishes(module, **options)
    return told.value.message


def invalid(module: str, **options: Any) -> str:
    """What Ansible itself says of options that the argument spec forbids."""
    task = WRITE_MODULES[module]
    return " ".join(ArgumentSpecValidator(spec(task), **task.rules).validate(options).error_messages)


# --- every module ----------------------------------------------------------------------------------------------------


def test_every_module_takes_the_connection_options_and_none_has_a_default() -> None:
    assert set(CONNECTION) == {*OPTIONS, "profile"}
    assert not any("default" in spec or "required" in spec for spec in CONNECTION.values())
    assert all(set(CONNECTION) <= set(spec(task)) for task in WRITE_MODULES.values())


@pytest.mark.parametrize("name", ["access_token", "proxy"])
def test_what_holds_a_secret_is_never_logged(name: str) -> None:
    assert CONNECTION[name]["no_log"] is True


def test_the_limit_of_removals_has_no_default_so_that_roles_can_leave_it_out() -> None:
    for module in ("user_role", "desired_state"):
        assert "default" not in WRITE_MODULES[module].options["max_removals"]


@pytest.mark.parametrize(
    ("module", "key"),
    [
        ("service_provider", "customer"),
        *((m, "service_provider") for m in ("user_role", "offering_username", "api_secret_code")),
    ],
)
@pytest.mark.parametrize("value", [7, 1.5, True, date(2027, 6, 30)])
def test_a_reference_that_yaml_made_something_of_is_to_be_quoted(module: str, key: str, value: Any) -> None:
    more = {
        "user_role": {"user": "alice"},
        "offering_username": {"user": "alice", "username": "a"},
    }.get(module, {})
    told = refusal(module, **{key: value}, **more)
    assert told.startswith(f"{key}: the value is the ")
    assert (str(value).lower() if value is True else str(value)) in told
    assert "put it in quotes" in told


# --- service_provider ------------------------------------------------------------------------------------------------


def test_the_desired_profile_holds_the_given_options_and_nothing_else() -> None:
    assert wishes("service_provider", customer=" ACME ") == [ProviderDocument("", "ACME", desired_states=(Profile(),))]
    [wish] = wishes(
        "service_provider",
        customer="ACME",
        description=" HPC\n",
        enable_notifications="no",
        image="logo.png",
        allowed_domains="a.org,b.org",
        account_options={"login_shell": ""},
    )
    assert wish.get(Profile) == Profile(
        "present",
        {
            "description": "HPC",
            "enable_notifications": False,
            "allowed_domains": ["a.org", "b.org"],
            "account_options": {"login_shell": ""},
        },
        ImageFile("logo.png", b"logo.png"),
    )
    assert (wish.get(Grants), wish.get(Usernames), wish.get(SecretCode)) == (None, None, None)


def test_an_empty_image_removes_it() -> None:
    [wish] = wishes("service_provider", customer="ACME", image="")
    assert wish.get(Profile) == Profile("present", {}, ImageFile("", b""))


def test_the_desired_state_of_an_absent_provider_is_its_absence_alone() -> None:
    assert wishes("service_provider", customer="ACME", state="absent") == [
        ProviderDocument("", "ACME", desired_states=(Profile("absent"),))
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"description": ""},
        {"enable_notifications": False},
        {"image": ""},
        {"allowed_domains": []},
        {"account_options": {}},
    ],
)
def test_an_absent_provider_can_be_asked_for_nothing_else(given: dict[str, Any]) -> None:
    told = refusal("service_provider", customer="ACME", state="absent", **given)
    assert begins(told, "absent_excludes_option", option=next(iter(given)))


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"description": "d" * 2001}, "description"),
        ({"customer": " "}, "customer"),
        ({"description": "a\0"}, "description"),
    ],
)
def test_messages_on_the_options_of_a_task_begin_with_the_option(given: dict[str, Any], place: str) -> None:
    assert refusal("service_provider", **{"customer": "ACME", **given}).startswith(f"{place}: ")


# --- user_role -------------------------------------------------------------------------------------------------------


def test_a_single_user_becomes_one_desired_grant_with_the_default_role_and_no_expiry() -> None:
    [wish] = wishes("user_role", service_provider="ACME", user="alice")
    assert (wish.reference, wish.reference_kind, wish.get(Profile)) == ("ACME", "service_provider", None)
    assert (state_of(wish, Grants).single, state_of(wish, Grants).exclusive) == (True, False)
    [entry] = state_of(wish, Grants).entries
    found = (entry.user, entry.role, entry.expiration_time, entry.state)
    assert found == ("alice", "CUSTOMER.MANAGER", UNSET, "present")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2027-06-30", datetime(2027, 6, 30, tzinfo=timezone.utc)),
        (date(2027, 6, 30), datetime(2027, 6, 30, tzinfo=timezone.utc)),
        ("never", None),
        (None, UNSET),
    ],
)
def test_an_expiry_means_the_same_for_one_user_and_in_a_list(given: Any, meant: Any) -> None:
    [one] = wishes("user_role", service_provider="ACME", user="alice", expiration_time=given)
    [many] = wishes("user_role", service_provider="ACME", users=[{"user": "alice", "expiration_time": given}])
    assert (
        state_of(one, Grants).entries[0].expiration_time == state_of(many, Grants).entries[0].expiration_time == meant
    )


def test_a_list_of_users_becomes_a_list_of_desired_grants_each_with_its_place() -> None:
    users = [{"user": "alice"}, {"user": "bob", "role": "R", "state": "absent"}]
    [wish] = wishes("user_role", service_provider="ACME", users=users, exclusive=True)
    assert (
        state_of(wish, Grants).single,
        state_of(wish, Grants).exclusive,
        state_of(wish, Grants).where,
    ) == (
        False,
        True,
        "exclusive",
    )
    found = [(entry.where, entry.user, entry.role, entry.state) for entry in state_of(wish, Grants).entries]
    assert found == [("users[0]", "alice", "CUSTOMER.MANAGER", "present"), ("users[1]", "bob", "R", "absent")]


def test_an_empty_list_of_users_is_a_list() -> None:
    [wish] = wishes("user_role", service_provider="ACME", users=[])
    assert wish.get(Grants) == Grants(())


def test_exclusive_with_a_single_user_is_refused() -> None:
    told = refusal("user_role", service_provider="ACME", user="alice", exclusive=True)
    assert begins(told, "exclusive_needs_users", option="exclusive")


@pytest.mark.parametrize("given", [{"role": "R"}, {"expiration_time": "never"}, {"state": "absent"}])
def test_what_belongs_to_one_user_cannot_stand_beside_a_list(given: dict[str, Any]) -> None:
    told = refusal("user_role", service_provider="ACME", users=[{"user": "alice"}], **given)
    assert told == message("only_with_user", option=next(iter(given)), list_option="users")


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"user": "alice", "state": "absent", "expiration_time": "never"}, "expiration_time"),
        ({"user": "alice", "expiration_time": "soon"}, "expiration_time"),
        ({"user": "alice", "expiration_time": 20270630}, "expiration_time"),
        ({"user": 7}, "user"),
        ({"user": " "}, "user"),
        ({"users": [{"user": "a"}, {"user": 7}]}, "users[1].user"),
        ({"users": [{"user": "a", "expiration_time": True}]}, "users[0].expiration_time"),
        ({"users": [{"user": "a", "expiration_time": "never", "state": "absent"}]}, "users[0].expiration_time"),
    ],
)
def test_a_bad_grant_is_reported_with_its_option(given: dict[str, Any], place: str) -> None:
    assert refusal("user_role", service_provider="ACME", **given).startswith(f"{place}: ")


# --- offering_username -----------------------------------------------------------------------------------------------


def test_usernames_are_given_for_one_user_or_for_many() -> None:
    [one] = wishes("offering_username", service_provider="ACME", user="alice", username=" a ")
    [many] = wishes("offering_username", service_provider="ACME", usernames=[{"user": "alice", "username": "a"}])
    assert (state_of(one, Usernames).single, state_of(many, Usernames).single) == (True, False)
    assert [(entry.user, entry.username) for entry in state_of(one, Usernames).entries] == [("alice", "a")]
    assert [(entry.user, entry.username) for entry in state_of(many, Usernames).entries] == [("alice", "a")]
    assert state_of(many, Usernames).entries[0].where == "usernames[0]"
    assert wishes("offering_username", service_provider="ACME", usernames=[])[0].get(Usernames) == Usernames(())


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"usernames": [], "username": "a"}, "username"),
        ({"user": "alice", "username": 7}, "username"),
        ({"user": "alice", "username": ""}, "username"),
        ({"user": "alice", "username": "a" * 101}, "username"),
        ({"user": True, "username": "a"}, "user"),
        ({"usernames": [{"user": "alice", "username": 7}]}, "usernames[0].username"),
    ],
)
def test_a_bad_username_is_reported_with_its_option(given: dict[str, Any], place: str) -> None:
    assert refusal("offering_username", service_provider="ACME", **given).startswith(f"{place}: ")


@pytest.mark.parametrize(
    ("module", "given"),
    [
        ("user_role", {}),
        ("user_role", {"user": "alice", "users": []}),
        ("offering_username", {}),
        ("offering_username", {"user": "alice"}),
        ("offering_username", {"user": "alice", "username": "a", "usernames": []}),
    ],
)
def test_one_of_the_single_and_the_list_form_is_given_whole(module: str, given: dict[str, Any]) -> None:
    assert "user" in invalid(module, service_provider="ACME", **given)


# --- api_secret_code and desired_state -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({}, SecretCode("", "present")),
        ({"state": "rotated"}, SecretCode("", "rotated")),
        ({"state": "rotated", "fingerprint": FINGERPRINT}, SecretCode("", "rotated", FINGERPRINT)),
    ],
)
def test_a_secret_code_can_be_present_or_rotated(given: dict[str, Any], meant: SecretCode) -> None:
    [wish] = wishes("api_secret_code", service_provider="ACME", **given)
    assert (wish.reference_kind, wish.get(SecretCode)) == ("service_provider", meant)


@pytest.mark.parametrize(
    "given",
    [{"fingerprint": FINGERPRINT}, {"state": "rotated", "fingerprint": 123}, {"state": "rotated", "fingerprint": "x"}],
)
def test_a_bad_fingerprint_is_reported_with_its_option(given: dict[str, Any]) -> None:
    assert refusal("api_secret_code", service_provider="ACME", **given).startswith("fingerprint: ")


def test_a_desired_state_is_the_document() -> None:
    found = wishes("desired_state", service_providers=[{"customer": "ACME"}, {"customer": "Beta", "image": "x.png"}])
    assert [(wish.where, wish.reference, wish.reference_kind) for wish in found] == [
        ("service_providers[0]", "ACME", "customer"),
        ("service_providers[1]", "Beta", "customer"),
    ]
    assert found[1].get(Profile) == Profile("present", {}, ImageFile("x.png", b"x.png"))


def test_an_invalid_duration_is_refused_before_any_request() -> None:
    told = refusal("desired_state", service_providers=[{"customer": "ACME"}], expiring_within="soon")
    assert begins(told, "duration_invalid", option="expiring_within", value="soon")


def test_a_mistake_in_the_document_is_reported_with_its_place() -> None:
    told = refusal("desired_state", service_providers=[{"customer": "ACME", "users": [{"usr": "alice"}]}])
    assert begins(told, "key_unknown", option="service_providers[0].users[0]", key_name="usr", suggestion="user")


@pytest.mark.parametrize("digests", [[1], "x", 7])
def test_an_approved_plan_with_damaged_digests_is_an_error(digests: Any) -> None:
    with pytest.raises(InvalidInput) as rejected:
        parse_approved({"plan": [], "digests": digests}, "https://waldur.example.org")
    assert rejected.value.message == message("approved_digests_invalid")
