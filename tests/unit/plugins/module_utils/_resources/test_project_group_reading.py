# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read for project groups, without a server: which requests are sent, and what references and GIDs mean."""

from __future__ import annotations

from typing import Any

import pytest
from messages import fragment, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Forbidden,
    InvalidInput,
    RouteMissing,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._references.bulk_lists import BulkLists
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_entries import (
    GroupEntry,
    ProjectGroups,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_reading import (
    read_groups,
    read_rows,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.project_group_state import (
    GroupState,
    Project,
    UnresolvedProject,
)

from ...helpers.recording_client import Asked, AskedClient, staff
from ...helpers.samples import CUSTOMER, PROVIDER, target

LIST, ADOPTABLE, POOLS, IDENTITIES = "project_groups", "adoptable_projects", "posix_id_pools", "posix_identities"
CLIMATE, GENOME, HIDDEN = Project("c1" * 16, "Climate"), Project("9e" * 16, "Genome"), "1d" * 16
OTHER_URL = f"https://waldur.example.org/api/customers/{HIDDEN}/"
POOL, STORAGE_POOL, VM_POOL = "aa" * 16, "bb" * 16, "cc" * 16
BY_PROVIDER = {"service_provider_uuid": PROVIDER}
REFUSED = Forbidden("no right", 403)


def row(project: Project | None, gid: int | None = 30001, **keys: Any) -> dict[str, Any]:
    """A group; without a project, that of one that was deleted."""
    of_project = {"project_uuid": project.uuid, "project_name": project.name} if project else {"project_uuid": None}
    return {"uuid": "ab" * 16, "name": "group", "gid": gid, **BY_PROVIDER, **of_project, **keys}


def adoptable(project: Project, **keys: Any) -> dict[str, Any]:
    return {"uuid": project.uuid, "name": project.name, **keys}


def pool(uuid: str, **keys: Any) -> dict[str, Any]:
    return {"uuid": uuid, "customer_uuid": CUSTOMER, "service_provider": None, "offering": None, **keys}


OWN_POOL = pool(POOL, service_provider=PROVIDER.upper())


def identity(gid: int | None, **keys: Any) -> dict[str, Any]:
    return {"gid": gid, "pool_uuid": POOL, "user_username": None, "consumer_name": None, "released_at": None, **keys}


def read(
    client: AskedClient, *groups: tuple[str, int], provider: str | None = PROVIDER, is_staff: bool = True
) -> GroupState:
    """Read what a list needs that gives these GIDs to the groups of these projects."""
    client.objects.setdefault("me", staff(is_staff=is_staff))
    entries = [GroupEntry(f"groups[{number}]", *group) for number, group in enumerate(groups)]
    return read_groups(client.session(), target(provider), ProjectGroups(tuple(entries), where="groups"))


def requests(client: AskedClient, *names: str) -> list[Asked]:
    """The requests of these operations."""
    return [request for request in client.asked if request[0] in names]


def unknown(reference: str, suggestion: str = "") -> UnresolvedProject:
    values = {"option": "", "project": reference, "provider": "ACME", "suggestion": suggestion}
    return UnresolvedProject(message("group_project_unknown", **values).removeprefix(": "))


# --- the groups ------------------------------------------------------------------------------------------------------


def test_only_the_groups_of_the_provider_are_its_own() -> None:
    own = [row(CLIMATE), row(GENOME, service_provider_uuid=PROVIDER.upper())]
    client = AskedClient({LIST: [own[0], row(CLIMATE, service_provider_uuid="e" * 32), own[1]]})
    assert read_rows(client.session(), target()) == own
    assert client.asked == [(LIST, None, BY_PROVIDER)]


def test_a_list_of_the_groups_of_all_providers_saves_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BulkLists, "rows", lambda _self, listing, of: [row(CLIMATE)] if of == target() else listing)
    client = AskedClient()
    assert read_rows(client.session(), target()) == [row(CLIMATE)]
    assert client.asked == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("uuid", None),
        ("uuid", "climate"),
        ("name", None),
        ("gid", "30001"),
        ("project_uuid", "Climate"),
        ("project_name", 1),
    ],
)
def test_a_group_with_an_invalid_key_is_an_error(key: str, value: Any) -> None:
    client = AskedClient({LIST: [row(CLIMATE, **{key: value})]})
    with pytest.raises(WaldurError, match=fragment("row_value_invalid", request="list the project groups", field=key)):
        read_rows(client.session(), target())


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize(("keys", "is_possible"), [({"account_options": {}}, True), ({"customer_slug": "a"}, False)])
def test_a_waldur_before_2026_has_no_groups(keys: dict[str, Any], is_possible: bool, is_new: bool) -> None:
    """A provider that does not exist yet has no group to read, so the list of providers tells the edition."""
    providers = {"service_providers": [{"uuid": "e" * 32, "customer_uuid": "f" * 32, **keys}]}
    client = AskedClient(providers, {} if is_possible else {LIST: RouteMissing("no such route", 404)})
    provider = None if is_new else PROVIDER
    if is_possible:
        assert read(client, provider=provider).rows == []
    else:
        with pytest.raises(InvalidInput) as failed:
            read(client, provider=provider)
        assert failed.value.message == message("groups_missing_here", option="groups")
    assert [name for name, *_query in client.asked] == (["service_providers"] if is_new else [LIST])


def test_a_provider_that_is_yet_to_be_created_costs_no_request_of_its_own() -> None:
    client = AskedClient({"service_providers": [{"uuid": "e" * 32, "customer_uuid": "f" * 32, "account_options": {}}]})
    state = read(client, ("Climate", 30001), (HIDDEN, 30002), provider=None)
    assert state.projects == {"Climate": unknown("Climate"), HIDDEN: Project(HIDDEN, HIDDEN)}
    assert (state.refusal, state.pool, state.holders) == ("", None, {})
    assert {name for name, *_query in client.asked} == {"service_providers", "me"}


@pytest.mark.parametrize("is_allowed", [True, False])
def test_the_state_says_whether_gids_may_be_outside_the_range(is_allowed: bool) -> None:
    desired = ProjectGroups((), allow_outside_range=is_allowed)
    assert read_groups(AskedClient().session(), target(), desired).is_outside_allowed is is_allowed


# --- projects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference",
    ["Climate", CLIMATE.uuid, CLIMATE.uuid.upper(), f"https://waldur.example.org/api/projects/{CLIMATE.uuid}/"],
)
@pytest.mark.parametrize("has_group", [True, False])
def test_a_project_is_given_by_name_uuid_or_url(reference: str, has_group: bool) -> None:
    rows = {LIST: [row(None), row(GENOME), row(CLIMATE)]} if has_group else {}
    client = AskedClient({ADOPTABLE: [adoptable(GENOME), adoptable(CLIMATE)], **rows})
    assert read(client, (reference, 30001)).projects == {reference: CLIMATE}
    query = {"query": "Climate"} if reference == "Climate" else {}
    expected = [] if has_group else [(ADOPTABLE, None, {**BY_PROVIDER, **query})]
    assert requests(client, ADOPTABLE) == expected


def test_projects_without_a_group_are_read_by_one_request() -> None:
    client = AskedClient({LIST: [row(CLIMATE)], ADOPTABLE: [adoptable(GENOME), adoptable(Project("b1" * 16, "Bio"))]})
    projects = read(client, ("Genome", 30002), ("Climate", 30001), ("Bio", 30003)).projects
    assert projects == {"Climate": CLIMATE, "Genome": GENOME, "Bio": Project("b1" * 16, "Bio")}
    assert requests(client, ADOPTABLE) == [(ADOPTABLE, None, BY_PROVIDER)]


@pytest.mark.parametrize("name", [None, ""])
def test_a_project_without_a_name_is_called_by_its_uuid(name: str | None) -> None:
    client = AskedClient({LIST: [row(CLIMATE, project_name=name)], ADOPTABLE: [adoptable(GENOME, name=name)]})
    projects = read(client, (CLIMATE.uuid, 30001), (GENOME.uuid, 30002)).projects
    assert [project.name for project in projects.values() if isinstance(project, Project)] == [
        CLIMATE.uuid,
        GENOME.uuid,
    ]


@pytest.mark.parametrize("listing", [LIST, ADOPTABLE])
def test_a_name_of_two_projects_is_ambiguous(listing: str) -> None:
    rows = {LIST: [row(CLIMATE), row(Project(GENOME.uuid, "Climate"))]}
    rows[ADOPTABLE] = [adoptable(CLIMATE), adoptable(GENOME, name="Climate")]
    [project] = read(AskedClient({listing: rows[listing]}), ("Climate", 30001)).projects.values()
    candidates = f"Climate ({CLIMATE.uuid}), Climate ({GENOME.uuid})"
    values = {"option": "", "value": "Climate", "objects": "projects", "candidates": candidates}
    assert project == UnresolvedProject(message("reference_ambiguous", **values).removeprefix(": "))


@pytest.mark.parametrize(
    ("reference", "is_staff", "project"),
    [
        ("Climat", True, unknown("Climat", " Did you mean 'Climate'?")),
        ("Nothing", False, unknown("Nothing")),
        (HIDDEN, False, unknown(HIDDEN)),
        (OTHER_URL, True, unknown(OTHER_URL)),
        (HIDDEN.upper(), True, Project(HIDDEN, HIDDEN)),
    ],
)
def test_a_project_that_is_not_listed_is_known_only_to_staff_who_give_its_uuid(
    reference: str, is_staff: bool, project: Project | UnresolvedProject
) -> None:
    client = AskedClient({ADOPTABLE: [adoptable(CLIMATE)]})
    assert read(client, (reference, 30001), is_staff=is_staff).projects == {reference: project}


@pytest.mark.parametrize(("key", "value"), [("uuid", None), ("name", 1)])
def test_a_project_with_an_invalid_key_is_an_error(key: str, value: object) -> None:
    client = AskedClient({ADOPTABLE: [adoptable(CLIMATE, **{key: value})]})
    with pytest.raises(
        WaldurError, match=fragment("row_value_invalid", request="list the projects that can get a group", field=key)
    ):
        read(client, ("Climate", 30001))


def test_a_token_that_may_not_list_the_projects_of_new_groups_is_refused() -> None:
    client = AskedClient({LIST: [row(CLIMATE)]}, {ADOPTABLE: REFUSED})
    state = read(client, ("Genome", 30002))
    assert (state.refusal, state.projects) == ("no right", {})
    assert [name for name, *_query in client.asked] == [LIST, ADOPTABLE]


# --- GIDs ------------------------------------------------------------------------------------------------------------


def test_groups_that_have_their_gids_cost_no_other_request() -> None:
    client = AskedClient({LIST: [row(CLIMATE, 30001)]}, {ADOPTABLE: REFUSED})
    state = read(client, ("Climate", 30001), is_staff=False)
    assert (state.refusal, state.pool, state.is_pool_visible) == ("", None, True)
    assert [name for name, *_query in client.asked] == [LIST]


@pytest.mark.parametrize(
    ("is_staff", "pools", "refusal", "is_visible"),
    [
        (True, [], "", True),
        (False, [], "no right", False),
        (False, [OWN_POOL], "no right", True),
    ],
)
def test_a_token_that_can_not_write_groups_may_miss_the_pool(
    is_staff: bool, pools: list[dict[str, Any]], refusal: str, is_visible: bool
) -> None:
    client = AskedClient({LIST: [row(CLIMATE)], POOLS: pools}, {ADOPTABLE: REFUSED})
    state = read(client, ("Climate", 30002), is_staff=is_staff)
    assert (state.refusal, state.is_pool_visible) == (refusal, is_visible)
    assert requests(client, ADOPTABLE) == ([] if is_staff else [(ADOPTABLE, None, {"limit": 1, **BY_PROVIDER})])


def test_a_token_that_can_write_groups_is_not_refused() -> None:
    assert read(AskedClient({LIST: [row(CLIMATE)]}), ("Climate", 30002), is_staff=False).refusal == ""


def test_the_pools_of_the_provider_and_of_its_offerings_are_asked_who_holds_the_gids() -> None:
    storage, vm = pool(STORAGE_POOL, offering="0f" * 16), pool(VM_POOL, offering="0e" * 16)
    foreign = pool("dd" * 16, service_provider="e" * 32)
    groups = [row(CLIMATE, 30001), row(GENOME, 30002)]
    client = AskedClient({LIST: groups, POOLS: [storage, foreign, OWN_POOL, vm]})
    wanted = ("Climate", 30009), ("Genome", 30002), (HIDDEN, 30004), ("1e" * 16, 30001)
    state = read(client, *wanted)
    assert (state.pool, state.other_pools, state.is_pool_visible) == (OWN_POOL, [storage, vm], True)
    span = {"gid_min": 30001, "gid_max": 30009, "is_released": False}
    assert requests(client, IDENTITIES) == [
        (IDENTITIES, None, {"pool_uuid": uuid, **span}) for uuid in (POOL, STORAGE_POOL, VM_POOL)
    ]


@pytest.mark.parametrize(
    ("found", "holder"),
    [
        (identity(30009, user_username="alice", consumer_name="robot"), "the user alice"),
        (identity(30009, consumer_name="robot"), "'robot'"),
        (identity(30009), "'an object without a name'"),
        (identity(30009, released_at="2026-01-01T00:00:00Z"), None),
        (identity(30008, user_username="alice"), None),
        (identity(None, user_username="alice"), None),
    ],
)
def test_a_gid_is_held_by_the_user_or_object_whose_identity_has_it(found: dict[str, Any], holder: str | None) -> None:
    client = AskedClient({LIST: [row(CLIMATE)], POOLS: [OWN_POOL], IDENTITIES: [found]})
    assert read(client, ("Climate", 30009)).holders == ({30009: holder} if holder else {})


@pytest.mark.parametrize(("rows", "pools"), [([row(CLIMATE), row(GENOME, 30009)], [OWN_POOL]), ([row(CLIMATE)], [])])
def test_nobody_is_asked_for_a_gid_of_a_group_or_without_a_pool(
    rows: list[dict[str, Any]], pools: list[dict[str, Any]]
) -> None:
    client = AskedClient({LIST: rows, POOLS: pools, IDENTITIES: [identity(30009)]})
    assert read(client, ("Climate", 30009)).holders == {}
    assert requests(client, IDENTITIES) == []


@pytest.mark.parametrize(("key", "value"), [("gid", "30009"), ("pool_uuid", None)])
def test_an_identity_with_an_invalid_key_is_an_error(key: str, value: object) -> None:
    client = AskedClient({LIST: [row(CLIMATE)], POOLS: [OWN_POOL], IDENTITIES: [{**identity(30009), key: value}]})
    with pytest.raises(
        WaldurError, match=fragment("row_value_invalid", request="list the POSIX identities", field=key)
    ):
        read(client, ("Climate", 30009))
