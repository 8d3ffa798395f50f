# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test may ask for: a simulator with the recorded world, and the engine connected to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from ansible_collections.waldur.provider.plugins.module_utils._client import Client, Connection
from ansible_collections.waldur.provider.plugins.module_utils._references import References
from ansible_collections.waldur.provider.plugins.module_utils._session import Session
from simulator.handle import Simulator


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    """One simulator for all tests of a process."""
    with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Iterator[Simulator]:
    """The recorded world at its start."""
    running.reset()
    yield running


@pytest.fixture
def other_world(running: Simulator) -> Iterator[Simulator]:
    """A simulator whose test loads a world of its own; the recorded one comes back afterwards."""
    yield running
    running.load()


Connect = Callable[..., Session]


@pytest.fixture
def connect(running: Simulator) -> Connect:
    """Makes an engine session on the simulator, with the token of any caller."""

    def make(alias: str = "staff", missing_users: str = "fail") -> Session:
        client = Client(Connection(running.url, running.token(alias), retries=0))
        return Session(client, References(client), missing_users)

    return make
