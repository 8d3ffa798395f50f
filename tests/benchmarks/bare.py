# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m benchmarks.bare FILE``: the requests of a file of JSON, one after the other on one session, no more."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import requests


def main() -> None:
    """The file holds ``url``, ``token`` and ``asked``: method, path and body of each request."""
    script = json.loads(Path(sys.argv[1]).read_text())
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Token {script['token']}"
    for method, path, body in script["asked"]:
        answer = session.request(method, script["url"] + path, json=body)
        answer.raise_for_status()
        if method == "GET":
            answer.json()


if __name__ == "__main__":
    main()
