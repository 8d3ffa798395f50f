# SPDX-License-Identifier: GPL-3.0-or-later
"""Every case of ``cases/``: in check mode, where any write fails it; in earnest; again, where any change fails it; both
inside Ansible's own process and as a module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from .playbook import WAYS, Outcome, Runner, runner
from .waldur import Waldur

Case = dict[str, Any]


def cases() -> list[Case]:
    return [
        case
        for path in sorted((Path(__file__).parent / "cases").glob("*.yml"))
        for case in yaml.safe_load(path.read_text())
    ]


def prepared(waldur: Waldur, case: Case, way: str) -> Runner:
    run = runner(waldur, case.get("as", "staff"), way)
    run.said_here(case)
    (run.folder / "files").mkdir()
    for folder in (run.folder, run.folder / "files"):
        Image.new("RGB", (4, 4), "red").save(folder / "logo.png")
    if case.get("arrange_tasks"):
        arranged = runner(waldur)
        Image.new("RGB", (4, 4), "red").save(arranged.folder / "logo.png")
        assert arranged.play(case["arrange_tasks"]).code == 0
    return run


def task(case: Case) -> dict[str, Any]:
    return {"name": "Task", f"waldur.provider.{case['module']}": case["options"]}


def expect(case: Case, outcome: Outcome, changed: bool, wanted: dict[str, Any]) -> None:
    assert outcome.code == 0, outcome.output
    result = outcome.result
    assert result["changed"] is changed, outcome.output
    for key, value in wanted.items():
        assert_holds(result.get(key), value, key)
    for text in case.get("warnings", []):
        assert any(text in warning for warning in result.get("warnings", [])), result
    assert bool(result.get("warnings")) == bool(case.get("warnings")), result.get("warnings")


def assert_holds(found: Any, wanted: Any, where: str) -> None:
    """What is wanted is found; mappings may hold more than is wanted."""
    if isinstance(wanted, dict) and wanted:
        assert isinstance(found, dict), f"{where}: {found}"
        for key, value in wanted.items():
            assert_holds(found.get(key), value, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(found, list), f"{where}: {found}"
        assert len(found) == len(wanted), f"{where}: {found}"
        for index, (one, value) in enumerate(zip(found, wanted, strict=True)):
            assert_holds(one, value, f"{where}[{index}]")
    else:
        assert found == wanted, f"{where}: {found}"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"].replace(" ", "_"))
def test_case(waldur: Waldur, case: Case, way: str) -> None:
    run = prepared(waldur, case, way)
    secrets = waldur.codes()
    waldur.watch()
    changed = case.get("changed", True)
    wanted = case.get("expect", {})

    planned = run.play([task(case)], "--check")
    expect(case, planned, changed, wanted)
    assert not waldur.written(), waldur.wrote()
    for line in case.get("diff", []):
        assert f"\n{line}" in planned.output

    applied = run.play([task(case)])
    expect(case, applied, changed, wanted)
    assert waldur.written() is changed, waldur.wrote()
    assert applied.result.get("diff") == planned.result.get("diff")

    waldur.watch()
    volatile = case.get("volatile", [])
    again = run.play([task(case)])
    every_run = case.get("every_run", False)
    settled = case.get("again") or ({} if volatile or "plan" in applied.result else wanted)
    expect(case, again, every_run, settled)
    assert waldur.written() is every_run, waldur.wrote()

    for secret in secrets | waldur.codes():
        assert secret not in planned.output + applied.output + again.output, "a secret code was printed"
        assert secret not in json.dumps([planned.results, applied.results, again.results])
