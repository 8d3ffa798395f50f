# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan and apply against the recorded world: what is read, what is written, and what happens when it goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from messages import begins, fragment, matching, mentions, message, prefix
from PIL import Image

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    InvalidInput,
    OutcomeUnknown,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._engine.executor import apply
from ansible_collections.waldur.provider.plugins.module_utils._engine.plan import Plan
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._plan.limits import Limits
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import GrantEntry, Grants
from simulator_process import Simulator

from ...helpers.fixture_types import Connect, results

PROVIDERS = "/api/marketplace-service-providers/"


def read_document(**keys: Any) -> list[Any]:
    return SCHEMA.read([{"customer": "ALPHA", **keys}], images.read_image)


def users(*entries: dict[str, Any], **keys: Any) -> list[Any]:
    return read_document(users=list(entries), **keys)


def brief(planned: Plan) -> list[tuple[str, str]]:
    return [(change.action.name, change.name) for change in planned.changes]


def done(session: Session, document: list[Any]) -> list[tuple[str, str]]:
    planned = plan_changes(session, RESOURCES, document)
    apply(session, planned)
    return brief(planned)


def png(path: Path, colour: str) -> str:
    Image.new("RGB", (4, 4), colour).save(path)
    return str(path)


# --- the whole -------------------------------------------------------------------------------------------------------


def test_a_new_provider_is_planned_whole_then_made_and_then_nothing_is_left(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    document = SCHEMA.read(
        [
            {
                "customer": "SPARE",
                "description": " Fresh \n",
                "enable_notifications": False,
                "image": png(tmp_path / "logo.png", "red"),
                "users": [{"user": "member1", "expiration_time": "2027-06-30"}, {"user": "member2"}],
                "offering_usernames": [{"user": "member1", "username": "m1"}],
                "api_secret_code": {"state": "rotated", "fingerprint": "sha256:0000000000000000"},
            }
        ],
        images.read_image,
    )
    session = connect()
    planned = plan_changes(session, RESOURCES, document)
    name = "Spare Customer (no provider)"
    assert brief(planned) == [
        ("create", name),
        ("grant", "member1 as CUSTOMER.MANAGER"),
        ("grant", "member2 as CUSTOMER.MANAGER"),
    ]
    assert planned.comparison.warnings == (message("usernames_planned_later", provider=name),)
    assert sim.counts().writes == 0
    predicted = results(planned, "service_provider", done=False)[0]
    apply(session, planned)
    made = results(planned, "service_provider", done=True)[0]
    assert {key: made[key] for key in ("description", "enable_notifications", "customer_name")} == {
        key: predicted[key] for key in ("description", "enable_notifications", "customer_name")
    }
    assert (made["description"], made["enable_notifications"]) == ("Fresh", False)
    assert brief(plan_changes(connect(), RESOURCES, document)) == []


def test_nothing_but_reading_happens_when_nothing_is_to_change(sim: Simulator, connect: Connect) -> None:
    assert done(connect(), users({"user": "manager_alpha"}, exclusive_users=True)) == []
    assert sim.counts().writes == 0


def test_one_provider_in_two_entries_is_refused(sim: Simulator, connect: Connect) -> None:
    document = SCHEMA.read([{"customer": "ALPHA"}, {"customer": "Alpha Cloud Ltd"}], images.read_image)
    with pytest.raises(
        InvalidInput,
        match=fragment(
            "provider_twice", option="service_providers[1].customer", first=matching(r"service_providers\[0\].*")
        ),
    ):
        plan_changes(connect(), RESOURCES, document)


def test_all_errors_are_reported_before_the_first_write(sim: Simulator, connect: Connect) -> None:
    document = users({"user": "nobody1"}, {"user": "nobody2"}, {"user": "member1"}, description="x")
    with pytest.raises(InvalidInput) as e:
        plan_changes(connect(), RESOURCES, document)
    assert begins(e.value.message, "errors_counted", number=2)
    assert len(e.value.details["errors"]) == 2
    assert sim.counts().writes == 0


def test_a_plan_that_stops_half_way_reports_what_was_done_and_what_was_not(sim: Simulator, connect: Connect) -> None:
    session = connect()
    planned = plan_changes(session, RESOURCES, users({"user": "member1"}, {"user": "member2"}, description="changed"))
    sim.change("User", {"username": "member1"}, {"is_active": False})
    with pytest.raises(
        WaldurError,
        match=prefix(
            "partly_applied", message=matching(r"grant member1 as .*User is not found.*"), applied="1", changes="3"
        ),
    ) as e:
        apply(session, planned)
    assert [change["action"] for change in e.value.details["applied"]] == ["update"]
    assert e.value.details["failed_change"]["name"] == "member1 as CUSTOMER.MANAGER"
    assert len(e.value.details["not_applied"]) == 2


# --- role grants -----------------------------------------------------------------------------------------------------


def test_a_grant_is_made_extended_shortened_made_permanent_and_revoked(sim: Simulator, connect: Connect) -> None:
    session = connect()
    for expiration, action in (
        ("2027-06-30", "grant"),
        ("2027-07-30T12:00:00+02:00", "extend"),
        ("2027-01-30", "shorten"),
        ("never", "make_permanent"),
        ("2028-01-01", "shorten"),
    ):
        entry = {"user": "member1", "expiration_time": expiration}
        assert done(session, users(entry)) == [(action, "member1 as CUSTOMER.MANAGER")]
        assert done(session, users(entry)) == []
    assert done(session, users({"user": "member1", "state": "absent"})) == [("revoke", "member1 as CUSTOMER.MANAGER")]
    assert sim.counts().operations[f"POST {PROVIDERS}{{uuid}}/add_user/"] == 1


def test_an_expired_grant_that_is_still_listed_is_extended_and_not_granted_again(
    sim: Simulator, connect: Connect
) -> None:
    done(connect(), users({"user": "member1", "expiration_time": "2027-01-01"}))
    sim.set_clock("2027-01-01T10:00:00Z")
    entry = {"user": "member1", "expiration_time": "2027-06-30"}
    assert done(connect(), users(entry)) == [("extend", "member1 as CUSTOMER.MANAGER")]
    assert done(connect(), users(entry)) == []


def test_a_document_does_not_break_on_the_day_after_an_expiry(sim: Simulator, connect: Connect) -> None:
    document = users({"user": "member1", "expiration_time": "2027-01-01"})
    done(connect(), document)
    sim.set_clock("2027-01-01T10:00:00Z")
    for _swept in range(2):
        planned = plan_changes(connect(), RESOURCES, document)
        assert brief(planned) == []
        assert len(planned.comparison.warnings) == 1
        sim.sweep()


def test_a_lost_answer_to_a_grant_is_followed_by_a_look_and_never_by_a_second_grant(
    sim: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect()
    planned = plan_changes(session, RESOURCES, users({"user": "member1"}))
    _lose_answers(monkeypatch, after_the_write=True)
    with pytest.raises(
        OutcomeUnknown,
        match=fragment("outcome_rechecked", state=matching(fragment("grant_found", expiry="never expires"))),
    ):
        apply(session, planned)
    monkeypatch.undo()
    assert done(connect(), users({"user": "member1"})) == []


def test_a_lost_request_to_grant_says_that_the_grant_is_not_there(
    sim: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect()
    planned = plan_changes(session, RESOURCES, users({"user": "member1"}))
    _lose_answers(monkeypatch, after_the_write=False)
    with pytest.raises(OutcomeUnknown, match=fragment("outcome_rechecked", state=matching(fragment("grant_missing")))):
        apply(session, planned)


def test_a_grant_that_vanishes_before_its_expiry_is_changed_is_reported(sim: Simulator, connect: Connect) -> None:
    done(connect(), users({"user": "member1"}))
    session = connect()
    planned = plan_changes(session, RESOURCES, users({"user": "member1", "expiration_time": "2027-06-30"}))
    done(connect(), users({"user": "member1", "state": "absent"}))
    with pytest.raises(OutcomeUnknown, match=fragment("outcome_rechecked", state=matching(fragment("grant_missing")))):
        apply(session, planned)


def test_a_grant_that_becomes_double_meanwhile_is_reported_with_what_to_do(sim: Simulator, connect: Connect) -> None:
    done(connect(), users({"user": "member1", "expiration_time": "2027-01-01"}))
    session = connect()
    planned = plan_changes(session, RESOURCES, users({"user": "member1", "expiration_time": "2027-06-30"}))
    _grant_behind_the_back(sim, session)
    with pytest.raises(OutcomeUnknown, match=fragment("granted_twice", count=2)):
        apply(session, planned)


def test_a_double_grant_is_an_error_before_the_first_write(sim: Simulator, connect: Connect) -> None:
    done(connect(), users({"user": "member1", "expiration_time": "2027-01-01"}))
    _grant_behind_the_back(sim, connect())
    sim.zero()
    for entry in ({"expiration_time": "2027-06-30"}, {"state": "absent"}, {"expiration_time": "never"}):
        with pytest.raises(
            InvalidInput, match=fragment("granted_twice", count=2, provider=matching(r"Alpha Cloud Ltd.*"))
        ):
            plan_changes(connect(), RESOURCES, users({"user": "member1", **entry}, description="x"))
    assert done(connect(), users({"user": "member1"})) == []
    assert sim.counts().writes == 0


def test_what_does_not_hold_after_all_writes_is_an_error(
    sim: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect()
    planned = plan_changes(session, RESOURCES, users({"user": "member1"}))
    real = Client.write

    def write(self: Client, name: str, uuid: str | None = None, **rest: Any) -> Any:
        answer = real(self, name, uuid, **rest)
        sim.delete("Grant", {"uuid": _grants(session)["member1"]})
        return answer

    monkeypatch.setattr(Client, "write", write)
    with pytest.raises(
        WaldurError, match=fragment("change_not_applied", change=matching(r"grant member1 as.*"))
    ) as caught:
        apply(session, planned)
    assert caught.value.details["not_applied"]


def test_an_exclusive_list_revokes_whom_no_entry_keeps_and_never_the_token_itself(
    sim: Simulator, connect: Connect
) -> None:
    done(connect(), users({"user": "member1"}, {"user": "admin"}))
    planned = plan_changes(connect(), RESOURCES, users({"user": "member1"}, exclusive_users=True))
    assert brief(planned) == [("revoke", "manager_alpha as CUSTOMER.MANAGER")]
    assert mentions(
        planned.comparison.warnings[0],
        "own_grant_kept",
        grant=matching(r".*admin as CUSTOMER\.MANAGER"),
        provider="Alpha Cloud Ltd",
    )


def test_more_removals_than_allowed_are_refused_before_the_first_write(sim: Simulator, connect: Connect) -> None:
    everybody = [{"user": name} for name in ("member1", "member2", "member3", "member4", "member5", "pm1")]
    done(connect(), users(*everybody))
    sim.zero()
    kept = users({"user": "pm2"}, exclusive_users=True)
    with pytest.raises(
        InvalidInput,
        match=prefix("too_many_removals", option="max_removals", count=7, limit=5),
    ) as e:
        plan_changes(connect(), RESOURCES, kept)
    assert len(e.value.details["removals"]) == 7
    assert sim.counts().writes == 0
    assert len(plan_changes(connect(), RESOURCES, kept, Limits(max_removals=7)).changes) == 8


def test_an_unknown_user_stops_an_exclusive_list_from_revoking(sim: Simulator, connect: Connect) -> None:
    document = users({"user": "nobody"}, {"user": "member1"}, exclusive_users=True)
    planned = plan_changes(connect(missing_users="warn"), RESOURCES, document)
    assert brief(planned) == [("grant", "member1 as CUSTOMER.MANAGER")]
    assert planned.summary(done=True)["missing_users"] == ["nobody"]
    assert any(
        mentions(text, "unlisted_grants_kept", provider="Alpha Cloud Ltd") for text in planned.comparison.warnings
    )


def test_a_loop_over_new_users_reads_the_grants_of_each_user_alone(sim: Simulator, connect: Connect) -> None:
    session = connect()
    for name in ("member1", "member2", "member3"):
        entry = GrantEntry("", name)
        documents = [ProviderDocument("", "ALPHA", "service_provider", (Grants((entry,), single=True),))]
        apply(session, plan_changes(session, RESOURCES, documents))
        assert [
            r["user_username"] for r in results(plan_changes(session, RESOURCES, documents), "user_role", done=True)[0]
        ] == [name]
    asked = [request["path"] for request in sim.requests() if "/list_users/" in request["path"]]
    assert all("user=" in path or "username=" in path for path in asked)
    # For each user the search for the username, the confirmation, what the grant led to, and the plan after it.
    assert len(asked) == 4 * 3


# --- usernames -------------------------------------------------------------------------------------------------------


def names(*entries: tuple[str, str]) -> list[Any]:
    return read_document(offering_usernames=[{"user": user, "username": name} for user, name in entries])


@pytest.mark.parametrize("alias", ["staff", "owner"])
def test_a_username_is_set_in_every_reachable_offering_and_then_settles(
    sim: Simulator, connect: Connect, alias: str
) -> None:
    planned = plan_changes(connect(alias), RESOURCES, names(("member3", "m3"), ("member1", "m1_alpha")))
    assert [(change.before, change.after) for change in planned.changes] == [({"Alpha VM": None}, {"Alpha VM": "m3"})]
    assert done(connect(alias), names(("member3", "m3"))) == [("set_username", "member3")]
    assert done(connect(alias), names(("member3", "m3"))) == []


def test_an_account_that_was_deleted_is_renamed_once_and_then_settles(sim: Simulator, connect: Connect) -> None:
    sim.change("OfferingUser", {"uuid": "fe94df2a081347d4adb22f75ae42f516"}, {"state": 8})
    assert done(connect(), names(("member1", "m1"))) == [("set_username", "member1")]
    assert done(connect(), names(("member1", "m1"))) == []


def test_a_user_without_reach_is_a_warning_and_no_eternal_change(sim: Simulator, connect: Connect) -> None:
    planned = plan_changes(connect(), RESOURCES, names(("outsider", "out")))
    assert brief(planned) == []
    assert mentions(
        planned.comparison.warnings[0],
        "user_without_access",
        user=matching(r".*outsider"),
        provider=matching(r"Alpha Cloud Ltd.*"),
    )


def test_accounts_that_the_server_would_not_touch_are_no_drift(sim: Simulator, connect: Connect) -> None:
    sim.change("Resource", {"name": "res-st_c1"}, {"state": "Terminated"})
    assert done(connect(), names(("member1", "m1"))) == [("set_username", "member1")]
    assert done(connect(), names(("member1", "m1"))) == []


def test_offerings_whose_accounts_cannot_be_read_back_are_left_out_with_a_warning(
    sim: Simulator, connect: Connect
) -> None:
    sim.change("Offering", {"name": "Alpha Storage"}, {"secret_options": {}, "plugin_options": {}})
    planned = plan_changes(connect("owner"), RESOURCES, names(("member1", "m1")))
    assert planned.changes[0].after == {"Alpha VM": "m1"}
    assert mentions(planned.comparison.warnings[0], "plan_accounts_unreadable", offerings="Alpha Storage")
    assert plan_changes(connect("staff"), RESOURCES, names(("member1", "m1"))).changes[0].after == {
        "Alpha Storage": "m1",
        "Alpha VM": "m1",
    }


def test_a_private_offering_is_not_planned(sim: Simulator, connect: Connect) -> None:
    sim.change("Offering", {"name": "Alpha Storage"}, {"shared": False})
    assert plan_changes(connect(), RESOURCES, names(("member1", "m1"))).changes[0].after == {"Alpha VM": "m1"}


def test_a_reach_that_may_not_be_read_names_the_right(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(WaldurError, match=r"403.*SERVICE_PROVIDER\.LIST_PROJECT_PERMISSIONS"):
        plan_changes(connect("owner_beta"), RESOURCES, names(("member1", "m1")))


def test_two_users_with_one_name_are_refused_before_any_write(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(InvalidInput, match=fragment("username_shared")):
        plan_changes(connect(), RESOURCES, names(("member1", "same"), ("member2", "same")))
    assert sim.counts().writes == 0


# --- the profile -----------------------------------------------------------------------------------------------------


def test_an_image_is_uploaded_once_and_equal_bytes_are_no_change(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    red = read_document(image=png(tmp_path / "red.png", "red"))
    assert done(connect(), red) == [("update", "Alpha Cloud Ltd")]
    assert done(connect(), red) == []
    assert done(connect(), read_document(image=png(tmp_path / "blue.png", "blue"))) == [("update", "Alpha Cloud Ltd")]
    assert done(connect(), read_document(image="")) == [("update", "Alpha Cloud Ltd")]
    assert done(connect(), read_document(image="")) == []


def test_an_image_leaves_the_notifications_as_they_are(sim: Simulator, connect: Connect, tmp_path: Path) -> None:
    session = connect()
    planned = plan_changes(session, RESOURCES, read_document(image=png(tmp_path / "red.png", "red"), description="new"))
    apply(session, planned)
    row = results(planned, "service_provider", done=True)[0]
    assert (row["enable_notifications"], row["description"]) == (True, "new")


@pytest.mark.parametrize(("customer", "action"), [("ALPHA", "update"), ("SPARE", "create")])
def test_an_image_that_the_server_refuses_leaves_nothing_half_done(
    sim: Simulator, connect: Connect, tmp_path: Path, customer: str, action: str
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and nothing else")
    entry = {"customer": customer, "image": str(broken), "description": "new"}
    session = connect()
    planned = plan_changes(session, RESOURCES, SCHEMA.read([entry], images.read_image))
    with pytest.raises(WaldurError, match=rf"^{action} .*image: Upload a valid"):
        apply(session, planned)
    assert brief(
        plan_changes(
            connect(), RESOURCES, SCHEMA.read([{"customer": customer, "description": "new"}], images.read_image)
        )
    )


@pytest.mark.parametrize("notifications", [None, True, False])
def test_a_new_provider_with_an_image_is_one_write_and_keeps_its_notifications(
    sim: Simulator, connect: Connect, tmp_path: Path, notifications: bool | None
) -> None:
    entry: dict[str, Any] = {"customer": "SPARE", "image": png(tmp_path / "red.png", "red"), "description": "Grüße"}
    if notifications is not None:
        entry["enable_notifications"] = notifications
    session = connect()
    planned = plan_changes(session, RESOURCES, SCHEMA.read([entry], images.read_image))
    apply(session, planned)
    row = results(planned, "service_provider", done=True)[0]
    assert (row["description"], row["enable_notifications"]) == ("Grüße", notifications is not False)
    assert sim.counts().writes == 1
    assert brief(plan_changes(connect(), RESOURCES, SCHEMA.read([entry], images.read_image))) == []


def test_a_provider_with_offerings_is_not_deleted_and_they_are_named(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(
        InvalidInput, match=fragment("provider_has_offerings", offerings=matching(r".*Alpha Draft \(Draft\).*"))
    ):
        plan_changes(connect(), RESOURCES, read_document(state="absent"))


def test_a_provider_without_offerings_is_deleted_once(sim: Simulator, connect: Connect) -> None:
    document = SCHEMA.read([{"customer": "EXTRA01", "state": "absent"}], images.read_image)
    assert done(connect(), document) == [("delete", "Extra Provider 01")]
    assert done(connect(), document) == []


def test_a_lost_answer_to_a_creation_is_followed_by_a_look(
    sim: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect()
    document = SCHEMA.read([{"customer": "SPARE"}], images.read_image)
    planned = plan_changes(session, RESOURCES, document)
    _lose_answers(monkeypatch, after_the_write=True)
    with pytest.raises(
        OutcomeUnknown, match=fragment("outcome_rechecked", state=matching(fragment("provider_created")))
    ):
        apply(session, planned)
    monkeypatch.undo()
    assert done(connect(), document) == []


def test_newer_options_on_an_older_server_are_refused_before_the_first_write(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(InvalidInput, match=fragment("option_of_newer_waldur", option="allowed_domains")):
        plan_changes(connect(), RESOURCES, read_document(allowed_domains=["example.org"], description="x"))


def test_a_field_that_the_server_ignores_is_an_error(
    sim: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect()
    planned = plan_changes(session, RESOURCES, read_document(description="new"))
    monkeypatch.setattr(Client, "write", lambda *args, **rest: {"description": "old"})
    with pytest.raises(WaldurError, match=fragment("value_not_applied", option="description")):
        apply(session, planned)


def test_a_provider_that_is_deleted_between_two_items_is_reported(sim: Simulator, connect: Connect) -> None:
    session = connect()
    document = SCHEMA.read([{"customer": "EXTRA01", "description": "x"}], images.read_image)
    plan_changes(session, RESOURCES, document)
    done(connect(), SCHEMA.read([{"customer": "EXTRA01", "state": "absent"}], images.read_image))
    with pytest.raises(WaldurError, match=fragment("provider_deleted_meanwhile")):
        plan_changes(session, RESOURCES, document)


# --- the secret code -------------------------------------------------------------------------------------------------


def code(**keys: Any) -> list[Any]:
    return read_document(api_secret_code=keys)


def test_a_leaked_code_is_rotated_once(sim: Simulator, connect: Connect) -> None:
    session = connect()
    leaked = results(plan_changes(session, RESOURCES, code()), "api_secret_code", done=True)[0]["fingerprint"]
    document = code(state="rotated", fingerprint=leaked)
    planned = plan_changes(session, RESOURCES, document)
    apply(session, planned)
    result = results(planned, "api_secret_code", done=True)[0]
    assert result["fingerprint"] not in (None, leaked)
    assert result["api_secret_code"] in session.client.redactor.secrets
    assert done(connect(), document) == []


def test_a_rotation_without_fingerprint_happens_at_every_run(sim: Simulator, connect: Connect) -> None:
    for _run in range(2):
        assert done(connect(), code(state="rotated")) == [("rotate", "API secret code")]


def test_a_lost_answer_to_a_rotation_is_never_a_second_rotation(
    sim: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect()
    planned = plan_changes(session, RESOURCES, code(state="rotated"))
    real = Client.new_secret_code

    def lost(self: Client, uuid: str) -> str | None:
        real(self, uuid)
        raise OutcomeUnknown("The answer was lost")

    monkeypatch.setattr(Client, "new_secret_code", lost)
    with pytest.raises(
        OutcomeUnknown,
        match=fragment(
            "outcome_rechecked", state=matching(fragment("code_rotated", fingerprint=matching(r"sha256:[0-9a-f]{16}")))
        ),
    ):
        apply(session, planned)
    assert sim.counts().operations[f"POST {PROVIDERS}{{uuid}}/api_secret_code/"] == 1


def test_a_missing_code_is_made(sim: Simulator, connect: Connect) -> None:
    sim.change("ServiceProvider", {"uuid": "e182aaedb6ae4541956a3c14629abc02"}, {"api_secret_code": None})
    assert done(connect(), code()) == [("rotate", "API secret code")]
    assert done(connect(), code()) == []


# --- helpers ---------------------------------------------------------------------------------------------------------


def _lose_answers(monkeypatch: pytest.MonkeyPatch, *, after_the_write: bool) -> None:
    real = Client.write

    def lost(self: Client, name: str, uuid: str | None = None, **rest: Any) -> Any:
        if after_the_write:
            real(self, name, uuid, **rest)
        raise OutcomeUnknown("The answer was lost")

    monkeypatch.setattr(Client, "write", lost)


def _grant_behind_the_back(sim: Simulator, session: Session) -> None:
    """As somebody does who calls add_user over an expiring grant (api-behaviour: role-grants-duplicate)."""
    other = Client(Connection(sim.url, sim.token("staff")))
    role = session.references.roles.resolve_for_provider("role", "CUSTOMER.MANAGER")["uuid"]
    member1 = "51d1acdbef2e4274bda95a1ce5391e54"
    other.write("add_user", "e182aaedb6ae4541956a3c14629abc02", body={"role": role, "user": member1})


def _grants(session: Session) -> dict[str, str]:
    rows = session.client.rows("list_users", "e182aaedb6ae4541956a3c14629abc02")
    return {row["user_username"]: row["uuid"] for row in rows}


# --- what a plan may be ----------------------------------------------------------------------------------------------


def both() -> list[Any]:
    return SCHEMA.read(
        [{"customer": "ALPHA", "description": "a"}, {"customer": "BETA", "description": "b"}], images.read_image
    )


def test_only_the_named_providers_are_planned_and_the_others_are_reported(connect: Connect) -> None:
    planned = plan_changes(connect(), RESOURCES, both(), Limits(only=["Beta HPC Centre", "BETA"]))
    assert brief(planned) == [("update", "Beta HPC Centre")]
    assert [target.name for target in planned.left_out] == ["Alpha Cloud Ltd"]
    checked = plan_changes(connect(), RESOURCES, both(), Limits(only=[]))
    assert (brief(checked), len(checked.left_out)) == ([], 2)


def test_a_provider_missing_in_the_document_is_reported_and_an_unknown_one_is_rejected(connect: Connect) -> None:
    planned = plan_changes(connect(), RESOURCES, both()[:1], Limits(only=["BETA"]))
    assert (brief(planned), [target.name for target in planned.without_entry]) == ([], ["Beta HPC Centre"])
    with pytest.raises(InvalidInput, match=fragment("provider_not_found", option="only[0]", value="Nobody")):
        plan_changes(connect(), RESOURCES, both(), Limits(only=["Nobody"]))


def test_entries_that_are_left_out_must_be_about_customers_that_exist(connect: Connect, sim: Simulator) -> None:
    document = [*both(), *SCHEMA.read([{"customer": "Nobody"}], images.read_image)]
    with pytest.raises(
        InvalidInput, match=fragment("customer_not_found", option="service_providers[0].customer", value="Nobody")
    ):
        plan_changes(connect(), RESOURCES, document, Limits(only=["BETA"]))


def test_a_plan_that_was_approved_and_half_applied_is_finished_and_nothing_else(connect: Connect) -> None:
    approved = [change.as_dict() for change in plan_changes(connect(), RESOURCES, both()).changes]
    done(connect(), both()[:1])
    limits = Limits(approved=approved)
    session = connect()
    planned = plan_changes(session, RESOURCES, both(), limits)
    assert brief(planned) == [("update", "Beta HPC Centre")]
    apply(session, planned)
    done(connect(), read_document(description="changed behind its back"))
    with pytest.raises(
        InvalidInput, match=fragment("approval_current_changed", changes="update Alpha Cloud Ltd: descr")
    ):
        plan_changes(connect(), RESOURCES, both(), limits)
