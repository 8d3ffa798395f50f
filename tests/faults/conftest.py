# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the fixture ``api`` to the tests of faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils import _context
from simulator_process import Simulator


@pytest.fixture
def api(sim: Simulator) -> Iterator[Api]:
    """Provide a client of the simulator in its initial state, with which a test reads the state after a run."""
    api = Api(sim)
    yield api
    api.close()
    _context.CLIENTS.clear()
