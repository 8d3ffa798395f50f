# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of an inventory: safe names, variables whose names mean nothing else, and groups."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import OPTIONS
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.hosts import (
    KINDS,
    HostObject,
    ProviderRows,
    VariableNames,
    collect_fields,
    list_default_groups,
    make_host_name,
    make_unique_names,
    merge_objects,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._safe_names import make_safe_name

ALPHA = {"uuid": "a" * 32, "customer_uuid": "ca", "customer_name": "Alpha Ltd", "customer_slug": "alpha"}
BETA = {"uuid": "b" * 32, "customer_uuid": "cb", "customer_name": "Beta Ltd", "customer_slug": "beta"}
USER = {"uuid": "12345678" + "0" * 24, "username": "bob@example.org", "full_name": "Bob"}


def host_of(row: dict[str, Any], *providers: dict[str, Any]) -> HostObject:
    return HostObject(row, list(providers or (ALPHA,)))


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_a_list_that_waldur_has(name: str) -> None:
    assert OPERATIONS[KINDS[name].operation].is_list


@pytest.mark.parametrize(
    ("kind", "row", "name"),
    [
        ("projects", {"slug": "project-2", "name": "P", "uuid": "1" * 32}, "project-2"),
        ("projects", {"slug": "", "name": "My Project", "uuid": "1" * 32}, "My-Project-11111111"),
        ("offerings", {"name": "A/B: c*d [e]", "uuid": "2" * 32}, "A-B-c-d-e-22222222"),
        ("service_providers", {"customer_slug": "acme", "uuid": "3" * 32}, "acme"),
        ("service_providers", {"customer_name": "Ácme & Søns", "uuid": "3" * 32}, "Acme-Sns-33333333"),
        ("users", USER, "bob@example.org-12345678"),
        ("users", {"uuid": "4" * 32, "username": "☃", "full_name": "Ann"}, "Ann-44444444"),
        ("users", {"uuid": "4" * 32, "username": "☃"}, "user-44444444"),
        ("course_accounts", {"uuid": "5" * 32, "username": None, "email": "c@x.org"}, "c@x.org-55555555"),
        ("project_service_accounts", {"uuid": "6" * 32, "username": "", "preferred_identifier": "svc"}, "svc-66666666"),
        ("provider_accounts", {"uuid": "8" * 32, "username": "m1_alpha"}, "m1_alpha-88888888"),
        ("provider_accounts", {"uuid": "8" * 32, "username": None}, "provider-account-88888888"),
        ("customers", {"uuid": "77777777-7777-7777-7777-777777777777", "name": "x" * 200}, "x" * 80 + "-77777777"),
    ],
)
def test_a_host_is_named_by_its_slug_or_by_its_name_and_a_part_of_its_uuid(
    kind: str, row: dict[str, Any], name: str
) -> None:
    assert make_host_name(KINDS[kind], host_of(row)) == name


@given(st.text() | st.none() | st.integers() | st.booleans() | st.lists(st.text()))
def test_a_name_means_itself_in_every_pattern(value: Any) -> None:
    name = make_safe_name(value)
    assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9_.@-]*[A-Za-z0-9])?)?", name)
    assert len(name) <= 80


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a-11111111", "all"]), st.sampled_from("123")), unique=True))
def test_names_are_unique_and_do_not_depend_on_the_order_of_rows(pairs: list[tuple[str, str]]) -> None:
    wanted = [(name, f"{number * 8}{index:024}") for index, (name, number) in enumerate(pairs)]
    names, _shared = make_unique_names(wanted)
    assert len(set(names)) == len(names)
    assert "all" not in names
    backwards, _shared = make_unique_names(wanted[::-1])
    assert backwards[::-1] == names


def test_a_name_of_several_objects_is_returned_once() -> None:
    names, shared = make_unique_names([("a", "1" * 32), ("b", "2" * 32), ("a", "3" * 32)])
    assert names == ["a-11111111", "b", "a-33333333"]
    assert shared == ["a"]


class Compared(dict[str, Any]):
    """A row that counts how often it is compared with another."""

    times = 0

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        assert Compared.times < 100_000, "every row is compared with every other"
        return super().__eq__(other)

    __hash__ = None


def test_the_lists_of_include_cost_no_more_for_each_row_the_more_rows_there_are() -> None:
    Compared.times = 0
    keys: list[dict[str, Any]] = [Compared(uuid=f"k{number}", user_uuid=USER["uuid"]) for number in range(8000)]
    results = [ProviderRows(ALPHA, [USER], {"keys": keys[:5000]})]
    results += [ProviderRows({"uuid": str(number)}, [USER], {"keys": keys[3000:]}) for number in range(3)]
    (host,) = merge_objects(results)
    assert host.included == {"keys": keys}
    assert Compared.times <= 2 * len(keys), "the comparison in this test takes one for each row"


def test_rows_without_a_user_are_in_no_list() -> None:
    rows = [USER, {"username": "x"}]
    objects = merge_objects([ProviderRows(ALPHA, rows, {"keys": [{"uuid": "k", "user_uuid": None}]})])
    assert [host.included for host in objects] == [
        {"keys": []},
        {"keys": []},
    ]


def test_an_object_of_two_providers_is_one_host_with_the_row_of_the_first_and_the_lists_of_both() -> None:
    first, second = {"uuid": "k1", "user_uuid": USER["uuid"]}, {"uuid": "k2", "user_uuid": USER["uuid"]}
    unowned = {"uuid": "k3", "user_uuid": None}
    objects = merge_objects(
        [
            ProviderRows(ALPHA, [USER], {"keys": [first]}),
            ProviderRows(BETA, [{**USER, "full_name": "Robert"}], {"keys": [first, second, unowned]}),
        ]
    )
    assert [host.row for host in objects] == [USER]
    fields = collect_fields(KINDS["users"], objects[0])
    assert fields["service_providers"] == ["a" * 32, "b" * 32]
    assert fields["service_provider_name"] == "Alpha Ltd"
    assert fields["keys"] == [first, second]
    assert list_default_groups("users", objects[0]) == ["waldur_users", "waldur_provider_alpha", "waldur_provider_beta"]


def test_a_user_without_keys_has_an_empty_list_of_them() -> None:
    objects = merge_objects([ProviderRows(ALPHA, [USER], {"keys": []})])
    assert collect_fields(KINDS["users"], objects[0])["keys"] == []


def test_an_offering_belongs_to_its_providers_customer() -> None:
    fields = collect_fields(KINDS["offerings"], host_of({"uuid": "1", "customer_uuid": None}))
    assert {key: fields[key] for key in fields if key.startswith("customer_")} == {
        "customer_uuid": "ca",
        "customer_name": "Alpha Ltd",
        "customer_slug": "alpha",
        "customer_abbreviation": None,
    }


def test_an_unknown_customer_is_null_and_never_the_providers() -> None:
    fields = collect_fields(
        KINDS["projects"], host_of({"uuid": "1", "customer_uuid": "x" * 32, "customer_name": "Consumer"})
    )
    assert (fields["customer_name"], fields["customer_slug"]) == ("Consumer", None)
    assert "customer_name" not in collect_fields(KINDS["users"], host_of(USER))


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        ("projects", {"customer_slug": "c", "customer_name": "C"}, ["waldur_customer_c"]),
        ("course_accounts", {"customer_name": "C D", "state": "OK"}, ["waldur_state_OK", "waldur_customer_C D"]),
        ("offerings", {"state": "Active", "type": "T", "customer_slug": "a"}, ["waldur_state_Active", "waldur_type_T"]),
        ("customers", {"state": ""}, []),
    ],
)
def test_default_groups_are_those_that_apply(kind: str, row: dict[str, Any], expected: list[str]) -> None:
    assert list_default_groups(kind, host_of(row)) == [f"waldur_{kind}", "waldur_provider_alpha", *expected]


def test_a_service_provider_is_in_the_group_of_its_own() -> None:
    assert list_default_groups("service_providers", host_of(ALPHA)) == [
        "waldur_service_providers",
        "waldur_provider_alpha",
    ]


def test_variables_have_the_prefix() -> None:
    renamed = VariableNames("w_").rename_fields({"name": 1, "two words": 2, "ö": 3})
    assert renamed == {"w_name": 1, "w_two_words": 2, "w__": 3}


@pytest.mark.parametrize("name", [*OPTIONS, "profile", "service_provider"])
def test_a_row_never_sets_a_variable_in_which_modules_look_for_their_connection(name: str) -> None:
    assert VariableNames("waldur_").make_name(name) == f"waldur_field_{name}"
    assert VariableNames("").make_name(f"waldur_{name}") == f"waldur_waldur_{name}"


@pytest.mark.parametrize("name", ["name", "ansible_connection", "hostvars", "inventory_hostname", "class", "1st", ""])
def test_without_a_prefix_no_reserved_name_is_used(name: str) -> None:
    assert VariableNames("", ["name"]).make_name(name) == f"waldur_{name}"


@pytest.mark.parametrize("prefix", ["ansible_", "1", "a-b", "{{ x }}", "a b"])
def test_a_prefix_that_can_not_begin_a_name_is_rejected(prefix: str) -> None:
    with pytest.raises(InvalidInput, match=r"^hostvars_prefix: "):
        VariableNames(prefix)
