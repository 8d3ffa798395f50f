# SPDX-License-Identifier: GPL-3.0-or-later
"""What surprises in a Waldur, by name, in each edition that does so; role calls are made where the edition has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator_process import Simulator

from .api import Answer, Api, png, started

EXPIRY = "2027-02-20T00:00:00Z"
LATER = "2027-05-20T00:00:00Z"
ALPHA, BETA, SPARE = "Alpha Cloud Ltd", "Beta HPC Centre", "Spare Customer (no provider)"
ROLE = "CUSTOMER.MANAGER"


@pytest.fixture(scope="module", params=["2024", "2025", "2026"])
def edition(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulator of each edition in turn."""
    with Simulator.start(edition=request.param) as sim:
        yield sim


@pytest.fixture
def any_api(edition: Simulator) -> Iterator[Api]:
    """The API of each edition in turn, with the recorded world at its start."""
    yield from started(edition)


@pytest.fixture(scope="module")
def old_sim() -> Iterator[Simulator]:
    """The edition of 2024 alone."""
    with Simulator.start(edition="2024") as sim:
        yield sim


@pytest.fixture
def old_api(old_sim: Simulator) -> Iterator[Api]:
    """The API of 2024 alone, with the recorded world at its start."""
    yield from started(old_sim)


def scope(api: Api) -> str:
    """The path of what holds CUSTOMER.MANAGER: in 2024 the customer, from 2025 on its provider."""
    return f"customers/{api.customer(ALPHA)['uuid']}/" if api.sim.edition == "2024" else api.provider()


def call(api: Api, verb: str, **more: str | None) -> Answer:
    """One of the role calls, for somebody who holds nothing at first."""
    return api.post(f"{scope(api)}{verb}_user/", {"role": ROLE, "user": api.user("rolefree1"), **more})


def held(api: Api) -> list[str | None]:
    """The expiries of that user's grants, by day."""
    rows = api.rows(f"{scope(api)}list_users/", user=api.user("rolefree1"))
    return [row["expiration_time"] and row["expiration_time"][:10] for row in rows]


def is_html(answer: Answer) -> bool:
    """Whether the body is a page of HTML."""
    return answer.headers["Content-Type"].startswith("text/html") and "<html" in answer.body


@pytest.mark.parametrize("until", [LATER, None])
def test_add_user_over_an_expiring_grant_makes_a_second_active_one(any_api: Api, until: str | None) -> None:
    assert call(any_api, "add", expiration_time=EXPIRY).status == 201
    assert call(any_api, "add", expiration_time=until).status == 201
    assert held(any_api) == [EXPIRY[:10], until and until[:10]]


def test_with_two_grants_update_user_and_delete_user_are_500_and_the_role_stays(any_api: Api) -> None:
    for until in (EXPIRY, LATER):
        call(any_api, "add", expiration_time=until)
    for verb in ("update", "delete"):
        answer = call(any_api, verb)
        assert answer.status == 500
        assert is_html(answer)
    assert held(any_api) == [EXPIRY[:10], LATER[:10]]


def test_of_two_grants_each_can_be_revoked_by_its_uuid_from_2026_alone(any_api: Api) -> None:
    for until in (EXPIRY, LATER):
        call(any_api, "add", expiration_time=until)
    row = any_api.rows(f"{scope(any_api)}list_users/", user=any_api.user("rolefree1"))[0]
    answer = any_api.post(f"user-permissions/{row['uuid']}/revoke/", {"reason": "twice"})
    if any_api.sim.edition == "2026":
        assert (answer.status, answer.content, held(any_api)) == (200, b"", [LATER[:10]])
    else:
        assert answer.status == 404
        assert is_html(answer)


def test_update_user_without_a_grant_is_500(any_api: Api) -> None:
    answer = call(any_api, "update", expiration_time=EXPIRY)
    assert answer.status == 500
    assert is_html(answer)


def test_delete_user_without_a_grant_is_200_with_an_empty_body(any_api: Api) -> None:
    answer = call(any_api, "delete")
    assert (answer.status, answer.content) == (200, b"")


def test_update_user_clears_the_expiry_when_it_is_left_out(any_api: Api) -> None:
    call(any_api, "add", expiration_time=EXPIRY)
    answer = call(any_api, "update")
    assert (answer.status, answer.body, held(any_api)) == (200, {"expiration_time": None}, [None])


def test_list_users_with_an_unknown_user_lists_everyone_but_in_2025(any_api: Api) -> None:
    path = f"{scope(any_api)}list_users/"
    everyone = any_api.rows(path)
    assert everyone
    unknown, malformed = (any_api.get(path, user=value) for value in ("0" * 32, "xyz"))
    if any_api.sim.edition == "2024":
        assert unknown.body == malformed.body == everyone
    else:
        assert (unknown.status, unknown.body) == (200, everyone if any_api.sim.edition == "2026" else [])
        assert (malformed.status, list(malformed.body)) == (400, ["user"])


def test_an_unknown_filter_is_ignored(any_api: Api) -> None:
    for path in ("marketplace-service-providers/", "customers/", "users/", "marketplace-offering-users/", "roles/"):
        assert any_api.rows(path, no_such_filter="1") == any_api.rows(path)


def test_a_filter_of_a_newer_version_is_ignored(any_api: Api) -> None:
    found = any_api.rows("customers/", slug="alpha-cl-1")
    assert len(found) == (1 if any_api.sim.edition == "2026" else 15)
    found = any_api.rows("users/", username_list="owner,member1")
    assert len(found) == (19 if any_api.sim.edition == "2024" else 2)


def test_filters_of_the_list_leak_into_the_detail_route(any_api: Api) -> None:
    path, other = any_api.provider(), any_api.customer(BETA)["uuid"]
    assert any_api.get(path, o="bogus").status == 400
    assert any_api.get(path, customer_uuid=other).body == {"detail": "No ServiceProvider matches the given query."}
    assert any_api.ask("PATCH", path, {"description": "x"}, customer_uuid=other).status == 404


def test_filters_of_customers_leak_into_their_list_users_in_2024(old_api: Api) -> None:
    path = f"customers/{old_api.customer(ALPHA)['uuid']}/list_users/"
    assert old_api.get(path, name_exact="zzz").body == {"detail": "No Customer matches the given query."}
    assert len(old_api.rows(path, role_name="zzz")) == 2


def test_patch_of_the_customer_is_silently_ignored(any_api: Api) -> None:
    other = any_api.customer(SPARE)
    answer = any_api.patch(any_api.provider(), {"customer": other["url"], "uuid": other["uuid"]}, by="owner")
    assert (answer.status, answer.body["customer_name"]) == (200, ALPHA)


def test_a_multipart_form_without_the_boolean_turns_notifications_off(any_api: Api) -> None:
    customer = any_api.customer(SPARE)["url"]
    made = any_api.send_form("POST", "marketplace-service-providers/", {"customer": customer})
    assert (made.status, made.body["enable_notifications"]) == (201, False)
    replaced = any_api.send_form("PUT", any_api.provider(), {"description": "by form"})
    assert (replaced.status, replaced.body["enable_notifications"]) == (200, False)
    changed = any_api.send_form("PATCH", any_api.provider(BETA), {"description": "by form"})
    assert (changed.status, changed.body["enable_notifications"]) == (200, True)


def test_an_image_has_a_new_url_at_each_upload_that_anybody_reads(any_api: Api) -> None:
    first = any_api.send_form("PATCH", any_api.provider(), {}, png()).body["image"]
    second = any_api.send_form("PATCH", any_api.provider(), {}, png()).body["image"]
    assert first != second
    path = second.removeprefix(any_api.sim.url)
    assert any_api.get(path, by=None).content == png()
    assert any_api.ask("DELETE", path).status == 405
    assert any_api.patch(any_api.provider(), {"image": None}).body["image"] is None


def test_some_errors_are_a_bare_list(any_api: Api) -> None:
    answer = any_api.ask("DELETE", any_api.provider())
    assert (answer.status, answer.body) == (
        400,
        ["Service provider has active offerings. Please archive them first."],
    )
    body = {"user_uuid": "0" * 32, "username": "x"}
    answer = any_api.post(f"{any_api.provider()}set_offerings_username/", body)
    assert answer.body == ["A user with the uuid [00000000-0000-0000-0000-000000000000] is not found."]


def test_an_unknown_route_and_a_defect_answer_in_html(any_api: Api) -> None:
    missing = any_api.get("marketplace-service-providers-of-tomorrow/", by=None)
    body = {"user_uuid": any_api.user("member3"), "username": "x" * 101}
    broken = any_api.post(f"{any_api.provider()}set_offerings_username/", body)
    assert (missing.status, broken.status) == (404, 500)
    assert is_html(missing)
    assert is_html(broken)


@pytest.mark.parametrize("name", ["list_users", "add_user", "update_user", "delete_user", "course_accounts"])
def test_providers_have_no_roles_and_course_accounts_in_2024_not_even_for_the_nameless(old_api: Api, name: str) -> None:
    for by in ("staff", None):
        answer = old_api.get(f"{old_api.provider()}{name}/", by=by)
        assert answer.status == 404
        assert is_html(answer)


def test_a_nameless_caller_reads_providers_but_not_whether_they_are_notified(any_api: Api) -> None:
    rows = any_api.rows("marketplace-service-providers/", by=None)
    assert len(rows) == 12
    assert not [row for row in rows if "enable_notifications" in row]
    assert "enable_notifications" in any_api.rows("marketplace-service-providers/", by="outsider")[0]
    assert any_api.get(f"{any_api.provider()}customers/", by=None).status == 401


def test_set_offerings_username_says_nothing_and_touches_reachable_offerings_alone(any_api: Api) -> None:
    query = {"user_uuid": any_api.user("member3"), "provider_uuid": any_api.customer(ALPHA)["uuid"]}
    before = {row["offering_uuid"]: row["username"] for row in any_api.rows("marketplace-offering-users/", **query)}
    unreached = next(row for row in any_api.rows("marketplace-provider-offerings/") if row["name"] == "Alpha Request")
    assert unreached["uuid"] not in before
    path, said = f"{any_api.provider()}set_offerings_username/", {"detail": "Offering users have been set."}
    for user in ("member3", "outsider"):
        answer = any_api.post(path, {"user_uuid": any_api.user(user), "username": "new_name"})
        assert (answer.status, answer.body) == (201, said)
    after = {row["offering_uuid"]: row["username"] for row in any_api.rows("marketplace-offering-users/", **query)}
    assert after == dict.fromkeys(before, "new_name")
    assert any_api.rows("marketplace-offering-users/", user_uuid=any_api.user("outsider")) == []


def test_set_offerings_username_refuses_an_empty_name_in_2024(any_api: Api) -> None:
    body = {"user_uuid": any_api.user("member1"), "username": " "}
    answer = any_api.post(f"{any_api.provider()}set_offerings_username/", body, by="owner")
    if any_api.sim.edition == "2024":
        assert (answer.status, answer.body) == (400, {"username": ["This field may not be blank."]})
    else:
        assert answer.status == 201


def test_revenue_is_not_paginated_and_its_months_are_text_in_2024(any_api: Api) -> None:
    answer = any_api.get(f"{any_api.provider()}revenue/", page_size=1, page=7)
    assert answer.status == 200
    assert len(answer.body) > 1
    assert not {"Link", "X-Result-Count"} & set(answer.headers)
    kinds = {type(row[key]) for row in answer.body for key in ("year", "month")}
    assert kinds == {str if any_api.sim.edition == "2024" else int}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_missing_slash_is_301_and_nothing_is_done(any_api: Api, method: str) -> None:
    path = any_api.provider().rstrip("/")
    answer = any_api.ask(method, path, {"description": "lost"} if method in ("POST", "PATCH") else None)
    assert (answer.status, answer.headers["Location"]) == (301, f"/api/{path}/")
    assert any_api.get(f"{path}/").body["description"] == f"Provider of {ALPHA}"


def test_whoever_manages_an_offering_manages_its_customer_in_2024(old_api: Api) -> None:
    offering = next(row for row in old_api.rows("marketplace-provider-offerings/") if row["name"] == "Alpha VM")
    path, body = f"marketplace-provider-offerings/{offering['uuid']}/", {"user": old_api.user("rolefree1")}
    assert old_api.post(f"{path}add_user/", {**body, "role": "OFFERING.MANAGER"}, by="owner").status == 201
    assert held(old_api) == [None]
    assert old_api.post(f"{path}delete_user/", {**body, "role": "OFFERING.MANAGER"}, by="owner").status == 200
    assert held(old_api) == []


def test_moments_and_the_content_type_are_spelt_as_the_edition_does(any_api: Api) -> None:
    answer = any_api.get(any_api.provider())
    assert answer.body["created"].endswith("Z" if any_api.sim.edition == "2024" else "+00:00")
    assert answer.headers["Content-Type"] == (
        "application/json; charset=utf-8" if any_api.sim.edition == "2026" else "application/json"
    )


def test_bearer_counts_as_no_login_before_2026(any_api: Api) -> None:
    answer = any_api.ask("GET", "users/me/", headers={"Authorization": f"Bearer w_{any_api.sim.token('owner')}"})
    assert answer.status == (200 if any_api.sim.edition == "2026" else 401)


def test_allowed_domains_and_account_options_came_in_2026_and_only_staff_sets_the_domains(any_api: Api) -> None:
    body = {"allowed_domains": ["example.org"], "account_options": {"login_shell": "/bin/sh"}}
    answer = any_api.patch(any_api.provider(), body, by="owner")
    assert answer.status == 200
    new = {key: value for key, value in answer.body.items() if key in body}
    assert new == ({**body, "allowed_domains": []} if any_api.sim.edition == "2026" else {})


def test_account_options_are_merged_key_by_key_and_an_empty_value_removes_one(any_api: Api) -> None:
    if any_api.sim.edition != "2026":
        assert "account_options" not in any_api.get(any_api.provider()).body
        return
    for change in ({"login_shell": "/bin/sh", "homedir_prefix": "/home/"}, {"login_shell": ""}):
        answer = any_api.patch(any_api.provider(), {"account_options": change})
    assert answer.body["account_options"] == {"homedir_prefix": "/home/"}
    answer = any_api.patch(any_api.provider(), {"account_options": {"account_scope": "elsewhere"}})
    assert (answer.status, answer.body) == (
        400,
        {"account_options": {"account_scope": ['"elsewhere" is not a valid choice.']}},
    )


def test_a_team_is_for_those_near_it_from_2026(any_api: Api) -> None:
    path = f"{scope(any_api)}list_users/"
    everywhere = {"2024": 404, "2025": 200, "2026": 403}
    assert any_api.get(path, by="outsider").status == everywhere[any_api.sim.edition]
    for by in ("owner", "manager_alpha", "support_user"):
        assert any_api.get(path, by=by).status == 200


# A label that is no state of the edition, by the list that has a filter for states.
UNKNOWN_LABELS = [
    ("marketplace-provider-offerings/", "state", "Bogus", ("2024", "2025", "2026")),
    ("marketplace-provider-offerings/", "state", "active", ("2024", "2025", "2026")),
    ("marketplace-provider-offerings/", "state", "Unavailable", ("2024",)),
    ("marketplace-provider-resources/", "state", "Bogus", ("2024", "2025", "2026")),
    ("marketplace-offering-users/", "state", "Bogus", ("2025", "2026")),
    ("marketplace-offering-users/", "runtime_state", "Bogus", ("2026",)),
]


@pytest.mark.parametrize(("path", "name", "label", "editions"), UNKNOWN_LABELS)
def test_a_filter_rejects_a_label_that_is_no_state_of_its_edition(
    any_api: Api, path: str, name: str, label: str, editions: tuple[str, ...]
) -> None:
    answer = any_api.ask("GET", f"{path}?{name}={label}")
    if any_api.sim.edition in editions:
        problem = f"Select a valid choice. {label} is not one of the available choices."
        assert (answer.status, answer.body) == (400, {name: [problem]})
    else:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("place", "label", "editions"),
    [
        ("offerings", "Unavailable", ()),
        ("offerings", "Bogus", ("2025", "2026")),
        ("course_accounts", "Pending", ("2025",)),
        ("project_service_accounts", "Pending", ("2025", "2026")),
    ],
)
def test_a_list_of_a_provider_rejects_a_label_that_is_no_state_of_its_edition(
    any_api: Api, place: str, label: str, editions: tuple[str, ...]
) -> None:
    # In 2024 these lists overlook filters that they cannot read, as recorded.
    answer = any_api.get(f"{any_api.provider()}{place}/", state=label)
    missing = any_api.sim.edition == "2024" and place != "offerings"
    assert answer.status == (404 if missing else 400 if any_api.sim.edition in editions else 200)
