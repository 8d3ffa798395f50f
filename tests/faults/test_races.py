# SPDX-License-Identifier: GPL-3.0-or-later
"""Others at the same time: the end state is right, or the error says exactly what is not."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from messages import begins, mentions, message
from unit.simulator.api import Api

from ansible_collections.waldur.provider.plugins.module_utils._resources.api_secret_code import fingerprint
from simulator_process import Simulator

from .module_outcomes import Result, mask_random_values, try_module
from .write_cases import ALPHA, DOCUMENT, EXPIRY, MANAGER, SPARE, WRITES, code, grants, provider, usernames, whole

GRANT = {"user": "rolefree1", "role": "CUSTOMER.MANAGER", "service_provider": ALPHA}
MINE = {"user__username": "rolefree1", "is_active": True}
CREATE = {"model": "Grant", "create": GRANT}
DELETE = {"model": "Grant", "where": MINE, "delete": True}
PROVIDER = {"model": "ServiceProvider", "where": {"customer__name": ALPHA}}
EXTRA = {"model": "ServiceProvider", "where": {"customer__name": "Extra Provider 01"}}
CREATING = "*/marketplace-service-providers/"


def granted_twice(first: str = "never") -> str:
    """Return the message about two grants of one role, of which the first ends at *first*."""
    expiries = f"UUID until {first}, UUID until never"
    return message("granted_twice", grant=MANAGER, count=2, provider=ALPHA, expiries=expiries)


def granted_meanwhile(first: str = "never") -> str:
    return message("granted_meanwhile", duplicate=granted_twice(first))


def failed(name: str, cause: str) -> str:
    """Return the message of the change *name* that failed because of *cause*."""
    return message("change_failed", change=WRITES[name].change, cause=cause)


def refused(request: str, status: int, reason: str) -> str:
    """Return the message of a request that the server rejected."""
    return message("request_rejected", request=request, status=status, reason=reason, remedy=".")


def broke_and_rechecked(name: str, reason: str, state: str) -> str:
    """Return the message of a write that the server broke on, after which *state* was found."""
    cause = message("server_error", request=WRITES[name].title, status=500, reason=reason)
    return failed(name, message("outcome_rechecked", cause=cause, state=state))


# --- eight at once ---------------------------------------------------------------------------------------------------


@pytest.fixture
def eight(sim: Simulator) -> list[str]:
    """Eight people who may do everything, each with a token of his own."""
    names = ["staff", *(f"member{number}" for number in range(1, 6)), "pm1", "pm2"]
    for name in names[1:]:
        sim.change("User", {"username": name}, {"is_staff": True})
    return names


def at_once(sim: Simulator, names: list[str], module: str, options: Any) -> list[Result]:
    """One run for each of *names*, all at the same time; *options* may depend on the name."""

    def one(name: str) -> Result:
        given = options(name) if callable(options) else options
        return try_module(sim, module, given, alias=name, keep_cache=True)

    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(one, names))


@pytest.mark.parametrize("name", ["create", "update", "delete", "grant", "extend", "revoke", "username", "document"])
def test_eight_parallel_runs_with_one_desired_state_succeed_and_apply_it_once(
    sim: Simulator, api: Api, eight: list[str], name: str
) -> None:
    write = WRITES[name]
    write.set_up(sim)
    results = at_once(sim, eight, write.module, write.options)
    assert [result.msg for result in results if result.failed] == []
    assert "changed" in [result.msg for result in results]
    again = try_module(sim, write.module, write.options)
    assert (again.msg, again.result["warnings"]) == ("ok", [])
    assert {
        "create": [["As code", True]],
        "update": [["As code", True]],
        "delete": [],
        "grant": [None],
        "extend": [EXPIRY],
        "revoke": [],
        "username": ["m1", "m1"],
        "document": [[["As code", True]], [None], [], ["m1", "m1"]],
    }[name] == write.read_state(api)


def test_eight_parallel_runs_that_grant_eight_users_lose_no_grant(sim: Simulator, api: Api, eight: list[str]) -> None:
    people = dict(zip(eight, ["rolefree1", *eight[1:]], strict=True))
    results = at_once(sim, eight, "user_role", lambda name: {"service_provider": ALPHA, "user": people[name]})
    assert [result.msg for result in results] == ["changed"] * 8
    assert [grants(api, username) for username in people.values()] == [[None]] * 8


def test_eight_parallel_rotations_leave_one_valid_code_and_fail_for_any_other(
    sim: Simulator, api: Api, eight: list[str]
) -> None:
    before = fingerprint(code(api))
    options = {"service_provider": ALPHA, "state": "rotated", "fingerprint": before}
    results = at_once(sim, eight, "api_secret_code", options)
    now = fingerprint(code(api))
    assert now != before
    assert now in [result.result.get("fingerprint") for result in results if not result.failed]
    for result in results:
        if result.failed:
            assert mentions(result.msg, "rotated_meanwhile")
    assert try_module(sim, "api_secret_code", options).msg == "ok"
    assert fingerprint(code(api)) == now


def test_a_server_that_takes_all_eight_grants_leaves_no_double_silently(
    sim: Simulator, api: Api, eight: list[str]
) -> None:
    # Seen on a real server: eight times 201, eight rows. The delay lets all of them read before the first row is there.
    unchecked = {"status": 201, "body": {"expiration_time": None}, "meanwhile": CREATE}
    sim.fault(path="*/add_user/", times=None, delay=0.8, **unchecked)
    results = at_once(sim, eight, "user_role", WRITES["grant"].options)
    rows = len(grants(api))
    texts = [result.msg for result in results if result.failed]
    assert rows > 1
    assert any(mentions(text, "granted_twice", count=rows, provider=ALPHA) for text in texts)
    assert all(begins(text, "granted_meanwhile") for text in texts)
    again = try_module(sim, "user_role", WRITES["grant"].options)
    assert (again.msg, mentions(again.result["warnings"][0], "granted_twice", count=rows)) == ("ok", True)


# --- somebody else, between reading and writing ----------------------------------------------------------------------


def test_a_grant_that_another_user_created_first_is_accepted(sim: Simulator, api: Api) -> None:
    sim.fault(path="*/add_user/", meanwhile=CREATE)
    result = try_module(sim, "user_role", WRITES["grant"].options)
    assert (result.failed, result.result["warnings"], grants(api)) == (False, [], [None])
    assert try_module(sim, "user_role", WRITES["grant"].options).msg == "ok"


def test_a_grant_that_another_user_created_first_with_another_end_is_reported(sim: Simulator, api: Api) -> None:
    options = WRITES["extend"].options
    sim.fault(path="*/add_user/", meanwhile=CREATE)
    result = try_module(sim, "user_role", options)
    assert result.msg == message(
        "refused_rechecked",
        cause=failed(
            "grant", refused("grant the role", 400, "non_field_errors: User has already the same role in this scope.")
        ),
        state=message("grant_found", expiry="never expires"),
    )
    assert (result.result["changed"], try_module(sim, "user_role", options).msg, grants(api)) == (
        False,
        "changed",
        [EXPIRY],
    )


def test_a_second_grant_over_one_that_another_user_made_with_an_end_is_reported(sim: Simulator) -> None:
    ends = {**GRANT, "expiration_time": "2027-02-01T00:00:00Z"}
    sim.fault(path="*/add_user/", meanwhile={"model": "Grant", "create": ends})
    result = try_module(sim, "user_role", WRITES["grant"].options)
    assert mask_random_values(result.msg, sim) == granted_meanwhile("2027-02-01T00:00:00+00:00")


def test_a_provider_that_another_user_created_first_in_the_same_way_is_accepted(sim: Simulator, api: Api) -> None:
    made = {"customer": SPARE, "description": "As code"}
    sim.fault(path=CREATING, method="POST", meanwhile={"model": "ServiceProvider", "create": made})
    document = {"service_providers": [{**made, "users": [{"user": "rolefree1"}]}]}
    result = try_module(sim, "desired_state", document)
    assert not result.failed, result.msg
    assert provider(api, SPARE) == [["As code", True]]
    assert try_module(sim, "desired_state", document).msg == "ok"


def test_a_provider_that_another_user_created_first_in_another_way_is_reported(sim: Simulator, api: Api) -> None:
    options = WRITES["create"].options
    made = {"customer": SPARE, "description": "By hand"}
    sim.fault(path=CREATING, method="POST", meanwhile={"model": "ServiceProvider", "create": made})
    result = try_module(sim, "service_provider", options)
    assert result.msg == message(
        "created_meanwhile",
        cause=failed(
            "create",
            refused(
                "create the service provider", 400, "customer: Service provider with this customer already exists."
            ),
        ),
        state=message("provider_differs", options="description"),
    )
    assert try_module(sim, "service_provider", options).msg == "changed"
    assert provider(api, SPARE) == [["As code", True]]


def test_a_server_that_breaks_on_the_second_of_two_creations_is_looked_at_again(sim: Simulator, api: Api) -> None:
    made = {"model": "ServiceProvider", "create": {"customer": SPARE, "description": "As code"}}
    sim.fault(path=CREATING, method="POST", meanwhile=made, status=500, html=True)
    result = try_module(sim, "service_provider", WRITES["create"].options)
    assert result.msg == broke_and_rechecked("create", "Internal Server Error", message("provider_created"))
    assert try_module(sim, "service_provider", WRITES["create"].options).msg == "ok"
    assert provider(api, SPARE) == [["As code", True]]


def test_a_grant_that_another_user_revoked_first_is_reported(sim: Simulator, api: Api) -> None:
    write = WRITES["extend"]
    write.set_up(sim)
    sim.fault(path="*/update_user/", meanwhile=DELETE)
    result = try_module(sim, "user_role", write.options)
    assert result.msg == broke_and_rechecked("extend", "Server Error (500)", message("grant_missing"))
    assert (try_module(sim, "user_role", write.options).msg, grants(api)) == ("changed", [EXPIRY])


def test_a_grant_that_another_user_doubled_first_is_reported_with_what_to_do(sim: Simulator, api: Api) -> None:
    write = WRITES["extend"]
    write.set_up(sim)
    sim.fault(path="*/update_user/", meanwhile=CREATE)
    result = try_module(sim, "user_role", write.options)
    twice = granted_twice("2027-01-01T00:00:00+00:00")
    assert mask_random_values(result.msg, sim) == broke_and_rechecked("extend", "Server Error (500)", twice)
    sim.zero()
    assert mask_random_values(try_module(sim, "user_role", write.options).msg, sim) == twice
    assert sim.counts().writes == 0


@pytest.mark.parametrize(
    ("name", "path", "meanwhile"),
    [
        ("revoke", "*/delete_user/", DELETE),
        ("delete", "*", {**EXTRA, "delete": True}),
        ("update", "*", {**PROVIDER, "set": {"description": "Mine"}}),
        (
            "username",
            "*/set_offerings_username/",
            {"model": "OfferingUser", "where": {"user__username": "member1"}, "set": {"username": "theirs"}},
        ),
    ],
)
def test_what_another_user_did_first_is_overwritten_or_already_done(
    sim: Simulator, api: Api, name: str, path: str, meanwhile: dict[str, Any]
) -> None:
    write = WRITES[name]
    write.set_up(sim)
    sim.fault(method=write.method, path=path, meanwhile=meanwhile)
    assert try_module(sim, write.module, write.options).msg == "changed"
    assert try_module(sim, write.module, write.options).msg == "ok"


def test_a_provider_that_another_user_deleted_first_is_reported(sim: Simulator) -> None:
    sim.fault(method="PATCH", meanwhile={**EXTRA, "delete": True})
    options = {"customer": "Extra Provider 01", "description": "As code"}
    result = try_module(sim, "service_provider", options)
    assert result.msg == message(
        "change_failed",
        change="update Extra Provider 01",
        cause=refused("change the service provider", 404, "No ServiceProvider matches the given query."),
    )
    assert try_module(sim, "service_provider", options).msg == "changed"


# --- somebody else, between writing and checking ---------------------------------------------------------------------


def test_a_second_grant_at_the_same_time_is_never_left_silently(sim: Simulator, api: Api) -> None:
    sim.fault(path="*/add_user/", meanwhile=CREATE, after=True)
    result = try_module(sim, "user_role", WRITES["grant"].options)
    assert mask_random_values(result.msg, sim) == granted_meanwhile()
    assert (result.result["changed"], result.names("not_applied"), len(grants(api))) == (True, [], 2)
    assert len(set(re.findall(r"\b[0-9a-f]{32}\b", result.msg))) == 2
    again = try_module(sim, "user_role", WRITES["grant"].options)
    assert (again.msg, mask_random_values(again.result["warnings"][0], sim)) == ("ok", f"user: {granted_twice()}")


def test_a_second_grant_in_a_whole_document_is_reported_too(sim: Simulator, api: Api) -> None:
    sim.fault(path="*/add_user/", meanwhile=CREATE, after=True)
    result = try_module(sim, "desired_state", {"service_providers": [DOCUMENT]})
    assert mask_random_values(result.msg, sim) == granted_meanwhile()
    assert result.names("applied") == list(WRITES["document"].changes)
    assert whole(api) == [[["As code", True]], [None, None], [], ["m1", "m1"]]


@pytest.mark.parametrize(
    ("name", "meanwhile", "left"),
    [
        ("grant", DELETE, "grant rolefree1 as CUSTOMER.MANAGER (Alpha Cloud Ltd)"),
        ("revoke", CREATE, "revoke rolefree1 as CUSTOMER.MANAGER (Alpha Cloud Ltd)"),
        (
            "extend",
            {"model": "Grant", "where": MINE, "set": {"expiration_time": "2027-03-01T00:00:00Z"}},
            "extend rolefree1 as CUSTOMER.MANAGER (Alpha Cloud Ltd)",
        ),
        (
            "username",
            {"model": "OfferingUser", "where": {"user__username": "member1"}, "set": {"username": "theirs"}},
            "set_username member1 (Alpha Cloud Ltd)",
        ),
        (
            "delete",
            {"model": "ServiceProvider", "create": {"customer": "Extra Provider 01"}},
            "delete Extra Provider 01",
        ),
    ],
)
def test_a_change_that_another_user_reverts_before_the_check_is_reported(
    sim: Simulator, api: Api, name: str, meanwhile: dict[str, Any], left: str
) -> None:
    write = WRITES[name]
    write.set_up(sim)
    sim.fault(method=write.method, path=write.path, meanwhile=meanwhile, after=True)
    result = try_module(sim, write.module, write.options)
    assert result.msg == message("change_not_applied", change=left)
    assert (result.result["changed"], result.names("not_applied")) == (True, [left.removesuffix(" (Alpha Cloud Ltd)")])
    assert try_module(sim, write.module, write.options).msg == "changed"
    assert try_module(sim, write.module, write.options).msg == "ok"
    if name == "username":
        assert usernames(api) == ["m1", "m1"]


def test_a_code_that_another_user_rotated_before_it_is_checked_is_reported(sim: Simulator, api: Api) -> None:
    theirs = {**PROVIDER, "set": {"api_secret_code": "their own code"}}
    sim.fault(method="POST", path="*/api_secret_code/", meanwhile=theirs, after=True)
    result = try_module(sim, "api_secret_code", WRITES["rotation"].options)
    assert mask_random_values(result.msg, sim) == message("rotated_meanwhile", ours="FINGERPRINT", theirs="FINGERPRINT")
    assert result.msg.count(fingerprint("their own code")) == 1
    assert code(api) == "their own code"
    assert "their own code" not in str(result)
