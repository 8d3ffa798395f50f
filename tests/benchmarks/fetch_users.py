# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the users of a provider with the collection (``ours``) or with requests alone (``bare``).

Usage: ``python -m benchmarks.fetch_users ours|bare PROVIDER``. Prints the number of users and the seconds.
"""

from __future__ import annotations

import math
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory import reader


def ours(provider: str) -> int:
    """Read the users as the inventory plugin does; return their number."""
    connection = connection_options.connect(connection_options.resolve({}, {}, os.environ), os.environ)
    founds, _warnings = reader.read_inventory(connection, reader.Selection("users", [provider], {}, []))
    return len(founds[0].rows)


def bare(provider: str) -> int:
    """Send the same requests in one session, eight pages at a time; return the number of users."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Token {os.environ['WALDUR_ACCESS_TOKEN']}"
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=8))
    base = f"{os.environ['WALDUR_API_URL']}/api/marketplace-service-providers/"

    def page(number: int) -> requests.Response:
        answer = session.get(users, params={"page_size": 300, "page": number} if number > 1 else {"page_size": 300})
        answer.raise_for_status()
        return answer

    providers: list[Any] = session.get(base, params={"page_size": 300}).json()
    users = base + next(row["uuid"] for row in providers if row["customer_name"] == provider) + "/users/"
    first = page(1)
    last = math.ceil(int(first.headers["X-Result-Count"]) / 300)
    with ThreadPoolExecutor(8) as pool:
        return len(first.json()) + sum(pool.map(lambda number: len(page(number).json()), range(2, last + 1)))


if __name__ == "__main__":
    begin = time.perf_counter()
    count = {"ours": ours, "bare": bare}[sys.argv[1]](sys.argv[2])
    print(count, time.perf_counter() - begin)
