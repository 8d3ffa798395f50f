# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the measurements of the benchmark by name; each yields rows of the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from .bench import PROVIDER, Asked, Bench, Task, fetch, names, play
from .growth_by_rows import rows
from .inventory import inventory
from .machines import machines
from .playbooks import fleet, playbooks
from .providers import providers
from .replay_server import Replay
from .result_table import Row, seconds, times
from .simulator_speed import simulator
from .slices import slices

# The requests that a document may need in addition to the pages of lists.
FIXED_REQUESTS = 10


def loops(bench: Bench) -> Iterator[Row]:
    """Measure items without changes: in a loop, as separate tasks, and with ansible.builtin.uri."""
    count = bench.sizes.loop
    run = bench.world(users=count + 20, grants=count)
    grant = {"service_provider": PROVIDER, "user": "{{ item }}"}
    looped = [_loop("waldur.provider.user_role", grant, count)]
    separate = [{"name": name, "waldur.provider.user_role": {**grant, "user": name}} for name in names(count)]
    facts = [{"name": name, "ansible.builtin.set_fact": {"x": name}} for name in names(count)]
    uri = {"url": f"{bench.sim.url}/api/marketplace-service-providers/?page_size=1", "return_content": True}
    actions = {
        "empty": play(run, []),
        "looped_facts": play(run, [_loop("ansible.builtin.set_fact", {"x": "{{ item }}"}, count)]),
        "separate_facts": play(run, facts),
        "loop": play(run, looped),
        "tasks": play(run, separate),
    }
    took = bench.measure(actions)
    with Replay(bench.sim.url) as server:
        replayed = {"loop": play(run, looped, url=server.url), "tasks": play(run, separate, url=server.url)}
        for fill in replayed.values():
            fill()
        alone = bench.measure(replayed)
    # It takes half a minute, so it runs once.
    slow = Bench(bench.sim, bench.sizes, 1).measure({"uri": play(run, [_loop("ansible.builtin.uri", uri, count)])})[
        "uri"
    ]
    requests, _asked = bench.counted(actions["loop"])

    empty, looping = took["empty"], took["loop"]
    what = f"loop of {count} unchanged user_role items"
    faster = slow / looping
    yield Row(
        what, seconds(looping), f"ansible.builtin.uri {seconds(slow)}", times(faster), ">= 25 x faster", faster >= 25
    )
    over = looping - empty
    nothing = f"empty playbook {seconds(empty)}"
    yield Row(what, seconds(looping), nothing, f"+{over:.2f} s", "<= 1 s more", over <= 1)
    fact = f"set_fact in the same loop {seconds(took['looped_facts'])}"
    ratio = alone["loop"] / took["looped_facts"]
    yield Row("  the server's time taken out", seconds(alone["loop"]), fact, times(ratio), "<= 1.3 x", ratio <= 1.3)
    over = alone["loop"] - empty
    yield Row(
        "  the server's time taken out", seconds(alone["loop"]), nothing, f"+{over:.2f} s", "<= 1 s more", over <= 1
    )
    few = count + 2
    yield Row("  requests", str(requests), f"one an item, and {few - count}", "", f"<= {few}", requests <= few)
    what = f"{count} separate unchanged user_role tasks"
    yield Row(what, seconds(took["tasks"]), nothing, times(took["tasks"] / empty), "<= 4 s", took["tasks"] <= 4)
    without_server = alone["tasks"]
    yield Row(
        "  the server's time taken out",
        seconds(without_server),
        nothing,
        times(without_server / empty),
        "<= 4 s",
        without_server <= 4,
    )
    fact = f"{count} set_fact tasks {seconds(took['separate_facts'])}"
    ratio = without_server / took["separate_facts"]
    yield Row("  the server's time taken out", seconds(without_server), fact, times(ratio), "<= 1.3 x", ratio <= 1.3)


def _loop(module: str, options: dict[str, Any], count: int) -> Task:
    return {"name": "Loop", module: options, "loop": names(count)}


def state(bench: Bench) -> Iterator[Row]:
    """Measure a document without changes."""
    yield from _state(bench, bench.sizes.items, budget=True)


def _state(bench: Bench, count: int, *, budget: bool) -> Iterator[Row]:
    run = bench.world(users=count, grants=count, accounts=count)
    document = {
        "customer": PROVIDER,
        "users": [{"user": name} for name in names(count)],
        "offering_usernames": [{"user": name, "username": name} for name in names(count)],
    }
    task = {"name": "State", "waldur.provider.desired_state": {"service_providers": "{{ document }}"}}
    action = play(run, [task], {"document": [document]})
    fact = {"name": "Fact", "ansible.builtin.set_fact": {"read": "{{ document }}"}}
    requests, rows = bench.counted(action)
    asked: Asked = [(row["method"], row["path"], None) for row in rows]
    actions = {
        "ours": action,
        "fact": play(run, [fact], {"document": [document]}),
        "bare": bench.bare(run, asked),
    }
    took = bench.measure(actions, prepare=bench.sim.zero)
    bench.expect(requests)
    what = f"desired_state, {count} grants, {count} usernames, no change"
    yield _against_bare(what, took, requests, 1.5 if budget else None)
    if budget:
        own = {**took, "ours": took["ours"] - took["fact"]}
        yield _against_bare("  without a set_fact of the same document", own, requests, 1.5)
        with Replay(bench.sim.url, slow=True) as server:
            paced = {"ours": play(run, [task], {"document": [document]}, url=server.url)}
            paced["bare"] = bench.bare(run, asked, server.url)
            paced["ours"]()
            yield _against_bare("  at a real Waldur's pace", bench.measure(paced), requests, 1.5)
    # Pages of 300 grants, accounts and memberships, and one page for the only resource of this world.
    pages = 3 * math.ceil(count / 300) + 1
    is_within = requests <= pages + FIXED_REQUESTS
    yield Row("  requests", str(requests), f"{pages} pages", "", f"<= pages + {FIXED_REQUESTS}", is_within)


def _against_bare(what: str, took: dict[str, float], requests: int, most: float | None) -> Row:
    ratio = took["ours"] / took["bare"]
    bare = f"bare script, same {requests} requests {seconds(took['bare'])}"
    within = None if most is None else ratio <= most
    return Row(what, seconds(took["ours"]), bare, times(ratio), f"<= {most} x" if most else "", within)


def grants(bench: Bench) -> Iterator[Row]:
    """Measure the creation of role grants."""
    yield from _grants(bench, bench.sizes.items, budget=True)


def _grants(bench: Bench, count: int, *, budget: bool) -> Iterator[Row]:
    run = bench.world(users=count)
    task = {"name": "Grant", "waldur.provider.user_role": {"service_provider": PROVIDER, "users": "{{ people }}"}}
    people = {"people": [{"user": name} for name in names(count)]}
    planned = play(run, [{**task, "check_mode": True}], people, changed=True)
    applied = play(run, [task], people, changed=True)
    _reads, rows = bench.counted(planned)
    bench.sim.reset()
    requests, _rows = bench.counted(applied)
    asked = _same_requests(bench, [row["path"] for row in rows], count, requests)
    took = bench.measure({"ours": applied, "bare": bench.bare(run, asked)}, prepare=bench.sim.reset)
    bench.expect(requests)
    yield _against_bare(f"{count} grants to make", took, requests, 1.3 if budget else None)
    # A request for each grant, and pages: the grants before and after, and the usernames.
    pages = 1 + math.ceil(count / 300) + math.ceil((count + 4) / 300)
    target, is_within = f"<= these + {FIXED_REQUESTS}", requests <= count + pages + FIXED_REQUESTS
    yield Row("  requests", str(requests), f"{count} grants and {pages} pages", "", target, is_within)


def _same_requests(bench: Bench, reads: list[str], count: int, requests: int) -> Asked:
    """Return the requests of a run: the reads of the plan, the writes of the grants, and the reads after them."""
    row = fetch(bench, "/api/marketplace-service-providers/")[0]
    provider = f"/api/marketplace-service-providers/{row['uuid']}"
    role = next(row["uuid"] for row in fetch(bench, "/api/roles/?page_size=300") if row["name"] == "CUSTOMER.MANAGER")
    users = {
        row["username"]: row["uuid"]
        for page in range(1, math.ceil((count + 4) / 300) + 1)
        for row in fetch(bench, f"/api/users/?page_size=300&page={page}&field=uuid&field=username")
    }
    before: Asked = [("GET", path, None) for path in reads]
    made: Asked = [("POST", f"{provider}/add_user/", {"role": role, "user": users[name]}) for name in names(count)]
    pages = range(1, requests - len(before) - len(made) + 1)
    after: Asked = [("GET", f"{provider}/list_users/?page_size=300&page={page}", None) for page in pages]
    return before + made + after


def growth(bench: Bench) -> Iterator[Row]:
    """Measure how the costs of both grow with the number of items."""
    for count in bench.sizes.growth:
        yield from _state(bench, count, budget=False)
    for count in bench.sizes.growth:
        yield from _grants(bench, count, budget=False)


MEASUREMENTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "loops": loops,
    "state": state,
    "grants": grants,
    "growth": growth,
    "inventory": inventory,
    "playbooks": playbooks,
    "fleet": fleet,
    "slices": slices,
    "providers": providers,
    "rows": rows,
    "simulator": simulator,
    "machines": machines,
}
