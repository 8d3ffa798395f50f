# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every guide: its commands must succeed as written, and their output must be what the guide shows."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from guide_runner import Guide, GuideError, GuideRunner, read_guides

from simulator_process import Simulator

from .commands import ansible
from .playbook import runner

# The variables of the test run that a reader does not have.
TEST_VARIABLES = (
    "ANSIBLE_CALLBACKS_ENABLED",
    "ANSIBLE_CALLBACK_PLUGINS",
    "ANSIBLE_COLLECTIONS_PATH",
    "ANSIBLE_CONFIG",
    "ANSIBLE_CONNECTION_PLUGINS",
    "ANSIBLE_HOME",
    "RESULTS_FILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
)
StartSimulator = Callable[[str], Simulator]


@pytest.fixture(scope="session")
def start_simulator(running: Simulator) -> Iterator[StartSimulator]:
    """Return a function that resets the simulator of an edition; each is started once."""
    with contextlib.ExitStack() as stack:
        started = {running.edition: running}

        def reset_simulator(year: str) -> Simulator:
            if year not in started:
                started[year] = stack.enter_context(Simulator.start(edition=year))
            started[year].reset()
            return started[year]

        yield reset_simulator


def run_ansible(command: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    return ansible(command, folder, environment, merged=True)


# Guides whose commands give files to other users.
NEEDS_ROOT = ("linux_accounts",)
IS_ROOT = os.geteuid() == 0


@pytest.mark.parametrize(
    "guide", [guide for guide in read_guides() if IS_ROOT or guide.name not in NEEDS_ROOT], ids=lambda guide: guide.name
)
def test_each_command_of_a_guide_works_and_prints_what_the_guide_shows(
    guide: Guide, start_simulator: StartSimulator
) -> None:
    run = runner(start_simulator("2025"))
    environment = {name: value for name, value in run.environment({}).items() if name not in TEST_VARIABLES}
    message = None
    try:
        GuideRunner(run.folder, environment, start_simulator, run_ansible).run(guide)
    except GuideError as error:
        message = str(error)
    if message:
        pytest.fail(message, pytrace=False)
