# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong inputs: one clear sentence each, word for word, before the first write, the same both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.handle import Simulator

from .playbook import WAYS, runner

CASES = yaml.safe_load((Path(__file__).parent / "wrong_inputs.yml").read_text())


@pytest.mark.parametrize("way", WAYS)
def test_each_wrong_input_is_refused_in_one_sentence_before_the_first_write(sim: Simulator, way: str) -> None:
    run = runner(sim, way=way)
    (run.folder / "text.png").write_text("no image")
    with (run.folder / "big.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + bytes(10_000_000))
    tasks: list[dict[str, Any]] = [
        {
            "name": case["name"],
            f"waldur.provider.{case['module']}": case["options"],
            "vars": case.get("vars", {}),
            "ignore_errors": True,
        }
        for case in CASES
    ]
    profiles = str(run.folder / "profiles.yml")
    outcome = run.play(tasks, environment={"WALDUR_PROFILES_FILE": profiles})
    assert outcome.code == 0, outcome.output
    places = {"URL-OF-THE-SIMULATOR": sim.url, "PROFILES-FILE": profiles, "FOLDER": str(run.folder)}
    told = {line["task"]: line["result"].get("msg") for line in outcome.lines}
    for case in CASES:
        wanted = case["msg"]
        for name, value in places.items():
            wanted = wanted.replace(name, value)
        assert told[case["name"]] == wanted
    assert {line["status"] for line in outcome.lines} == {"failed"}
    assert "Traceback" not in outcome.output
    assert sim.counts().writes == 0, sim.counts().operations
