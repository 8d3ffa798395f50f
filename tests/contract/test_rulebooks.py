# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks of the collection in the real ansible-rulebook: repair drift, and notify of roles that end soon."""

from __future__ import annotations

import datetime
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from simulator_process import Simulator

from .rulebooks import Rulebook

DOCUMENT = """\
---
service_providers:
  - customer: ALPHA
    users:
      - {user: manager_alpha, role: CUSTOMER.MANAGER, expiration_time: never}
      - {user: member1, role: CUSTOMER.MANAGER, expiration_time: never}
"""
MANAGERS = {"user__username__in": ["manager_alpha", "member1"], "service_provider__customer__abbreviation": "ALPHA"}


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Gives the URL of a webhook, and what was posted to it."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Note the message."""
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as above
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hooks/1", posted
    server.shutdown()
    server.server_close()


def variables(tmp_path: Path, name: str, **more: Any) -> dict[str, Any]:
    cursor = str(tmp_path / "state" / f"{name}.json")
    return {"waldur_cursor": cursor, "waldur_service_providers": ["ALPHA"], "waldur_interval": 1, **more}


def grant(sim: Simulator, username: str, **fields: Any) -> str:
    (provider,) = sim.change("ServiceProvider", {"customer__abbreviation": "ALPHA"}, {"description": "Alpha"})
    return sim.create("Grant", user=username, role="CUSTOMER.MANAGER", service_provider=provider, **fields)


def test_drift_is_repaired_within_a_minute_and_roles_that_end_soon_are_announced(
    sim: Simulator, tmp_path: Path, webhook: tuple[str, list[dict[str, Any]]]
) -> None:
    url, posted = webhook
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "alpha.yml").write_text(DOCUMENT)
    grant(sim, "member1")
    end = sim.clock() + datetime.timedelta(days=3)
    grant(sim, "member2", expiration_time=end.isoformat())
    grant(sim, "member3", expiration_time=(end + datetime.timedelta(days=300)).isoformat())
    environment = {"WALDUR_API_URL": sim.url, "WALDUR_RETRIES": "0"}
    staff, owner = ({**environment, "WALDUR_ACCESS_TOKEN": sim.token(user)} for user in ("staff", "owner"))
    repair = variables(tmp_path, "repair", providers_path=str(tmp_path / "providers"), max_removals=5)
    notify = variables(tmp_path, "notify", webhook_url=url, expiring_within="14d")
    with (
        Rulebook(tmp_path / "repair", "waldur.provider.repair_drift", repair, staff) as repairing,
        Rulebook(tmp_path / "notify", "waldur.provider.notify_expiring_roles", notify, owner) as notifying,
    ):
        repairing.until(lambda: is_started(repair))
        notifying.until(lambda: posted)
        # Waldur is down, ansible-rulebook crashes, and somebody revokes two roles and changes an account.
        sim.fault(path="/api/*", status=503, times=None)
        repairing.kill()
        assert len(sim.change("Grant", MANAGERS, {"is_active": False})) == 2
        sim.change("OfferingUser", {"username": "m1_alpha"}, {"is_restricted": True})
        repairing.start()
        repairing.until(lambda: "503" in repairing.printed)
        sim.clear_faults()
        began = time.monotonic()
        repairing.until(lambda: sim.counts().writes == 2)
        assert time.monotonic() - began < 60
        repairing.until(lambda: '"localhost": "2 changed"' in repairing.printed)
        # One run for three changes.
        assert repairing.printed.count("PLAY [Apply the desired state]") == 1
    assert is_granted(sim)
    assert [message["text"] for message in posted] == [
        f"The role CUSTOMER.MANAGER of member2 at Alpha Cloud Ltd ends at {end.isoformat().replace('+00:00', 'Z')}."
    ]
    for rulebook in (repairing, notifying):
        assert sim.token("staff") not in rulebook.printed
        assert sim.token("owner") not in rulebook.printed


def is_started(variables: dict[str, Any]) -> bool:
    path = Path(variables["waldur_cursor"])
    return path.exists() and json.loads(path.read_text())["is_started"]


def is_granted(sim: Simulator) -> bool:
    """Whether both managers hold their role again."""
    return len(sim.change("Grant", {**MANAGERS, "is_active": True}, {})) == 2
