# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test may ask for: a simulator with the recorded world, or with a world of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.handle import Simulator


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


@pytest.fixture
def other_world(running: Simulator) -> Iterator[Simulator]:
    """A simulator whose test loads a world of its own; the recorded one comes back afterwards."""
    yield running
    running.load()
