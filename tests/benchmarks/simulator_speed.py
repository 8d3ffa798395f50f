# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how fast the simulator itself responds."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator

from .bench import Bench
from .result_table import Row

LISTS = ("list_users/", "users/", "project_permissions/")


def simulator(bench: Bench) -> Iterator[Row]:
    """Measure GET requests for one provider on a persistent connection, and pages of its longest lists."""
    count = bench.sizes.rows
    bench.world(users=count, grants=count, accounts=count)
    host = bench.sim.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=60)
    headers = {"Authorization": f"Token {bench.sim.token('staff')}"}

    def get(path: str) -> bytes:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == http.client.OK, body
        return body

    uuid = json.loads(get("/api/marketplace-service-providers/"))[0]["uuid"]
    provider = f"/api/marketplace-service-providers/{uuid}/"
    begin = time.perf_counter()
    for _number in range(bench.sizes.gets):
        get(provider)
    rate = bench.sizes.gets / (time.perf_counter() - begin)
    yield Row("simulator: GETs of one provider", f"{rate:.0f} a second", "", "", ">= 300 a second", rate >= 300)
    for path in (*(provider + name for name in LISTS), "/api/users/", "/api/marketplace-offering-users/"):
        taken = [_milliseconds(get, f"{path}?page_size=300&page={page}") for page in _pages(count)]
        typical = statistics.median(taken)
        name = path.removeprefix("/api/").replace(f"marketplace-service-providers/{uuid}/", "a provider's ")
        what = f"simulator: 300 of {count} rows, {name}"
        yield Row(what, f"{typical:.0f} ms", "", "", "<= 150 ms", typical <= 150)
    connection.close()


def _pages(count: int) -> list[int]:
    """Return the first page, some in the middle, and the last full one."""
    last = max(1, count // 300)
    return sorted({1, max(1, last // 3), max(1, last // 2), max(1, last * 2 // 3), last})


def _milliseconds(get: Callable[[str], bytes], path: str) -> float:
    begin = time.perf_counter()
    get(path)
    return (time.perf_counter() - begin) * 1000
