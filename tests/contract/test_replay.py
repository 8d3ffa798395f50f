# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Waldur's recorded exchanges, sent again to the 2024 edition of the simulator."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest
import yaml

from simulator_process import Simulator

from .recordings import RECORDED, load
from .replay import EDITION, Result, Score, describe, replay

LISTED: dict[str, str] = {
    entry["name"]: entry["level"]
    for entry in yaml.safe_load(pathlib.Path(__file__).with_name("disagreements.yml").read_bytes())
}


@pytest.fixture(scope="module")
def results(recordings: pathlib.Path) -> list[Result]:
    """What became of each exchange that carries an answer."""
    with Simulator.start(edition=EDITION) as simulator:
        return replay(simulator, load(recordings))


def level(result: Result) -> str:
    """How far a result is from being the same: ``agree`` where it does not even agree, ``values``, or nothing."""
    return "" if result.equal else "values" if result.agrees else "agree"


def shown(results: list[Result]) -> str:
    """The given results, each in a few lines."""
    return "\n".join(["", *(describe(result) for result in results)])


def test_nineteen_of_twenty_recorded_exchanges_agree(
    results: list[Result], record_property: Callable[[str, object], None]
) -> None:
    score = Score(results)
    record_property("measured", str(score))
    assert score.share >= 0.95, shown([result for result in results if not result.agrees])


def test_nine_of_ten_recorded_exchanges_agree_in_all_values(results: list[Result]) -> None:
    assert Score(results).equal_share >= 0.9, shown([result for result in results if not result.equal])


def test_every_disagreement_is_listed_with_its_reason(results: list[Result], recordings: pathlib.Path) -> None:
    # What a foreign file holds can't be known beforehand.
    judged = [item for item in results if recordings == RECORDED or item.exchange.name in LISTED]
    unexpected = [item for item in judged if level(item) not in ("", LISTED.get(item.exchange.name))]
    assert not unexpected, shown(unexpected)


def test_everything_listed_still_disagrees(results: list[Result], recordings: pathlib.Path) -> None:
    found = {result.exchange.name: level(result) for result in results}
    expected = {name: expected for name, expected in LISTED.items() if recordings == RECORDED or name in found}
    assert {name: found.get(name) for name in expected} == expected
