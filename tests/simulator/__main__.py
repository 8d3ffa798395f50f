# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m simulator``: prints its URL and its tokens when ready, then serves until stopped.

They are one line of JSON, or, with ``--shell``, lines to paste into a shell.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import shlex
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
    parser.add_argument("--shell", action="store_true", help="print lines to paste into a shell instead of JSON")
    return parser.parse_args()


def shell_lines(url: str, edition: str, tokens: dict[str, str]) -> str:
    """Return two ``export`` lines for the token of staff, and other tokens in comments, which can be pasted too."""
    others = "\n".join(f"#   {alias:<20} {token}" for alias, token in tokens.items() if token != tokens["staff"])
    return f"""\
# A simulated Waldur {edition}. Paste these lines into another terminal; stop the simulator with Ctrl-C.
export WALDUR_API_URL={shlex.quote(url)}
export WALDUR_ACCESS_TOKEN={shlex.quote(tokens["staff"])}
# This is the token of the user staff. The tokens of the other users:
{others}"""


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
    about = {"url": url, "edition": options.edition, "tokens": world.tokens()}
    print(shell_lines(**about) if options.shell else json.dumps(about), flush=True)
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
