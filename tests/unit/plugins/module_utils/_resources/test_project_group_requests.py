# SPDX-License-Identifier: GPL-3.0-or-later
"""The request that writes project groups and its outcomes, and what an export leaves out, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from messages import mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    ErrorResponse,
    OutcomeUnknown,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._document.exported import Note
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group import ProjectGroup
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_comparison import (
    GroupWrite,
    compare_groups,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_entries import (
    GroupEntry,
    ProjectGroups,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_state import GroupState, Project

from ...helpers.recording_client import AskedClient, staff
from ...helpers.samples import CUSTOMER, PROVIDER, target

PROJECTS = {name: Project(name[0].lower() * 32, name) for name in ("Atmosphere", "Biology", "Climate")}
WRITE, LIST = "import_project_groups", "project_groups"
REFUSED = "Waldur rejected the request (400): "


def row(project: str, gid: int | None, name: str) -> dict[str, Any]:
    """A group; without a project, that of one that was deleted."""
    uuid = PROJECTS[project].uuid if project else None
    ids = {"uuid": f"{gid or 0:032x}", "service_provider_uuid": PROVIDER, "project_uuid": uuid}
    return {**ids, "name": name, "gid": gid, "project_name": project or None}


ATMOSPHERE, BIOLOGY = row("Atmosphere", 30001, "atmos"), row("Biology", 30002, "bio")


def plan(is_outside_allowed: bool = False) -> tuple[GroupState, list[Change[GroupWrite]]]:
    """Two new groups, the second with a name, and the state that they were planned from."""
    entries = GroupEntry("groups[0]", "Atmosphere", 30001), GroupEntry("groups[1]", "Biology", 30002, "bio")
    pool = {"min_gid": 30000, "max_gid": 30099}
    current = GroupState([row("Climate", 30009, "climate")], PROJECTS, pool, is_outside_allowed=is_outside_allowed)
    changes = compare_groups(target(), ProjectGroups(entries), current).changes
    return current, sorted(changes, key=lambda change: change.name)


def fail(client: AskedClient) -> WaldurError:
    """Return the error of the request that writes both groups."""
    current, changes = plan()
    with pytest.raises(WaldurError) as failed:
        ProjectGroup().write_batch(client.session(), target(), current, changes)
    assert [group["name"] for group in current.rows] == ["climate"]
    return failed.value


@pytest.mark.parametrize("is_outside_allowed", [True, False])
def test_all_groups_are_sent_at_once_and_those_of_the_response_are_current_then(is_outside_allowed: bool) -> None:
    client = AskedClient({WRITE: [ATMOSPHERE, BIOLOGY]})
    current, changes = plan(is_outside_allowed)
    ProjectGroup().write_batch(client.session(), target(), current, changes)
    groups = [{"project": "a" * 32, "gid": 30001}, {"project": "b" * 32, "gid": 30002, "name": "bio"}]
    body = {"service_provider": PROVIDER, "groups": groups, "allow_outside_range": is_outside_allowed}
    assert client.asked == [(WRITE, None, {"body": body})]
    assert [(group["name"], group["gid"]) for group in current.rows] == [
        ("climate", 30009),
        ("atmos", 30001),
        ("bio", 30002),
    ]


@pytest.mark.parametrize(
    ("rows", "shown", "place"),
    [
        ([], "no group", 0),
        ([{**ATMOSPHERE, "gid": 30009}, BIOLOGY], "the name 'atmos' and the GID 30009", 0),
        ([ATMOSPHERE, {**BIOLOGY, "gid": None}], "the name 'bio' and the GID None", 1),
        ([ATMOSPHERE, {**BIOLOGY, "name": "bio-2"}], "the name 'bio-2' and the GID 30002", 1),
    ],
    ids=["no row", "another GID", "no GID", "another name"],
)
def test_a_response_that_shows_another_group_fails_for_that_group(
    rows: list[dict[str, Any]], shown: str, place: int
) -> None:
    error = fail(AskedClient({WRITE: rows}))
    assert error.message == message("group_response_differs", shown=shown)
    assert error.details == {"took_effect": None, "failed_place": place}


@pytest.mark.parametrize(
    ("number", "status", "details"),
    [(0, 400, {"failed_place": 0}), (1, 400, {"failed_place": 1}), (2, 400, {}), (1, 409, {})],
    ids=["the first", "the second", "none of them", "another error"],
)
def test_the_entry_that_waldur_refuses_is_taken_out_of_the_message(
    number: int, status: int, details: dict[str, int]
) -> None:
    cause = f"groups: {number}: gid: groups: {number}: is taken."
    error = fail(AskedClient(objects={WRITE: ErrorResponse(f"{REFUSED}{cause}", status)}))
    assert error.details == details
    assert error.message == REFUSED + (cause.removeprefix(f"groups: {number}: ") if details else cause)


@pytest.mark.parametrize(
    ("rows", "took_effect", "missing"),
    [
        ([ATMOSPHERE, BIOLOGY], True, None),
        ([ATMOSPHERE], None, "Biology"),
        ([{**ATMOSPHERE, "gid": None}, BIOLOGY], None, "Atmosphere"),
        ([ATMOSPHERE, {**BIOLOGY, "name": "bio-2"}], None, "Biology"),
        ([], False, "Atmosphere, Biology"),
    ],
    ids=["all", "one", "no GID yet", "another name", "none"],
)
def test_after_a_lost_response_the_groups_that_were_not_applied_are_named(
    rows: list[dict[str, Any]], took_effect: bool | None, missing: str | None
) -> None:
    client = AskedClient({LIST: rows}, {WRITE: OutcomeUnknown("no answer")})
    error = fail(client)
    state = message("groups_not_applied", projects=missing) if missing else message("groups_applied")
    assert error.message == f"no answer; checked again: {state}"
    assert error.details == {"took_effect": took_effect}
    assert client.asked[1:] == [(LIST, None, {"service_provider_uuid": PROVIDER})]


def test_a_response_that_is_no_list_of_groups_is_checked_again() -> None:
    client = AskedClient({WRITE: [{**ATMOSPHERE, "gid": "many"}, BIOLOGY], LIST: [ATMOSPHERE, BIOLOGY]})
    error = fail(client)
    assert isinstance(error, OutcomeUnknown)
    invalid = {"request": "import the project groups", "field": "gid"}
    assert mentions(error.message, "response_value_invalid", **invalid)
    assert error.message.endswith(f"; checked again: {message('groups_applied')}")
    assert error.details == {"took_effect": True}


# --- export ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        (row("", 30001, "old"), "its project was deleted"),
        (row("Climate", None, "climate"), "it has no GID yet"),
        (row("Climate", 999, "climate"), "a document can't contain its name or its GID (999)"),
        (row("Climate", 4294967295, "climate"), "a document can't contain its name or its GID (4294967295)"),
        (row("Climate", 30001, "Upper"), "a document can't contain its name or its GID (30001)"),
        (row("Climate", 1000, "climate"), None),
        (row("Climate", 4294967294, "c" * 32), None),
    ],
)
def test_an_export_says_why_it_leaves_out_a_group(group: dict[str, Any], reason: str | None) -> None:
    exported = ProjectGroup().export(AskedClient({LIST: [group]}, {"me": staff()}).session(), target())
    entry = {"project": "Climate", "gid": group["gid"], "name": group["name"]}
    assert exported.keys == ({} if reason else {LIST: [entry]})
    text = reason and message("group_left_out", provider="ACME", name=group["name"], reason=reason)
    assert exported.notes == ((Note(LIST, group["name"], text),) if text else ())


@pytest.mark.parametrize(
    ("user", "customers", "is_told"),
    [
        ({}, {}, False),
        ({"is_staff": False, "is_support": True}, {}, False),
        ({"is_staff": False}, {"customer": {"uuid": CUSTOMER}}, False),
        ({"is_staff": False}, {}, True),
    ],
    ids=["staff", "support", "sees the customer", "sees nothing"],
)
def test_an_export_without_groups_says_so_where_the_token_may_miss_some(
    user: dict[str, bool], customers: dict[str, Any], is_told: bool
) -> None:
    client = AskedClient(objects={"me": staff(**user), **customers})
    exported = ProjectGroup().export(client.session(), target())
    assert exported.keys == {}
    text = message("groups_invisible", provider="ACME")
    assert exported.notes == ((Note(LIST, None, text),) if is_told else ())
    customer = [("customer", CUSTOMER, {"field": ["uuid"]})]
    assert [request for request in client.asked if request[0] == "customer"] == (
        customer if customers or is_told else []
    )
