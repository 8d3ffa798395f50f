# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the time and the requests of the collection, and compare them with their targets: ``make benchmark``.

It measures the wall time of whole processes against the simulator: the median of several runs, alternating between
commands. Run it on an idle machine; the times of a busy one mean nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace

from simulator_process import Simulator

from .bench import SMALL, Bench, Failed, Sizes
from .measurements import MEASUREMENTS
from .result_table import head

# Options that are lists of sizes.
LISTS = ("growth", "fleets", "slices")


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="make benchmark OPTIONS=", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", help=f"what to measure: {', '.join(MEASUREMENTS)}; everything when left out"
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the median counts (%(default)s)")
    parser.add_argument("--growth", type=int, nargs="+", help="the numbers of items between which costs grow")
    parser.add_argument("--fleets", type=int, nargs="+", help="the numbers of hosts of the fleets that are measured")
    parser.add_argument("--slices", type=int, nargs="+", help="into how many slices the largest fleet is divided")
    parser.add_argument("--forks", type=int, help="how many forks each slice has")
    parser.add_argument("--items", type=int, help="items of a document; a fifth for each provider of a fleet")
    parser.add_argument("--small", action="store_true", help="few items: to see that it works")
    options = parser.parse_args(argv)
    if unknown := set(options.parts) - set(MEASUREMENTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}")
    return options


def main(argv: list[str] | None = None) -> None:
    """Measure, and print the table row by row."""
    options = arguments(argv)
    # As most users run it: Python keeps the bytecode of the collection.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sizes = SMALL if options.small else Sizes()
    growth, fleets, slices = (tuple(getattr(options, name) or getattr(sizes, name)) for name in LISTS)
    forks, items = options.forks or sizes.forks, options.items or sizes.items
    sizes = replace(sizes, growth=growth, fleets=fleets, slices=slices, forks=forks, items=items)
    with Simulator.start(generate={"providers": 1, "users": 1}, timeout=1200) as sim:
        bench = Bench(sim, sizes, options.repeats)
        print(head(), flush=True)
        try:
            for name in options.parts or MEASUREMENTS:
                for row in MEASUREMENTS[name](bench):
                    print(row, flush=True)
        except Failed as error:
            sys.exit(f"{name}: a run did not do what it should:\n{error}")


if __name__ == "__main__":
    main()
