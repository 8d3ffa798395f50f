# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m simulator``: prints one line of JSON when ready, then serves until stopped."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import signal
import sys
import threading
from typing import Any

import django
from django.conf import settings

from . import editions


def numbers(text: str) -> dict[str, Any]:
    """``users=10,grants=5,templates=true`` as a dictionary of numbers and flags."""
    values: dict[str, Any] = {}
    for pair in text.split(","):
        name, _equals, value = pair.partition("=")
        values[name.strip()] = int(value) if value.isdigit() else {"true": True, "false": False}.get(value, value)
    return values


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="a free one when left out")
    parser.add_argument("--world", default="recorded", help="'recorded', or the path of a file like it")
    parser.add_argument("--generate", type=numbers, help="numbers to generate a world from: users=1000,grants=1000")
    parser.add_argument("--edition", default="2025", choices=sorted(editions.EDITIONS))
    parser.add_argument("--until-eof", action="store_true", help="stop when standard input closes")
    return parser.parse_args()


def configure() -> None:
    """Set Django up with ``settings.yaml``."""
    settings.configure(**editions.load("settings.yaml"))
    # Every 4xx would be a line on standard error.
    logging.getLogger("django").addHandler(logging.NullHandler())
    logging.getLogger("django").propagate = False
    django.setup()


def stop(*_: object) -> None:
    """End the process from a signal."""
    raise SystemExit(0)


def collect_rarely() -> None:
    """Leave what the start made out of the garbage collection, and collect less often: it took a third of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def serve(options: argparse.Namespace) -> None:
    """Build the world, say so, and answer requests."""
    configure()
    from django.urls import get_resolver

    from . import database, server, world

    listener = server.bind(options.port)
    url = f"http://127.0.0.1:{listener.server_port}"
    database.create()
    world.load(options.generate or options.world, url)
    listener.set_app(server.Application())
    get_resolver().url_patterns  # noqa: B018 - imports the views now, not at the first request
    collect_rarely()
    print(json.dumps({"url": url, "edition": options.edition, "tokens": world.tokens()}), flush=True)
    if options.until_eof:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), listener.shutdown()), daemon=True).start()
    listener.serve_forever(poll_interval=0.1)


def main() -> None:
    """The entry point."""
    options = arguments()
    editions.choose(options.edition)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    serve(options)


if __name__ == "__main__":
    main()
