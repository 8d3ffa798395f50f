# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure many service providers with few role grants each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from simulator_process import Simulator

from .bench import Bench
from .playbooks import measure, one_task, write_folder
from .result_table import Row, seconds

GRANTS = 20
# Lists of all providers came with this edition.
EDITION = "2026"


def providers(bench: Bench) -> Iterator[Row]:
    """Measure one ``desired_state`` task for all providers, with a file for each, without changes."""
    count = bench.sizes.providers
    with Simulator.start(edition=EDITION, generate={"providers": 1, "users": 1}) as sim:
        newest = dataclasses.replace(bench, sim=sim)
        run, _path = write_folder(newest, providers=count, grants=GRANTS)
        sim.zero()
        ((wall, cpu),) = measure(newest, run, {"one": one_task(run)}).values()
        requests = sim.counts().requests // newest.repeats
    what = f"{count} providers with {GRANTS} role grants each, no change"
    yield Row(what, seconds(wall), f"CPU without the server {seconds(cpu)}", "", "<= 6 s", wall <= 6)
    yield Row("  requests", str(requests), f"{count} lists of role grants", "", "<= 120", requests <= 120)
