# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault at the request that writes project groups, and interruptions there, on Waldur 2026: all groups or none
are reported, and a second run mends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from messages import message
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common import signals
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from simulator_process import Simulator

from .module_outcomes import LONG, SHORT, try_module
from .test_faults import HERE
from .write_cases import ALPHA

RULES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "rules.yml").read_text())
IMPORT = "*/import_groups/"
LIST = "marketplace-service-provider-project-groups/"
OPTIONS = {
    "service_provider": ALPHA,
    "groups": [{"project": "Project c1", "gid": 31005}, {"project": "Project d1", "gid": 31006, "name": "genome"}],
}
BEFORE, AFTER = {"climate": 31001}, {"climate": 31005, "genome": 31006}
CHANGES = ["set_gid Project c1", "create_group Project d1"]


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A simulator of that edition."""
    with Simulator.start(edition="2026") as simulator:
        yield simulator


@pytest.fixture
def api(newest: Simulator) -> Iterator[Api]:
    """Its API: a provider with a pool and one group."""
    newest.reset(frozen=True)
    ranges = {"min_gid": 30000, "max_gid": 30099, "min_group_gid": 31000, "max_group_gid": 31099}
    newest.create("PosixPool", service_provider=ALPHA, **ranges)
    newest.create("ProjectGroup", service_provider=ALPHA, project="Project c1", name="climate", gid=31001)
    newest.zero()
    api = Api(newest)
    yield api
    api.close()
    _context.CLIENTS.clear()


def read_state(api: Api) -> dict[str, int]:
    """Return the GIDs of all groups."""
    return {row["name"]: row["gid"] for row in api.rows(LIST)}


@pytest.mark.parametrize("fault", RULES)
def test_groups_that_meet_a_fault_are_reported_as_they_are(newest: Simulator, api: Api, fault: str) -> None:
    rule = RULES[fault]
    newest.fault(method="POST", path=IMPORT, **rule)
    result = try_module(newest, "project_group", OPTIONS, timeout=SHORT if "delay" in rule else LONG)
    found = read_state(api)
    if "delay" in rule:  # the server still processes the request after the timeout
        time.sleep(rule["delay"])
    if result.failed:
        assert message("groups_sent_together", number=1) in result.msg
        # Where Waldur goes on after the timeout, the groups may have changed since they were read again.
        is_applied = result.names("applied") == CHANGES if "delay" in rule else found == AFTER
        assert result.names("applied") == (CHANGES if is_applied else [])
        assert result.names("not_applied") == ([] if is_applied else CHANGES)
        # A check that times out too leaves the outcome open, which counts as a change.
        is_open = "the check failed too" in result.msg
        assert result.result["changed"] is (is_applied or is_open)
        assert found in (BEFORE, AFTER)
    else:
        assert (result.msg, found) == ("changed", AFTER)

    newest.clear_faults()
    again = try_module(newest, "project_group", OPTIONS)
    assert not again.failed, again.msg
    assert read_state(api) == AFTER
    assert try_module(newest, "project_group", OPTIONS).msg == "ok"


@pytest.mark.parametrize("is_sent", [False, True])
def test_an_interruption_reports_all_groups_or_none(
    newest: Simulator, api: Api, monkeypatch: pytest.MonkeyPatch, is_sent: bool
) -> None:
    write_rows = Client.write_rows

    def interrupted(self: Client, name: str, *, body: dict[str, Any]) -> list[dict[str, Any]]:
        if is_sent:
            write_rows(self, name, body=body)
        raise signals.SignalReceived("SIGTERM")

    with monkeypatch.context() as patch:
        patch.setattr(Client, "write_rows", interrupted)
        result = try_module(newest, "project_group", OPTIONS)
    assert result.failed
    # Where they were sent, the outcome is not known.
    unsettled = ("uncertain", "not_applied") if is_sent else ("not_applied", "uncertain")
    assert [result.names(key) for key in ("applied", *unsettled)] == [[], CHANGES, []]
    assert read_state(api) == (AFTER if is_sent else BEFORE)
    assert result.result["changed"] is is_sent  # it says so too where the outcome is not known
    assert try_module(newest, "project_group", OPTIONS).msg == ("ok" if is_sent else "changed")
