# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar in which query parameters are written."""

from __future__ import annotations

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter, parameters


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("name", Parameter("name")),
        ("shared:bool", Parameter("shared", "bool")),
        ("tag*", Parameter("tag", style="repeat")),
        ("uuid_list:offering,", Parameter("uuid_list", "offering", "comma")),
        ("state*=OK|Pending~linking", Parameter("state", style="repeat", choices=("OK", "Pending linking"))),
        (
            "state*=A|B~c:2026",
            Parameter("state", style="repeat", choices=("A", "B c"), newer_choices=(("B c", 2026),)),
        ),
        ("user_uuid:user!", Parameter("user_uuid", "user", required=True)),
        ("name@has", Parameter("name", way="has", keys=("name",))),
        ("query@any.name|slug", Parameter("query", way="any", keys=("name", "slug"))),
        ("to:moment@until.created^2026", Parameter("to", "moment", way="until", keys=("created",), since=2026)),
        ("query^2025", Parameter("query", since=2025)),
        ("gone:bool@is?false", Parameter("gone", "bool", way="is", keys=("gone",), absent=False)),
        ("a:bool@is.b?true^2026", Parameter("a", "bool", way="is", keys=("b",), since=2026, absent=True)),
        ("o,=name|email>mail", Parameter("o", style="comma", choices=("name", "email"), keys=("name", "mail"))),
        (
            "state*=A|B!@is.kind^2026",
            Parameter("state", style="repeat", choices=("A", "B"), required=True, way="is", keys=("kind",), since=2026),
        ),
    ],
)
def test_a_word_says_all_of_a_parameter(word: str, expected: Parameter) -> None:
    assert parameters(word) == (expected,)


def test_words_are_separated_by_any_spaces_and_keep_their_order() -> None:
    assert [one.name for one in parameters("  b\n  a   c ")] == ["b", "a", "c"]
    assert parameters("") == ()


@pytest.mark.parametrize(
    "word",
    [
        "na-me",
        ":bool",
        "name:",
        "name^26",
        "name@",
        "name@is.",
        "name**",
        "name=",
        "name^20261",
        "name?true",
        "a@is?no",
    ],
)
def test_what_is_no_word_is_a_defect_of_ours_that_is_named(word: str) -> None:
    with pytest.raises(ValueError, match=r"^not a parameter: "):
        parameters(word)


@pytest.mark.parametrize(("value", "first"), [("A", 2025), (["A"], 2025), ("B", 2026), (["A", "B"], 2026), ([], 2025)])
def test_a_choice_that_older_servers_refuse_makes_the_parameter_newer(value: object, first: int) -> None:
    assert parameters("state*=A|B:2026^2025")[0].first_waldur(value) == first


@pytest.mark.parametrize(
    ("word", "option"),
    [
        ("user_uuid:user", "user"),
        ("user_url:url", "user"),
        ("customer:url", "customer"),
        ("category_uuid:uuid", "category"),
        ("uuid:uuid", "uuid"),
        ("uuid_list:offering,", "uuid_list"),
        ("user_uuid_with_active_role:user", "user_uuid_with_active_role"),
        ("scope_uuid", "scope_uuid"),
        ("o,", "order_by"),
        ("field*", "fields"),
        ("name", "name"),
    ],
)
def test_the_option_has_the_plain_name_of_what_is_referred_to(word: str, option: str) -> None:
    assert parameters(word)[0].option == option
