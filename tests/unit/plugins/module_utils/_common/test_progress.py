# SPDX-License-Identifier: GPL-3.0-or-later
"""When a long run shows how far it is, and what it says, by a clock that the tests set."""

from __future__ import annotations

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._common.progress import (
    INTERVAL,
    Phase,
    Progress,
    describe_progress,
)


class Run:
    """A run with a clock of its own; ``lines`` are those that it showed."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.lines: list[str] = []
        self.progress = Progress(self.lines.append, lambda: self.now)

    def carry_out(self, phase: Phase, steps: int, seconds: float) -> None:
        """Report ``steps`` steps that take ``seconds`` each."""
        for done in range(1, steps + 1):
            self.now += seconds
            phase.report(done, steps)


@pytest.mark.parametrize(("steps", "seconds"), [(1, 60), (4, 1.2), (1000, 0.0049)])
def test_a_short_run_or_one_of_a_single_step_shows_nothing(steps: int, seconds: float) -> None:
    run = Run()
    run.carry_out(run.progress.begin("changes applied", "ALPHA"), steps, seconds)
    assert run.lines == []


def test_a_long_run_shows_a_line_every_few_seconds_and_none_at_its_end() -> None:
    run = Run()
    run.carry_out(run.progress.begin("changes applied", "ALPHA"), 200, 0.1)
    assert run.lines == [
        "ALPHA: 50 of 200 changes applied, 5 s, about 15 s left",
        "ALPHA: 100 of 200 changes applied, 10 s, about 10 s left",
        "ALPHA: 150 of 200 changes applied, 15 s, about 5 s left",
    ]


def test_slow_steps_are_shown_when_they_end() -> None:
    run = Run()
    run.carry_out(run.progress.begin("service providers read"), 3, 20)
    assert run.lines == [
        "1 of 3 service providers read, 20 s, about 40 s left",
        "2 of 3 service providers read, 40 s, about 20 s left",
    ]


def test_the_interval_holds_across_phases_and_the_time_is_that_of_the_phase() -> None:
    run = Run()
    run.carry_out(run.progress.begin("service providers read"), 4, 1)
    phase = run.progress.begin("changes applied", "2 service providers")
    run.carry_out(phase, 3, 2)
    assert run.lines == ["2 service providers: 1 of 3 changes applied, 2 s, about 4 s left"]


def test_nested_phases_share_the_interval() -> None:
    run = Run()
    providers, pages = run.progress.begin("service providers read"), run.progress.begin("pages read")
    run.now += INTERVAL
    pages.report(3, 9)
    providers.report(1, 4)
    assert run.lines == ["3 of 9 pages read, 5 s, about 10 s left"]


def test_a_step_may_name_what_it_was_about() -> None:
    run = Run()
    phase = run.progress.begin("results checked")
    run.now += INTERVAL
    phase.report(1, 2, "BETA")
    assert run.lines == ["BETA: 1 of 2 results checked, 5 s, about 5 s left"]


def test_without_anything_to_show_it_nothing_happens() -> None:
    progress = Progress(clock=iter(range(0, 1000, 100)).__next__)
    progress.begin("changes applied").report(1, 2)


@pytest.mark.parametrize(
    ("done", "total", "seconds", "line"),
    [
        (240, 1000, 12, "ALPHA: 240 of 1,000 changes applied, 12 s, about 40 s left"),
        (0, 10, 7, "ALPHA: 0 of 10 changes applied, 7 s"),
        (999, 1000, 50, "ALPHA: 999 of 1,000 changes applied, 50 s, about 1 s left"),
        (1, 1_000_000, 0.001, "ALPHA: 1 of 1,000,000 changes applied, 0 s, about 16 min 30 s left"),
        (10, 100, 125, "ALPHA: 10 of 100 changes applied, 2 min 5 s, about 19 min left"),
        (1, 100, 600, "ALPHA: 1 of 100 changes applied, 10 min, about 16 h 30 min left"),
        (1, 3, 7200, "ALPHA: 1 of 3 changes applied, 2 h, about 4 h left"),
    ],
)
def test_a_line_tells_numbers_time_and_an_estimate(done: int, total: int, seconds: float, line: str) -> None:
    assert describe_progress("changes applied", "ALPHA", done, total, seconds) == line
