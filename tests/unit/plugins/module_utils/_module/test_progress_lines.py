# SPDX-License-Identifier: GPL-3.0-or-later
"""What long runs say of their progress: in each part of a run, without secrets, and never as a module of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common import progress
from ansible_collections.waldur.provider.plugins.module_utils._http import pagination
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run
from simulator_process import Simulator

GRANTS: dict[str, Any] = {
    "service_provider": "ALPHA",
    "users": [{"user": "member1"}, {"user": "member2"}],
    "role": "CUSTOMER.MANAGER",
    "state": "present",
    "exclusive": False,
}


@pytest.fixture(autouse=True)
def _show_each_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Show a line after each step, instead of every few seconds."""
    monkeypatch.setattr(progress, "INTERVAL", 0)
    _context.CLIENTS.clear()
    yield
    _context.CLIENTS.clear()


def lines_of(sim: Simulator, name: str, **options: Any) -> list[str]:
    """Return the lines of a run, without the time that it took."""
    lines: list[str] = []
    connection = Connection(sim.url, sim.token("staff"), retries=0)
    run(name, options, connection, check=False, diff=False, show_progress=lines.append)
    assert all("about" in line and line.endswith(" left") for line in lines)
    return [line.rpartition(", about")[0].rpartition(", ")[0] for line in lines]


def test_changes_of_one_provider_are_counted_with_its_name(sim: Simulator) -> None:
    assert lines_of(sim, "user_role", **GRANTS) == ["Alpha Cloud Ltd: 1 of 2 changes applied"]


def test_changes_of_several_providers_are_counted_together_after_all_were_read(sim: Simulator) -> None:
    entries = [{"customer": name, "description": "new"} for name in ("ALPHA", "BETA")]
    assert lines_of(sim, "desired_state", service_providers=entries) == [
        "1 of 2 service providers read",
        "2 service providers: 1 of 2 changes applied",
        "Alpha Cloud Ltd: 1 of 2 results checked",
    ]


def test_exported_providers_are_counted(sim: Simulator, tmp_path: Path) -> None:
    options = {"service_providers": ["ALPHA", "BETA"], "parts": ["profile"], "images": True}
    lines = lines_of(sim, "desired_state_file", dest=str(tmp_path / "providers"), **options)
    assert lines[0] == "1 of 2 service providers exported"
    assert lines[1:] == ["1 of 2 images checked"]


def test_pages_of_a_long_list_are_counted(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "PAGE_SIZE", 2)
    lines = lines_of(sim, "user_info", service_provider="ALPHA")
    pages = [line for line in lines if line.startswith("List the provider's users: ")]
    assert len(pages) > 1
    assert pages[0].startswith("List the provider's users: 2 of ")
    assert all(line.endswith(" pages read") for line in lines)


def test_a_line_holds_no_secret_and_cannot_steer_a_terminal(sim: Simulator) -> None:
    sim.change("Customer", {"abbreviation": "ALPHA"}, {"name": f"A\x1b[31m\n{sim.token('staff')}"})
    (line,) = lines_of(sim, "user_role", **GRANTS)
    assert line == r"A\x1b[31m\n********: 1 of 2 changes applied"


def test_a_later_run_that_shows_nothing_uses_nothing_of_an_earlier_one(sim: Simulator) -> None:
    lines: list[str] = []
    connection = Connection(sim.url, sim.token("staff"), retries=0)
    for show in (lines.append, None):
        sim.reset()
        run("user_role", GRANTS, connection, check=False, diff=False, show_progress=show)
    assert len(lines) == 1
