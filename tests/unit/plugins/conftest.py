# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide sessions of the engine that are connected to the simulator."""

from __future__ import annotations

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from simulator_process import Simulator

from .helpers.fixture_types import Connect


@pytest.fixture
def connect(running: Simulator) -> Connect:
    """Return a function that returns a session of the engine on the simulator, with the token of a user."""

    def make(alias: str = "staff", missing_users: str = "fail") -> Session:
        client = Client(Connection(running.url, running.token(alias), retries=0))
        return Session(client, References(client), missing_users)

    return make
