# SPDX-License-Identifier: GPL-3.0-or-later
"""After a lost response to set_offerings_username exactly the accounts that were to change decide what happened."""

from __future__ import annotations

from typing import Any

import pytest
from messages import mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import OutcomeUnknown
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username import OfferingUsername
from ansible_collections.waldur.provider.plugins.module_utils._resources.offering_username_entries import (
    UsernameEntry,
    Usernames,
)

from ...helpers.recording_client import AskedClient, staff
from ...helpers.samples import ALICE, BOB, CUSTOMER, PEOPLE, target

PROJECT, VM, GPU, DISK = "1a" * 16, "2a" * 16, "2b" * 16, "2c" * 16
OTHER_CUSTOMER = "f" * 32


def account(offering: str, username: str | None, **other: Any) -> dict[str, Any]:
    return {
        "offering_uuid": offering,
        "user_uuid": ALICE.uuid,
        "username": username,
        "customer_uuid": CUSTOMER,
        **other,
    }


def lost(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> OutcomeUnknown:
    """The error of a change to 'new' whose response was lost, with those accounts before and after it."""
    asked = AskedClient(
        {
            "project_permissions": [{"user_uuid": ALICE.uuid, "user_username": "alice", "project_uuid": PROJECT}],
            "provider_resources": [
                {"offering_uuid": offering, "offering_name": offering[:2], "project_uuid": PROJECT, "state": "OK"}
                for offering in (VM, GPU)
            ],
            "offering_users": before,
        },
        {"me": staff(), "set_offerings_username": OutcomeUnknown("The answer was lost")},
    )
    session, resource = asked.session(), OfferingUsername()
    part = Usernames((UsernameEntry("", "alice", "new"),))
    state = resource.read(session, target(), part)
    [change] = resource.compare(session, target(), part, state, PEOPLE).changes
    asked.tables["offering_users"] = after
    with pytest.raises(OutcomeUnknown) as refused:
        resource.write(session, target(), state, change)
    return refused.value


def test_a_username_that_an_account_had_before_is_not_reported_as_set() -> None:
    rows = [account(VM, "old"), account(GPU, "new")]
    error = lost(rows, rows)
    assert error.details["took_effect"] is False
    assert error.message == message("usernames_counted", count="The answer was lost; checked again: 0", accounts="1")


@pytest.mark.parametrize(
    "elsewhere",
    [
        account(DISK, "new", customer_uuid=OTHER_CUSTOMER),
        account(DISK, "new"),
        account(VM, "new", user_uuid=BOB.uuid),
    ],
    ids=["another provider", "an offering out of reach", "another user"],
)
def test_accounts_that_the_change_was_not_to_set_do_not_count_as_set(elsewhere: dict[str, Any]) -> None:
    before = [account(VM, "old"), account(GPU, "old")]
    assert lost(before, [elsewhere, account(VM, "new"), account(GPU, "old")]).details["took_effect"] is None
    assert lost(before, [elsewhere, *before]).details["took_effect"] is False


def test_accounts_of_other_providers_do_not_make_a_whole_change_look_partial() -> None:
    other = account(DISK, "old", customer_uuid=OTHER_CUSTOMER)
    error = lost([other, account(VM, "old")], [other, account(VM, "new"), account(GPU, "new")])
    assert error.details["took_effect"] is True
    assert mentions(error.message, "usernames_counted", count="2", accounts="2")


def test_a_username_that_a_part_of_the_accounts_got_is_neither_set_nor_unset() -> None:
    error = lost([account(VM, "old"), account(GPU, None)], [account(VM, "new"), account(GPU, None)])
    assert error.details["took_effect"] is None
    assert mentions(error.message, "usernames_counted", count="1", accounts="2")
