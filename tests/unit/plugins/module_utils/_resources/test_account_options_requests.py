# SPDX-License-Identifier: GPL-3.0-or-later
"""Account options: what is read before a change, what is sent, and what is reported where Waldur refuses."""

from __future__ import annotations

from typing import Any

import pytest
from messages import message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    ErrorResponse,
    Forbidden,
    OutcomeUnknown,
    RouteMissing,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change
from ansible_collections.waldur.provider.plugins.module_utils._resources.account_options_changes import (
    AccountOptionsWrite,
    describe_stored,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.account_options_state import (
    Account,
    AccountState,
    Override,
    Owner,
    Preview,
    PreviewedRename,
    read_account_state,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider import ServiceProvider
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import (
    Profile,
    ProfileState,
    ProfileWrite,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.username_resolutions import (
    Candidate,
    Conflict,
    ResolutionEntry,
)

from ...helpers.recording_client import AskedClient
from ...helpers.samples import ALICE, BOB, CUSTOMER, PEOPLE, PROVIDER, session, target

VM, GPU, STORE = "1a" * 16, "1b" * 16, "1c" * 16
SHARED = {"account_scope": "provider"}
POLICY = {"username_generation_policy": "anonymized"}
LOST = "The answer was lost"


# --- read ------------------------------------------------------------------------------------------------------------


def setting(value: str, source: str = "provider") -> dict[str, Any]:
    return {"before": {"value": "x", "source": "default"}, "after": {"value": value, "source": source}}


def previewed(offering: str, name: str, *renames: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {"uuid": offering, "name": name, "settings": settings, "renames": list(renames)}


def preview(*offerings: dict[str, Any], conflicts: Any = 0) -> dict[str, Any]:
    return {"offerings": list(offerings), "warnings": ["No range."], "username_conflicts": conflicts}


def account_row(user: Any, offering: str, username: str | None, **keys: Any) -> dict[str, Any]:
    names = {VM: "VM", GPU: "GPU", STORE: "VM"}
    return {
        "uuid": "4a" * 16,
        "offering_uuid": offering,
        "offering_name": names[offering],
        "user_uuid": user.uuid,
        "user_username": user.username,
        "username": username,
        "customer_uuid": CUSTOMER,
        "service_provider_account_uuid": None,
        **keys,
    }


def read(
    asked: AskedClient, options: dict[str, Any], stored: dict[str, Any] | None = None, uuid: str | None = PROVIDER
) -> AccountState:
    return read_account_state(asked.session(), target(uuid), stored or {}, options)


@pytest.mark.parametrize(
    ("stored", "options"), [({}, {}), (SHARED, SHARED), ({}, {"login_shell": ""}), (POLICY, POLICY)]
)
def test_nothing_is_read_where_nothing_differs(stored: Any, options: Any) -> None:
    asked = AskedClient()
    assert read(asked, options, stored) == AccountState()
    assert asked.asked == []


def test_a_change_is_previewed_with_all_options_that_differ() -> None:
    rename = {"username": "m1", "new_username": "hpc_7", "home_directory": "/home/m1", "new_home_directory": "/data/7"}
    unknown = {"username": None, "new_username": None, "home_directory": "", "new_home_directory": None}
    effective = {"username_anonymized_prefix": setting("hpc_"), "homedir_prefix": setting("/data/")}
    policy = {"username_generation_policy": setting("freeipa", "offering")}
    offerings = (previewed(VM, "VM", rename, unknown, **effective), previewed(STORE, "VM", **policy))
    asked = AskedClient(objects={"account_options_preview": preview(*offerings)})
    sent = {**POLICY, "homedir_prefix": "/data/"}
    assert read(asked, {**sent, "login_shell": "/bin/sh"}, {"login_shell": "/bin/sh"}) == AccountState(
        Preview(
            (
                PreviewedRename("VM (1a1a1a1a)", "m1", "hpc_7", "/home/m1", "/data/7"),
                PreviewedRename("VM (1a1a1a1a)", "", "hpc_<uid>", "", "/data/hpc_<uid>"),
            ),
            (Override("username_generation_policy", "VM (1c1c1c1c)", STORE, "freeipa"),),
            ("No range.",),
        )
    )
    assert asked.asked == [("account_options_preview", PROVIDER, {"body": {"account_options": sent}})]


def test_accounts_are_read_where_they_become_shared_and_conflicts_where_there_are_any() -> None:
    rows = [
        account_row(ALICE, VM, "a1", home_directory="/home/a1"),
        account_row(ALICE, GPU, None, service_provider_account_uuid="6a" * 16),
        account_row(ALICE, STORE, "x", customer_uuid="f" * 32),
    ]
    owners: list[dict[str, Any]] = [
        {"user_uuid": ALICE.uuid, "user_username": None, "username": "a1", "service_provider_uuid": PROVIDER},
        {"user_uuid": BOB.uuid, "user_username": "bob", "username": "b", "service_provider_uuid": "f" * 32},
    ]
    tables = {"offering_users": rows, "provider_accounts": owners}
    asked = AskedClient(tables, {"account_options_preview": preview()})
    expected = AccountState(
        Preview(warnings=("No range.",)),
        (),
        (
            Account("GPU", GPU, ALICE.uuid, "alice", "", "", True),
            Account("VM", VM, ALICE.uuid, "alice", "a1", "/home/a1", False),
        ),
        {ALICE.uuid: Owner(ALICE.uuid, "a1")},
    )
    assert read(asked, SHARED) == expected
    assert [name for name, _uuid, _query in asked.asked] == [
        "account_options_preview",
        "offering_users",
        "provider_accounts",
    ]
    assert asked.asked[1][2]["provider_uuid"] == CUSTOMER
    assert asked.asked[2][2]["customer_uuid"] == CUSTOMER


@pytest.mark.parametrize("number", [1, None, "2"])
def test_conflicts_are_read_unless_waldur_counts_none(number: Any) -> None:
    conflict = {
        "user_uuid": ALICE.uuid.upper(),
        "user_username": "alice",
        "candidates": [
            {"username": "a1", "offering_uuids": [VM], "has_active_resources": True},
            {"username": "a2", "offering_uuids": [GPU, STORE]},
        ],
    }
    tables = {"offering_users": [account_row(ALICE, VM, "a1"), account_row(ALICE, GPU, "a2")]}
    asked = AskedClient(
        {**tables, "username_conflicts": [conflict]}, {"account_options_preview": preview(conflicts=number)}
    )
    candidates = (Candidate("a1", ("VM",), is_used=True), Candidate("a2", ("GPU",)))
    assert read(asked, SHARED).conflicts == (Conflict(ALICE.uuid, "alice", candidates),)


def test_conflicts_of_a_customer_without_a_provider_are_found_in_its_accounts() -> None:
    rows = [
        account_row(BOB, VM, "b"),
        account_row(ALICE, VM, "a1"),
        account_row(ALICE, GPU, "a2"),
        account_row(BOB, GPU, None),
    ]
    asked = AskedClient({"offering_users": rows})
    candidates = (Candidate("a2", ("GPU",)), Candidate("a1", ("VM",)))
    assert read(asked, SHARED, uuid=None).conflicts == (Conflict(ALICE.uuid, "alice", candidates),)
    assert [name for name, _uuid, _query in asked.asked] == ["offering_users"]
    assert read(AskedClient(), POLICY, uuid=None) == AccountState()


ODD_OFFERINGS: list[Any] = [
    None,
    {"uuid": VM},
    [7],
    [{"uuid": VM, "name": "VM"}],
    [{**previewed(VM, "VM"), "renames": "x"}],
    [{**previewed(VM, "VM"), "renames": [{"username": 7}]}],
    [{**previewed(VM, "VM"), "settings": []}],
]


@pytest.mark.parametrize("offerings", ODD_OFFERINGS)
def test_a_preview_of_another_form_is_an_error_and_no_crash(offerings: Any) -> None:
    asked = AskedClient(objects={"account_options_preview": {**preview(), "offerings": offerings}})
    with pytest.raises(WaldurError, match=prefix("row_value_invalid", request="preview the account options")):
        read(asked, POLICY)


def test_settings_of_a_preview_that_tell_less_override_nothing() -> None:
    for settings in ({}, {"username_generation_policy": None}, {"username_generation_policy": {"after": 1}}):
        asked = AskedClient(objects={"account_options_preview": preview(previewed(VM, "VM", **settings))})
        assert read(asked, POLICY).preview.overrides == ()


def test_a_change_that_cannot_be_previewed_is_not_planned() -> None:
    with pytest.raises(RouteMissing):
        read(AskedClient(objects={"account_options_preview": RouteMissing("There is no preview.", 404)}), POLICY)
    refused = read(AskedClient(objects={"account_options_preview": Forbidden("Waldur refused.", 403)}), POLICY)
    assert refused == AccountState(refusal="Waldur refused.")


def test_a_provider_that_is_to_be_deleted_or_lacks_such_options_is_not_previewed() -> None:
    row = {"uuid": PROVIDER, "customer_uuid": CUSTOMER, "description": ""}
    known = target()
    known.row = row
    asked = AskedClient()
    current = ServiceProvider().read(asked.session(), known, Profile(fields={"account_options": SHARED}))
    assert current == ProfileState(row, newer=False)
    assert asked.asked == []


# --- write -----------------------------------------------------------------------------------------------------------

STATE = AccountState(
    conflicts=(Conflict(ALICE.uuid, "alice", (Candidate("a1", ("VM",)), Candidate("a2", ("GPU",)))),),
    accounts=(
        Account("VM", VM, ALICE.uuid, "alice", "a1", "", False),
        Account("GPU", GPU, ALICE.uuid, "alice", "a2", "", False),
    ),
)
OLD = {"uuid": PROVIDER, "customer_uuid": CUSTOMER, "description": "", "account_options": {}}
NEW = {**OLD, "account_options": SHARED}


def account_options_change(options: dict[str, Any], state: AccountState) -> Change[ProfileWrite]:
    profile = Profile("present", {"account_options": options}, resolutions=(ResolutionEntry("", "alice", "a2"),))
    current = ProfileState(OLD, accounts=state)
    (change,) = ServiceProvider().compare(session(), target(), profile, current, PEOPLE).changes
    return change


def write(asked: AskedClient, options: dict[str, Any] | None = None, state: AccountState = STATE) -> ProfileState:
    current = ProfileState(OLD, accounts=state)
    ServiceProvider().write(
        asked.session(), target(), current, account_options_change(SHARED if options is None else options, state)
    )
    return current


def failure(asked: AskedClient, options: dict[str, Any] | None = None, state: AccountState = STATE) -> tuple[str, Any]:
    with pytest.raises(WaldurError) as caught:
        write(asked, options, state)
    return caught.value.message, caught.value.details.get("took_effect", "not looked at")


def test_accounts_are_linked_and_then_the_options_are_sent() -> None:
    asked = AskedClient(objects={"adopt_provider_accounts": {"adopted": 1, "backed": 2}, "partial_update": NEW})
    assert write(asked).row == NEW
    assert asked.asked == [
        ("adopt_provider_accounts", PROVIDER, {"body": {"resolutions": {ALICE.uuid: "a2"}}}),
        ("partial_update", PROVIDER, {"body": {"account_options": SHARED}}),
    ]


def test_options_that_waldur_drops_are_an_error() -> None:
    asked = AskedClient(objects={"partial_update": OLD})
    expected = message("value_not_applied", option="account_options.username_generation_policy", hint="")
    assert failure(asked, POLICY, AccountState()) == (expected, None)


UNCHANGED = message("options_not_stored")
STORED = message("options_stored", stored="account_scope: provider", old="account_scope: ''")
LINKED = message("accounts_were_linked")
ALL_LINKED = message("accounts_linked")


@pytest.mark.parametrize("status", [400, 409])
def test_a_refusal_to_link_accounts_leaves_all_as_it_was(status: int) -> None:
    refused = ErrorResponse("Refused.", status)
    asked = AskedClient(objects={"adopt_provider_accounts": refused, "service_provider": OLD})
    assert failure(asked) == (message("refused_rechecked", cause="Refused.", state=UNCHANGED), "not looked at")
    assert [name for name, _uuid, _query in asked.asked] == ["adopt_provider_accounts", "service_provider"]


@pytest.mark.parametrize(("now", "state"), [(OLD, UNCHANGED), (NEW, STORED)])
@pytest.mark.parametrize("status", [400, 409])
def test_a_refusal_of_the_options_says_what_was_done_and_what_is_stored(now: Any, state: str, status: int) -> None:
    asked = AskedClient(objects={"partial_update": ErrorResponse("Refused.", status), "service_provider": now})
    cause = message("applied_before_refusal", cause="Refused.", applied=LINKED)
    assert failure(asked) == (message("refused_rechecked", cause=cause, state=state), None)
    alone = AskedClient(objects={"partial_update": ErrorResponse("Refused.", status), "service_provider": now})
    expected = None if now is NEW else "not looked at"
    assert failure(alone, state=AccountState()) == (
        message("refused_rechecked", cause="Refused.", state=state),
        expected,
    )


def test_the_state_after_a_refusal_shows_values_as_a_task_writes_them() -> None:
    before, sent = {"project_groups_enabled": False}, {"project_groups_enabled": True, "login_shell": ""}
    expected = message(
        "options_stored",
        stored="project_groups_enabled: true, login_shell: ''",
        old="project_groups_enabled: false, login_shell: ''",
    )
    assert describe_stored(before, sent, {"project_groups_enabled": True}) == (True, expected)


def test_a_refusal_names_the_values_to_go_back_to() -> None:
    sent = {**POLICY, "username_anonymized_prefix": ""}
    stored = {"username_generation_policy": "freeipa", "username_anonymized_prefix": "x_"}
    current = ProfileState({**OLD, "account_options": stored})
    profile = Profile("present", {"account_options": sent})
    (change,) = ServiceProvider().compare(session(), target(), profile, current, {}).changes
    now = {**OLD, "account_options": POLICY}
    asked = AskedClient(objects={"partial_update": ErrorResponse("Refused.", 409), "service_provider": now})
    with pytest.raises(WaldurError) as caught:
        ServiceProvider().write(asked.session(), target(), current, change)
    state = message(
        "options_stored",
        stored="username_generation_policy: anonymized, username_anonymized_prefix: ''",
        old="username_generation_policy: freeipa, username_anonymized_prefix: x_",
    )
    assert caught.value.message == message("refused_rechecked", cause="Refused.", state=state)


def test_a_refusal_after_which_the_provider_cannot_be_read_says_so() -> None:
    objects: dict[str, Any] = {
        "partial_update": ErrorResponse("Refused.", 400),
        "service_provider": WaldurError("Waldur broke."),
    }
    expected = message("stored_part_unknown", cause="Refused.", error="Waldur broke.")
    assert failure(AskedClient(objects=objects), POLICY, AccountState()) == (expected, None)


@pytest.mark.parametrize("status", [403, 404])
def test_other_refusals_are_reported_unchanged(status: int) -> None:
    asked = AskedClient(objects={"partial_update": ErrorResponse("Refused.", status)})
    assert failure(asked, POLICY, AccountState()) == ("Refused.", "not looked at")


def lost(now: dict[str, Any], *linked: bool, name: str = "adopt_provider_accounts") -> AskedClient:
    link = {True: "6a" * 16, False: None}
    rows = [account_row(ALICE, VM, "a2", service_provider_account_uuid=link[one]) for one in linked]
    return AskedClient({"service_providers": [now], "offering_users": rows}, {name: OutcomeUnknown(LOST)})


def unlinked(accounts: str) -> str:
    return message("accounts_not_linked", accounts=accounts)


@pytest.mark.parametrize(
    ("now", "linked", "took", "state"),
    [
        (OLD, (False, False), False, f"not applied: account_scope; {unlinked('2 accounts are')}. Run again."),
        (OLD, (True, False), None, f"not applied: account_scope; {unlinked('1 account is')}. Run again."),
        (OLD, (True, True), None, f"not applied: account_scope; {ALL_LINKED}. Run again."),
        (NEW, (True, True), True, "it took effect. Run again."),
        (NEW, (False, True), None, f"{unlinked('1 account is')}. Run again."),
    ],
)
@pytest.mark.parametrize("name", ["adopt_provider_accounts", "partial_update"])
def test_after_a_lost_answer_options_and_accounts_are_read_again(
    now: Any, linked: tuple[bool, ...], took: Any, state: str, name: str
) -> None:
    assert failure(lost(now, *linked, name=name)) == (f"{LOST}; checked again: {state}", took)


@pytest.mark.parametrize(
    ("now", "took", "state"),
    [
        (OLD, False, "not applied: account_scope. Run again."),
        (NEW, True, "it took effect. Run again."),
    ],
)
def test_after_a_lost_answer_no_account_is_read_where_none_was_to_be_linked(now: Any, took: Any, state: str) -> None:
    asked = lost(now, name="partial_update")
    assert failure(asked, state=AccountState()) == (f"{LOST}; checked again: {state}", took)
    assert [name for name, _uuid, _query in asked.asked] == ["partial_update", "service_providers"]


def test_a_policy_is_one_request() -> None:
    asked = AskedClient(objects={"partial_update": {**OLD, "account_options": POLICY}})
    write(asked, POLICY, AccountState())
    assert asked.asked == [("partial_update", PROVIDER, {"body": {"account_options": POLICY}})]
    assert account_options_change(POLICY, AccountState()).payload == ProfileWrite(
        account_options=AccountOptionsWrite(POLICY)
    )
