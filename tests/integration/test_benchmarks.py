# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the benchmark with small sizes, and the numbers of requests, which do not depend on the machine."""

from __future__ import annotations

import dataclasses

import pytest
from benchmarks import run
from benchmarks.bench import Bench, Failed, Sizes, play
from benchmarks.measurements import MEASUREMENTS
from benchmarks.result_table import Row, head
from machines.namespace import find_obstacle

from simulator_process import Simulator

from .commands import ansible
from .playbook import Runner

TINY = Sizes(loop=3, items=4, growth=(2, 3), rows=310, gets=5, fleets=(2,), providers=12, lengths=(20, 40), changes=10)


class ForkingBench(Bench):
    """Runs playbooks in forks, which cost less than the new processes that the benchmark measures."""

    def runner(self) -> Runner:
        return dataclasses.replace(super().runner(), start=ansible)


@pytest.fixture
def bench(other_world: Simulator) -> Bench:
    return ForkingBench(other_world, TINY, repeats=1)


def counted(rows: list[Row]) -> list[tuple[str, bool | None]]:
    """Return the numbers of requests, and whether they meet their targets."""
    return [(row.ours, row.within) for row in rows if row.what.strip() == "requests"]


def test_items_of_a_loop_cost_a_request_each_and_one_more(bench: Bench) -> None:
    rows = list(MEASUREMENTS["loops"](bench))
    assert counted(rows) == [("4", True)]
    assert {row.budget for row in rows} >= {">= 25 x faster", "<= 1 s more", "<= 4 s"}
    assert all(len(str(row)) < 160 for row in rows)


@pytest.mark.parametrize(("items", "requests"), [(4, 7), (299, 7), (301, 10)])
def test_a_document_without_changes_costs_pages(bench: Bench, items: int, requests: int) -> None:
    bench.sizes = Sizes(items=items)
    rows = list(MEASUREMENTS["state"](bench))
    assert counted(rows) == [(str(requests), True)]
    assert f"same {requests} requests" in rows[0].compared


@pytest.mark.parametrize(("items", "requests"), [(4, 4 + 6), (305, 305 + 8)])
def test_grants_cost_a_request_each_and_pages_and_the_bare_script_makes_the_same(
    bench: Bench, items: int, requests: int
) -> None:
    bench.sizes = Sizes(items=items)
    rows = list(MEASUREMENTS["grants"](bench))
    assert counted(rows) == [(str(requests), True)]
    assert f"same {requests} requests" in rows[0].compared


def test_a_bare_script_that_makes_other_requests_is_not_compared_with(bench: Bench) -> None:
    run_here = bench.world(users=1)
    bench.sim.zero()
    bench.bare(run_here, [("GET", "/api/roles/", None)])()
    bench.expect(1)
    with pytest.raises(Failed, match=r"made 1 requests, not 2: \{'GET /api/roles/': 1\}"):
        bench.expect(2)


def test_the_growth_of_costs_is_shown_for_each_size(bench: Bench) -> None:
    rows = list(MEASUREMENTS["growth"](bench))
    whats = [row.what for row in rows if "requests" not in row.what]
    assert whats == [
        "desired_state, 2 grants, 2 usernames, no change",
        "desired_state, 3 grants, 3 usernames, no change",
        "2 grants to make",
        "3 grants to make",
    ]


def test_the_simulator_is_measured_too(bench: Bench) -> None:
    rows = list(MEASUREMENTS["simulator"](bench))
    assert len(rows) == 6
    assert all(row.within is not None for row in rows)


def test_accounts_on_a_machine_are_measured_where_the_test_runs_as_root(bench: Bench) -> None:
    rows = list(MEASUREMENTS["machines"](bench))
    if obstacle := find_obstacle("useradd"):
        assert [row.compared for row in rows] == [obstacle]
        return
    assert [row.what.strip() for row in rows] == [
        "4 accounts and 2 groups, first run",
        "4 accounts and 2 groups, no change",
        "no change, without Ansible's start",
    ]
    assert rows[-1].budget == "<= 2 s"


def test_an_inventory_is_compared_with_ansibles_own_way_and_with_a_bare_script(bench: Bench) -> None:
    rows = list(MEASUREMENTS["inventory"](bench))
    assert [row.what.strip() for row in rows] == [
        "fetch of 310 rows for an inventory, at a real Waldur's pace",
        "inventory of 310 hosts, six expressions, --list",
        "beside no expression",
        "--graph",
        "--host",
        "fetch, the server's time taken out",
    ]
    assert "bare script" in rows[0].compared
    assert "Ansible's own constructed way" in rows[1].compared


def test_playbooks_are_compared_with_one_task(bench: Bench) -> None:
    rows = list(MEASUREMENTS["playbooks"](bench))
    assert [row.what.strip() for row in rows] == [
        *("playbook plan", "CPU"),
        *("playbook drift", "CPU"),
        *("playbook apply", "CPU"),
    ]
    assert {row.budget for row in rows} == {"<= 0.5 s more"}


def test_a_fleet_is_compared_with_one_task_and_with_any_task_of_ansible(bench: Bench) -> None:
    rows = list(MEASUREMENTS["fleet"](bench))
    assert [row.what for row in rows if not row.what.startswith(" ")] == [
        "one desired_state task, 2 providers, 0 grants each",
        "playbook apply, 2 hosts",
        "a desired_state task, 2 hosts",
        "a set_fact task, 2 hosts",
    ]
    assert {row.budget for row in rows} == {"", "<= 0.1 s more a host"}
    # A host costs one request more than in one task, for its provider: the hosts share all that is not their own.
    assert [requests for requests, _within in counted(rows)] == ["5", "7", "7", "0"]


def test_many_providers_cost_pages(bench: Bench) -> None:
    rows = list(MEASUREMENTS["providers"](bench))
    assert counted(rows) == [("5", True)]
    assert rows[0].what == "12 providers with 20 role grants each, no change"


def test_time_and_memory_are_shown_for_each_length_of_a_list(bench: Bench) -> None:
    rows = list(MEASUREMENTS["rows"](bench))
    names = ("export", "report of role grants", "report of accounts", "inventory")
    assert [row.what for row in rows] == [
        *(what for name in names for length in (20, 40) for what in (f"{name} of {length} rows", "  memory")),
        "approved plan of 10 changes checked",
    ]
    assert rows[-1].budget == "<= 0.2 s"


def test_a_run_that_does_not_do_what_it_should_is_not_measured(other_world: Simulator) -> None:
    bench = Bench(other_world, TINY, repeats=1)
    task = {"name": "Grant", "waldur.provider.user_role": {"service_provider": "Provider 0001", "user": "nobody"}}
    with pytest.raises(Failed, match="user 'nobody' not found"):
        play(bench.world(users=1), [task])()


def test_parts_are_chosen_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    run.main(["simulator", "--small", "--repeats", "1"])
    printed = capsys.readouterr().out
    assert printed.startswith(head())
    assert "GETs of one provider" in printed
    assert "desired_state" not in printed
    with pytest.raises(SystemExit):
        run.main(["nothing"])
    printed = capsys.readouterr().err
    assert f"unknown: nothing; there are {', '.join(MEASUREMENTS)}" in printed
