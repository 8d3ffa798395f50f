# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: their order, their limits, and how they are shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import begins, matching, mentions, message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change, Comparison, Rename, summary
from ansible_collections.waldur.provider.plugins.module_utils._plan.diff import diff, provider_labels
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import Limits, check_limits
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import ACTIONS, KINDS

from ...helpers.samples import planned_change

STAGES = [
    ("create", "update"),
    (),  # what is done to POSIX ID pools, see below
    ("create_group", "set_gid"),
    ("update_account_settings",),
    ("grant", "extend", "shorten", "make_permanent"),
    ("set_username",),
    ("rotate",),
    ("revoke",),
    ("delete",),
]
STAGE = {action: number for number, stage in enumerate(STAGES) for action in stage}


def change(
    action: str = "grant",
    provider: str = "ACME",
    kind: str = "",
    name: str = "alice",
    *,
    before: Any = None,
    after: Any = None,
    **more: Any,
) -> Change[None]:
    ids = {"customer": f"customer of {provider}", "user": None, "role": None}
    return planned_change(action, kind, provider, name, before=before, after=after, id=ids, **more)


CHANGES = st.builds(
    change,
    action=st.sampled_from(list(STAGE)),
    provider=st.sampled_from(["ACME", "Beta", "acme"]),
    kind=st.sampled_from(["service_provider", "user_role", "offering_username", "api_secret_code"]),
    name=st.sampled_from(["alice", "bob", "carol"]),
    is_implied=st.booleans(),
)


# --- order -----------------------------------------------------------------------------------------------------------


@given(st.lists(CHANGES, max_size=8))
def test_what_must_exist_comes_first_and_what_takes_away_comes_last(changes: list[Change[None]]) -> None:
    ordered = Comparison.of(Comparison((one,)) for one in changes).changes
    stages = [STAGE[one.action.name] for one in ordered]
    assert stages == sorted(stages)
    keys = [(STAGE[one.action.name], one.service_provider, one.kind.name, one.name) for one in ordered]
    assert keys == sorted(keys)
    assert sorted(map(id, ordered)) == sorted(map(id, changes))


@given(st.permutations([change(action, provider) for action in STAGE for provider in ("ACME", "Beta")]))
def test_the_order_does_not_depend_on_the_order_of_comparing(changes: list[Change[None]]) -> None:
    ordered = Comparison.of([Comparison(tuple(changes))]).changes
    first = [one for one in ordered if STAGE[one.action.name] == STAGE["create"]]
    assert [(one.service_provider, one.action.name) for one in first] == [
        *((provider, action) for provider in ("ACME", "Beta") for action in _as_given(changes, provider, "create")),
    ]


def _as_given(changes: list[Change[None]], provider: str, stage: str) -> list[str]:
    same = STAGE[stage]
    return [one.action.name for one in changes if one.service_provider == provider and STAGE[one.action.name] == same]


def test_two_providers_of_one_name_keep_apart() -> None:
    first, second = change("grant"), planned_change("grant", id={"customer": "a"})
    ordered = Comparison.of([Comparison((first, second))]).changes
    assert [one.id["customer"] for one in ordered] == ["a", "customer of ACME"]


def test_every_action_has_its_place() -> None:
    assert all(change(action).order[0] == STAGE[action] for action in STAGE)


def test_a_pool_comes_after_its_provider_and_before_the_groups_and_settings_that_take_numbers_from_it() -> None:
    pool = [change(action, kind="posix_id_pool") for action in ("create", "update")]
    changes = [*(change(action) for action in STAGE), *pool]
    ordered = Comparison.of([Comparison(tuple(reversed(changes)))]).changes
    assert [(one.kind.name, one.action.name) for one in ordered][:7] == [
        ("service_provider", "update"),
        ("service_provider", "create"),
        ("posix_id_pool", "update"),
        ("posix_id_pool", "create"),
        ("project_group", "set_gid"),
        ("project_group", "create_group"),
        ("service_provider", "update_account_settings"),
    ]


def test_a_pool_is_deleted_before_a_provider() -> None:
    changes = (change("delete"), change("delete", kind="posix_id_pool"))
    assert [one.kind.name for one in Comparison.of([Comparison(changes)]).changes] == [
        "posix_id_pool",
        "service_provider",
    ]


def test_several_comparisons_make_one_and_say_each_thing_once() -> None:
    parts = [
        Comparison((change(),), ("w1", "w2"), ("e1",), ("u1",)),
        Comparison((change("revoke"),), ("w2", "w3"), ("e1", "e2"), ("u1", "u2")),
    ]
    found = Comparison.of(parts)
    assert len(found.changes) == 2
    assert found.warnings == ("w1", "w2", "w3")
    assert found.errors == ("e1", "e2")
    assert found.missing_users == ("u1", "u2")
    assert Comparison.of([]) == Comparison()


# --- limits ----------------------------------------------------------------------------------------------------------


def removals(number: int) -> Comparison[None]:
    return Comparison(tuple(change("revoke", name=f"user{index}", is_implied=True) for index in range(number)))


@pytest.mark.parametrize(("number", "limit"), [(0, 0), (5, None), (5, 5), (1, 1), (3, 100)])
def test_removals_up_to_the_limit_pass_and_unset_means_five(number: int, limit: int | None) -> None:
    check_limits(removals(number), Limits(limit))


@pytest.mark.parametrize(("number", "limit", "allowed"), [(6, None, 5), (1, 0, 0), (4, 3, 3)])
def test_more_removals_than_allowed_are_refused_and_listed(number: int, limit: int | None, allowed: int) -> None:
    with pytest.raises(InvalidInput) as told:
        check_limits(removals(number), Limits(limit))
    assert begins(told.value.message, "too_many_removals", option="max_removals", count=number)
    assert mentions(told.value.message, "too_many_removals", limit=allowed)
    assert all(f"user{index} on ACME" in told.value.message for index in range(number))
    assert [one["name"] for one in told.value.details["removals"]] == [f"user{index}" for index in range(number)]


def test_removals_of_all_providers_count_together() -> None:
    plan = Comparison.of(
        Comparison((change("revoke", provider, is_implied=True),)) for provider in ("A", "B", "C", "D", "E", "F")
    )
    with pytest.raises(InvalidInput, match=prefix("too_many_removals", option="max_removals", count=6)):
        check_limits(plan, Limits(None))


def test_what_an_entry_asks_to_be_absent_does_not_count() -> None:
    check_limits(Comparison(tuple(change("revoke", name=f"user{index}") for index in range(10))), Limits(0))


def renaming(number: int, *, is_implied: bool = True) -> Comparison[None]:
    renames = tuple(Rename(f"VM: m{index}", f"n{index}", is_implied=is_implied) for index in range(number))
    return Comparison((change("update", renames=renames),))


@pytest.mark.parametrize(("number", "limit"), [(0, None), (1, 1), (3, 100)])
def test_renames_up_to_the_limit_pass(number: int, limit: int | None) -> None:
    check_limits(renaming(number), Limits(max_renames=limit))


@pytest.mark.parametrize(("number", "limit"), [(1, None), (1, 0), (4, 3)])
def test_more_renames_than_allowed_are_rejected_and_listed_and_unset_means_none(number: int, limit: int | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_limits(renaming(number), Limits(max_renames=limit))
    listed = ", ".join(f"VM: m{index} to 'n{index}' on ACME" for index in range(number))
    assert caught.value.message == message(
        "too_many_renames", option="max_renames", count=number, limit=limit or 0, renames=listed
    )
    assert caught.value.details["renames"] == [
        {"service_provider": "ACME", "account": f"VM: m{index}", "username": f"n{index}"} for index in range(number)
    ]


def test_a_message_lists_twenty_renames_and_the_result_all_of_them() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_limits(renaming(1000), Limits())
    assert mentions(
        caught.value, "too_many_renames", renames=matching(".*'n19' on ACME and 980 more, listed in renames")
    )
    assert len(caught.value.details["renames"]) == 1000


def test_renames_that_an_entry_asks_for_do_not_count() -> None:
    check_limits(renaming(10, is_implied=False), Limits(max_renames=0))
    assert summary(renaming(10, is_implied=False), ())["renames"] == 10


def test_a_plan_with_errors_is_refused_with_all_of_them() -> None:
    with pytest.raises(InvalidInput) as told:
        check_limits(Comparison((change(),), errors=("users[0]: wrong.", "users[1]: wrong too.")), Limits(None))
    assert told.value.message == "2 errors: (1) users[0]: wrong. (2) users[1]: wrong too."
    assert told.value.details == {"errors": ["users[0]: wrong.", "users[1]: wrong too."]}


def test_a_single_error_stands_for_itself() -> None:
    with pytest.raises(InvalidInput) as told:
        check_limits(Comparison(errors=("users[0]: wrong.",)), Limits(None))
    assert told.value.message == "users[0]: wrong."


def test_warnings_and_missing_users_alone_refuse_nothing() -> None:
    check_limits(Comparison((change(),), ("careful",), (), ("bob",)), Limits(0))


# --- summary ---------------------------------------------------------------------------------------------------------


def test_a_summary_counts_changes_by_action_in_the_order_of_the_plan() -> None:
    plan = Comparison((change("revoke"), change(), change(name="bob"), change("create")), missing_users=("dora",))
    found = summary(plan, ACTIONS.values())
    actions = {"create": 1, "grant": 2, "revoke": 1}
    assert found == {"total": 4, "actions": actions, "renames": 0, "missing_users": ["dora"]}
    assert list(found["actions"]) == ["create", "grant", "revoke"]


def test_the_summary_of_nothing_is_zero() -> None:
    assert summary(Comparison(), ACTIONS.values()) == {"total": 0, "actions": {}, "renames": 0, "missing_users": []}


@given(st.lists(CHANGES, max_size=8))
def test_the_actions_of_a_summary_add_up(changes: list[Change[None]]) -> None:
    found = summary(Comparison(tuple(changes)), ACTIONS.values())
    assert sum(found["actions"].values()) == found["total"] == len(changes)


# --- how it is shown -------------------------------------------------------------------------------------------------


def test_a_change_is_returned_with_the_keys_of_a_plan_and_never_with_its_payload() -> None:
    kind, action = KINDS["user_role"], ACTIONS["revoke"]
    one = Change("ACME", kind, "alice", action, {"x": 1}, None, {"customer": "c"}, {"secret": "s"}, True)
    assert one.as_dict() == {
        "service_provider": "ACME",
        "kind": "user_role",
        "name": "alice",
        "action": "revoke",
        "before": {"x": 1},
        "after": None,
        "id": {"customer": "c"},
    }
    assert "secret" not in repr(one)
    assert json.loads(json.dumps(one.as_dict())) == one.as_dict()
    assert str(one) == "revoke alice (ACME)"


def hunk(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def test_a_diff_has_one_before_and_after_per_object_with_a_line_for_each_value() -> None:
    until = "2027-06-30T00:00:00Z"
    changes = [
        change("create", "Beta", "service_provider", "Beta", after={"customer": "Beta", "description": "x"}),
        change("grant", after={"expiration_time": until}),
        change("shorten", name="bob", before={"expiration_time": None}, after={"expiration_time": until}),
        change("update", "Beta", "service_provider", "Beta", before={"image": None}, after={"image": "y"}),
        change("revoke", name="carol", before={"expiration_time": None}),
    ]
    assert diff(changes) == [
        hunk("Beta", "Beta: image: none\n", "Beta: customer: Beta\nBeta: description: x\nBeta: image: y\n"),
        hunk("ACME: role alice", "", f"alice: expiration_time: {until}\n"),
        hunk("ACME: role bob", "bob: expiration_time: never\n", f"bob: expiration_time: {until}\n"),
        hunk("ACME: role carol", "carol: expiration_time: never\n", ""),
    ]


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({"description": ""}, "description: empty\n"),
        ({"description": "two\nlines"}, "description: two\\nlines\n"),
        ({"enable_notifications": True}, "enable_notifications: yes\n"),
        ({"enable_notifications": False}, "enable_notifications: no\n"),
        ({"image": None}, "image: none\n"),
        ({"image": {"sha256": "ab", "size": 4}}, "image: sha256: ab\nACME: image: size: 4\n"),
        ({"allowed_domains": ["a.org", "b.org"]}, "allowed_domains: a.org, b.org\n"),
        ({"allowed_domains": []}, "allowed_domains: none\n"),
        ({"account_options": {"login_shell": None}}, "account_options: login_shell: none\n"),
        ({"account_options": {"x": {"y": 0}}}, "account_options: x: y: 0\n"),
    ],
)
def test_each_value_is_shown_on_a_line_of_its_own_in_words(values: dict[str, Any], lines: str) -> None:
    [shown] = diff([change("update", name="ACME", before=values)])
    assert shown["before"] == f"ACME: {lines}"


def test_the_diff_of_a_user_without_a_username_says_so() -> None:
    [shown] = diff([change("set_username", name="alice", before={"VM": None, "Storage": ""}, after={"VM": "none"})])
    assert shown["before"] == "alice: VM: no username\nalice: Storage: no username\n"
    assert shown["after"] == "alice: VM: none\n"


def test_a_diff_escapes_characters_that_nobody_sees_or_that_turn_the_text_round() -> None:
    odd = "a\u202eb\u200bc\x1b[31m\r"
    values = {odd: odd, "domains": [odd], "options": {odd: {"x": odd}}}
    [shown] = diff([change("update", provider=odd, name=odd, before=values, after=values)])
    for text in shown.values():
        assert all(line.isprintable() for line in text.split("\n"))
        assert r"a\u202eb\u200bc\x1b[31m\r" in text


def test_a_rotation_shows_the_old_fingerprint_and_that_the_new_one_is_not_known() -> None:
    [shown] = diff([change("rotate", name="code", before={"fingerprint": "sha256:ab"}, after={"fingerprint": None})])
    assert shown["before"] == "code: fingerprint: sha256:ab\n"
    assert shown["after"].startswith("code: fingerprint: ")
    assert "ab" not in shown["after"]


def test_two_providers_of_one_name_each_have_their_own_diff() -> None:
    twins = [
        planned_change("update", name="ACME", before={"x": uuid}, after={"x": "new"}, id={"customer": uuid})
        for uuid in ("c1", "c2")
    ]
    shown = diff([*twins, change("update", "Beta", name="Beta")])
    assert [(one["before_header"], one["after_header"]) for one in shown] == [
        ("ACME (c1)", "ACME (c1)"),
        ("ACME (c2)", "ACME (c2)"),
        ("Beta", "Beta"),
    ]
    assert [one["before"] for one in shown[:2]] == ["ACME: x: c1\n", "ACME: x: c2\n"]


@given(st.dictionaries(st.sampled_from(["c1", "c2", "c3", "c4"]), st.sampled_from(["A", "A (c1)", "A (c2)", "B"])))
def test_no_two_providers_have_one_label_whatever_their_names_are(names: dict[str, str]) -> None:
    labels = provider_labels(names)
    assert list(labels) == list(names)
    assert len(set(labels.values())) == len(names)
    assert all(labels[uuid].startswith(name) for uuid, name in names.items())


def test_nothing_to_change_is_nothing_to_show() -> None:
    assert diff([]) == []


@given(st.lists(CHANGES, max_size=8))
def test_every_object_with_a_change_is_shown_once(changes: list[Change[None]]) -> None:
    headers = [shown["before_header"] for shown in diff(changes)]
    assert len(headers) == len({(one.kind.name, one.name, one.service_provider) for one in changes})
    assert all(any(header.startswith(one.service_provider) for header in headers) for one in changes)
