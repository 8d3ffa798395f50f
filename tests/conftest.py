# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the simulator to all tests, and set how many examples Hypothesis generates.

By default, each run generates the same examples, so that a test never fails by chance. With
``HYPOTHESIS_PROFILE=thorough``, each run generates new examples, and more of them.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator

import pytest
from data_of_2026 import add_data_of_2026
from hypothesis import HealthCheck, settings
from module_editions import first_edition

from simulator_process import Simulator

# To generate a whole marketplace takes long, and some of the examples are invalid and discarded.
_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
settings.register_profile(
    "quick", derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=_SLOW
)
settings.register_profile("thorough", deadline=None, max_examples=5000, suppress_health_check=_SLOW, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    """Start one simulator of 2025 for all tests of a process."""
    with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    """Provide the simulator, with the recorded world in its initial state."""
    running.reset()
    return running


@pytest.fixture(scope="session")
def running_2026(running: Simulator) -> Iterator[Simulator]:
    """Start one simulator of 2026 for all tests of a process; skipped in a live run, as *running* is."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture(scope="session")
def running_with_data_of_2026(running: Simulator) -> Iterator[Simulator]:
    """Start a simulator of 2026 whose initial state has objects for every module that reads (``data_of_2026``)."""
    with Simulator.start(edition="2026") as simulator:
        add_data_of_2026(simulator).keep_as_start()
        yield simulator


@pytest.fixture
def simulator_for(request: pytest.FixtureRequest) -> Callable[[str], Simulator]:
    """Return a function that returns the simulator for a module: ``sim``, or one of 2026 if the module needs it.

    The simulator of 2026 has objects for every module that reads (``data_of_2026``).
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
    """Provide the simulator to a test that loads another world, and load the recorded world again after the test."""
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
    """Exclude modules and collected tests from garbage collection, and run it less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option --recordings of the contract tests."""
    parser.addoption("--recordings", metavar="FILE", help="replay this file instead of tests/contract's own")
