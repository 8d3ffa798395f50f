# SPDX-License-Identifier: GPL-3.0-or-later
"""What an export leaves out with a note, and what it refuses."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from messages import begins, ends, fragment, matching, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import Forbidden, NotFound, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._export.document import export
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._references.users import User
from simulator_process import Simulator

from ...helpers.exports import ALPHA, account, alpha, grant, plan_of, session
from ...helpers.fixture_types import Connect

CUSTOMER_MANAGER = "d51bab95e9a74d39be894869c14ec67e"
VIEWER = {"name": "PROVIDER.VIEWER", "content_type": "service_provider"}
# One pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


# --- what is left out ------------------------------------------------------------------------------------------------


def test_grants_that_have_ended_and_those_of_deactivated_users_are_left_out(sim: Simulator, connect: Connect) -> None:
    grant(sim, "member1", until="2026-01-01T00:00:00Z")
    grant(sim, "member2")
    sim.change("User", {"username": "member2"}, {"is_active": False})
    found = alpha(connect(), "users")
    assert [entry["user"] for entry in found["users"]] == ["manager_alpha"]
    assert found["notes"] == {
        ("users", "member1 as CUSTOMER.MANAGER"): message(
            "export_grant_expired",
            provider="Alpha Cloud Ltd",
            grant="member1 as CUSTOMER.MANAGER",
            expiry="2026-01-01T00:00:00Z",
        )
    }


def test_double_grants_are_left_out(sim: Simulator, connect: Connect) -> None:
    uuids = sorted([grant(sim, "member1"), grant(sim, "member1", until="2027-01-01T00:00:00Z")])
    found = alpha(connect(), "users")
    assert [entry["user"] for entry in found["users"]] == ["manager_alpha"]
    text = found["notes"]["users", "member1 as CUSTOMER.MANAGER"]
    assert mentions(text, "granted_twice", count=2, provider=matching(r"Alpha Cloud Ltd.*"))
    assert text.index(uuids[0]) < text.index(uuids[1])


@pytest.mark.parametrize("change", [{"is_active": False}, {"content_type": "customer"}])
def test_grants_of_roles_that_can_no_longer_be_granted_are_left_out(
    sim: Simulator, connect: Connect, change: dict[str, Any]
) -> None:
    sim.change("Role", {"name": "CALL.REVIEWER"}, {**VIEWER, **change})
    grant(sim, "member1", "PROVIDER.VIEWER")
    found = alpha(connect(), "users")
    assert [entry["user"] for entry in found["users"]] == ["manager_alpha"]
    note = found["notes"]["users", "member1 as PROVIDER.VIEWER"]
    assert mentions(note, "export_role_unusable", grant="member1 as PROVIDER.VIEWER")


def test_a_grant_of_a_role_that_is_called_like_the_uuid_of_another_is_left_out(
    sim: Simulator, connect: Connect
) -> None:
    sim.change("Role", {"name": "CALL.REVIEWER"}, VIEWER)
    grant(sim, "member1", "PROVIDER.VIEWER")
    sim.change("Role", {"name": "PROVIDER.VIEWER"}, {"name": CUSTOMER_MANAGER})
    found = alpha(connect(), "users")
    assert [entry["role"] for entry in found["users"]] == ["CUSTOMER.MANAGER"]
    assert ends(found["notes"]["users", f"member1 as {CUSTOMER_MANAGER}"], "export_role_ambiguous")


def test_an_image_is_left_out(sim: Simulator, connect: Connect) -> None:
    here = connect()
    target = here.references.resolve_target("customer", "customer", "ALPHA")
    here.client.write("partial_update", target.uuid, files={"image": ("a.png", PNG, "image/png")})
    found = alpha(connect(), "profile")
    assert "image" not in found
    assert found["notes"] == {("image", None): message("export_image", provider="Alpha Cloud Ltd")}


def test_a_description_that_no_document_can_say_is_left_out(sim: Simulator, connect: Connect) -> None:
    for description in (f"Use {sim.token('staff')}", "x" * 2001):
        sim.change("ServiceProvider", {"customer__uuid": ALPHA}, {"description": description})
        found = alpha(connect(), "profile")
        assert "description" not in found
        assert sim.token("staff") not in found["notes"]["description", None]


def test_usernames_that_are_not_one_and_the_same_are_left_out(sim: Simulator, connect: Connect) -> None:
    account(sim, "Alpha Storage", "member2", "m2_other")
    account(sim, "Alpha VM", "member4", " same ")
    account(sim, "Alpha VM", "pm2", "same")
    account(sim, "Beta GPU", "outsider", "far")
    account(sim, "Alpha VM", "outsider", "a\nb")
    account(sim, "Alpha VM", "inactive", "gone")
    found = alpha(connect(), "offering_usernames")
    assert found["offering_usernames"] == [{"user": "member1", "username": "m1_alpha"}]
    notes = {name: text.removeprefix("Alpha Cloud Ltd: ") for (_key, name), text in found["notes"].items()}
    assert notes == {
        "inactive": message("export_username_unreached", user="inactive", username="gone"),
        "member2": message(
            "export_username_differs", user="member2", usernames="Alpha Storage: m2_other, Alpha VM: m2_alpha"
        ),
        "member3": message("export_no_username", user="member3"),
        "member4": message("export_username_shared", user="member4", username="same", count=2),
        "outsider": message("export_username_unreached", user="outsider", username="a\\nb"),
        "pa1": message("export_no_username", user="pa1"),
        "pm1": message("export_no_username", user="pm1"),
        "pm2": message("export_username_shared", user="pm2", username="same", count=2),
    }


def test_unreachable_accounts_are_reported_even_where_nobody_has_one(sim: Simulator, connect: Connect) -> None:
    sim.change("Resource", {"offering__customer__uuid": ALPHA}, {"state": "Terminated"})
    found = alpha(connect(), "offering_usernames")
    assert "offering_usernames" not in found
    assert {name for _key, name in found["notes"]} == {"member1", "member2"}


def test_where_usernames_are_not_in_use_one_note_says_so(sim: Simulator, connect: Connect) -> None:
    sim.delete("OfferingUser", {"username__gt": ""})
    found = alpha(connect(), "offering_usernames")
    assert found["notes"] == {
        ("offering_usernames", None): message("export_nobody_named", provider="Alpha Cloud Ltd", count=7)
    }


class Longer(Client):
    """A client of a Waldur that lets usernames be longer than it can set them."""

    def rows(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """The rows, with longer usernames."""
        found = super().rows(*args, **kwargs)
        long = {"username": "x" * 101} if args[0] == "offering_users" else {}
        return [{**row, **long} if row.get("user_username") == "member1" else row for row in found]


def test_a_username_that_is_too_long_to_be_set_is_left_out(sim: Simulator) -> None:
    client = Longer(Connection(sim.url, sim.token("staff"), retries=0))
    found = alpha(Session(client, References(client)), "offering_usernames")
    assert "offering_usernames" not in found
    assert mentions(found["notes"]["offering_usernames", "member1"], "too_long", count=101)


# --- rights and editions ---------------------------------------------------------------------------------------------


def readable(sim: Simulator, *offerings: str) -> None:
    """Of these offerings alone an owner may read the accounts back."""
    off: dict[str, Any] = {"plugin_options": {}, "secret_options": {}}
    sim.change("Offering", {"customer__uuid": ALPHA}, off)
    for offering in offerings:
        on = {"plugin_options": {"service_provider_can_create_offering_user": True}}
        sim.change("Offering", {"name": offering}, on)


def test_accounts_that_the_token_cannot_read_back_are_not_looked_at(sim: Simulator, connect: Connect) -> None:
    readable(sim, "Alpha VM")
    account(sim, "Alpha Storage", "member1", "other")
    found = alpha(connect("owner"), "offering_usernames")
    assert [entry["user"] for entry in found["offering_usernames"]] == ["member1", "member2"]
    assert found["notes"]["offering_usernames", None] == (
        message("export_accounts_unreadable", provider="Alpha Cloud Ltd", offerings="Alpha Storage")
    )
    assert plan_of(connect("owner"), [{"customer": "ALPHA", "offering_usernames": found["offering_usernames"]}]) == []


def test_a_user_whose_accounts_are_all_hidden_is_left_out(sim: Simulator, connect: Connect) -> None:
    readable(sim, "Alpha Storage")
    found = alpha(connect("owner"), "offering_usernames")
    assert found["offering_usernames"] == [{"user": "member1", "username": "m1_alpha"}]
    assert found["notes"]["offering_usernames", "member4"] == (
        message("export_offerings_unreadable", provider="Alpha Cloud Ltd", user="member4")
    )


def test_what_may_not_be_read_is_an_error_that_names_the_right_and_the_way_out(
    sim: Simulator, connect: Connect
) -> None:
    with pytest.raises(Forbidden) as caught:
        export(connect("outsider"), "ALPHA")
    for text in (
        "Alpha Cloud Ltd: ",
        "SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS",
        "offering_usernames out of parts",
        "(the playbook's export_parts",
    ):
        assert text in caught.value.message
    assert caught.value.args == (caught.value.message,)


# A role can carry the permission to list the project permissions, and show no resources.
NO_RESOURCES: dict[str, Any] = {"path": "/api/marketplace-provider-resources/*", "status": 200, "body": []}


def test_a_token_that_sees_roles_and_no_resources_is_refused(sim: Simulator, connect: Connect) -> None:
    """An empty list of resources would pass for no usernames."""
    sim.fault(times=None, **NO_RESOURCES)
    with pytest.raises(WaldurError, match=fragment("resources_hidden") + rf".*{fragment('export_parts_remedy')}$"):
        export(connect("owner"), "ALPHA")


def test_the_remedy_of_an_export_error_names_the_variables_of_the_playbook(connect: Connect) -> None:
    with pytest.raises(Forbidden, match=fragment("export_part_unreadable")):
        export(connect("owner"), "BETA")


def test_a_manager_of_2026_may_not_read_the_project_permissions() -> None:
    """The role on the provider carries the permission, and it counts on the customer alone
    (api-behaviour: rights-on-the-customer-only)."""
    with Simulator.start(edition="2026") as sim:
        with pytest.raises(
            Forbidden, match=fragment("permission_of_provider", permission=matching(r".*LIST_PROJECT_PERMISSIONS"))
        ):
            export(session(sim, "manager_alpha"), "ALPHA")
        with pytest.raises(
            Forbidden, match=fragment("export_part_unreadable", provider="Beta HPC Centre", part_name="users")
        ):
            export(session(sim, "manager_alpha"), "BETA")
        assert alpha(session(sim, "manager_alpha"), "profile", "users")["users"][0]["user"] == "manager_alpha"


def test_an_export_of_all_providers_goes_on_after_one_that_the_token_may_not_read(
    sim: Simulator, connect: Connect
) -> None:
    found = export(connect("owner"))
    assert ([entry["customer"] for entry in found["service_providers"]], found["count"]) == (["Alpha Cloud Ltd"], 1)
    assert found["service_providers"][0] == export(connect("owner"), "ALPHA")["service_providers"][0]
    notes = [note for note in found["notes"] if note["key"] == "service_providers"]
    assert {note["service_provider"] for note in notes} == {
        row["customer_name"] for row in connect().references.provider_list.rows()
    } - {"Alpha Cloud Ltd"}
    assert begins(
        notes[0]["text"], "export_left_out", provider="Beta HPC Centre", cause="Waldur rejected the request to list the"
    )
    assert found["notes"] == sorted(found["notes"], key=lambda note: note["service_provider"])
    assert plan_of(connect(), found["service_providers"]) == []


def test_the_reason_why_providers_are_left_out_is_stated_once(sim: Simulator, connect: Connect) -> None:
    found = export(connect("owner"))
    texts = [note["text"] for note in found["notes"] if note["key"] == "service_providers"]
    assert len(texts) > 2
    for text in texts[1:]:
        name = text.partition(":")[0]
        assert text == message("export_left_out_too", provider=name, first="Beta HPC Centre")


@pytest.mark.parametrize("references", ["BETA", ["ALPHA", "BETA"]])
def test_a_provider_that_is_named_and_may_not_be_read_is_still_an_error(
    sim: Simulator, connect: Connect, references: Any
) -> None:
    with pytest.raises(Forbidden, match=r"^Beta HPC Centre: "):
        export(connect("owner"), references)


def test_a_provider_that_is_deleted_while_all_are_exported_is_left_out(sim: Simulator, connect: Connect) -> None:
    uuid = next(
        row["uuid"] for row in connect().references.provider_list.rows() if row["customer_abbreviation"] == "BETA"
    )
    sim.fault(path=f"*/{uuid}/list_users/", times=None, status=404)
    found = export(connect())
    assert "Beta HPC Centre" not in [entry["customer"] for entry in found["service_providers"]]
    (text,) = [note["text"] for note in found["notes"] if note["key"] == "service_providers"]
    assert mentions(text, "export_deleted_meanwhile")
    with pytest.raises(NotFound, match=r"^Beta HPC Centre: "):
        export(connect(), "BETA")


@pytest.mark.parametrize("status", [500, 401])
def test_an_export_of_all_providers_stops_at_any_other_error(sim: Simulator, connect: Connect, status: int) -> None:
    sim.fault(path="*/list_users/", skip=1, times=None, status=status)
    with pytest.raises(WaldurError):
        export(connect())


def test_a_token_that_may_read_no_provider_at_all_gets_an_error(sim: Simulator, connect: Connect) -> None:
    with pytest.raises(Forbidden, match=fragment("export_part_unreadable")):
        export(connect("outsider"))


def test_a_waldur_without_roles_is_noted() -> None:
    with Simulator.start(edition="2024") as sim:
        found = alpha(session(sim))
        assert "users" not in found
        assert (
            found["notes"]["users", None]
            == f"Alpha Cloud Ltd: {message('feature_missing', feature='roles on service providers', since=2025)}"
        )
        assert found["offering_usernames"] == [{"user": "member1", "username": "m1_alpha"}]


def test_a_token_that_sees_roles_and_no_resources_sets_no_username(sim: Simulator) -> None:
    """It was told that the user reaches no offering, and that all was well."""
    member = session(sim).references.users.resolve(["member1"])["member1"]
    assert isinstance(member, User)
    document = [{"customer": "ALPHA", "offering_usernames": [{"user": member.uuid, "username": "new"}]}]
    assert plan_of(session(sim, "owner"), document)
    sim.fault(times=None, **NO_RESOURCES)
    with pytest.raises(WaldurError, match=rf"offering_usernames.*{fragment('resources_hidden')}"):
        plan_of(session(sim, "owner"), document)
