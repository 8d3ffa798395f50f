# SPDX-License-Identifier: GPL-3.0-or-later
"""What is cached between the tasks of one process, and what is read again."""

from __future__ import annotations

from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    InvalidInput,
    OutcomeUnknown,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._document.images import digest
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change, Comparison
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import Limits, check_limits
from ansible_collections.waldur.provider.plugins.module_utils._resources.api_secret_code import (
    ApiSecretCode,
    SecretCode,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider import ServiceProvider
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import (
    Profile,
    ProfileState,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import (
    Grants,
    GrantState,
    UserRole,
)

from ...helpers.grant_samples import MANAGER, NOW, ROLES, row
from ...helpers.recording_client import AskedClient
from ...helpers.samples import ALICE, BOB, CUSTOMER, GONE, PROVIDER, planned_change, session, target

ROW = {"uuid": PROVIDER, "customer_uuid": CUSTOMER, "customer_name": "ACME", "customer": "url"}
ROLE = {**MANAGER, "content_type": "service_provider"}


def names(asked: AskedClient) -> list[str]:
    return [name for name, _uuid, _query in asked.asked]


def person(user: Any) -> dict[str, Any]:
    return {"uuid": user.uuid, "username": user.username, "is_active": user.is_active}


# --- references ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [[], [{**ROLE, "is_active": False}]])
def test_a_role_that_was_created_or_enabled_after_another_host_had_read_the_list_is_found(
    before: list[dict[str, Any]],
) -> None:
    asked = AskedClient({"roles": [ROLE]})
    roles = asked.session().references.roles
    roles.share_rows = lambda _read: before
    assert roles.resolve_for_provider("role", ROLE["name"]) == ROLE
    for _number in range(2):
        with pytest.raises(InvalidInput):
            roles.resolve_for_provider("role", "MISSPELT")
    assert names(asked) == ["roles"]


def test_the_list_of_roles_is_read_again_in_the_next_run_where_a_role_is_missing() -> None:
    asked = AskedClient({"roles": []})
    references = asked.session().references
    for _number in range(2):
        with pytest.raises(InvalidInput):
            references.roles.resolve_for_provider("role", ROLE["name"])
    assert names(asked) == ["roles"]
    references.start_run()
    asked.tables["roles"] = [ROLE]
    assert references.roles.resolve_for_provider("role", ROLE["name"]) == ROLE


def test_found_users_are_cached_and_deactivated_ones_are_looked_up_again() -> None:
    asked = AskedClient({"all_users": [person(ALICE), person(GONE)]})
    references = asked.session().references
    references.users.resolve(["alice", "gone"])
    references.users.remember([{"user_uuid": BOB.uuid, "user_username": "bob"}])
    references.start_run()
    asked.asked.clear()
    references.users.resolve(["alice", ALICE.uuid, "bob", BOB.uuid])
    assert names(asked) == []
    references.users.resolve(["gone"])
    assert names(asked) == ["all_users"]


def test_a_user_without_a_known_activity_is_cached() -> None:
    asked = AskedClient(objects={"user": {"uuid": ALICE.uuid, "username": "alice"}})
    references = asked.session().references
    references.users.resolve([ALICE.uuid])
    references.start_run()
    references.users.resolve([ALICE.uuid])
    assert names(asked) == ["user"]


def test_providers_are_cached_and_their_rows_are_read_again_in_each_run() -> None:
    asked = AskedClient({"service_providers": [dict(ROW)]})
    references = asked.session().references
    found = references.resolve_target("customer", "customer", CUSTOMER)
    assert found.row == ROW
    references.start_run()
    assert references.resolve_target("customer", "customer", CUSTOMER) is found
    assert found.row is None
    assert names(asked) == ["service_providers"]
    for forget in (references.start_run, references.forget_providers):
        forget()
        assert references.provider_list.rows() == [ROW]
    assert names(asked) == ["service_providers"] * 3


def test_the_list_of_customers_is_read_for_more_than_three_unknown_ones() -> None:
    asked = AskedClient({"service_providers": [dict(ROW)]})
    references = asked.session().references
    references.resolve_target("customer", "customer", CUSTOMER)
    asked.asked.clear()
    references.customers.prefetch([CUSTOMER, "A", "B", "C"])
    assert names(asked) == []
    references.customers.prefetch(["A", "B", "C", "D"])
    assert names(asked) == ["all_customers"]


# --- grants, images and codes ----------------------------------------------------------------------------------------


def test_verifying_grants_reads_them_again_and_keeps_roles_and_time() -> None:
    asked = AskedClient({"list_users": [row(ALICE)]})
    again = UserRole().verify(asked.session(), target(), Grants(()), GrantState([], ROLES, NOW))
    assert again == GrantState([row(ALICE)], ROLES, NOW)
    assert asked.asked == [("list_users", PROVIDER, {"user": None})]


def test_doubles_that_others_created_meanwhile_are_all_reported() -> None:
    nameless = {**row(BOB), "user_username": None}
    rows = [row(ALICE, uuid="1"), row(ALICE, uuid="2"), nameless, dict(nameless)]
    asked = AskedClient({"list_users": rows})
    with pytest.raises(WaldurError) as told:
        UserRole().verify(asked.session(), target(), Grants(()), GrantState([], {}, NOW))
    start = "Another user granted the same role at the same time: alice as CUSTOMER.MANAGER is granted 2 times on ACME"
    assert told.value.message.startswith(start)
    assert f"/revoke/). {BOB.uuid} as CUSTOMER.MANAGER is granted 2 times" in told.value.message
    assert told.value.details == {"not_applied": []}
    assert UserRole().verify(asked.session(), target(), Grants(()), GrantState(rows, {}, NOW)).rows == rows


@pytest.mark.parametrize("image", [None, "https://waldur.example.org/logo"])
def test_the_current_image_is_downloaded_only_if_the_profile_has_an_image_option(image: str | None) -> None:
    asked = AskedClient(objects={"service_provider": {"uuid": PROVIDER, "image": image}})
    resource, known = ServiceProvider(), target()
    assert resource.read(asked.session(), known, Profile()).image is None
    assert asked.asked == [("service_provider", PROVIDER, {})]
    found = resource.read(asked.session(), known, Profile(image=ImageFile("", b""))).image
    assert found == (digest(image.encode()) if image else None)
    assert names(asked) == ["service_provider", "service_provider", *(["download"] if image else [])]


def test_a_provider_that_was_deleted_meanwhile_is_reported() -> None:
    asked = AskedClient()
    with pytest.raises(WaldurError) as told:
        ServiceProvider().read(asked.session(), target(), Profile())
    assert told.value.message == message("provider_deleted_meanwhile", provider="ACME")


@pytest.mark.parametrize(("uuid", "code"), [(PROVIDER, "secret"), (None, None)])
def test_the_code_of_a_provider_is_read_where_there_is_one(uuid: str | None, code: str | None) -> None:
    asked = AskedClient(objects={"api_secret_code": {"code": "secret"}})
    assert ApiSecretCode().read(asked.session(), target(uuid), SecretCode("")).code == code
    assert asked.asked == ([("api_secret_code", PROVIDER, {})] if uuid else [])


def test_a_new_provider_without_an_image_is_sent_as_json_and_the_response_must_have_its_uuid() -> None:
    new, part = target(None), Profile(fields={"account_options": {"uid": 0}})
    (change,) = ServiceProvider().compare(session(), new, part, ProfileState(None), {}).changes
    asked = AskedClient(objects={"create": {"detail": "made"}})
    with pytest.raises(OutcomeUnknown) as lost:
        ServiceProvider().write(asked.session(), new, ProfileState(None), change)
    body = {"customer": new.customer_url, "account_options": {"uid": 0}}
    assert asked.asked[0] == ("create", None, {"body": body, "files": None})
    assert lost.value.message == (
        message(
            "response_value_invalid",
            request="create the service provider",
            field="uuid",
            value="missing",
            form="a UUID; checked again: the provider does not exist. Run again.",
        )
    )
    asked.objects["create"] = {**ROW, "account_options": {"uid": 0}}
    ServiceProvider().write(asked.session(), new, ProfileState(None), change)
    assert new.uuid == PROVIDER
    assert names(asked) == ["create", "service_providers", "create"]


def test_a_file_of_an_unknown_kind_is_sent_as_bytes() -> None:
    part = Profile(image=ImageFile("logo", b"??"))
    (change,) = ServiceProvider().compare(session(), target(), part, ProfileState(dict(ROW)), {}).changes
    asked = AskedClient(objects={"partial_update": {**ROW, "image": "there"}})
    ServiceProvider().write(asked.session(), target(), ProfileState(dict(ROW)), change)
    files = {"image": ("logo", b"??", "application/octet-stream")}
    assert asked.asked == [("partial_update", PROVIDER, {"files": files})]


# --- plans -----------------------------------------------------------------------------------------------------------


def change(name: str, action: str = "revoke", **other: Any) -> Change[None]:
    return planned_change(action, name=name, **other)


def test_the_text_of_a_change_names_its_provider_once() -> None:
    assert str(change("alice as MANAGER")) == "revoke alice as MANAGER (ACME)"
    assert str(change("ACME", "update")) == "update ACME"


def test_all_errors_and_all_removals_are_reported_in_one_line() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_limits(Comparison(errors=("One.", "Two.", "Three.")), Limits(None))
    assert refused.value.message == "3 errors: (1) One. (2) Two. (3) Three."
    with pytest.raises(InvalidInput) as refused:
        check_limits(Comparison((change("a", is_implied=True), change("b", is_implied=True))), Limits(1))
    assert refused.value.message == (
        message("too_many_removals", option="max_removals", count="2", limit="1", grants="a on ACME, b on ACME")
    )
