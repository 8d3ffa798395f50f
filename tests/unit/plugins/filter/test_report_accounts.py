# SPDX-License-Identifier: GPL-3.0-or-later
"""The section of a report about accounts, made of the fact accounts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ..helpers.report_pages import HOSTILE, NOW, Page, data, page, report_html

SETTINGS = ("username_conflicts", "overriding_offerings", "posix_id_pool")


def facts(name: str = "Alpha", /, **changed: Any) -> dict[str, Any]:
    """The fact accounts with something in each part, all of whose texts are *name*."""
    person = {"user_uuid": name, "user_full_name": name, "user_username": f"{name}1", "user_email": name}
    account = {**person, "username": name, "offering_name": name, "modified": "2026-11-01T08:00:00Z"}
    comment = {"service_provider_comment": name, "service_provider_comment_url": name}
    return {
        "total": 1240,
        "by_state": {"OK": 1237, "Error creating": 1},
        "unfinished": [
            {**account, **comment, "state": "Error creating"},
            {**account, "state": "OK", "runtime_state": "Pending account linking"},
        ],
        "without_username": [{**person, "offerings": [name, "Storage"]}],
        "username_conflicts": [
            {
                **person,
                "candidates": [
                    {"username": name, "offering_count": 3},
                    {"username": "m1_storage", "offering_count": 1},
                ],
            }
        ],
        "overriding_offerings": [{"uuid": "c" * 32, "name": name, "settings": {name: name, "login_shell": "/bin/sh"}}],
        "posix_id_pool": {"uid": make_range(120), "gid": make_range(870), "group_gid": None},
        **changed,
    }


def make_range(used: int, capacity: int = 1000) -> dict[str, Any]:
    return {"min": 1000, "max": 999 + capacity, "next": 1000, "used": used, "capacity": capacity}


def report(name: str = "Alpha", /, **changed: Any) -> Page:
    """The page of a provider with this fact; it has no list of accounts."""
    given = data()
    del given["offering_usernames"]
    return page({**given, "accounts": facts(name, **changed)})


def bars(found: Page) -> list[tuple[str | None, str | None]]:
    """The class and the length of each bar of a range."""
    return [
        (attributes["class"], attributes["width"])
        for tag, attributes in found.elements
        if tag == "rect" and attributes.get("class") in ("completed", "begun", "spent") and attributes.get("x") == "0"
    ]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_of_accounts_becomes_an_element_or_an_attribute(hostile: str) -> None:
    usual, found = report(), report(hostile)
    assert found.shape == usual.shape
    if hostile.isprintable():
        assert found.text.count(hostile) > 10


def test_each_kind_of_problem_is_counted_listed_and_an_open_item() -> None:
    text = report().text
    for shown in (
        "Accounts 1,240 Failed 1 Pending 1 Users without a username 1 Username conflicts 1",
        "1 account has failed",
        "1 account is pending",
        "1 username conflict",
        "1 user has no username",
        "Alpha (3 offerings), m1_storage (1 offering)",
        "Alpha, Storage",
        "login_shell: /bin/sh",
    ):
        assert shown in text


def test_a_range_is_marked_from_the_threshold_on_and_when_none_is_left() -> None:
    pool = {"uid": make_range(799), "gid": make_range(800), "group_gid": make_range(1000)}
    found = report(posix_id_pool={**pool, "utilization_threshold": 80})
    assert bars(found)[-3:] == [("completed", "79.9"), ("begun", "80.0"), ("spent", "100.0")]
    assert "80 % of the GIDs are used 100 % of the GIDs of project groups are used" in found.text
    assert "of the UIDs are used" not in found.text
    assert "A range is marked from 80 % on." in found.text
    assert "of the UIDs are used" in report(posix_id_pool={**pool, "utilization_threshold": 75.5}).text


def test_a_range_is_only_full_where_no_number_is_left() -> None:
    found = report(posix_id_pool={"uid": make_range(99_999, 100_000)})
    assert "99,999 of 100,000 used 99.9 %" in found.text
    assert bars(found)[-1][0] == "begun"
    assert bars(report(posix_id_pool={"uid": make_range(12, 10)}))[-1] == ("spent", "100.0")


def test_a_provider_without_problems_has_a_sentence_and_no_open_items() -> None:
    lists = ("unfinished", "without_username", "username_conflicts", "overriding_offerings")
    calm: dict[str, Any] = {name: [] for name in lists}
    text = report(**calm, posix_id_pool=None).text
    assert "No account needs attention." in text
    for absent in ("username conflict", "has no username", "POSIX IDs", "settings of their own"):
        assert absent not in text
    assert "There are no accounts." in report(**calm, total=0, posix_id_pool=None).text


def test_facts_of_an_old_waldur_show_what_there_is() -> None:
    text = report(by_state={}, unfinished=None, **dict.fromkeys(SETTINGS)).text
    assert "Accounts 1,240 Users without a username 1 " in text
    assert "This Waldur does not return the state of accounts." in text
    assert "1 user has no username" in text
    assert "Username conflicts" not in text


def test_the_fact_replaces_the_list_of_accounts() -> None:
    text = page({**data(), "accounts": facts()}).text
    assert "Accounts 1,240" in text
    assert "1 account has failed" in text
    unread = page({**data(), "accounts": None}).text
    assert "Accounts that need attention" in unread
    assert "1,240" not in unread


def test_a_fact_that_could_not_be_read_is_a_sentence() -> None:
    given = data()
    del given["offering_usernames"]
    assert page({**given, "accounts": None}).text.count("This could not be read") == 1
    assert page(given).text.count("The report was created without these data.") == 1


def test_many_users_are_folded() -> None:
    row = facts()["without_username"][0]
    assert "70 more users" in report(without_username=[row] * 100).text


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"total": "many"}, "accounts.total: many is not a number"),
        ({"unfinished": 7}, "accounts.unfinished: must be a list of mappings"),
        ({"without_username": ["x"]}, r"accounts.without_username\[0\]: must be a mapping"),
        ({"username_conflicts": [{"candidates": [1]}]}, r"accounts.username_conflicts\[0\].candidates\[0\]: must be"),
        (
            {"overriding_offerings": [{"settings": "x"}]},
            r"accounts.overriding_offerings\[0\].settings: must be a mapping",
        ),
        ({"posix_id_pool": {"uid": {"used": -1}}}, "accounts.posix_id_pool.uid.used: must be a whole number"),
        ({"posix_id_pool": {"uid": 5}}, "accounts.posix_id_pool.uid: must be a mapping"),
        ({"posix_id_pool": {"utilization_threshold": "x"}}, "accounts.posix_id_pool.utilization_threshold: x is not"),
    ],
)
def test_other_data_is_refused_in_one_sentence(changed: dict[str, Any], expected: str) -> None:
    given = {**data(), "accounts": facts(**changed)}
    with pytest.raises(AnsibleFilterError, match=expected) as refused:
        report_html(given, NOW)
    assert str(refused.value).endswith(".")
