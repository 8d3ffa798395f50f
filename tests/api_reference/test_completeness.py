# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parameter in the API reference is an option of a module, and every option is in the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import CORE_NAMES, OPERATIONS, operation
from ansible_collections.waldur.provider.plugins.module_utils._query.filters import options
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from ansible_collections.waldur.provider.plugins.module_utils._query.linux_accounts import LINUX_ACCOUNTS_OPTIONS

from .documented_operations import KEYS, READERS, DocumentedOperation, content, entries, problems
from .write_tasks import WRITERS

# Keys that filters by timestamps would use, but that the rows do not contain.
KEYS_NOT_IN_ROWS = {name: {"created", "modified"} for name in ("keys_list", "offerings_list")} | {
    "projects_list": {"modified"}
}


def test_every_operation_and_every_parameter_of_the_reference_is_reached_by_a_module() -> None:
    assert problems(content(), WRITERS) == []


def test_the_reference_has_thirty_operations_and_each_is_one_of_ours_and_has_one_way_to_it() -> None:
    own = {entry.name: entry.operation for entry in entries() if entry.name in content()["operations"]}
    assert sorted(one.name for one in own.values() if one) == sorted(CORE_NAMES)
    assert len(own) == 30
    assert own.keys() <= {*READERS, *WRITERS}
    assert not READERS.keys() & WRITERS.keys()


def test_every_module_that_reads_lists_reads_what_the_reference_has() -> None:
    composed = {"desired_state_info", "linux_accounts_info", "site_agent_config_info"}
    assert {*READERS.values()} == INFOS.keys() - composed == KEYS.keys()
    documented = {entry.operation.name for entry in entries() if entry.operation}
    assert {name for info in INFOS.values() for name in info.operations} <= documented


def test_an_option_that_is_checked_again_is_checked_by_keys_that_rows_have() -> None:
    for entry in entries():
        if entry.operation is None or not entry.rows:
            continue
        for parameter in entry.operation.query:
            if parameter.match and not parameter.since:
                assert parameter.row_keys, parameter
                missing = {*parameter.row_keys} - {*entry.rows} - KEYS_NOT_IN_ROWS.get(entry.name, set())
                assert len(missing) < len(parameter.row_keys) or entry.name in _INCOMPLETE_ROWS, (entry.name, parameter)


# Their rows are described short: a customer's projects by seven keys (api-behaviour: customer-projects), which is
# checked on the wire.
_INCOMPLETE_ROWS = {"customer_projects_list"}


def test_what_rows_tell_under_the_name_of_the_parameter_is_checked_again() -> None:
    for entry in entries():
        for parameter in entry.operation.query if entry.operation else ():
            is_in_rows = parameter.name in entry.rows and parameter.type != "url"
            is_in_rows &= entry.operation is not None and parameter.name != entry.operation.provider_key
            assert parameter.match or not is_in_rows, (entry.name, parameter.name)


@pytest.mark.parametrize("name", sorted(INFOS))
def test_every_option_is_in_the_reference_or_in_our_own_list(name: str) -> None:
    common_options = {"service_provider", "fields", "order_by", "limit", "reveal", "service_providers", "parts"}
    common_options |= {"provider_account_info": {"provider_account"}, "posix_id_pool_info": {"statistics"}}.get(
        name, set()
    )
    if name == "linux_accounts_info":
        common_options |= set(LINUX_ACCOUNTS_OPTIONS)
    if name == "site_agent_config_info":  # the keys of the body of its request
        common_options |= {"offerings", "include_policy_settings", "waldur_api_url", "timezone"}
    request_options = {option for one in INFOS[name].operations for option in options(operation(one))}
    assert set(INFOS[name].options) <= common_options | request_options


# --- tests of the comparison: differences of the file are found ------------------------------------------------------

Damage = Callable[[dict[str, Any]], Any]
PROJECTS = "projects_list"


def query(table: dict[str, Any], name: str = PROJECTS) -> dict[str, Any]:
    found: dict[str, Any] = table["operations"][name]["query"]
    return found


DAMAGES: dict[str, tuple[Damage, str]] = {
    "another parameter": (lambda table: query(table).update(colour="text"), f"{PROJECTS}: colour is not known"),
    "another added parameter": (
        lambda table: table["operations"][PROJECTS].update(added_2026="affiliation_name colour"),
        f"{PROJECTS}: colour is not known",
    ),
    "a parameter less": (
        lambda table: query(table).pop("slug"),
        f"{PROJECTS}: slug is nothing that the reference knows",
    ),
    "another type": (lambda table: query(table).update(can_admin="text"), f"{PROJECTS}: can_admin is of another type"),
    "a type nobody knows": (lambda table: query(table).update(name="file"), f"{PROJECTS}: name is of another type"),
    "a list of one": (
        lambda table: query(table).update(name={"type": "text", "list": "repeat"}),
        f"{PROJECTS}: name is of another type",
    ),
    "a list sent otherwise": (
        lambda table: query(table, "course_accounts_list")["state"].update(list="comma"),
        "course_accounts_list: state is of another type",
    ),
    "another choice": (
        lambda table: query(table, "course_accounts_list")["state"].update(choices="OK Closed Erred Pending Lost"),
        "course_accounts_list: state has other choices",
    ),
    "another order": (
        lambda table: query(table)["o"].update(choices="name colour"),
        f"{PROJECTS}: o has other choices",
    ),
    "what is required": (
        lambda table: query(table).update(name={"type": "text", "required": True}),
        f"{PROJECTS}: name is required, or is not",
    ),
    "what is required no more": (
        lambda table: query(table, "user_customers_list").update(user_uuid="uuid"),
        "user_customers_list: user_uuid is required, or is not",
    ),
    "pages": (
        lambda table: table["operations"]["revenue_list"].update(paginated=True),
        "revenue_list: its pages are treated otherwise",
    ),
    "another operation": (
        lambda table: table["operations"].update(
            glauth={"call": "GET /api/marketplace-service-providers/{uuid}/glauth_users_config/"}
        ),
        "glauth: no operation of the collection is GET /api/marketplace-service-providers/{uuid}/glauth_users_config/",
    ),
    "an operation that no module drives": (
        lambda table: table["operations"].update(look={"call": "GET /api/roles/", "paginated": True}),
        "look: no module reads it",
    ),
    "another year": (
        lambda table: (
            query(table).pop("slug"),
            table["operations"][PROJECTS].update(added_2026="slug"),
        ),
        f"{PROJECTS}: slug is of another year",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_table_that_says_something_else_is_noticed(name: str) -> None:
    damage, sentence = DAMAGES[name]
    table = content()
    damage(table)
    assert sentence in problems(table, WRITERS)


def test_a_parameter_that_is_no_option_of_its_module_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {key: one for key, one in INFOS["user_info"].options.items() if key != "job_title"}
    info = INFOS["user_info"]
    monkeypatch.setitem(INFOS, "user_info", type(info)(info.operations, taken, info.answer))
    assert problems(content(), WRITERS) == ["users_list: job_title is no option"]


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: str(entry.name))
def test_what_the_reference_says_by_url_and_by_uuid_is_one_option_under_both_names(entry: DocumentedOperation) -> None:
    declared = entry.operation
    if declared is None or entry.name not in READERS:
        assert entry.name in WRITERS
        return
    urls = {one.option: one.name for one in declared.query if one.type == "url"}
    for option, name in urls.items():
        given = INFOS[READERS[entry.name]].options[option]
        beside = [one.name for one in declared.query if one.option == option and one.type != "url"]
        assert len(beside) == 1
        assert {name, *beside} <= {option, *given.get("aliases", [])}


def test_every_operation_is_in_the_reference_or_in_our_own_list() -> None:
    assert {one.name for entry in entries() if (one := entry.operation)} >= {*CORE_NAMES, "offering_users"}
    assert OPERATIONS.keys() >= {*CORE_NAMES}
