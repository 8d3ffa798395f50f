# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the API with the standard library, and list the requests that a simulator received."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from simulator_process import Simulator

ALPHA = "e182aaedb6ae4541956a3c14629abc02"
ALPHA_CUSTOMER = "d2c8772ce559428283e388badd97f2d6"

Row = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A request that the simulator received: ``query`` in its order, values decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]

    def of(self, name: str) -> list[str]:
        """Return the values of one parameter."""
        return [value for key, value in self.query if key == name]


def list_requests(sim: Simulator) -> list[Request]:
    """Return the requests that the simulator recorded."""
    requests = []
    for request in sim.requests():
        path, _mark, query = request["path"].partition("?")
        requests.append(Request(request["method"], path, tuple(parse_qsl(query, keep_blank_values=True))))
    return requests


class ApiClient:
    """Read every page of a list without the collection, with the standard library."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def get(self, path: str, query: list[tuple[str, str]] | None = None) -> Any:
        """Return the JSON of one response; fails unless the status is 200."""
        address = f"{self._url}{path}?{urlencode(query)}" if query else f"{self._url}{path}"
        request = urllib.request.Request(address, headers={"Authorization": f"Token {self._token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def rows(self, path: str, query: list[tuple[str, str]] | None = None) -> list[Row]:
        """Return all rows, read in pages of a hundred."""
        rows: list[Row] = []
        while True:
            number = len(rows) // 100 + 1
            page = self.get(path, [*(query or []), ("page_size", "100"), ("page", str(number))])
            rows += page
            if len(page) < 100:
                return rows
