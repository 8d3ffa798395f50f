# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of another shape than Waldur's: every read and every resource gives a result or one sentence, no traceback."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from messages import matching, message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS, Operation
from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import OutcomeUnknown, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import Redactor
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._http.pagination import Page, all_rows
from ansible_collections.waldur.provider.plugins.module_utils._http.row_checks import FieldType, check_rows
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import Limits
from ansible_collections.waldur.provider.plugins.module_utils._query.facts import FACTS, SUBSETS
from ansible_collections.waldur.provider.plugins.module_utils._query.filters import options, orders
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from ansible_collections.waldur.provider.plugins.module_utils._query.reader import read
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import (
    KINDS,
    ProviderRows,
    collect_fields,
    make_host_name,
    merge_objects,
)

from ...helpers.recording_client import AskedClient, staff
from ...helpers.samples import ALICE, BOB, CUSTOMER, PROVIDER, no_image, target

MISSING = object()
ODD: dict[str, Any] = {
    "missing": MISSING,
    "null": None,
    "number": 7,
    "text": "\u00b2",
    "list": [{"x": 1}],
    "object": {"x": [1]},
}
PROJECT, VM, MANAGER, TOKEN_USER = "1a" * 16, "2a" * 16, "0e" * 16, "5a" * 16
GRANT = {
    "uuid": "a0" * 16,
    "user_uuid": ALICE.uuid,
    "user_username": "alice",
    "user_email": "alice@example.org",
    "role_uuid": MANAGER,
    "role_name": "CUSTOMER.MANAGER",
    "expiration_time": "2031-01-01T00:00:00Z",
}
SERVICE_PROVIDER = {
    "uuid": PROVIDER,
    "customer": f"https://waldur.example.org/api/customers/{CUSTOMER}/",
    "customer_uuid": CUSTOMER,
    "customer_name": "ACME",
    "customer_abbreviation": "A",
    "customer_slug": "acme",
    "description": "old",
    "enable_notifications": True,
    "image": "https://waldur.example.org/logo.png",
    "allowed_domains": ["example.org"],
    "account_options": {"account_scope": "offering"},
}
CUSTOMER_ROW = {"uuid": CUSTOMER, "url": SERVICE_PROVIDER["customer"], "name": "ACME", "slug": "acme"}
USERS = [
    {"uuid": user.uuid, "username": user.username, "email": user.email, "full_name": "X", "is_active": True}
    for user in (ALICE, BOB)
]
CONFLICT = {
    "user_uuid": ALICE.uuid,
    "user_username": "alice",
    "candidates": [
        {"username": name, "offering_count": 1, "offering_uuids": [VM], "has_active_resources": True}
        for name in ("a1", "alice")
    ],
}
_EFFECTIVE = {"before": {"value": "offering", "source": "default"}, "after": {"value": "x", "source": "offering"}}
PREVIEWED_OFFERING = {
    "uuid": VM,
    "name": "VM",
    "settings": {"account_scope": _EFFECTIVE},
    "renames": [{"username": "a", "new_username": "b", "home_directory": "/home/a", "new_home_directory": "/home/b"}],
}
TABLES: dict[str, list[dict[str, Any]]] = {
    "service_providers": [SERVICE_PROVIDER],
    "all_customers": [CUSTOMER_ROW],
    "customers": [CUSTOMER_ROW],
    "roles": [{"uuid": MANAGER, "name": "CUSTOMER.MANAGER", "content_type": "service_provider", "is_active": True}],
    "list_users": [GRANT, {**GRANT, "uuid": "a1" * 16, "user_uuid": BOB.uuid, "user_username": "bob"}],
    "project_permissions": [
        {"user_uuid": ALICE.uuid, "user_username": "alice", "user_email": "a@x.org", "project_uuid": PROJECT}
    ],
    "provider_resources": [
        {
            "uuid": "3a" * 16,
            "offering_uuid": VM,
            "offering_name": "VM",
            "offering_shared": True,
            "project_uuid": PROJECT,
            "state": "OK",
            "provider_uuid": CUSTOMER,
        }
    ],
    "offering_users": [
        {"uuid": "4a" * 16, "offering_uuid": VM, "offering_name": "VM", "user_uuid": ALICE.uuid, "username": "a1"}
        | {"user_username": "alice", "customer_uuid": CUSTOMER, "state": "OK"}
        | {"service_provider_account_uuid": None, "service_provider_account_username": None}
    ],
    "provider_offerings": [
        {"uuid": VM, "name": "VM", "state": "Active", "customer_uuid": CUSTOMER, "parent_uuid": None}
        | {"plugin_options": {"service_provider_can_create_offering_user": True}, "secret_options": {}}
    ],
    "all_users": USERS,
    "users": USERS,
    "projects": [{"uuid": PROJECT, "name": "P", "created": "2026-01-01T00:00:00Z"}],
    "offerings": [{"uuid": VM, "name": "VM", "created": "2026-01-01T00:00:00Z"}],
    "keys": [{"uuid": "5b" * 16, "name": "K", "user_uuid": ALICE.uuid, "created": "2026-01-01T00:00:00Z"}],
    "provider_accounts": [
        {"uuid": "6a" * 16, "service_provider_uuid": PROVIDER, "user_uuid": BOB.uuid, "user_username": "bob"}
        | {"username": "b1", "home_directory": "/home/b1"}
    ],
    "username_conflicts": [CONFLICT],
    "revenue": [{"year": 2026, "month": 1, "total": 3}],
    "compliance_overview": [{"offering_uuid": VM, "offering_name": "VM"}],
}
OBJECTS: dict[str, dict[str, Any]] = {
    "me": staff(),
    "user": USERS[0],
    "customer": CUSTOMER_ROW,
    "service_provider": SERVICE_PROVIDER,
    "account_options_preview": {
        "warnings": ["No range."],
        "offerings": [PREVIEWED_OFFERING],
        "username_conflicts": 1,
    },
    "adopt_provider_accounts": {"adopted": 1, "backed": 1},
    "stat": {"active_campaigns": 1},
    "partial_update": {**SERVICE_PROVIDER, "description": "new", "allowed_domains": ["x.org"]}
    | {"account_options": {"account_scope": "provider"}},
    "add_user": {"expiration_time": None},
    "update_user": {"expiration_time": "2032-01-01T00:00:00Z"},
    "api_secret_code": {"code": "secret"},
}


class OddClient(AskedClient):
    """Answers from copies of the tables; like the real one it keeps and limits rows, and hides nothing."""

    redactor = Redactor()

    def rows(self, name: str, uuid: str | None = None, /, **query: Any) -> list[dict[str, Any]]:
        """The rows that the caller keeps."""
        keep, limit = query.pop("keep", None), query.pop("limit", None)
        found = super().rows(name, uuid, **query)
        return [row for row in found if keep is None or keep(row)][:limit]

    @property
    def writes_sent(self) -> int:
        """How many writes were asked for."""
        return sum(name in OPERATIONS and OPERATIONS[name].writes for name, _uuid, _query in self.asked)

    def session(self, missing_users: str = "warn") -> Session:
        """A session that goes on where a user is unknown."""
        return super().session(missing_users)


Use = Callable[[Session], Any]
_GRANTS = [
    {"user": "alice", "expiration_time": "2032-01-01"},
    {"user": "carol@example.org"},
    {"user": BOB.uuid, "state": "absent"},
]


def _plan(**keys: Any) -> Use:
    def use(session: Session) -> Any:
        document = SCHEMA.read([{"customer": "ACME", **keys}], no_image)
        planned = plan_changes(session, RESOURCES, document, Limits(max_removals=9))
        kinds = {task.kind.name for task in planned.tasks}
        predicted = [planned.results(kind, done=False) for kind in kinds]
        apply(session, planned)
        return [[change.as_dict() for change in planned.changes], predicted]

    return use


def _facts(session: Session) -> Any:
    given = {"service_provider": "ACME", "gather_subset": list(SUBSETS)}
    return FACTS["service_provider_facts"].answer(session, given)


def _info(name: str, **given: Any) -> Use:
    defaults = {option: one.get("default") for option, one in INFOS[name].options.items()}
    needed = {"parts": ["profile", "users", "offering_usernames"], "service_provider": "ACME"}
    return lambda session: INFOS[name].answer(session, {**defaults, **needed, **given})


def _inventory(hosts: str) -> Use:
    def use(session: Session) -> Any:
        rows = session.client.rows(KINDS[hosts].operation)
        included = {"keys": session.client.rows("keys")}
        hosts_found = merge_objects([ProviderRows(session.references.provider_list.rows()[0], rows, included)])
        return [[make_host_name(KINDS[hosts], thing), collect_fields(KINDS[hosts], thing)] for thing in hosts_found]

    return use


def _begun(use: Use) -> Use:
    def begin(session: Session) -> Any:
        session.references.start_run()
        return use(session)

    return begin


# Modules whose answer is no row: a secret and a text, which have tests of their own.
_NO_ROWS = ("api_secret_code_info", "site_agent_config_info")
USES: dict[str, Use] = {
    "profile": _plan(
        description="new",
        allowed_domains=["x.org"],
        account_options={"account_scope": "provider"},
        username_resolutions=[{"user": "alice", "username": "a1"}],
    ),
    "deletion": _plan(state="absent"),
    "grants": _plan(users=_GRANTS),
    "exclusive grants": _plan(users=_GRANTS[:1], exclusive_users=True),
    "usernames": _plan(offering_usernames=[{"user": "alice", "username": "a1"}, {"user": "bob", "username": "b"}]),
    "new usernames": _plan(offering_usernames=[{"user": "alice", "username": "n1"}]),
    "customer by UUID": lambda session: session.references.resolve_target("customer", "customer", "ee" * 16),
    "customer by name": lambda session: session.references.resolve_target("customer", "customer", "A").name,
    "user by UUID": lambda session: session.references.users.resolve([ALICE.uuid]),
    "users by name": lambda session: session.references.users.resolve(["alice", "alice@example.org"]),
    "many users": lambda session: session.references.users.resolve(["alice", "x@example.org", "b", "c", "d"]),
    "export": _begun(export),
    "facts": _begun(_facts),
    "a project by name": _begun(_info("ssh_key_info")),
    "an offering by name": _begun(_info("compliance_info", offering="VM")),
    "a customer by name": _begun(_info("project_info", project_customer="acme")),
    **{f"inventory of {hosts}": _inventory(hosts) for hosts in KINDS},
    **{name: _begun(_info(name)) for name in INFOS if name not in _NO_ROWS},
}


def outcome(client: AskedClient, use: Use) -> None:
    """Run *use*; what it returns must be data, and what it raises one sentence."""
    with contextlib.suppress(WaldurError):
        json.dumps(use(client.session()), default=str)


def spoiled(use: Use) -> Iterator[tuple[str, str, OddClient]]:
    """Clients in which one key of what *use* reads is odd, for every such key."""
    probe = OddClient(copy.deepcopy(TABLES), dict(copy.deepcopy(OBJECTS)))
    outcome(probe, use)
    asked = {name for name, _uuid, _query in probe.asked}
    for name in sorted(asked & {*TABLES, *OBJECTS}):
        for key in TABLES[name][0] if name in TABLES else OBJECTS[name]:
            for kind, value in ODD.items():
                client = OddClient(copy.deepcopy(TABLES), dict(copy.deepcopy(OBJECTS)))
                found: Any = client.tables[name][0] if name in TABLES else client.objects[name]
                found.pop(key)
                if value is not MISSING:
                    found[key] = value
                yield f"{name}.{key}", kind, client


@pytest.mark.parametrize("use", USES)
def test_a_row_of_another_shape_never_ends_in_a_traceback(use: str) -> None:
    for _key, _kind, client in spoiled(USES[use]):
        outcome(client, USES[use])


@pytest.mark.parametrize("use", ["profile", "usernames", "export", "facts", "many users"])
def test_the_tables_of_these_tests_are_read_without_an_error(use: str) -> None:
    USES[use](OddClient(copy.deepcopy(TABLES), dict(copy.deepcopy(OBJECTS))).session())


# --- filters and orders ----------------------------------------------------------------------------------------------


def _sample(parameter: Parameter) -> Any:
    texts = {"timestamp": "2027-01-01", "date": "2027-01-01", "bool": True, "int": 3, "json": "{}"}
    return parameter.choices[0] if parameter.choices else texts.get(parameter.type, "ab" * 16)


LISTS = sorted(name for name, one in OPERATIONS.items() if one.is_list)


@pytest.mark.parametrize("name", LISTS)
def test_filters_and_orders_bear_rows_of_another_shape(name: str) -> None:
    listing: Operation = OPERATIONS[name]
    needed = {key: _sample(one) for key, one in options(listing).items() if one.required}
    for option, parameter in options(listing).items():
        for value in ODD.values():
            row: dict[str, Any] = {
                "uuid": "ab" * 16,
                **({} if value is MISSING else dict.fromkeys(parameter.row_keys, value)),
            }
            given = {**needed, option: _sample(parameter)}
            client = OddClient({**copy.deepcopy(TABLES), name: [row]}, dict(OBJECTS))
            outcome(client, lambda session, given=given: read(session, name, target(), given))  # type: ignore[misc]
    rows = [{"uuid": "ab" * 16, **dict.fromkeys(orders(listing).values(), value)} for value in ODD.values()]
    rows = [{key: value for key, value in row.items() if value is not MISSING} for row in rows]
    for order in orders(listing):
        client = OddClient({**copy.deepcopy(TABLES), name: rows}, dict(OBJECTS))
        outcome(client, lambda session, order=order: read(session, name, target(), {**needed, "order_by": [order]}))  # type: ignore[misc]


def test_rows_whose_uuid_is_a_list_are_distinguished() -> None:
    rows: list[dict[str, Any]] = [{"uuid": [1]}, {"uuid": [2]}, {"uuid": [1]}, {"uuid": 7}]
    assert len(all_rows(lambda page, size: Page(rows, None), OPERATIONS["users"])) == 3


# --- the sentence ----------------------------------------------------------------------------------------------------


def test_an_expiry_that_is_no_timestamp_names_the_operation_the_field_and_the_value() -> None:
    with pytest.raises(WaldurError) as refused:
        check_rows("list_users", [{**GRANT, "expiration_time": "soon"}], expiration_time=FieldType.TIMESTAMP.optional)
    assert refused.value.message == (
        message(
            "row_value_invalid",
            request="list the role grants",
            field="expiration_time",
            value=f"'soon', row {GRANT['uuid']}",
            form="a timestamp such as 2027-06-30T12:00:00Z",
            remedy="check that api_url names a supported Waldur, and report this to its operator.",
        )
    )


def test_a_plan_with_an_expiry_that_is_no_timestamp_is_refused_before_any_write() -> None:
    client = OddClient({**copy.deepcopy(TABLES), "list_users": [{**GRANT, "expiration_time": "soon"}]}, dict(OBJECTS))
    with pytest.raises(
        WaldurError,
        match=prefix("row_value_invalid", request="list the role grants", field=matching(r"expiration_time.*")),
    ):
        USES["grants"](client.session())
    assert not [name for name, _uuid, _query in client.asked if OPERATIONS[name.removeprefix("count of ")].writes]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (FieldType.UUID, MISSING, "missing"),
        (FieldType.UUID, None, "null"),
        (FieldType.TEXT, 5, "'5'"),
        (FieldType.TEXTS, ["a", 5], "'['a', 5]'"),
        (FieldType.MAPPING, [], "'[]'"),
        (FieldType.TIMESTAMP, "2026-13-01", "'2026-13-01'"),
        (FieldType.TIMESTAMP.optional, 0, "'0'"),
        (FieldType.URL.optional, "http://[", "'http://['"),
        (FieldType.TEXT.optional, ["x\n" * 99], "x\\nx"),
    ],
)
def test_a_value_that_is_not_valid_is_quoted_on_one_line(kind: FieldType, value: Any, shown: str) -> None:
    row = {} if value is MISSING else {"key": value}
    with pytest.raises(WaldurError) as refused:
        check_rows("users", [row], key=kind)
    assert shown in refused.value.message
    assert "\n" not in refused.value.message


def test_an_odd_response_to_a_write_leaves_the_outcome_open_until_it_is_read_again() -> None:
    with pytest.raises(
        OutcomeUnknown,
        match=prefix("response_value_invalid", request="grant the role", field=matching(r"expiration_time.*")),
    ):
        check_rows("add_user", [{"expiration_time": "soon"}], expiration_time=FieldType.TIMESTAMP.optional)


@pytest.mark.parametrize("value", [None, MISSING, "", "2027-06-30T12:00:00Z", "2027-06-30"])
def test_what_may_be_empty_may_be_null_missing_or_empty(value: Any) -> None:
    row = {} if value is MISSING else {"key": value}
    assert check_rows("users", [row], key=FieldType.TIMESTAMP.optional) == [row]
