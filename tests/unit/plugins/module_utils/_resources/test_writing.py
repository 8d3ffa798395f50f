# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests each resource sends to write, how it checks the response, and what it reports after a lost one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from messages import begins, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    ErrorResponse,
    NotFound,
    OutcomeUnknown,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._document.model import UNSET, ImageFile
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change
from ansible_collections.waldur.provider.plugins.module_utils._resources import api_secret_code
from ansible_collections.waldur.provider.plugins.module_utils._resources.api_secret_code import (
    ApiSecretCode,
    SecretCode,
    fingerprint,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username import OfferingUsername
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    UsernameEntry,
    Usernames,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_state import UsernameState
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider import ServiceProvider
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import (
    Profile,
    ProfileState,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import Grants, GrantState, UserRole

from ...helpers.grant_samples import LATER, NOW, OTHER, ROLES, SOON, absent, entry, row
from ...helpers.recording_client import AskedClient
from ...helpers.samples import ALICE, BOB, CUSTOMER, PEOPLE, PROVIDER, session, target

LOST = "The answer was lost"
PNG = b"\x89PNG\r\n\x1a\nlogo"
PLACE = f"https://waldur.example.org/{'i' * 10}"


def outcome(act: Any) -> tuple[str, Any]:
    with pytest.raises(WaldurError) as failed:
        act()
    return failed.value.message, failed.value.details.get("took_effect", "not looked at")


# --- grants ----------------------------------------------------------------------------------------------------------


def grant_change(before: list[dict[str, Any]], desired: Any) -> Change[Any]:
    state = GrantState(before, ROLES, NOW)
    (change,) = UserRole().compare(session(), target(), Grants((desired,)), state, PEOPLE).changes
    return change


def write_grant(asked: AskedClient, change: Change[Any]) -> None:
    UserRole().write(asked.session(), target(), GrantState([], {}, NOW), change)


@pytest.mark.parametrize(
    ("before", "desired", "operation", "expiry"),
    [
        ([], entry("alice"), "add_user", UNSET),
        ([], entry("alice", SOON), "add_user", SOON),
        ([row(ALICE)], entry("alice", SOON), "update_user", SOON),
        ([row(ALICE, SOON)], entry("alice", LATER), "update_user", LATER),
        ([row(ALICE, SOON)], entry("alice", None), "update_user", None),
        ([row(ALICE)], absent("alice"), "delete_user", UNSET),
    ],
)
def test_a_change_of_a_grant_is_one_request_with_only_the_required_fields(
    before: list[dict[str, Any]], desired: Any, operation: str, expiry: Any
) -> None:
    sent = expiry.isoformat().replace("+00:00", "Z") if isinstance(expiry, datetime) else None
    asked = AskedClient(objects={operation: {"expiration_time": sent}})
    write_grant(asked, grant_change(before, desired))
    body: dict[str, Any] = {"role": ROLES["CUSTOMER.MANAGER"]["uuid"], "user": ALICE.uuid}
    body.update({} if expiry is UNSET else {"expiration_time": sent})
    assert asked.asked == [(operation, PROVIDER, {"body": body, "expect_body": operation != "delete_user"})]


@pytest.mark.parametrize(("told", "words"), [(None, "never"), (LATER.isoformat(), "2028-06-30 00:00:00")])
def test_another_expiry_in_the_answer_is_an_error(told: str | None, words: str) -> None:
    asked = AskedClient(objects={"add_user": {"expiration_time": told}})
    message, took = outcome(lambda: write_grant(asked, grant_change([], entry("alice", SOON))))
    assert took is None
    assert begins(message, "expiry_not_applied", value=words)


@pytest.mark.parametrize(
    ("desired", "before", "after", "took", "words"),
    [
        (entry("alice"), [], [], False, message("grant_missing")),
        (
            entry("alice"),
            [],
            [row(BOB), row(ALICE, role=OTHER), row(ALICE)],
            True,
            message("grant_rechecked", expiry="never expires"),
        ),
        (
            entry("alice", SOON),
            [],
            [row(ALICE, SOON)],
            True,
            message("grant_rechecked", expiry="expires at 2027-06-30T00:00:00Z"),
        ),
        (entry("alice", SOON), [row(ALICE)], [row(ALICE)], False, message("grant_found", expiry="never expires")),
        (absent("alice"), [row(ALICE)], [row(ALICE)], False, message("grant_found", expiry="never expires")),
        (absent("alice"), [row(ALICE)], [], True, message("grant_missing")),
        (entry("alice"), [], [row(ALICE), row(ALICE)], False, "alice as CUSTOMER.MANAGER is granted 2 times on ACME"),
    ],
)
def test_after_a_lost_answer_the_grants_of_that_user_are_read_again(
    desired: Any, before: list[Any], after: list[Any], took: bool, words: str
) -> None:
    change = grant_change(before, desired)
    lost = {name: OutcomeUnknown(LOST) for name in ("add_user", "update_user", "delete_user")}
    asked = AskedClient({"list_users": after}, {**lost})
    message, found = outcome(lambda: write_grant(asked, change))
    assert message.startswith(f"{LOST}; checked again: {words}")
    assert found is took
    assert asked.asked[-1] == ("list_users", PROVIDER, {"user": ALICE.uuid})


def test_a_grant_that_is_refused_because_another_user_created_it_is_accepted() -> None:
    asked = AskedClient({"list_users": [row(ALICE, SOON)]}, {"add_user": ErrorResponse("Refused.", 400)})
    write_grant(asked, grant_change([], entry("alice", SOON)))
    shown, _took = outcome(lambda: write_grant(asked, grant_change([], entry("alice", LATER))))
    state = message("grant_found", expiry="expires at 2027-06-30T00:00:00Z")
    assert shown == message("refused_rechecked", cause="Refused.", state=state)


@pytest.mark.parametrize("status", [403, 404])
def test_other_rejections_are_reported_unchanged(status: int) -> None:
    asked = AskedClient(objects={"add_user": ErrorResponse("Refused.", status)})
    assert outcome(lambda: write_grant(asked, grant_change([], entry("alice"))))[0] == "Refused."
    asked.objects["delete_user"] = ErrorResponse("Refused.", 400)
    assert outcome(lambda: write_grant(asked, grant_change([row(ALICE)], absent("alice"))))[0] == "Refused."
    assert [name for name, _uuid, _query in asked.asked] == ["add_user", "delete_user"]


# --- usernames -------------------------------------------------------------------------------------------------------

VM, GPU = "2a" * 16, "2b" * 16
COLUMNS = (
    "uuid",
    "offering_uuid",
    "offering_name",
    "user_uuid",
    "user_username",
    "username",
    "customer_uuid",
    "state",
    "service_provider_account_uuid",
    "service_provider_account_username",
)


def write_name(asked: AskedClient) -> None:
    state = UsernameState({VM: "VM", GPU: "GPU"}, {}, {ALICE.uuid: {VM, GPU}})
    desired = Usernames((UsernameEntry("", "alice", "a1"),))
    (change,) = OfferingUsername().compare(session(), target(), desired, state, PEOPLE).changes
    OfferingUsername().write(asked.session(), target(), state, change)


def test_a_username_is_one_request_whatever_the_number_of_offerings() -> None:
    asked = AskedClient()
    write_name(asked)
    body = {"user_uuid": ALICE.uuid, "username": "a1"}
    assert asked.asked == [("set_offerings_username", PROVIDER, {"body": body, "expect_body": False})]


@pytest.mark.parametrize(
    ("found", "took", "words"),
    [
        (["a1", " a1 "], True, message("usernames_counted", count="2", accounts="2")),
        (["a1", "old"], None, message("usernames_counted", count="1", accounts="2")),
        ([None], False, message("usernames_counted", count="0", accounts="2")),
    ],
)
def test_after_a_lost_answer_the_accounts_of_that_user_are_read_again(
    found: list[str | None], took: bool | None, words: str
) -> None:
    offerings = (VM, GPU)
    rows = [
        {"user_uuid": ALICE.uuid, "offering_uuid": o, "username": n} for o, n in zip(offerings, found, strict=False)
    ]
    others = [{"user_uuid": BOB.uuid, "offering_uuid": VM, "username": "a1"}]
    asked = AskedClient({"offering_users": [*rows, *others]}, {"set_offerings_username": OutcomeUnknown(LOST)})
    assert outcome(lambda: write_name(asked)) == (f"{LOST}; checked again: {words}", took)
    query = {"provider_uuid": CUSTOMER, "field": COLUMNS, "user_uuid": ALICE.uuid}
    assert asked.asked[-1] == ("offering_users", None, query)


# --- the secret code -------------------------------------------------------------------------------------------------


def write_code(asked: AskedClient, before: str | None = "old") -> api_secret_code.SecretCodeState:
    state, part = api_secret_code.SecretCodeState(before), SecretCode("", "rotated")
    (change,) = ApiSecretCode().compare(session(), target(), part, state, {}).changes
    ApiSecretCode().write(asked.session(), target(), state, change)
    return state


@pytest.mark.parametrize("before", ["old", None])
def test_a_rotation_is_one_request_and_its_answer_holds_the_code(before: str | None) -> None:
    asked = AskedClient(objects={"generate_api_secret_code": {"code": "new"}})
    assert write_code(asked, before).code == "new"
    assert asked.asked == [("generate_api_secret_code", PROVIDER, {})]


@pytest.mark.parametrize("answer", [None, "old"])
def test_an_answer_without_a_new_code_is_an_error(answer: str | None) -> None:
    asked = AskedClient(objects={"generate_api_secret_code": {"code": answer}})
    words = "Waldur accepted the request but returned no new API secret code."
    assert outcome(lambda: write_code(asked)) == (words, None)


@pytest.mark.parametrize(
    ("before", "now", "took", "words"),
    [
        (
            "old",
            "new",
            True,
            message("code_rotated", fingerprint=fingerprint("new")),
        ),
        (
            "old",
            "old",
            False,
            message("code_not_rotated", fingerprint=fingerprint("old")),
        ),
        (None, None, False, message("code_kept")),
    ],
)
def test_after_a_lost_rotation_the_code_in_force_is_read(before: Any, now: Any, took: bool, words: str) -> None:
    objects: dict[str, Any] = {"generate_api_secret_code": OutcomeUnknown(LOST), "api_secret_code": {"code": now}}
    asked = AskedClient(objects=objects)
    assert outcome(lambda: write_code(asked, before)) == (f"{LOST}; checked again: {words}", took)
    assert asked.asked[-1] == ("api_secret_code", PROVIDER, {})


def test_a_code_that_another_user_rotated_meanwhile_is_reported() -> None:
    asked, part = AskedClient(objects={"api_secret_code": {"code": "ours"}}), SecretCode("", "rotated")
    state = api_secret_code.SecretCodeState("ours")
    assert ApiSecretCode().verify(asked.session(), target(), part, state) is state
    assert asked.asked == [("api_secret_code", PROVIDER, {})]
    asked.objects["api_secret_code"] = {"code": "theirs"}
    with pytest.raises(WaldurError) as told:
        ApiSecretCode().verify(asked.session(), target(), part, state)
    assert told.value.details == {"not_applied": []}
    assert told.value.message == (message("rotated_meanwhile", ours=fingerprint("ours"), theirs=fingerprint("theirs")))


# --- the profile -----------------------------------------------------------------------------------------------------

OLD = {"uuid": PROVIDER, "customer_uuid": CUSTOMER, "description": "old", "enable_notifications": True, "image": None}


def write_profile(asked: AskedClient, part: Profile, *before: dict[str, Any] | None) -> ProfileState:
    state = ProfileState(before[0] if before else OLD)
    known = target(PROVIDER if state.row else None)
    (change,) = ServiceProvider().compare(session(), known, part, state, {}).changes
    ServiceProvider().write(asked.session(), known, state, change)
    return state


@pytest.mark.parametrize("answer", [{}, NotFound("gone already", 404)])
def test_a_deletion_that_finds_nothing_to_delete_is_done(answer: Any) -> None:
    asked = AskedClient(objects={"destroy": answer})
    assert write_profile(asked, Profile("absent")).row is None
    assert asked.asked == [("destroy", PROVIDER, {"expect_body": False})]


@pytest.mark.parametrize(
    ("part", "before", "now", "took", "words"),
    [
        (Profile("absent"), OLD, None, True, message("provider_missing")),
        (Profile("absent"), OLD, OLD, False, message("provider_remains")),
        (Profile(), None, None, False, message("provider_missing")),
        (Profile(), None, OLD, True, message("provider_created")),
        (Profile(fields={"description": "new"}), None, OLD, None, "not applied: description. Run again."),
        (Profile(fields={"description": "new"}), OLD, OLD, False, "not applied: description. Run again."),
        (
            Profile(fields={"description": "new"}),
            OLD,
            {**OLD, "description": "new"},
            True,
            "it took effect. Run again.",
        ),
        (Profile(image=ImageFile("i", PLACE.encode())), OLD, OLD, False, "not applied: image. Run again."),
        (
            Profile(image=ImageFile("i", PLACE.encode())),
            OLD,
            {**OLD, "image": PLACE},
            True,
            "it took effect. Run again.",
        ),
        (Profile(image=ImageFile("i", PNG)), OLD, {**OLD, "image": PLACE}, False, "not applied: image. Run again."),
        (Profile(image=ImageFile("", b"")), {**OLD, "image": PLACE}, OLD, True, "it took effect. Run again."),
        (
            Profile(image=ImageFile("", b"")),
            {**OLD, "image": PLACE},
            {**OLD, "image": PLACE},
            False,
            "not applied: image. Run again.",
        ),
        (
            Profile(fields={"description": "new"}, image=ImageFile("i", PLACE.encode())),
            OLD,
            {**OLD, "image": PLACE},
            None,
            "not applied: description. Run again.",
        ),
    ],
)
def test_after_a_lost_answer_the_profile_is_read_again(
    part: Profile, before: Any, now: Any, took: bool | None, words: str
) -> None:
    lost = {name: OutcomeUnknown(LOST) for name in ("create", "destroy", "partial_update")}
    others = {**OLD, "customer_uuid": "f" * 32, "description": "another's"}
    asked = AskedClient({"service_providers": [others, *([now] if now else [])]}, {**lost})
    assert outcome(lambda: write_profile(asked, part, before)) == (f"{LOST}; checked again: {words}", took)
    assert ("service_providers", None, {"customer_uuid": CUSTOMER}) in asked.asked


def test_a_refusal_after_an_upload_says_that_the_image_is_there() -> None:
    class RefusesTheRest(AskedClient):
        def write(self, name: str, uuid: str | None = None, **content: Any) -> dict[str, Any]:
            if "files" in content:
                return {**OLD, "image": PLACE}
            raise ErrorResponse("Refused.", 400)

    part = Profile(fields={"description": "new"}, image=ImageFile("i", PNG))
    assert outcome(lambda: write_profile(RefusesTheRest(), part)) == (
        message("applied_before_refusal", cause="Refused.", applied="the image was uploaded"),
        None,
    )
    alone = Profile(fields={"description": "new"})
    assert outcome(lambda: write_profile(RefusesTheRest(), alone)) == ("Refused.", "not looked at")


def test_what_is_left_of_a_deleted_provider_is_read_again() -> None:
    asked = AskedClient({"service_providers": [OLD]})
    state = ProfileState(None, live_offerings=["VM (Active)"])
    resource = ServiceProvider()
    assert resource.verify(asked.session(), target(), Profile("absent"), state) == ProfileState(
        OLD, live_offerings=["VM (Active)"]
    )
    assert resource.verify(asked.session(), target(), Profile(), state) is state
    assert asked.asked == [("service_providers", None, {"customer_uuid": CUSTOMER})]


@pytest.mark.parametrize(
    ("now", "status", "message"),
    [
        (OLD, 400, ""),
        (
            {**OLD, "description": "another's"},
            400,
            message("created_meanwhile", cause="Refused.", state="not applied"),
        ),
        (None, 400, "Refused."),
        (OLD, 403, "Refused."),
    ],
)
def test_a_provider_that_another_user_created_meanwhile_is_accepted(now: Any, status: int, message: str) -> None:
    asked = AskedClient({"service_providers": [now] if now else []}, {"create": ErrorResponse("Refused.", status)})
    part = Profile(fields={"description": "old"})
    if not message:
        assert write_profile(asked, part, None).row == OLD
    else:
        assert outcome(lambda: write_profile(asked, part, None))[0].startswith(message)
    looked = any(name == "service_providers" for name, _uuid, _query in asked.asked)
    assert looked is (status == 400)


def test_a_rejected_change_of_a_provider_is_reported_unchanged() -> None:
    asked = AskedClient({"service_providers": [OLD]}, {"partial_update": ErrorResponse("Refused.", 400)})
    message, _took = outcome(lambda: write_profile(asked, Profile(fields={"description": "new"})))
    assert message == "Refused."
    assert [name for name, _uuid, _query in asked.asked] == ["partial_update"]


def test_a_provider_that_another_user_created_is_the_one_that_is_worked_on() -> None:
    asked = AskedClient({"service_providers": [OLD]}, {"create": ErrorResponse("Refused.", 400)})
    state, new = ProfileState(None), target(None)
    (change,) = ServiceProvider().compare(session(), new, Profile(), state, {}).changes
    ServiceProvider().write(asked.session(), new, state, change)
    assert new.uuid == PROVIDER


def test_a_refusal_after_a_creation_says_that_the_provider_is_there() -> None:
    fields = {"allowed_domains": ["a.org"], "account_options": {"uid": 0}}
    asked = AskedClient(objects={"create": OLD, "partial_update": ErrorResponse("Refused.", 403)})
    part = Profile(fields=fields, image=ImageFile("i", PNG))
    assert outcome(lambda: write_profile(asked, part, None)) == (
        message("applied_before_refusal", cause="Refused.", applied="the provider was created"),
        None,
    )


def test_an_image_is_removed_with_all_else_in_one_request() -> None:
    before = {**OLD, "image": PLACE}
    asked = AskedClient(objects={"partial_update": {**OLD, "description": "new"}})
    part = Profile(fields={"description": "new"}, image=ImageFile("", b""))
    assert write_profile(asked, part, before).row == {**OLD, "description": "new"}
    assert asked.asked == [("partial_update", PROVIDER, {"body": {"description": "new", "image": None}})]


def test_all_lost_values_are_reported_and_options_count_as_kept_where_each_is() -> None:
    fields = {"description": "new", "account_options": {"uid": 1}, "enable_notifications": False}
    now = {**OLD, "account_options": {"uid": 1, "shell": "x"}}
    asked = AskedClient({"service_providers": [now]}, {"partial_update": OutcomeUnknown(LOST)})
    message, took = outcome(lambda: write_profile(asked, Profile(fields=fields), {**OLD, "account_options": {}}))
    assert message == f"{LOST}; checked again: not applied: description, enable_notifications. Run again."
    assert took is None
