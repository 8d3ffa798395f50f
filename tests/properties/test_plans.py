# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of every plan, for random current and desired states. Comparing needs no server."""

from __future__ import annotations

import copy
import json
from collections import Counter
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan
from ansible_collections.waldur.provider.plugins.module_utils._plan.diff import diff

from .marketplace_model import PROJECTS, MarketplaceModel, applied, list_unmet_entries, planned
from .strategies import Situation, as_json, situations

# The order of the design: what must exist before something else can, and what takes away last.
PHASES = (
    ("create", "update"),
    ("create posix_id_pool", "update posix_id_pool"),
    ("create_group", "set_gid"),
    ("grant", "extend", "shorten", "make_permanent"),
    ("set_username",),
    ("rotate",),
    ("revoke",),
    ("delete",),
)


def plan_of(situation: Situation, marketplace: MarketplaceModel | None = None) -> Plan:
    """Return the plan; examples whose plan is rejected are discarded."""
    try:
        return planned(marketplace or situation.marketplace, situation.document, **situation.limits)
    except InvalidInput:
        assume(False)
        raise


def published(plan: Plan) -> list[dict[str, Any]]:
    """Return the changes as pipelines get them: converted to JSON and back."""
    changes: list[dict[str, Any]] = json.loads(json.dumps([change.as_dict() for change in plan.changes]))
    return changes


def lasting(plan: Plan, situation: Situation) -> list[dict[str, Any]]:
    """Return the changes without the rotations that each run makes because the entry has no fingerprint."""
    every_run = {
        situation.marketplace.provider(entry["customer"]).customer.uuid
        for entry in situation.document
        if entry.get("api_secret_code", {}).get("state") == "rotated" and "fingerprint" not in entry["api_secret_code"]
    }
    return [c for c in published(plan) if c["action"] != "rotate" or c["id"]["customer"] not in every_run]


def settled(situation: Situation, plan: Plan) -> MarketplaceModel:
    """Return the model after the plan, and after a second plan for the usernames of a provider that was created."""
    marketplace = applied(situation.marketplace, published(plan))
    if any(change.action.name == "create" for change in plan.changes):
        marketplace = applied(marketplace, lasting(plan_of(situation, marketplace), situation))
    return marketplace


@given(situations())
def test_applying_a_plan_reaches_the_desired_state(situation: Situation) -> None:
    assert list_unmet_entries(settled(situation, plan_of(situation)), situation.document) == []


@given(situations())
def test_after_applying_a_plan_nothing_is_left_to_plan(situation: Situation) -> None:
    marketplace = settled(situation, plan_of(situation))
    assert lasting(planned(marketplace, situation.document, **situation.limits), situation) == []


@given(situations())
def test_no_change_is_planned_in_the_desired_state(situation: Situation) -> None:
    plan = plan_of(situation)
    met = not list_unmet_entries(situation.marketplace, situation.document)
    # A plan consists of the differences from the desired state and of nothing else.
    assert (lasting(plan, situation) == []) is met


@given(situations())
def test_only_what_is_listed_changes(situation: Situation) -> None:
    for change in plan_of(situation).changes:
        entry = next(
            entry
            for entry in situation.document
            if situation.marketplace.provider(entry["customer"]).customer.uuid == change.id["customer"]
        )
        assert _is_listed(situation.marketplace, entry, change.as_dict()) is not change.is_implied, change


def _is_listed(marketplace: MarketplaceModel, entry: dict[str, Any], change: dict[str, Any]) -> bool:
    if change["kind"] == "service_provider":
        return change["action"] == "delete" or set(change["after"]) <= {*entry, "customer"}
    if change["kind"] in ("api_secret_code", "posix_id_pool"):
        return change["kind"] in entry
    if change["kind"] == "project_group":
        named = [PROJECTS.get(group["project"], group["project"]) for group in entry["project_groups"]]
        return PROJECTS[change["id"]["project"]] in named
    listed = entry["users" if change["kind"] == "user_role" else "offering_usernames"]
    return any(
        getattr(marketplace.find_user(listed_entry["user"]), "uuid", None) == change["id"]["user"]
        and change["id"]["role"] in (None, marketplace.role(listed_entry.get("role", "CUSTOMER.MANAGER"))["uuid"])
        for listed_entry in listed
    )


@given(situations())
def test_no_change_is_idle_and_no_two_changes_touch_the_same_thing(situation: Situation) -> None:
    changes = published(plan_of(situation))
    for change in changes:
        # What a rotation brings is known afterwards only.
        if change["before"] and change["after"] and change["action"] != "rotate":
            assert all(change["before"][key] != value for key, value in change["after"].items()), change
    touched = Counter((c["kind"], *sorted(c["id"].items(), key=str)) for c in changes)
    assert set(touched.values()) <= {1}


@given(situations(), st.data())
def test_every_single_change_is_needed(situation: Situation, data: st.DataObject) -> None:
    plan = plan_of(situation)
    changes = published(plan)
    assume(changes)
    left_out = data.draw(st.sampled_from(changes))
    # What is done to a new provider can't be done without it.
    alone = left_out["action"] != "create"
    others = [c for c in changes if c != left_out and (alone or c["id"]["customer"] != left_out["id"]["customer"])]
    left = published(planned(applied(situation.marketplace, others), situation.document, **situation.limits))
    assert left_out in left
    assert {_key(c) for c in left} - {_key(c) for c in changes} <= {_key(c) for c in left if c["kind"] in _LATER}


# What a run may find more of when it runs again: usernames of a new provider, and codes rotated at every run.
_LATER = ("offering_username", "api_secret_code")


def _key(change: dict[str, Any]) -> str:
    return json.dumps(change, sort_keys=True)


@given(situations())
def test_changes_come_in_an_order_in_which_they_can_be_carried_out(situation: Situation) -> None:
    changes = published(plan_of(situation))
    phase = {action: number for number, actions in enumerate(PHASES) for action in actions}
    place = [phase.get(f"{c['action']} {c['kind']}", phase[c["action"]]) for c in changes]
    keys = [(place.pop(0), c["service_provider"], c["kind"], _rank(c), c["name"], c["id"]["customer"]) for c in changes]
    assert keys == sorted(keys)


def _rank(change: dict[str, Any]) -> int:
    """New groups come last, those that Waldur names after the others, so that it takes a name that is free."""
    return 0 if change["action"] != "create_group" else 1 + ("name" not in change["after"])


@given(situations(), st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_in_which_a_document_is_written(situation: Situation, random: Any) -> None:
    shuffled = copy.deepcopy(situation.document)
    for entry in shuffled:
        for key in ("users", "offering_usernames", "project_groups"):
            random.shuffle(entry.get(key, []))
    random.shuffle(shuffled)
    assert _outcome(situation.marketplace, shuffled, situation) == _outcome(
        situation.marketplace, situation.document, situation
    )


def _outcome(marketplace: MarketplaceModel, document: Any, situation: Situation) -> Any:
    try:
        return published(planned(marketplace, document, **situation.limits))
    except InvalidInput:
        return "refused"


@given(situations())
def test_dates_mean_the_same_as_text(situation: Situation) -> None:
    assert _outcome(situation.marketplace, as_json(situation.document), situation) == _outcome(
        situation.marketplace, situation.document, situation
    )


@given(situations())
def test_a_change_says_whom_and_what_it_is_about_by_uuid(situation: Situation) -> None:
    has = {"user_role": {"user", "role"}, "offering_username": {"user"}, "project_group": {"project"}}
    for change in published(plan_of(situation)):
        given_ids = {key for key, value in change["id"].items() if value}
        assert given_ids == {"customer", *has.get(change["kind"], set())}
        assert all(len(value) == 32 for value in change["id"].values() if value)


@given(situations())
def test_the_summary_and_the_diff_count_the_same_changes(situation: Situation) -> None:
    plan = plan_of(situation)
    summary = plan.summary(done=True)
    assert summary["total"] == sum(summary["actions"].values()) == len(plan.changes)
    assert len(diff(plan.changes)) == len({(change.kind.name, *change.id.values()) for change in plan.changes})
    assert bool(plan.changes) is bool(diff(plan.changes))


@given(situations())
def test_what_check_mode_predicts_of_grants_is_what_is_there_afterwards(situation: Situation) -> None:
    assume(situation.marketplace.providers)
    plan = plan_of(situation)
    after = applied(situation.marketplace, published(plan))
    later = planned(after, situation.document, max_removals=99, missing_users="warn")
    for kind in ("user_role", "service_provider"):
        predicted = dict(zip(plan.providers(kind), plan.results(kind, done=False), strict=True))
        found = dict(zip(later.providers(kind), later.results(kind, done=True), strict=True))
        for name, result in predicted.items():
            if plan.providers(kind).count(name) == 1:
                assert _essence(result) == _essence(found[name])


def _essence(result: Any) -> Any:
    """Without what only the server can know (UUIDs, URLs, names of those who were not looked at)."""
    if isinstance(result, list):
        return sorted([row["user_uuid"], row["role_uuid"], str(row["expiration_time"])] for row in result)
    return result and {key: value for key, value in result.items() if key in ("description", "enable_notifications")}
