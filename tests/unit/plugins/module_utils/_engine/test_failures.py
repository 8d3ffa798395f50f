# SPDX-License-Identifier: GPL-3.0-or-later
"""With ``on_failure: continue``, a service provider that fails is reported, and the others proceed."""

from __future__ import annotations

from typing import Any

import pytest
from in_process import make_connection, run_module
from messages import begins, mentions

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Interrupted,
    InvalidInput,
    Unauthorized,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.signals import SignalReceived
from ansible_collections.waldur.provider.plugins.module_utils._engine import executor
from simulator_process import Simulator

ALPHA = {"customer": "ALPHA", "description": "new", "users": [{"user": "member1"}, {"user": "member2"}]}
BETA = {"customer": "BETA", "description": "new"}
NAMES = ("Alpha Cloud Ltd", "Beta HPC Centre")


def run(sim: Simulator, *entries: dict[str, Any], check: bool = False, **options: Any) -> dict[str, Any]:
    merged = {"missing_users": "fail", "on_failure": "continue", "service_providers": list(entries), **options}
    return run_module(make_connection(sim), "desired_state", merged, check=check)


def failed(sim: Simulator, *entries: dict[str, Any], **options: Any) -> WaldurError:
    with pytest.raises(WaldurError) as caught:
        run(sim, *entries, **options)
    return caught.value


def brief(changes: list[dict[str, Any]]) -> list[str]:
    return [f"{change['action']} {change['name'].split()[0]}" for change in changes]


def test_no_failure_is_an_empty_list(sim: Simulator) -> None:
    result = run(sim, ALPHA, BETA)
    assert result["failed_providers"] == []
    assert result["summary"]["total"] == 4
    assert run(sim, ALPHA, BETA)["changed"] is False
    assert "failed_providers" not in run(sim, BETA, on_failure="stop")


def test_entries_that_can_not_be_planned_are_reported_and_the_others_applied(sim: Simulator) -> None:
    unknown = {"customer": "ALPHA", "users": [{"user": "nobody"}]}
    error = failed(sim, unknown, {"customer": "NO SUCH"}, BETA)
    assert begins(error.message, "providers_failed", failed=2, total=3, changes="1 change of the others was applied")
    first, second = sorted(error.details["failed_providers"], key=lambda one: one["service_provider"])
    assert (first["service_provider"], second["service_provider"]) == (NAMES[0], "NO SUCH")
    assert first["message"].startswith("service_providers[0].users[0].user: ")
    assert (first["failed_change"], first["applied"], first["uncertain"]) == (None, [], [])
    assert (second["customer_uuid"], second["uuid"]) == (None, None)
    assert brief(error.details["applied"]) == ["update Beta"]
    assert error.details["changed"] is True
    assert sim.counts().writes == 1


def test_a_provider_whose_change_is_rejected_stops_no_other(sim: Simulator) -> None:
    sim.fault(method="write", path="*/add_user/", status=400, body={"user": ["No."]})
    error = failed(sim, ALPHA, BETA)
    (provider,) = error.details["failed_providers"]
    assert provider["service_provider"] == NAMES[0]
    assert brief([provider["failed_change"]]) == ["grant member1"]
    assert brief(provider["applied"]) == ["update Alpha"]
    assert brief(provider["not_applied"]) == ["grant member1", "grant member2"]
    assert brief(error.details["applied"]) == ["update Beta", "update Alpha"]
    assert error.details["not_applied"] == provider["not_applied"]
    assert brief(run(sim, ALPHA, BETA)["plan"]) == ["grant member1", "grant member2"]


def test_a_change_with_an_unknown_outcome_is_listed_with_its_provider(sim: Simulator) -> None:
    sim.fault(method="write", path="*/add_user/", drop="before")
    sim.fault(method="GET", path="*/list_users/", skip=1, status=500)
    error = failed(sim, ALPHA, BETA)
    (provider,) = error.details["failed_providers"]
    assert brief(provider["uncertain"]) == brief(error.details["uncertain"]) == ["grant member1"]
    assert brief(provider["not_applied"]) == ["grant member2"]


def test_a_provider_that_can_not_be_read_stops_no_other(sim: Simulator) -> None:
    sim.fault(method="GET", path="*/list_users/", status=403, body={"detail": "No."})
    error = failed(sim, ALPHA, BETA)
    assert [one["service_provider"] for one in error.details["failed_providers"]] == [NAMES[0]]
    assert brief(error.details["applied"]) == ["update Beta"]


def test_an_email_address_of_several_users_fails_only_the_entries_that_name_it(sim: Simulator) -> None:
    for name in ("member1", "member2"):
        sim.change("User", {"username": name}, {"email": "shared@example.org"})
    ambiguous = {"customer": "ALPHA", "users": [{"user": "shared@example.org"}]}
    error = failed(sim, ambiguous, {**BETA, "users": [{"user": "member3"}]})
    assert [one["service_provider"] for one in error.details["failed_providers"]] == [NAMES[0]]
    assert brief(error.details["applied"]) == ["update Beta", "grant member3"]


def test_in_check_mode_the_changes_of_the_others_are_planned(sim: Simulator) -> None:
    error = failed(sim, {"customer": "ALPHA", "users": [{"user": "nobody"}]}, BETA, check=True)
    assert begins(error.message, "providers_failed", failed=1, total=2, changes="1 change of the others was planned")
    assert brief(error.details["plan"]) == ["update Beta"]
    assert error.details["applied"] == []
    assert sim.counts().writes == 0


def test_a_rejected_token_ends_the_run_and_what_was_not_tried_is_listed(sim: Simulator) -> None:
    sim.fault(method="write", path="*/add_user/", status=401, body={"detail": "Expired."})
    error = failed(sim, ALPHA, BETA)
    assert isinstance(error, Unauthorized)
    assert error.details["failed_providers"] == []
    assert brief(error.details["applied"]) == ["update Alpha"]
    assert brief(error.details["not_applied"]) == ["grant member1", "grant member2", "update Beta"]


def test_a_signal_between_providers_ends_the_run(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    apply = executor.apply

    def interrupted(session: Any, plan: Any) -> None:
        if plan.targets[0].name != NAMES[0]:
            raise SignalReceived("SIGTERM")
        apply(session, plan)

    monkeypatch.setattr(executor, "apply", interrupted)
    error = failed(sim, ALPHA, BETA, {"customer": "EXTRA01", "description": "new"})
    assert isinstance(error, Interrupted)
    assert brief(error.details["applied"]) == ["update Alpha", "grant member1", "grant member2"]
    assert len(error.details["not_applied"]) == 2


def test_a_change_that_was_not_approved_fails_its_provider_alone(sim: Simulator) -> None:
    approved = run(sim, BETA, check=True)
    error = failed(sim, ALPHA, BETA, approved_plan=approved)
    (provider,) = error.details["failed_providers"]
    assert mentions(provider["message"], "approval_out_of_date")
    assert brief(provider["not_applied"]) == ["update Alpha", "grant member1", "grant member2"]
    assert brief(error.details["applied"]) == ["update Beta"]


def test_a_limit_of_the_plan_ends_the_run_before_any_change(sim: Simulator) -> None:
    exclusive = {"customer": "ALPHA", "users": [{"user": "member1"}], "exclusive_users": True}
    error = failed(sim, exclusive, BETA, max_removals=0)
    assert isinstance(error, InvalidInput)
    assert error.message.startswith("max_removals: ")
    assert sim.counts().writes == 0


def test_without_it_an_error_in_one_entry_stops_all(sim: Simulator) -> None:
    error = failed(sim, {"customer": "ALPHA", "users": [{"user": "nobody"}]}, BETA, on_failure="stop")
    assert "failed_providers" not in error.details
    assert sim.counts().writes == 0
