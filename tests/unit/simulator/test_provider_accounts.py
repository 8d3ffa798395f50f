# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts behave as documented (api-behaviour: accounts-of-a-provider, offering-users, hidden-accounts)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator_process import Simulator

from .api import Api, started

ACCOUNTS = "marketplace-offering-users/"
PROVIDER_ACCOUNTS = "marketplace-service-provider-accounts/"
OFFERINGS = "marketplace-provider-offerings/"
ALPHA = "Alpha Cloud Ltd"
SHARED = {"account_options": {"account_scope": "provider"}}


@pytest.fixture(scope="module")
def newest() -> Iterator[Simulator]:
    """A simulator of 2026."""
    with Simulator.start(edition="2026") as sim:
        yield sim


@pytest.fixture
def api(newest: Simulator) -> Iterator[Api]:
    """The API of 2026, its world at the start."""
    yield from started(newest)


@pytest.fixture
def shared(api: Api) -> Api:
    """The same, with one account for all offerings of Alpha."""
    assert api.patch(api.provider(), SHARED, by="owner").status == 200
    return api


def offering(api: Api, name: str) -> dict[str, Any]:
    """An offering by its name."""
    return api.get_object(OFFERINGS, name_exact=name)


def rows(api: Api, user: str, **query: Any) -> dict[str, dict[str, Any]]:
    """The accounts of *user* by their offering."""
    found = api.rows(ACCOUNTS, user_uuid=api.user(user), **query)
    return {row["offering_name"]: row for row in found}


def name(api: Api, user: str, username: str, by: str = "owner") -> Any:
    """``set_offerings_username`` at Alpha."""
    body = {"user_uuid": api.user(user), "username": username}
    return api.post(f"{api.provider()}set_offerings_username/", body, by=by)


def test_settings_of_an_offering_show_value_source_and_what_it_would_inherit(api: Api) -> None:
    api.sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": {"login_shell": "/bin/zsh"}})
    api.patch(api.provider(), {"account_options": {"login_shell": "/bin/sh", "homedir_prefix": "/data/"}})
    answer = api.get_object(OFFERINGS, name_exact="Alpha VM", field="account_settings")
    found = answer["account_settings"]
    assert list(answer) == ["account_settings"]
    inherited = {"value": "/bin/sh", "source": "provider"}
    assert found["login_shell"] == {"value": "/bin/zsh", "source": "offering", "inherited": inherited}
    own = {"value": "/data/", "source": "provider"}
    assert found["homedir_prefix"] == {**own, "inherited": own}
    default = {"value": "waldur_", "source": "default"}
    assert found["username_anonymized_prefix"] == {**default, "inherited": default}
    assert set(found) == {
        *("account_scope", "username_generation_policy", "username_anonymized_prefix"),
        *("homedir_prefix", "login_shell"),
    }
    resource = api.get_object("marketplace-provider-resources/", name="res-vm_c1")
    assert resource["offering_account_settings"] == found


def test_a_preview_is_not_counted_as_a_write(api: Api) -> None:
    api.sim.zero()
    assert api.post(f"{api.provider()}account_options_preview/", SHARED).status == 200
    assert api.sim.counts().writes == 0
    api.patch(api.provider(), SHARED)
    assert api.sim.counts().writes == 1


def test_turning_the_scope_on_links_every_account_at_once(shared: Api) -> None:
    found = shared.rows(ACCOUNTS, provider_uuid=shared.customer(ALPHA)["uuid"], is_provider_backed="true")
    assert len(found) == 12
    mine = rows(shared, "member1")
    account = shared.get_object(PROVIDER_ACCOUNTS, user_uuid=shared.user("member1"))
    assert (account["username"], account["offering_count"]) == ("m1_alpha", 2)
    assert mine["Alpha VM"]["service_provider_account_uuid"] == account["uuid"]
    assert mine["Alpha VM"]["service_provider_account_username"] == "m1_alpha"
    assert mine["Beta HPC"]["service_provider_account_uuid"] is None
    assert set(rows(shared, "member1", service_provider_account_uuid=account["uuid"])) == {"Alpha VM", "Alpha Storage"}


def test_the_scope_is_refused_while_names_conflict_and_nothing_is_stored(api: Api) -> None:
    api.sim.change("OfferingUser", {"username": "m1_alpha", "offering__name": "Alpha VM"}, {"username": "other"})
    answer = api.patch(api.provider(), SHARED, by="owner")
    assert (answer.status, list(answer.body)) == (400, ["account_options"])
    assert api.get_object(api.provider())["account_options"] == {}
    body = {"resolutions": {api.user("member1"): "other"}}
    assert api.post(f"{api.provider()}adopt_provider_accounts/", body, by="owner").status == 200
    assert api.patch(api.provider(), SHARED, by="owner").status == 200


def test_a_scope_that_adoption_refuses_is_400_and_stored_all_the_same(api: Api) -> None:
    api.sim.change("OfferingUser", {"username": "m2_alpha"}, {"username": "M1_ALPHA"})
    answer = api.patch(api.provider(), SHARED, by="owner")
    assert (answer.status, answer.body["usernames"]) == (400, ["m1_alpha"])
    assert api.get_object(api.provider())["account_options"] == SHARED["account_options"]
    assert api.rows(ACCOUNTS, is_provider_backed="true") == []


def test_the_name_of_a_linked_row_is_refused_even_when_it_is_the_same(shared: Api) -> None:
    row = rows(shared, "member1")["Alpha VM"]
    path = f"{ACCOUNTS}{row['uuid']}/"
    answer = shared.patch(path, {"username": row["username"]}, by="owner")
    assert (answer.status, list(answer.body)) == (400, ["username"])
    assert row["service_provider_account_uuid"] in answer.body["username"][0]
    assert shared.patch(path, {}, by="owner").status == 200


@pytest.mark.parametrize("user", ["member1", "member3"])
def test_set_offerings_username_on_linked_rows_is_a_bare_list(shared: Api, user: str) -> None:
    answer = name(shared, user, "new_name")
    account = shared.get_object(PROVIDER_ACCOUNTS, user_uuid=shared.user(user))
    assert answer.status == 400
    (problem,) = answer.body
    assert problem.startswith("The account for Alpha ")
    assert f" is owned by service provider account {account['uuid']}" in problem


def test_set_offerings_username_leaves_nothing_after_an_error_not_even_new_rows(api: Api) -> None:
    api.sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": {"account_scope": "provider"}})
    api.sim.delete("OfferingUser", {"user__username": "member1"})
    assert name(api, "member1", "new_name").status == 400
    assert rows(api, "member1") == {}
    assert api.rows(PROVIDER_ACCOUNTS) == []


def test_an_exhausted_pool_is_409_and_names_the_offering(api: Api) -> None:
    api.sim.create("PosixPool", service_provider=ALPHA, min_uid=5000, max_uid=5000)
    assert name(api, "member1", "new_name").status == 201
    found = rows(api, "member1", provider_uuid=api.customer(ALPHA)["uuid"])
    assert {(row["uidnumber"], row["home_directory"]) for row in found.values()} == {(5000, "/home/new_name")}
    answer = name(api, "member3", "third")
    assert answer.status == 409
    assert answer.body["detail"].startswith("The POSIX UID pool for offering ")
    assert rows(api, "member3")["Alpha VM"]["username"] == ""


def test_set_offerings_username_needs_the_permission_on_the_customer(api: Api) -> None:
    assert name(api, "member1", "x", by="manager_alpha").status == 403
    assert name(api, "member1", "x", by="owner").status == 201


def test_a_new_account_under_the_providers_scope_ignores_the_name_that_was_sent(shared: Api) -> None:
    body = {"offering_uuid": offering(shared, "Alpha Storage")["uuid"], "user_uuid": shared.user("member5")}
    answer = shared.post(ACCOUNTS, {**body, "username": "sent"}, by="owner")
    assert (answer.status, answer.body["username"]) == (201, "")
    assert answer.body["service_provider_account_uuid"]
    again = shared.post(ACCOUNTS, body, by="owner")
    assert (again.status, again.body) == (400, ["An account for this user on this offering already exists."])


def test_a_provider_account_is_renamed_with_all_its_rows_and_no_two_share_a_name(shared: Api) -> None:
    path = f"{PROVIDER_ACCOUNTS}{shared.get_object(PROVIDER_ACCOUNTS, user_uuid=shared.user('member1'))['uuid']}/"
    answer = shared.patch(path, {"username": "M2_Alpha"}, by="owner")
    message = "Another account at this service provider already has this username."
    assert (answer.status, answer.body) == (400, {"username": [message]})
    other = shared.user("member2")
    answer = shared.patch(path, {"username": "renamed", "user": other, "state": "Deleted"}, by="manager_alpha")
    assert (answer.status, answer.body["username"], answer.body["state"]) == (200, "renamed", "OK")
    assert answer.body["user_uuid"] == shared.user("member1")
    assert answer.body["home_directory"] == "/home/renamed"
    found = rows(shared, "member1", is_provider_backed="true")
    assert {row["username"] for row in found.values()} == {"renamed"}


def test_a_provider_account_cannot_be_made_and_goes_only_without_rows(shared: Api) -> None:
    assert shared.post(PROVIDER_ACCOUNTS, {"username": "x"}).status == 405
    account = shared.get_object(PROVIDER_ACCOUNTS, user_uuid=shared.user("member1"))
    path = f"{PROVIDER_ACCOUNTS}{account['uuid']}/"
    answer = shared.ask("DELETE", path, by="owner")
    problem = "The account is still used by 2 offering account(s). Delete those first."
    assert (answer.status, answer.body) == (400, [problem])
    for row in rows(shared, "member1", is_provider_backed="true").values():
        assert shared.ask("DELETE", f"{ACCOUNTS}{row['uuid']}/", by="owner").status == 204
    assert shared.get_object(path)["state"] == "Requested deletion"
    assert shared.ask("DELETE", path, by="owner").status == 204


@pytest.mark.parametrize(
    ("caller", "read", "written"),
    [
        ("owner", 200, 200),
        ("manager_alpha", 200, 200),
        ("support_user", 200, 403),
        ("owner_beta", 404, 404),
        ("outsider", 404, 404),
        (None, 401, 401),
    ],
)
def test_who_reads_and_renames_a_provider_account(shared: Api, caller: str | None, read: int, written: int) -> None:
    path = f"{PROVIDER_ACCOUNTS}{shared.get_object(PROVIDER_ACCOUNTS, user_uuid=shared.user('member1'))['uuid']}/"
    assert shared.get(path, by=caller).status == read
    assert shared.patch(path, {"username": "by_caller"}, by=caller).status == written


def test_switching_back_unlinks_nothing(shared: Api) -> None:
    answer = shared.patch(shared.provider(), {"account_options": {"account_scope": "offering"}})
    assert answer.body["account_options"] == {"account_scope": "offering"}
    assert len(shared.rows(ACCOUNTS, is_provider_backed="true")) == 12
    body = {"offering_uuid": offering(shared, "Alpha Storage")["uuid"], "user_uuid": shared.user("member5")}
    made = shared.post(ACCOUNTS, {**body, "username": "sent"}, by="owner").body
    assert (made["username"], made["service_provider_account_uuid"]) == ("sent", None)


def test_an_offering_joins_and_a_blank_option_is_inherited_again(api: Api) -> None:
    path = f"{OFFERINGS}{offering(api, 'Alpha VM')['uuid']}/"
    assert api.post(f"{path}update_integration/", {"plugin_options": SHARED["account_options"]}).status == 200
    assert len(api.rows(ACCOUNTS, is_provider_backed="true")) == 8
    storage = f"{OFFERINGS}{offering(api, 'Alpha Storage')['uuid']}/update_integration/"
    api.sim.change("OfferingUser", {"username": "m1_alpha", "offering__name": "Alpha Storage"}, {"username": "other"})
    refused = api.post(storage, {"plugin_options": SHARED["account_options"]})
    assert (refused.status, list(refused.body["plugin_options"])) == (400, ["account_scope"])
    api.post(f"{path}update_integration/", {"plugin_options": {"username_generation_policy": "", "no_such": 1}})
    options = api.get_object(path)["plugin_options"]
    assert options == {"account_scope": "provider", "service_provider_can_create_offering_user": True}


def test_a_policy_of_the_provider_renames_where_the_offering_has_none_itself(api: Api) -> None:
    option = {"service_provider_can_create_offering_user": True}
    api.sim.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": option})
    answer = api.patch(api.provider(), {"account_options": {"username_generation_policy": "waldur_username"}})
    assert answer.status == 200
    found = rows(api, "member1")
    assert (found["Alpha Storage"]["username"], found["Alpha Storage"]["home_directory"]) == (
        "member1",
        "/home/member1",
    )
    assert found["Alpha VM"]["username"] == "m1_alpha"


def test_other_settings_rewrite_no_home_directory_while_the_name_stays(api: Api) -> None:
    """Home directories follow names alone (api-behaviour: account-settings-effects)."""
    option = {"service_provider_can_create_offering_user": True}
    api.sim.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": option})
    assert name(api, "member1", "member1").status == 201
    changes = {"homedir_prefix": "/data/", "username_generation_policy": "waldur_username"}
    preview = api.post(f"{api.provider()}account_options_preview/", {"account_options": changes}, by="owner").body
    storage = next(one for one in preview["offerings"] if one["name"] == "Alpha Storage")
    assert (storage["accounts_keeping_home_or_shell"], "member1" in str(storage["renames"])) == (1, False)
    assert api.patch(api.provider(), {"account_options": changes}, by="owner").status == 200
    for username in ("member1", ""):
        assert name(api, "member1", username).status == 201
        assert rows(api, "member1")["Alpha Storage"]["home_directory"] == "/home/member1"
    assert name(api, "member1", "other").status == 201
    assert rows(api, "member1")["Alpha Storage"]["home_directory"] == "/data/other"


def test_a_new_row_does_not_move_the_home_directory_of_its_provider_account(shared: Api) -> None:
    """The rows mirror the account (api-behaviour: provider-accounts-creation)."""
    path = f"{PROVIDER_ACCOUNTS}{shared.get_object(PROVIDER_ACCOUNTS, user_uuid=shared.user('member1'))['uuid']}/"
    assert shared.patch(path, {"username": "one"}, by="owner").status == 200
    shared.patch(shared.provider(), {"account_options": {"homedir_prefix": "/data/"}}, by="owner")
    storage = rows(shared, "member1")["Alpha Storage"]
    assert shared.ask("DELETE", f"{ACCOUNTS}{storage['uuid']}/", by="owner").status == 204
    body = {"offering_uuid": storage["offering_uuid"], "user_uuid": shared.user("member1")}
    assert shared.post(ACCOUNTS, body, by="owner").body["home_directory"] == "/home/one"
    assert rows(shared, "member1")["Alpha VM"]["home_directory"] == "/home/one"
    assert shared.get_object(path)["home_directory"] == "/home/one"


@pytest.mark.parametrize(
    ("policy", "renames"),
    [
        ("anonymized", [("", None)]),  # it needs a UID first
        ("waldur_username", [("", "member5")]),
        ("freeipa", []),  # the user has no such name, so the account stays without one
    ],
)
def test_a_preview_counts_an_account_whose_name_is_null(
    api: Api, policy: str, renames: list[tuple[str, str | None]]
) -> None:
    """Renames are names that differ (api-behaviour: account-settings-preview)."""
    option = {"service_provider_can_create_offering_user": True}
    api.sim.delete("OfferingUser", {"offering__name": "Alpha Storage"})
    api.sim.change("Offering", {"name": "Alpha Storage"}, {"plugin_options": option})
    body = {"offering_uuid": offering(api, "Alpha Storage")["uuid"], "user_uuid": api.user("member5")}
    assert api.post(ACCOUNTS, body, by="owner").body["username"] is None
    changes = {"account_options": {"username_generation_policy": policy}}
    preview = api.post(f"{api.provider()}account_options_preview/", changes, by="owner").body
    storage = next(one for one in preview["offerings"] if one["name"] == "Alpha Storage")
    assert [(one["username"], one["new_username"]) for one in storage["renames"]] == renames


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"account_scope": "elsewhere"}, "account_scope"),
        ({"username_generation_policy": "random"}, "username_generation_policy"),
        ({"homedir_prefix": "/"}, "homedir_prefix"),
        ({"homedir_prefix": "/a/../b/"}, "homedir_prefix"),
        ({"login_shell": "bin/sh"}, "login_shell"),
        ({"login_shell": "/bin/sh\n"}, ""),
        ({"login_shell": None}, "login_shell"),
        ({"project_groups_enabled": None}, "project_groups_enabled"),
        ({"project_groups_enabled": ""}, "project_groups_enabled"),
        ({"username_anonymized_prefix": "Ünusual name "}, ""),
        ({"no_such_key": 1}, ""),
    ],
)
def test_account_options_are_checked_key_by_key(api: Api, options: dict[str, Any], key: str) -> None:
    answer = api.patch(api.provider(), {"account_options": options}, by="owner")
    if key:
        assert (answer.status, list(answer.body["account_options"])) == (400, [key])
    else:
        assert answer.status == 200
        assert "no_such_key" not in answer.body["account_options"]


def test_the_switches_are_read_without_a_login(api: Api) -> None:
    found = api.get_object("configuration/", by=None)["WALDUR_CORE"]
    assert found["ENFORCE_USER_CONSENT_FOR_OFFERINGS"] is False
    api.sim.change("Setting", {"name": "ENFORCE_USER_CONSENT_FOR_OFFERINGS"}, {"value": True})
    assert api.get_object("configuration/", by=None)["WALDUR_CORE"]["ENFORCE_USER_CONSENT_FOR_OFFERINGS"] is True
    assert "DEFAULT_OFFERING_USER_ATTRIBUTES" not in found


def test_consent_hides_rows_from_all_but_staff_and_support_yet_names_are_written(api: Api) -> None:
    api.sim.change("Setting", {"name": "ENFORCE_USER_CONSENT_FOR_OFFERINGS"}, {"value": True})
    api.sim.create("TermsOfService", offering="Alpha VM")
    api.sim.create("Consent", offering="Alpha VM", user="member2")
    row = rows(api, "member1")["Alpha VM"]
    for caller in ("owner", "manager_alpha"):
        assert set(rows(api, "member1", by=caller)) == {"Alpha Storage"}
        assert set(rows(api, "member2", by=caller)) == {"Alpha VM", "Alpha Storage"}
    for caller in ("staff", "support_user"):
        assert {"Alpha VM", "Alpha Storage"} <= set(rows(api, "member1", by=caller))
    assert "Alpha VM" in rows(api, "member1", by="member1")
    path = f"{ACCOUNTS}{row['uuid']}/"
    assert api.get(path, by="owner").status == 404
    assert api.patch(path, {"username": "x"}, by="owner").status == 404
    assert name(api, "member1", "written").status == 201
    assert api.get_object(path)["username"] == "written"
    agreed = rows(api, "member2", by="owner")["Alpha VM"]
    assert (agreed["has_consent"], agreed["offering_has_active_tos"]) == (True, True)
    assert agreed["consent_data"]["version"] == "1.0"
    api.sim.change("Consent", {"user__username": "member2"}, {"revocation_date": "2026-11-22T21:00:00Z"})
    assert "Alpha VM" not in rows(api, "member2", by="owner")


def test_an_incomplete_profile_hides_rows_from_all_but_staff_and_support(api: Api) -> None:
    api.sim.change("User", {"username": "member1"}, {"email": ""})
    row = rows(api, "member1", by="owner")["Alpha VM"]
    assert (row["is_profile_complete"], row["missing_profile_attributes"]) == (False, ["email"])
    assert len(api.rows(ACCOUNTS, has_complete_profile="false")) == 3
    api.sim.change("Setting", {"name": "ENFORCE_OFFERING_USER_PROFILE_COMPLETENESS"}, {"value": True})
    assert rows(api, "member1", by="owner") == {}
    assert api.get(f"{ACCOUNTS}{row['uuid']}/", by="owner").status == 404
    assert "Alpha VM" in rows(api, "member1", by="support_user")


def test_an_attribute_that_the_offering_does_not_expose_is_absent_for_staff_too(api: Api) -> None:
    api.sim.change("Offering", {"name": "Alpha VM"}, {"exposed_attributes": ["organization"]})
    found = rows(api, "member1")
    shown = {key for key in found["Alpha VM"] if key.startswith("user_")}
    assert shown == {"user_uuid", "user_organization"}
    assert {"user_username", "user_full_name", "user_first_name", "user_email"} < set(found["Alpha Storage"])


@pytest.mark.parametrize(("exposed", "is_shown"), [(["registration_method"], True), (["username"], False)])
def test_users_show_how_they_registered_where_an_offering_exposes_it(
    api: Api, exposed: list[str], is_shown: bool
) -> None:
    """It is an attribute like the others (api-behaviour: user-attributes)."""
    api.sim.change("Offering", {"name": "Alpha VM"}, {"exposed_attributes": exposed})
    shown = {key for row in api.rows(f"{api.provider()}users/") for key in row}
    assert ("registration_method" in shown) is is_shown


def test_a_provider_account_shows_what_all_its_offerings_expose_and_null_else(shared: Api) -> None:
    shared.sim.change("Offering", {"name": "Alpha VM"}, {"exposed_attributes": ["username"]})
    row = shared.get_object(PROVIDER_ACCOUNTS, user_uuid=shared.user("member1"))
    assert (row["user_username"], row["user_full_name"], row["user_email"]) == ("member1", None, None)


def test_provider_accounts_are_no_resource_before_2026(sim: Simulator) -> None:
    api = Api(sim)
    answer = api.get(PROVIDER_ACCOUNTS)
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (404, "text/html")
    assert "ENFORCE_OFFERING_USER_PROFILE_COMPLETENESS" not in api.get_object("configuration/")["WALDUR_CORE"]
    api.close()
