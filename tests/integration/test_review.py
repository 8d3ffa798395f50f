# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that reviews access: what it writes, and what it does if a service provider can't be read."""

from __future__ import annotations

import csv
import json
from typing import Any

from messages import mentions

from simulator_process import Simulator

from .playbook import Outcome, Runner, runner

FILES = ("review.csv", "review.html", "review.md")


def review(run: Runner, *options: str, **variables: Any) -> Outcome:
    given = json.dumps({"output_directory": "out", **variables})
    return run.command(["playbook", "-i", run.inventory(), "waldur.provider.review", "-e", given, *options])


def read_rows(run: Runner) -> list[dict[str, str]]:
    with (run.folder / "out" / "review.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_review_tells_which_grants_the_document_keeps_and_changes_nothing() -> None:
    with Simulator.start() as sim:
        run = runner(sim)
        document = [{"customer": "ALPHA", "users": [{"user": "member1", "state": "absent"}, {"user": "manager_alpha"}]}]
        made = run.play(
            [{"name": "Grant", "waldur.provider.user_role": {"service_provider": "ALPHA", "user": "member2"}}]
        )
        assert made.code == 0, made.output
        outcome = review(run, "--check", service_provider="ALPHA", service_providers=document)
        assert outcome.code == 0, outcome.output
        assert sorted(path.name for path in (run.folder / "out").iterdir()) == list(FILES)
        for name in FILES:
            assert (run.folder / "out" / name).stat().st_mode & 0o777 == 0o600
        kept = {row["username"]: row["in_document"] for row in read_rows(run)}
        assert kept["member2"] == "no"
        assert kept["manager_alpha"] == "yes"
        assert "Not in the document: 1." in outcome.of("Summarize the review")["msg"]
        again = review(run, service_provider="ALPHA", service_providers=document)
        assert [line["task"] for line in again.lines if line["result"].get("changed")] == []


def test_without_a_document_all_service_providers_are_reviewed() -> None:
    with Simulator.start() as sim:
        run = runner(sim)
        grant = {"service_provider": "BETA", "user": "member2", "expiration_time": "2099-06-30"}
        made = run.play([{"name": "Grant", "waldur.provider.user_role": grant}])
        assert made.code == 0, made.output
        outcome = review(run)
        assert outcome.code == 0, outcome.output
        rows = read_rows(run)
        assert {row["service_provider"] for row in rows} == {"Alpha Cloud Ltd", "Beta HPC Centre"}
        assert {row["in_document"] for row in rows} == {""}
        assert mentions((run.folder / "out" / "review.md").read_text(), "review_without_document")


def test_an_unreadable_service_provider_is_listed_and_fails_the_run() -> None:
    with Simulator.start(edition="2026") as sim:
        run = runner(sim, alias="member1")
        outcome = review(run)
        assert outcome.code != 0
        assert mentions(outcome.output, "review_incomplete")
        assert "## Could not be read" in (run.folder / "out" / "review.md").read_text()
