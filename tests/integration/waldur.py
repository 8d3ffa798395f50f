# SPDX-License-Identifier: GPL-3.0-or-later
"""The Waldur that a test runs against: the simulator with its recorded world, or any real one (``live.py``)."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from simulation import Simulator

from .cast import Cast


class Waldur(Protocol):
    """What a test may ask of either; ``url`` is without a path, and ``token`` of an alias such as ``staff``."""

    cast: Cast

    @property
    def url(self) -> str:
        """Its address, without a path."""

    @property
    def tokens(self) -> dict[str, str]:
        """Tokens by alias; none of them may be printed."""

    def token(self, alias: str) -> str:
        """The token of ``staff``, ``owner``, …"""

    def codes(self) -> set[str]:
        """The API secret codes of the providers that the tests change; none of them may be printed."""

    def reset(self) -> None:
        """Go back to the start of the recorded world."""

    def watch(self) -> None:
        """Look out for writes from now on."""

    def written(self) -> bool:
        """Whether anything was written since."""

    def wrote(self) -> str:
        """What was, in a message."""

    def leave_out(self, what: str) -> None:
        """Say at the end that a part of a test was left out."""


class Simulated:
    """A simulator: it has everybody, and counts its writes."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.cast = Cast()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.simulator.url

    @property
    def tokens(self) -> dict[str, str]:
        """Those of all its users that have a name in the world."""
        return self.simulator.tokens

    def token(self, alias: str) -> str:
        """Anybody's."""
        return self.simulator.token(alias)

    def codes(self) -> set[str]:
        """Those of the two large providers."""
        found = set()
        for uuid in ("e182aaedb6ae4541956a3c14629abc02", "a8d8889eb447416caff92ad648f4d9b4"):
            url = f"{self.url}/api/marketplace-service-providers/{uuid}/api_secret_code/"
            request = urllib.request.Request(url, headers={"Authorization": f"Token {self.token('staff')}"})
            with urllib.request.urlopen(request) as answer:
                found.add(json.load(answer)["api_secret_code"])
        return found

    def reset(self) -> None:
        """As a simulator does it."""
        self.simulator.reset()

    def arrange(self, steps: Iterable[Mapping[str, Any]]) -> None:
        """Change or create objects past all checks."""
        for step in steps:
            if "create" in step:
                self.simulator.create(step["create"], **step["set"])
            else:
                self.simulator.change(step["change"], step["where"], step["set"])

    def watch(self) -> None:
        """Count anew."""
        self.simulator.zero()

    def written(self) -> bool:
        """Whether a request came that writes, whatever came of it."""
        return self.simulator.counts().writes > 0

    def wrote(self) -> str:
        """The counts."""
        return str(self.simulator.counts().operations)

    def leave_out(self, what: str) -> None:
        """Fail: the simulator can play everything."""
        raise AssertionError(f"left out: {what}")
