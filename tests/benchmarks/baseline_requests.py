# SPDX-License-Identifier: GPL-3.0-or-later
"""Send the requests of a JSON file one after the other in one session, as a baseline without the collection.

Usage: ``python -m benchmarks.baseline_requests FILE``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import requests


def main() -> None:
    """Send the requests of the file: ``url``, ``token``, and ``requests``, each with its method, path and body."""
    script = json.loads(Path(sys.argv[1]).read_text())
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Token {script['token']}"
    for method, path, body in script["requests"]:
        answer = session.request(method, script["url"] + path, json=body)
        answer.raise_for_status()
        if method == "GET":
            answer.json()


if __name__ == "__main__":
    main()
