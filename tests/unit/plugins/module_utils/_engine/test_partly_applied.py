# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and changes that stop half-way, whatever the reason."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from messages import begins, fragment, matching, mentions, message
from PIL import Image

from ansible_collections.waldur.provider.plugins.module_utils._common import signals
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Interrupted,
    OutcomeUnknown,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.signals import SignalReceived
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document.images import read_image
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module import resource_modules, runner
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import UserRole
from simulator_process import Simulator

from ...helpers.fixture_types import Connect


@pytest.mark.parametrize(
    ("skip", "drop", "changed"), [(0, "before", False), (0, "after", True), (1, "before", True), (1, "after", True)]
)
def test_an_image_that_was_uploaded_before_the_rest_was_lost_counts_as_changed(
    sim: Simulator, connect: Connect, tmp_path: Path, skip: int, drop: str, changed: bool
) -> None:
    logo = tmp_path / "logo.png"
    Image.new("RGB", (2, 2), "red").save(logo)
    document = SCHEMA.read([{"customer": "ALPHA", "description": "new", "image": str(logo)}], read_image)
    session = connect()
    planned = plan_changes(session, RESOURCES, document)
    sim.fault(method="write", skip=skip, drop=drop)
    with pytest.raises(OutcomeUnknown, match=fragment("outcome_rechecked")) as lost:
        apply(session, planned)
    assert lost.value.details["changed"] is changed
    complete = (skip, drop) == (1, "after")
    assert len(lost.value.details["applied"]) == (1 if complete else 0)
    assert (mentions(lost.value.message, "provider_differs")) is not complete


class Timeout(BaseException):
    """What Ansible raises in the middle of anything when the timeout of a task is over."""


ENDINGS = [
    (KeyboardInterrupt(), "interrupted by SIGINT"),
    (Timeout("Timed out after 5 seconds"), "stopped by Timeout (Timed out after 5 seconds)"),
    (SystemExit(3), "stopped by SystemExit (3)"),
    (TypeError("a defect"), "unexpected TypeError (a defect)"),
    (MemoryError(), "unexpected MemoryError"),
    (WaldurError("Waldur refused."), "Waldur refused."),
]


@pytest.fixture
def planned(sim: Simulator, connect: Connect) -> tuple[Session, Plan]:
    """A plan of three changes."""
    session = connect()
    document = [{"customer": "ALPHA", "description": "new", "users": [{"user": "member1"}, {"user": "member2"}]}]
    return session, plan_changes(session, RESOURCES, SCHEMA.read(document, read_image))


def names(changes: list[dict[str, Any]]) -> list[str]:
    return [change["action"] + " " + change["name"].split()[0] for change in changes]


@pytest.mark.parametrize(("ending", "cause"), ENDINGS)
@pytest.mark.parametrize("is_sent", [False, True])
def test_any_exception_while_applying_reports_what_was_applied(
    planned: tuple[Session, Plan], monkeypatch: pytest.MonkeyPatch, ending: BaseException, cause: str, is_sent: bool
) -> None:
    session, plan = planned
    write = session.client.write

    def broken(name: str, *place: Any, **content: Any) -> Any:
        if name == "add_user" and not is_sent:
            raise type(ending)(*ending.args)
        answer = write(name, *place, **content)
        if name == "add_user":
            raise type(ending)(*ending.args)
        return answer

    monkeypatch.setattr(session.client, "write", broken)
    with pytest.raises(WaldurError) as caught:
        apply(session, plan)
    assert caught.value.message.startswith(f"grant member1 as CUSTOMER.MANAGER (Alpha Cloud Ltd): {cause}")
    if not isinstance(ending, WaldurError):
        unknown = message("interrupted_unknown") if is_sent else message("stopped_unsent")
        assert unknown in caught.value.message
    found = caught.value.details
    assert names(found["applied"]) == ["update Alpha"]
    assert names([found["failed_change"]]) == ["grant member1"]
    assert names(found["uncertain"] + found["not_applied"]) == ["grant member1", "grant member2"]
    assert len(found["uncertain"]) == (is_sent and not isinstance(ending, WaldurError))
    assert found["changed"] is True


@pytest.mark.parametrize("is_sent", [False, True])
def test_the_first_change_counts_as_changed_only_where_something_was_sent_for_it(
    planned: tuple[Session, Plan], monkeypatch: pytest.MonkeyPatch, is_sent: bool
) -> None:
    session, plan = planned
    write = session.client.write

    def broken(*place: Any, **content: Any) -> Any:
        if is_sent:
            write(*place, **content)
        raise TypeError

    monkeypatch.setattr(session.client, "write", broken)
    with pytest.raises(WaldurError) as caught:
        apply(session, plan)
    assert (caught.value.details["applied"], caught.value.details["changed"]) == ([], is_sent)


def test_an_interrupted_change_with_unknown_outcome_was_listed_as_not_applied(
    planned: tuple[Session, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, plan = planned

    def interrupted(*_place: Any, **_content: Any) -> Any:
        session.client.writes_sent += 1
        raise SignalReceived("SIGINT")

    monkeypatch.setattr(session.client, "write", interrupted)
    with pytest.raises(Interrupted) as caught:
        apply(session, plan)
    found = caught.value.details
    assert (names(found["uncertain"]), found["changed"]) == (["update Alpha"], True)
    assert names(found["not_applied"]) == ["grant member1", "grant member2"]


@pytest.mark.parametrize(("ending", "cause"), ENDINGS)
def test_any_exception_while_checking_reports_that_all_was_applied(
    planned: tuple[Session, Plan], monkeypatch: pytest.MonkeyPatch, ending: BaseException, cause: str
) -> None:
    def broken(*_arguments: Any) -> Any:
        raise type(ending)(*ending.args)

    session, plan = planned
    monkeypatch.setattr(UserRole, "verify", broken)
    with pytest.raises(WaldurError) as caught:
        apply(session, plan)
    assert begins(caught.value, "changes_unverified", count=3, cause=matching(f"{re.escape(cause)}.*"))
    found = caught.value.details
    assert (len(found["applied"]), found["failed_change"], found["not_applied"], found["changed"]) == (
        3,
        None,
        [],
        True,
    )


@pytest.mark.parametrize(
    ("module", "name", "done"),
    [
        (resource_modules, "plan_changes", message("interrupted_before")),
        (runner, "plan_diff", message("interrupted_after", count=1)),
    ],
)
def test_a_signal_before_or_after_the_writing_says_so(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, done: str
) -> None:
    def interrupted(*_arguments: Any) -> Any:
        raise SignalReceived("SIGTERM")

    monkeypatch.setattr(module, name, interrupted)
    connection = Connection(sim.url, sim.token("staff"), retries=0)
    options = {"customer": "ALPHA", "description": "new", "state": "present"}
    with pytest.raises(Interrupted, match=f"^Interrupted by SIGTERM {done}\\.$") as caught:
        runner.run("service_provider", options, connection, check=False, diff=True)
    assert sim.counts().writes == len(caught.value.details["applied"])
    assert caught.value.details["changed"] is bool(sim.counts().writes)


@pytest.mark.parametrize("action", ["create", "update"])
def test_a_write_of_which_the_server_kept_a_part_is_reported_as_changed(
    sim: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    session = connect()
    customer = "ALPHA" if action == "update" else "EXTRA01"
    if action == "create":
        apply(
            session,
            plan_changes(session, RESOURCES, SCHEMA.read([{"customer": customer, "state": "absent"}], read_image)),
        )
    document = [{"customer": customer, "description": "new", "enable_notifications": False}]
    planned = plan_changes(session, RESOURCES, SCHEMA.read(document, read_image))
    write = session.client.write

    def partly(*place: Any, **content: Any) -> Any:
        return {**write(*place, **content), "enable_notifications": True}

    monkeypatch.setattr(session.client, "write", partly)
    with pytest.raises(WaldurError, match=fragment("value_not_applied", option="enable_notifications")) as caught:
        apply(session, planned)
    found = caught.value.details
    assert (found["changed"], found["applied"], len(found["uncertain"]), found["not_applied"]) == (True, [], 1, [])
    assert found["failed_change"]["action"] == action


@pytest.mark.parametrize("begun", [True, False])
def test_a_process_whose_parent_has_ended_writes_no_more(
    planned: tuple[Session, Plan], monkeypatch: pytest.MonkeyPatch, sim: Simulator, begun: bool
) -> None:
    session, plan = planned
    write = session.client.write

    def orphaned(*place: Any, **content: Any) -> Any:
        answer = write(*place, **content)
        monkeypatch.setattr(os, "getppid", lambda: 1)
        return answer

    signals.remember_parent()
    if begun:
        monkeypatch.setattr(session.client, "write", orphaned)
    else:
        monkeypatch.setattr(os, "getppid", lambda: 1)
    with pytest.raises(
        Interrupted, match=fragment("interrupted_unsent", cause="the end of the process that started it")
    ) as (caught):
        apply(session, plan)
    found = caught.value.details
    assert (len(found["applied"]), len(found["not_applied"]), found["changed"]) == (int(begun), 3 - begun, begun)
    assert sim.counts().writes == begun
