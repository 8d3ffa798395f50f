# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the guide on reading: a line for each module that reads, and each line answers its question."""

from __future__ import annotations

import re
import shlex

from data_of_2026 import add_data_of_2026
from guide_runner import GUIDES_FOLDER
from module_editions import first_edition

from simulator_process import Simulator

from .playbook import ROOT, runner

GUIDE = (GUIDES_FOLDER / "guide_query_data.rst").read_text()
TABLE = GUIDE.partition(":: Commands for common questions")[2].partition("\n\nUse names")[0]


def questions() -> dict[str, str]:
    """The options of each line by its module, as they stand after ``-a``."""
    lines = re.findall(r"^ +(ansible localhost (?:.*\\\n)*.*)$", TABLE, re.MULTILINE)
    words = [shlex.split(line.replace("\\\n", " ")) for line in lines]
    assert all(line[:3] == ["ansible", "localhost", "-m"] and line[4] == "-a" for line in words)
    return {line[3].rpartition(".")[2]: line[5] for line in words}


def test_the_guide_has_a_line_for_every_module_that_reads() -> None:
    modules = (ROOT / "plugins" / "modules").glob("*.py")
    assert set(questions()) == {path.stem for path in modules if path.stem.endswith(("_info", "_facts"))}


def test_each_line_of_the_guide_answers_its_question(sim: Simulator) -> None:
    every = questions()
    newest = {module: options for module, options in every.items() if first_edition(module) == 2026}
    answer(sim, {module: options for module, options in every.items() if module not in newest})
    with Simulator.start(edition="2026") as new:
        add_data_of_2026(new)
        answer(new, newest)


def answer(sim: Simulator, questions: dict[str, str]) -> None:
    """Play the lines; each must succeed with rows."""
    tasks = [{"name": module, f"waldur.provider.{module}": options} for module, options in questions.items()]
    # All in one play: a module reads its options there as it does after -a.
    outcome = runner(sim).play(tasks)
    assert outcome.code == 0, outcome.output
    assert [line["task"] for line in outcome.lines if line["result"].get("count") == 0] == []
    assert len(outcome.lines) == len(tasks)
