# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults where the modules read: before the first write, between two writes and after the last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from messages import begins, message, render
from PIL import Image
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils._http import pagination
from simulator_process import Simulator

from .module_outcomes import SHORT, Result, mask_random_values, try_module
from .write_cases import ALPHA, WRITES, grants, provider

GRANT = WRITES["grant"]
DOCUMENT = WRITES["document"]
MEMBERS = [f"member{number}" for number in range(1, 6)]
# What each writing module reads first, and in which words an error names that.
LISTS = {
    "create": ("*/customers/*", "look up customers"),
    "update": ("*/marketplace-service-providers/*", "list the service providers"),
    "delete": ("*/marketplace-provider-offerings/*", "look up offerings"),
    "grant": ("*/list_users/*", "list the role grants"),
    "extend": ("*/roles/*", "list the roles"),
    "revoke": ("*/list_users/*", "list the role grants"),
    "username": ("*/marketplace-offering-users/*", "list the accounts in offerings"),
    "rotation": ("*/api_secret_code/", "read the API secret code"),
    "document": ("*/project_permissions/*", "list the project permissions"),
}
# What a list that can't be read at all is told to be.
TOLD: dict[str, tuple[dict[str, Any], Any]] = {
    "503 in HTML": (
        {"status": 503, "html": True},
        {"key": "sentence", "text": {"key": "server_error", "status": 503, "reason": "Service Unavailable"}},
    ),
    "a reset": ({"drop": "before"}, {"key": "cannot", "reason": {"key": "connection_closed", "host": "HOST"}}),
    "a body cut short": ({"cut": 1}, {"key": "cannot", "reason": {"key": "response_cut", "host": "HOST"}}),
    "a timeout": (
        {"delay": 1.2},
        {"key": "cannot", "reason": {"key": "response_timeout", "host": "HOST", "seconds": SHORT}},
    ),
    "HTML with status 200": (
        {"html": True},
        {"key": "read_without_json", "status": 200, "body": "200 OK"},
    ),
    "JSON of another form": (
        {"body": "{}", "headers": {"Content-Type": "application/json"}},
        "read_of_another_form",
    ),
    "a redirect to another host": (
        {"redirect": "https://elsewhere.example/api/"},
        {
            "key": "redirect_rejected",
            "origin": "https://elsewhere.example",
            "path": "/api/",
            "remedy": {"key": "remedy_other_host"},
        },
    ),
    "a redirect in a circle": (
        {"redirect": "http://{host}{path}"},
        "redirect_loop",
    ),
    "an expired token": (
        {"status": 401, "body": {"detail": "Token has expired."}},
        {"key": "request_rejected", "status": 401, "reason": "Token has expired.", "remedy": {"key": "remedy_token"}},
    ),
    "429 for long": (
        {"status": 429, "headers": {"Retry-After": "3600"}},
        {
            "key": "request_rejected",
            "status": 429,
            "reason": "Too Many Requests",
            "remedy": {"key": "remedy_wait", "seconds": 3600},
        },
    ),
}


@pytest.mark.parametrize("fault", TOLD)
@pytest.mark.parametrize("name", ["create", "grant", "username", "document"])
def test_a_list_that_cannot_be_read_ends_the_run_before_the_first_write(
    sim: Simulator, api: Api, name: str, fault: str
) -> None:
    write, (path, title), (rule, told) = WRITES[name], LISTS[name], TOLD[fault]
    write.set_up(sim)
    before = write.read_state(api)
    sim.fault(method="GET", path=path, times=None, **rule)
    sim.zero()
    result = try_module(sim, write.module, write.options, timeout=SHORT if "delay" in rule else 10.0)
    assert sim.counts().writes == 0
    sim.clear_faults()
    assert mask_random_values(result.msg, sim) == render(told, request=title)
    assert write.read_state(api) == before
    assert "applied" not in result.result
    assert not try_module(sim, write.module, write.options).failed


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("fault", ["503 in HTML", "a reset", "a body cut short"])
def test_a_list_that_cannot_be_read_once_is_read_again(sim: Simulator, name: str, fault: str) -> None:
    write = WRITES[name]
    write.set_up(sim)
    sim.fault(method="GET", path=LISTS[name][0], **TOLD[fault][0])
    result = try_module(sim, write.module, write.options)
    assert (result.failed, result.msg) == (False, "changed")
    assert sim.faults()[0]["fired"] == 1


def test_a_redirect_on_the_same_host_is_followed_when_reading(sim: Simulator) -> None:
    sim.fault(method="GET", path="*/list_users/*", redirect="{path}&again=1", status=301)
    assert try_module(sim, GRANT.module, GRANT.options).msg == "changed"


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows a page, so that a few rows make several pages."""
    monkeypatch.setattr(pagination, "PAGE_SIZE", 2)


def five_grants(sim: Simulator) -> dict[str, Any]:
    """Five more grants, and a task that wants one of them gone and nobody else there."""
    for name in MEMBERS:
        sim.create("Grant", user=name, role="CUSTOMER.MANAGER", service_provider=ALPHA)
    wanted = [{"user": name} for name in [*MEMBERS[1:], "manager_alpha"]]
    return {"service_provider": ALPHA, "users": wanted, "exclusive": True}


OTHER_PAGES = "~list_users/.*page=[23]"


@pytest.mark.usefixtures("small_pages")
def test_a_row_that_is_repeated_on_the_next_page_counts_once(sim: Simulator, api: Api) -> None:
    options = five_grants(sim)
    sim.fault(path=OTHER_PAGES, repeat_row=True, times=2)
    result = try_module(sim, "user_role", options)
    assert (result.msg, len(result.result["user_roles"])) == ("changed", 5)
    assert (sim.counts().writes, grants(api, "member1")) == (1, [])


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("key", ["repeat_row", "skip_row"])
def test_a_row_that_slips_between_two_pages_once_is_found_by_reading_again(sim: Simulator, api: Api, key: str) -> None:
    options = five_grants(sim)
    sim.fault(path="~list_users/.*page=2$", **{key: True})
    result = try_module(sim, "user_role", options)
    assert (result.msg, len(result.result["user_roles"])) == ("changed", 5)
    assert (sim.counts().writes, grants(api, "member1")) == (1, [])


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("key", ["repeat_row", "skip_row"])
def test_a_row_that_slips_between_two_pages_at_each_reading_is_an_error_and_nobody_is_granted_twice(
    sim: Simulator, api: Api, key: str
) -> None:
    options = five_grants(sim)
    sim.fault(path="~list_users/.*page=2$", times=None, **{key: True})
    result = try_module(sim, "user_role", options)
    assert result.msg == message("rows_differ", request="list the role grants", announced=6, given=5)
    assert sim.counts().writes == 0
    sim.clear_faults()
    assert try_module(sim, "user_role", options).msg == "changed"
    assert [grants(api, name) for name in MEMBERS] == [[], *[[None]] * 4]


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(
    ("path", "title", "name", "count"),
    [
        ("~marketplace-service-providers/.*page=2$", "list the service providers", "update", 12),
        ("~marketplace-offering-users/.*page=2$", "list the accounts in offerings", "document", 12),
        ("~project_permissions/.*page=2$", "list the project permissions", "document", 10),
    ],
)
def test_a_row_that_slips_in_any_list_is_an_error_before_the_first_write(
    sim: Simulator, path: str, title: str, name: str, count: int
) -> None:
    write = WRITES[name]
    sim.fault(path=path, skip_row=True, times=None)
    options = {**write.options, "customer": "ALPHA"} if name == "update" else write.options
    result = try_module(sim, write.module, options)
    assert begins(result.msg, "rows_differ", request=title, announced=count, given=count - 1)
    assert sim.counts().writes == 0


# --- looking again, and checking -------------------------------------------------------------------------------------

LOOKS: dict[str, tuple[str, str]] = {
    "create": ("*/marketplace-service-providers/*", "list the service providers"),
    "update": ("*/marketplace-service-providers/*", "list the service providers"),
    "delete": ("*/marketplace-service-providers/*", "list the service providers"),
    "grant": ("*/list_users/*", "list the role grants"),
    "extend": ("*/list_users/*", "list the role grants"),
    "revoke": ("*/list_users/*", "list the role grants"),
    "username": ("*/marketplace-offering-users/*", "list the accounts in offerings"),
    "rotation": ("*/api_secret_code/", "read the API secret code"),
    "document": ("*/list_users/*", "list the role grants"),
}


def after_the_write(sim: Simulator, name: str, **rule: Any) -> Callable[[], Result]:
    """A run in which *rule* hits every reading that follows the first writing of the write."""
    write, (path, _title) = WRITES[name], LOOKS[name]
    write.set_up(sim)
    sim.zero()
    try_module(sim, write.module, write.options)
    rows = sim.requests()
    wrote = next(i for i, row in enumerate(rows) if row["method"] == write.method)
    tail = path.strip("*")
    before = sum(tail in row["path"] and row["method"] == "GET" for row in rows[:wrote])
    sim.reset(frozen=True)
    write.set_up(sim)
    sim.fault(method="GET", path=f"~{tail}", skip=before, times=None, **rule)
    return lambda: try_module(sim, write.module, write.options)


@pytest.mark.parametrize("name", WRITES)
def test_a_failed_recheck_is_reported_with_the_lost_response(sim: Simulator, name: str) -> None:
    write = WRITES[name]
    again = after_the_write(sim, name, status=502, html=True)
    sim.fault(method=write.method, path=write.path, drop="after", times=None)
    result = again()
    told = mask_random_values(result.msg, sim)
    cause = message("response_lost", request=write.title, reason=message("connection_closed", host="HOST"))
    error = message("server_error", request=LOOKS[name][1], status=502, reason="Bad Gateway") + "."
    text = message("recheck_failed", cause=message("change_failed", change=write.change, cause=cause), error=error)
    if name == "document":
        text = message("partly_applied", message=text, applied=1, changes=4, rest=2)
    assert told == text
    assert result.result["changed"] is True
    assert result.result["failed_change"]["action"] == write.changes[1 if name == "document" else 0].split()[0]


@pytest.mark.parametrize("name", ["delete", "grant", "extend", "revoke", "username"])
def test_a_failed_check_after_all_writes_is_reported(sim: Simulator, api: Api, name: str) -> None:
    write = WRITES[name]
    result = after_the_write(sim, name, status=502, html=True)()
    broke = message("server_error", request=LOOKS[name][1], status=502, reason="Bad Gateway") + "."
    assert mask_random_values(result.msg, sim) == message("change_unverified", cause=broke)
    assert (result.result["changed"], result.names("applied")) == (True, list(write.changes))
    sim.clear_faults()
    assert try_module(sim, write.module, write.options).msg == "ok"


# --- changes of two requests -----------------------------------------------------------------------------------------


def test_a_rejection_between_the_two_requests_of_a_change_reports_what_was_done(
    sim: Simulator, api: Api, tmp_path: Path
) -> None:
    Image.new("RGB", (2, 2), "red").save(tmp_path / "logo.png")
    options = {"customer": ALPHA, "description": "As code", "image": str(tmp_path / "logo.png")}
    sim.fault(method="PATCH", skip=1, status=400, body={"description": ["Too plain."]})
    cause = message(
        "request_rejected",
        request="change the service provider",
        status=400,
        reason="description: Too plain.",
        remedy=".",
    )
    result = try_module(sim, "service_provider", options)
    assert result.msg == message(
        "applied_before_refusal",
        cause=message("change_failed", change=f"update {ALPHA}", cause=cause),
        applied=message("image_was_uploaded"),
    )
    assert (result.result["changed"], result.names("applied")) == (True, [])
    sim.clear_faults()
    assert try_module(sim, "service_provider", options).msg == "changed"
    assert provider(api, ALPHA)[0][0] == "As code"
