# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory makes of rows: names that mean themselves, variables that mean nothing else, and groups."""

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
    Found,
    Thing,
    Variables,
    fields,
    groups,
    host_name,
    safe_name,
    things,
    unique_names,
)

ALPHA = {"uuid": "a" * 32, "customer_uuid": "ca", "customer_name": "Alpha Ltd", "customer_slug": "alpha"}
BETA = {"uuid": "b" * 32, "customer_uuid": "cb", "customer_name": "Beta Ltd", "customer_slug": "beta"}
USER = {"uuid": "12345678" + "0" * 24, "username": "bob@example.org", "full_name": "Bob"}


def of(row: dict[str, Any], *providers: dict[str, Any]) -> Thing:
    return Thing(row, list(providers or (ALPHA,)))


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
        ("customers", {"uuid": "77777777-7777-7777-7777-777777777777", "name": "x" * 200}, "x" * 80 + "-77777777"),
    ],
)
def test_a_host_is_called_by_its_slug_or_by_its_name_and_a_part_of_its_uuid(
    kind: str, row: dict[str, Any], name: str
) -> None:
    assert host_name(KINDS[kind], of(row)) == name


@given(st.text() | st.none() | st.integers() | st.booleans() | st.lists(st.text()))
def test_a_name_means_itself_in_every_pattern(value: Any) -> None:
    name = safe_name(value)
    assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9_.@-]*[A-Za-z0-9])?)?", name)
    assert len(name) <= 80


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a-11111111", "all"]), st.sampled_from("123")), unique=True))
def test_names_are_unique_and_do_not_hang_on_the_order_of_rows(pairs: list[tuple[str, str]]) -> None:
    wanted = [(name, f"{number * 8}{index:024}") for index, (name, number) in enumerate(pairs)]
    names, _shared = unique_names(wanted)
    assert len(set(names)) == len(names)
    assert "all" not in names
    backwards, _shared = unique_names(wanted[::-1])
    assert backwards[::-1] == names


def test_names_that_several_things_have_are_told_once_each() -> None:
    names, shared = unique_names([("a", "1" * 32), ("b", "2" * 32), ("a", "3" * 32)])
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
    founds = [Found(ALPHA, [USER], {"keys": keys[:5000]})]
    founds += [Found({"uuid": str(number)}, [USER], {"keys": keys[3000:]}) for number in range(3)]
    (found,) = things(founds)
    assert found.included == {"keys": keys}
    assert Compared.times <= 2 * len(keys), "the comparison in this test takes one for each row"


def test_rows_that_name_no_user_are_in_nobodys_lists() -> None:
    nobody = {"uuid": "k", "user_uuid": None}
    assert [thing.included for thing in things([Found(ALPHA, [USER, {"username": "x"}], {"keys": [nobody]})])] == [
        {"keys": []},
        {"keys": []},
    ]


def test_a_thing_of_two_providers_is_one_with_the_first_ones_row_and_the_lists_of_both() -> None:
    key, other = {"uuid": "k1", "user_uuid": USER["uuid"]}, {"uuid": "k2", "user_uuid": USER["uuid"]}
    found = things(
        [
            Found(ALPHA, [USER], {"keys": [key]}),
            Found(BETA, [{**USER, "full_name": "Robert"}], {"keys": [key, other, {"uuid": "k3", "user_uuid": None}]}),
        ]
    )
    assert [thing.row for thing in found] == [USER]
    told = fields(KINDS["users"], found[0])
    assert told["service_providers"] == ["a" * 32, "b" * 32]
    assert told["service_provider_name"] == "Alpha Ltd"
    assert told["keys"] == [key, other]
    assert groups("users", found[0]) == ["waldur_users", "waldur_provider_alpha", "waldur_provider_beta"]


def test_a_user_without_keys_has_an_empty_list_of_them() -> None:
    found = things([Found(ALPHA, [USER], {"keys": []})])
    assert fields(KINDS["users"], found[0])["keys"] == []


def test_an_offering_belongs_to_its_providers_customer() -> None:
    told = fields(KINDS["offerings"], of({"uuid": "1", "customer_uuid": None}))
    assert {key: told[key] for key in told if key.startswith("customer_")} == {
        "customer_uuid": "ca",
        "customer_name": "Alpha Ltd",
        "customer_slug": "alpha",
        "customer_abbreviation": None,
    }


def test_a_customer_that_is_not_told_is_null_and_never_the_providers() -> None:
    told = fields(KINDS["projects"], of({"uuid": "1", "customer_uuid": "x" * 32, "customer_name": "Consumer"}))
    assert (told["customer_name"], told["customer_slug"]) == ("Consumer", None)
    assert "customer_name" not in fields(KINDS["users"], of(USER))


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
    assert groups(kind, of(row)) == [f"waldur_{kind}", "waldur_provider_alpha", *expected]


def test_a_service_provider_is_in_the_group_of_its_own() -> None:
    assert groups("service_providers", of(ALPHA)) == ["waldur_service_providers", "waldur_provider_alpha"]


def test_variables_have_the_prefix() -> None:
    assert Variables("w_").named({"name": 1, "two words": 2, "ö": 3}) == {"w_name": 1, "w_two_words": 2, "w__": 3}


@pytest.mark.parametrize("name", [*OPTIONS, "profile", "service_provider"])
def test_a_row_never_sets_a_variable_in_which_modules_look_for_their_connection(name: str) -> None:
    assert Variables("waldur_").name(name) == f"waldur_field_{name}"
    assert Variables("").name(f"waldur_{name}") == f"waldur_waldur_{name}"


@pytest.mark.parametrize("name", ["name", "ansible_connection", "hostvars", "inventory_hostname", "class", "1st", ""])
def test_without_a_prefix_no_name_is_taken_that_means_something(name: str) -> None:
    assert Variables("", ["name"]).name(name) == f"waldur_{name}"


@pytest.mark.parametrize("prefix", ["ansible_", "1", "a-b", "{{ x }}", "a b"])
def test_a_prefix_that_can_not_begin_a_name_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidInput, match=r"^hostvars_prefix: "):
        Variables(prefix)
