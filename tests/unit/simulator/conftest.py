# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the fixture ``api`` to the tests of the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator_process import Simulator

from .api import Api


@pytest.fixture
def api(sim: Simulator) -> Iterator[Api]:
    """Provide a client of the simulator, with the recorded world in its initial state."""
    api = Api(sim)
    yield api
    api.close()
