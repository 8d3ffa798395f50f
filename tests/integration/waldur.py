# SPDX-License-Identifier: GPL-3.0-or-later
"""The Waldur that a test runs against: the simulator with its recorded data, or a real one (``live_waldur.py``)."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from simulator_process import Simulator

from .name_mapping import NameMapping


class Waldur(Protocol):
    """The interface for tests of the simulator and of a real Waldur."""

    name_mapping: NameMapping

    @property
    def url(self) -> str:
        """Return its address, without a path."""

    @property
    def tokens(self) -> dict[str, str]:
        """Return the tokens by alias; none of them may be printed."""

    def token(self, alias: str) -> str:
        """Return the token of an alias such as ``staff`` or ``owner``."""

    def codes(self) -> set[str]:
        """Return the API secret codes of the providers that the tests change; none of them may be printed."""

    def reset(self) -> None:
        """Return to the initial state."""

    def save_state(self) -> None:
        """Save the state to compare with later."""

    def has_changed(self) -> bool:
        """Return whether the state differs from the saved one."""

    def describe_state(self) -> str:
        """Describe the state, for the message of a failed test."""

    def record_skipped(self, what: str) -> None:
        """Record that a part of a test was skipped, for the summary of the run."""


class SimulatedWaldur:
    """A simulator: it has all recorded objects, and counts its writes."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.name_mapping = NameMapping()

    @property
    def url(self) -> str:
        """Return its address."""
        return self.simulator.url

    @property
    def tokens(self) -> dict[str, str]:
        """Return the tokens of all users with an alias."""
        return self.simulator.tokens

    def token(self, alias: str) -> str:
        """Return the token of an alias."""
        return self.simulator.token(alias)

    def codes(self) -> set[str]:
        """Return the codes of the two large providers."""
        found = set()
        for uuid in ("e182aaedb6ae4541956a3c14629abc02", "a8d8889eb447416caff92ad648f4d9b4"):
            url = f"{self.url}/api/marketplace-service-providers/{uuid}/api_secret_code/"
            request = urllib.request.Request(url, headers={"Authorization": f"Token {self.token('staff')}"})
            with urllib.request.urlopen(request) as answer:
                found.add(json.load(answer)["api_secret_code"])
        return found

    def reset(self) -> None:
        """Return to the recorded data."""
        self.simulator.reset()

    def arrange(self, steps: Iterable[Mapping[str, Any]]) -> None:
        """Change or create objects without any checks."""
        for step in steps:
            if "create" in step:
                self.simulator.create(step["create"], **step["set"])
            else:
                self.simulator.change(step["change"], step["where"], step["set"])

    def save_state(self) -> None:
        """Reset the counts of requests."""
        self.simulator.zero()

    def has_changed(self) -> bool:
        """Return whether the simulator got a request that writes, even if it failed."""
        return self.simulator.counts().writes > 0

    def describe_state(self) -> str:
        """Return the counts of requests."""
        return str(self.simulator.counts().operations)

    def record_skipped(self, what: str) -> None:
        """Fail, as the simulator has everything that the tests require."""
        raise AssertionError(f"left out: {what}")
