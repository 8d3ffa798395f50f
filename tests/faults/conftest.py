# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of faults share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils import _context
from simulator_process import Simulator


@pytest.fixture
def api(sim: Simulator) -> Iterator[Api]:
    """The API of the recorded world at its start, to look at what a run left."""
    api = Api(sim)
    yield api
    api.close()
    _context.CLIENTS.clear()
