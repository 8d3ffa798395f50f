# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults where the modules read: before the first write, between two writes and after the last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils._http import pagination
from simulation import Simulator

from .runs import SHORT, Result, plain, run
from .subjects import ALPHA, SUBJECTS, grants, provider

GRANT = SUBJECTS["grant"]
DOCUMENT = SUBJECTS["document"]
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
TOLD: dict[str, tuple[dict[str, Any], str]] = {
    "503 in HTML": ({"status": 503, "html": True}, "Waldur failed on the request to {0} (503: Service Unavailable)."),
    "a reset": ({"drop": "before"}, "Cannot {0}: the connection to HOST was closed."),
    "a body cut short": ({"cut": 1}, "Cannot {0}: the answer of HOST was cut short."),
    "a timeout": ({"delay": 1.2}, "Cannot {0}: no answer from HOST within 0.8 seconds: see timeout."),
    "HTML with status 200": (
        {"html": True},
        "Cannot {0}: the server answered 200 without JSON (200 OK): does api_url name a Waldur, and no log-in page?",
    ),
    "JSON of another form": (
        {"body": "{}", "headers": {"Content-Type": "application/json"}},
        "Cannot {0}: the server answered in another form than Waldur's: does api_url name a Waldur?",
    ),
    "a redirect to another host": (
        {"redirect": "https://elsewhere.example/api/"},
        "Cannot {0}: the server redirects to https://elsewhere.example/api/, and only reading is redirected, to the"
        " same scheme, host and port: if that is your Waldur, set api_url to https://elsewhere.example.",
    ),
    "a redirect in a circle": (
        {"redirect": "http://{host}{path}"},
        "Cannot {0}: the server redirects in a circle; check api_url.",
    ),
    "an expired token": (
        {"status": 401, "body": {"detail": "Token has expired."}},
        "Waldur refused to {0} (401: Token has expired.): access_token is wrong, expired or not allowed here.",
    ),
    "429 for long": (
        {"status": 429, "headers": {"Retry-After": "3600"}},
        "Waldur refused to {0} (429: Too Many Requests): it asks to wait 3600 seconds, so run again later.",
    ),
}


@pytest.mark.parametrize("fault", TOLD)
@pytest.mark.parametrize("name", ["create", "grant", "username", "document"])
def test_a_list_that_cannot_be_read_ends_the_run_before_the_first_write(
    sim: Simulator, api: Api, name: str, fault: str
) -> None:
    subject, (path, title), (rule, told) = SUBJECTS[name], LISTS[name], TOLD[fault]
    subject.begin(sim)
    before = subject.held(api)
    sim.fault(method="GET", path=path, times=None, **rule)
    sim.zero()
    result = run(sim, subject.module, subject.options, timeout=SHORT if "delay" in rule else 10.0)
    assert sim.counts().writes == 0
    sim.clear_faults()
    assert plain(result.msg, sim) == told.format(title)
    assert subject.held(api) == before
    assert "applied" not in result.result
    assert not run(sim, subject.module, subject.options).failed


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("fault", ["503 in HTML", "a reset", "a body cut short"])
def test_a_list_that_cannot_be_read_once_is_read_again(sim: Simulator, name: str, fault: str) -> None:
    subject = SUBJECTS[name]
    subject.begin(sim)
    sim.fault(method="GET", path=LISTS[name][0], **TOLD[fault][0])
    result = run(sim, subject.module, subject.options)
    assert (result.failed, result.msg) == (False, "changed")
    assert sim.faults()[0]["fired"] == 1


def test_a_redirect_on_the_same_host_is_followed_when_reading(sim: Simulator) -> None:
    sim.fault(method="GET", path="*/list_users/*", redirect="{path}&again=1", status=301)
    assert run(sim, GRANT.module, GRANT.options).msg == "changed"


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
TWICE = (
    "Cannot list the role grants: Waldur announced 6 rows and gave 5 different ones, twice; the list is changing or its"
    " pages overlap: run again."
)


@pytest.mark.usefixtures("small_pages")
def test_a_row_that_is_repeated_on_the_next_page_counts_once(sim: Simulator, api: Api) -> None:
    options = five_grants(sim)
    sim.fault(path=OTHER_PAGES, repeat_row=True, times=2)
    result = run(sim, "user_role", options)
    assert (result.msg, len(result.result["user_roles"])) == ("changed", 5)
    assert (sim.counts().writes, grants(api, "member1")) == (1, [])


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("key", ["repeat_row", "skip_row"])
def test_a_row_that_slips_between_two_pages_once_is_found_by_reading_again(sim: Simulator, api: Api, key: str) -> None:
    options = five_grants(sim)
    sim.fault(path="~list_users/.*page=2$", **{key: True})
    result = run(sim, "user_role", options)
    assert (result.msg, len(result.result["user_roles"])) == ("changed", 5)
    assert (sim.counts().writes, grants(api, "member1")) == (1, [])


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("key", ["repeat_row", "skip_row"])
def test_a_row_that_slips_between_two_pages_at_each_reading_is_an_error_and_nobody_is_granted_twice(
    sim: Simulator, api: Api, key: str
) -> None:
    options = five_grants(sim)
    sim.fault(path="~list_users/.*page=2$", times=None, **{key: True})
    result = run(sim, "user_role", options)
    assert result.msg == TWICE
    assert sim.counts().writes == 0
    sim.clear_faults()
    assert run(sim, "user_role", options).msg == "changed"
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
    subject = SUBJECTS[name]
    sim.fault(path=path, skip_row=True, times=None)
    options = {**subject.options, "customer": "ALPHA"} if name == "update" else subject.options
    result = run(sim, subject.module, options)
    words = f"Waldur announced {count} rows and gave {count - 1} different ones, twice"
    assert result.msg.startswith(f"Cannot {title}: {words}")
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
    """A run in which *rule* hits every reading that follows the first writing of the subject."""
    subject, (path, _title) = SUBJECTS[name], LOOKS[name]
    subject.begin(sim)
    sim.zero()
    run(sim, subject.module, subject.options)
    rows = sim.requests()
    wrote = next(i for i, row in enumerate(rows) if row["method"] == subject.method)
    tail = path.strip("*")
    before = sum(tail in row["path"] and row["method"] == "GET" for row in rows[:wrote])
    sim.reset()
    subject.begin(sim)
    sim.fault(method="GET", path=f"~{tail}", skip=before, times=None, **rule)
    return lambda: run(sim, subject.module, subject.options)


@pytest.mark.parametrize("name", SUBJECTS)
def test_when_looking_again_fails_too_both_are_told(sim: Simulator, name: str) -> None:
    subject = SUBJECTS[name]
    again = after_the_write(sim, name, status=502, html=True)
    sim.fault(method=subject.method, path=subject.path, drop="after", times=None)
    result = again()
    told = plain(result.msg, sim)
    assert " was lost (the connection to HOST was closed); looking again failed too" in told
    title = LOOKS[name][1]
    ends = f"it may have taken effect or not: Waldur failed on the request to {title} (502: Bad Gateway)."
    assert told.removesuffix(" Applied before it: 1 of 4 changes; not tried after it: 2.").endswith(ends)
    assert result.result["changed"] is True
    assert result.result["failed_change"]["action"] == subject.changes[1 if name == "document" else 0].split()[0]


@pytest.mark.parametrize("name", ["delete", "grant", "extend", "revoke", "username"])
def test_when_checking_fails_after_all_was_written_that_is_told(sim: Simulator, api: Api, name: str) -> None:
    subject = SUBJECTS[name]
    result = after_the_write(sim, name, status=502, html=True)()
    broke = f"Waldur failed on the request to {LOOKS[name][1]} (502: Bad Gateway)."
    assert plain(result.msg, sim) == f"The change was carried out, but not checked: {broke}"
    assert (result.result["changed"], result.names("applied")) == (True, list(subject.changes))
    sim.clear_faults()
    assert run(sim, subject.module, subject.options).msg == "ok"


# --- changes of two requests -----------------------------------------------------------------------------------------


def test_a_refusal_between_the_two_requests_of_a_change_tells_what_was_done(
    sim: Simulator, api: Api, tmp_path: Path
) -> None:
    Image.new("RGB", (2, 2), "red").save(tmp_path / "logo.png")
    options = {"customer": ALPHA, "description": "As code", "image": str(tmp_path / "logo.png")}
    sim.fault(method="PATCH", skip=1, status=400, body={"description": ["Too plain."]})
    result = run(sim, "service_provider", options)
    assert result.msg == (
        f"update {ALPHA}: Waldur refused to change the service provider (400: description: Too plain.)."
        " Before that, the image was uploaded."
    )
    assert (result.result["changed"], result.names("applied")) == (True, [])
    sim.clear_faults()
    assert run(sim, "service_provider", options).msg == "changed"
    assert provider(api, ALPHA)[0][0] == "As code"
