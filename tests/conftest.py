# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test may ask for: a simulator with the recorded world, or with a world of its own; and how many cases are
generated: the same ones at every run, as a red test is a defect and never a matter of luck, or with
``HYPOTHESIS_PROFILE=thorough`` ever new ones, and more."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator

import pytest
from data_of_2026 import add_data_of_2026
from hypothesis import HealthCheck, settings
from module_editions import first_edition

from simulator_process import Simulator

# Making up a whole marketplace takes its time, and some of what is made up is refused.
_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
settings.register_profile(
    "quick", derandomize=True, database=None, deadline=None, max_examples=100, suppress_health_check=_SLOW
)
settings.register_profile("thorough", deadline=None, max_examples=5000, suppress_health_check=_SLOW, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    """One simulator for all tests of a process."""
    with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    """The recorded world at its start."""
    running.reset()
    return running


@pytest.fixture(scope="session")
def running_2026(running: Simulator) -> Iterator[Simulator]:
    """One simulator of 2026 for all tests of a process; none in a live run, as *running* is not there either."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture(scope="session")
def running_with_data_of_2026(running: Simulator) -> Iterator[Simulator]:
    """One of 2026 whose start has what every module that reads can list (``data_of_2026``)."""
    with Simulator.start(edition="2026") as simulator:
        add_data_of_2026(simulator).keep_as_start()
        yield simulator


@pytest.fixture
def simulator_for(request: pytest.FixtureRequest) -> Callable[[str], Simulator]:
    """A function that returns the simulator for a module: ``sim``, or one of 2026 if the module needs it.

    That one has what every module that reads can list (``data_of_2026``).
    """

    def choose(module: str) -> Simulator:
        if first_edition(module) < 2026:
            sim: Simulator = request.getfixturevalue("sim")
            return sim
        newest: Simulator = request.getfixturevalue("running_with_data_of_2026")
        newest.reset(frozen=True)
        return newest

    return choose


@pytest.fixture
def other_world(running: Simulator) -> Iterator[Simulator]:
    """A simulator whose test loads a world of its own; the recorded one comes back afterwards."""
    yield running
    running.load()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers here, as ansible-test brings its own configuration, and may run without pytest-cov."""
    config.addinivalue_line("markers", "slow: takes long or uses a simulated Waldur; make check leaves it out")
    config.addinivalue_line("markers", "no_cover: is run without measuring the coverage")


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark the tests that use a simulator as slow, by their fixtures or by what their module imports."""
    for item in items:
        if "running" in item.fixturenames or Simulator in vars(item.module).values():
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """Leave modules and collected tests out of the garbage collection, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``pytest tests/contract --recordings FILE``."""
    parser.addoption("--recordings", metavar="FILE", help="replay this file instead of tests/contract's own")
