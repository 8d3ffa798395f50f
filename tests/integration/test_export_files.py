# SPDX-License-Identifier: GPL-3.0-or-later
"""Service providers taken over into files: both ways, and by the role and the playbook."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulation import Simulator

from .playbook import WAYS, runner

MODULE = "waldur.provider.desired_state_file"


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("way", WAYS)
def test_files_are_the_same_both_ways_and_are_written_once(sim: Simulator, way: str) -> None:
    run = runner(sim, way=way)
    there = run.folder / "providers"
    task = {MODULE: {"service_providers": ["ALPHA", "BETA"], "dest": str(there)}}
    outcome = run.play(
        [
            {"name": "Check", **task, "check_mode": True},
            {"name": "Write", **task},
            {"name": "Write again", **task},
            {"name": "Apply", "waldur.provider.desired_state": {"providers_path": str(there)}},
        ]
    )
    assert outcome.code == 0, outcome.output
    assert [result["changed"] for result in outcome.results] == [True, True, False, False]
    assert [os.path.basename(file["path"]) for file in outcome.of("Write")["files"]] == [
        "alpha-cl-1.yml",
        "beta-hpc-1.yml",
    ]
    assert outcome.of("Check")["diff"] == outcome.of("Write")["diff"]
    assert "customer: Beta HPC Centre" in contents(there)["beta-hpc-1.yml"]
    assert sim.counts().writes == 0


def test_the_playbook_takes_over_what_is_there_and_a_token_that_may_not_read_it_leaves_no_file(sim: Simulator) -> None:
    run = runner(sim)
    names = ["-e", '{"service_provider": ["ALPHA"], "providers_path": "here/providers"}']
    for options, changed in ((["--check"], 1), ([], 1), ([], 0)):
        outcome = run.command(["playbook", "waldur.provider.export", *names, *options, "-vvvv", "--diff"])
        assert outcome.code == 0, outcome.output
        assert f"changed={changed} " in outcome.output
        assert (run.folder / "here").exists() == (not options)
    assert "member3 reaches offerings and has no username there." in outcome.output
    run.alias = "outsider"
    outcome = run.command(["playbook", "waldur.provider.export", "-e", "service_provider=BETA", "-vvvv"])
    assert outcome.code == 2
    assert " out of parts, or name in service_providers those alone that this token may read." in outcome.output
    assert not (run.folder / "providers").exists()
