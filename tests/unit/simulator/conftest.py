# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulator's own tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator_process import Simulator

from .api import Api


@pytest.fixture
def api(sim: Simulator) -> Iterator[Api]:
    """The API of the recorded world at its start."""
    api = Api(sim)
    yield api
    api.close()
