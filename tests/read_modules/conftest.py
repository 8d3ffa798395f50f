# SPDX-License-Identifier: GPL-3.0-or-later
"""Three Waldurs with one world, which nothing changes, and one that ignores every filter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulation import Simulator

from .unfiltered_server import UnfilteredServer
from .world import enrich


@pytest.fixture(scope="session")
def of_2024() -> Iterator[Simulator]:
    """A Waldur of 2024."""
    with Simulator.start(edition="2024") as sim:
        yield enrich(sim)


@pytest.fixture(scope="session")
def of_2025() -> Iterator[Simulator]:
    """A Waldur of 2025."""
    with Simulator.start(edition="2025") as sim:
        yield enrich(sim)


@pytest.fixture(scope="session")
def of_2026() -> Iterator[Simulator]:
    """A Waldur of 2026."""
    with Simulator.start(edition="2026") as sim:
        yield enrich(sim)


@pytest.fixture(scope="session")
def ignoring(of_2026: Simulator) -> Iterator[UnfilteredServer]:
    """The Waldur of 2026, as it were if it ignored every filter."""
    with UnfilteredServer(of_2026) as proxy:
        yield proxy
