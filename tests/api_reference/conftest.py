# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide three read-only simulators with the same data, and one that ignores filters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator_process import Simulator

from .filter_data import add_filter_data
from .unfiltered_server import UnfilteredServer


@pytest.fixture(scope="session")
def of_2024() -> Iterator[Simulator]:
    """Start a simulator of Waldur 2024."""
    with Simulator.start(edition="2024") as sim:
        yield add_filter_data(sim)


@pytest.fixture(scope="session")
def of_2025() -> Iterator[Simulator]:
    """Start a simulator of Waldur 2025."""
    with Simulator.start(edition="2025") as sim:
        yield add_filter_data(sim)


@pytest.fixture(scope="session")
def of_2026() -> Iterator[Simulator]:
    """Start a simulator of Waldur 2026."""
    with Simulator.start(edition="2026") as sim:
        yield add_filter_data(sim)


@pytest.fixture(scope="session")
def unfiltered_2026(of_2026: Simulator) -> Iterator[UnfilteredServer]:
    """Start a proxy of the simulator of Waldur 2026 that ignores filters."""
    with UnfilteredServer(of_2026) as proxy:
        yield proxy
