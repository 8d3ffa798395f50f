# SPDX-License-Identifier: GPL-3.0-or-later
"""Every guide tells the truth: its files and commands are tried as written, and print what is shown there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from guide_runner import Guide, GuideError, Reader, guides

from simulation import Simulator

from .commands import ansible
from .playbook import runner

# What readers don't have: what the tests set for themselves, and settings that say where things lie.
OURS = (
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
Fresh = Callable[[str], Simulator]


@pytest.fixture(scope="session")
def fresh(running: Simulator) -> Iterator[Fresh]:
    """Gives a Waldur of a year, at its start; each is started once."""
    with contextlib.ExitStack() as stack:
        started = {running.edition: running}

        def at_its_start(year: str) -> Simulator:
            if year not in started:
                started[year] = stack.enter_context(Simulator.start(edition=year))
            started[year].reset()
            return started[year]

        yield at_its_start


def in_one_stream(command: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    return ansible(command, folder, environment, merged=True)


# Its commands give files to other users.
NEEDS_ROOT = ("linux_accounts",)
IS_ROOT = os.geteuid() == 0


@pytest.mark.parametrize(
    "guide", [one for one in guides() if IS_ROOT or one.name not in NEEDS_ROOT], ids=lambda guide: guide.name
)
def test_all_that_a_guide_tells_to_do_works_and_prints_what_it_shows(guide: Guide, fresh: Fresh) -> None:
    run = runner(fresh("2025"))
    environment = {name: value for name, value in run.environment({}).items() if name not in OURS}
    told = None
    try:
        Reader(run.folder, environment, fresh, in_one_stream).follow(guide)
    except GuideError as error:
        told = str(error)
    if told:
        pytest.fail(told, pytrace=False)
