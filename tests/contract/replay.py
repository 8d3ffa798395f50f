# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m contract.replay``: send recorded requests to the simulator and tell where its answers differ."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import http.client
import itertools
import json
import pathlib
import re

from simulator import clock
from simulator_process import Simulator

from .comparison import Difference, compare
from .raw_client import RawClient
from .recordings import RECORDED, Answer, Exchange, load
from .value_matching import ValueMatching

# The world behind the recordings; the simulator starts with it.
WORLD = pathlib.Path(__file__).parents[1] / "simulator" / "worlds" / "recorded.json"
EDITION = "2024"
_EXPIRED = re.compile(r"token of (?P<alias>\w+) expired \(token_lifetime (?P<lifetime>\d+) s, last use one hour ago\)")


@dataclasses.dataclass(frozen=True)
class Result:
    """How one judged exchange went; ``ours`` is None where the simulator gave no answer."""

    exchange: Exchange
    ours: Answer | None
    differences: list[Difference]

    @property
    def agrees(self) -> bool:
        """The same shape, and in errors the same words."""
        return not any(item.grave for item in self.differences)

    @property
    def equal(self) -> bool:
        """The same in all values, too."""
        return not self.differences


class Score:
    """What became of all judged exchanges."""

    def __init__(self, results: list[Result]) -> None:
        self.total = len(results)
        self.agree = sum(result.agrees for result in results)
        self.equal = sum(result.equal for result in results)

    @property
    def share(self) -> float:
        """The part that agrees, from 0 to 1."""
        return self.agree / self.total

    @property
    def equal_share(self) -> float:
        """The part that agrees in all values."""
        return self.equal / self.total

    def __str__(self) -> str:
        return (
            f"{self.agree} of {self.total} recorded exchanges agree ({self.share:.1%}), "
            f"{self.equal} in all values ({self.equal_share:.1%})"
        )


def replay(simulator: Simulator, exchanges: list[Exchange]) -> list[Result]:
    """Send all *exchanges* in their order to a *simulator* that holds their world; judge those with an answer.

    Raises ``ValueError`` where a line asks to arrange what nobody knows how to arrange.
    """
    text = WORLD.read_text(encoding="utf-8")
    world = json.loads(text)
    now = clock.parse(world["clock"])
    matching = ValueMatching(text, now)
    client = RawClient(simulator, matching)
    results = []
    simulator.reset()
    for exchange in exchanges:
        if exchange.fresh:
            simulator.reset()
            matching.start_over()
        if before := exchange.line.get("before"):
            _arrange(simulator, before, world["user_aliases"], now)
        if result := _send(client, matching, exchange):
            results.append(result)
    client.close()
    return results


def _send(client: RawClient, matching: ValueMatching, exchange: Exchange) -> Result | None:
    matching.give(json.dumps(exchange.line))
    try:
        ours = client.send(exchange)
    except (http.client.HTTPException, OSError) as problem:
        lost = Difference(True, "no answer", "an answer", str(problem))
        return Result(exchange, None, [lost]) if exchange.answer else None
    return Result(exchange, ours, compare(exchange.answer, ours, matching)) if exchange.answer else None


def _arrange(simulator: Simulator, before: str, names: dict[str, str], now: datetime.datetime) -> None:
    expired = _EXPIRED.fullmatch(before)
    if not expired:
        raise ValueError(f"cannot arrange {before!r}")
    user = {"username": names.get(expired["alias"], expired["alias"])}
    used = (now - datetime.timedelta(hours=1)).isoformat()
    simulator.change("User", user, {"token_lifetime": int(expired["lifetime"]), "token_used": used})


def describe(result: Result, *, at_most: int = 3) -> str:
    """A result in a few lines: what was asked, and the first differences, those first that keep it from agreeing."""
    exchange = result.exchange
    found = sorted(result.differences, key=lambda item: not item.grave)
    lines = [f"{exchange.name} ({exchange.seq}): {exchange.method} {exchange.path}"]
    lines += [f"  {'' if item.grave else 'value: '}{item}" for item in found[:at_most]]
    if len(found) > at_most:
        lines.append(f"  and {len(found) - at_most} more")
    return "\n".join(lines)


def _say(results: list[Result], verbose: bool) -> None:
    by_route = sorted(results, key=lambda result: (result.exchange.route, result.exchange.seq))
    for route, group in itertools.groupby(by_route, key=lambda result: result.exchange.route):
        print(f"== {route}")
        for result in group:
            print(describe(result, at_most=1000 if verbose else 3))
            if verbose:
                print(f"  request  {json.dumps(result.exchange.line)}")
                print(f"  recorded {result.exchange.answer}")
                print(f"  ours     {result.ours}")


def main() -> None:
    """The entry point."""
    parser = argparse.ArgumentParser(prog="contract.replay", description=__doc__)
    parser.add_argument("--recordings", type=pathlib.Path, default=RECORDED, help="another file of this form")
    parser.add_argument("--edition", default=EDITION, help="of the simulator; the recorded one when left out")
    parser.add_argument("--only", default="", help="show only names, or routes, with this in them; all are sent")
    parser.add_argument("--agree", action="store_true", help="leave out those that differ in values only")
    parser.add_argument("--verbose", action="store_true", help="all differences, and both answers whole")
    options = parser.parse_args()
    with Simulator.start(edition=options.edition) as simulator:
        results = replay(simulator, load(options.recordings))
    wanted = [result for result in results if not result.agrees or (not result.equal and not options.agree)]
    _say([item for item in wanted if options.only in f"{item.exchange.name} {item.exchange.route}"], options.verbose)
    print(Score(results))


if __name__ == "__main__":
    main()
