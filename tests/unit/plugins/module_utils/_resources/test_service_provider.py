# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the current profile with the desired one: only what differs is planned, shown and sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import begins, message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._document.model import UNSET, ImageFile, ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change, Comparison
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider import ServiceProvider
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import (
    Profile,
    ProfileState,
    ProfileWrite,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_writing import check_answer

from ...helpers.samples import CUSTOMER, PROVIDER, session, target

LOGO = ImageFile("logo.png", b"logo")
OTHER_LOGO = ImageFile("logo.png", b"another logo")
NO_LOGO = ImageFile("", b"")
DIGEST = images.digest(LOGO.content)
URL = "https://waldur.example.org/media/logo.png"


def row(**keys: Any) -> dict[str, Any]:
    return {
        "uuid": PROVIDER,
        "customer_uuid": CUSTOMER,
        "customer_name": "ACME",
        "description": "Storage",
        "enable_notifications": True,
        "image": None,
        "allowed_domains": ["a.org", "b.org"],
        "account_options": {"homedir_prefix": "/home/", "project_groups_enabled": False},
        **keys,
    }


def compare(state: ProfileState, image: ImageFile | Any = UNSET, **fields: Any) -> Comparison[ProfileWrite]:
    uuid = PROVIDER if state.row else None
    return ServiceProvider().compare(session(), target(uuid), Profile("present", fields, image), state, {})


def only(comparison: Comparison[ProfileWrite]) -> Change[ProfileWrite]:
    assert comparison == Comparison(comparison.changes)
    [change] = comparison.changes
    return change


# --- update ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"description": "Storage"},
        {"enable_notifications": True},
        {"allowed_domains": ["b.org", "a.org"]},
        {"account_options": {}},
        {"account_options": {"homedir_prefix": "/home/"}},
        {"account_options": {"project_groups_enabled": False}},
        {"account_options": {"login_shell": ""}},
        {"account_options": {"login_shell": None}},
    ],
)
def test_a_field_that_is_as_desired_is_no_change(fields: dict[str, Any]) -> None:
    assert compare(ProfileState(row()), **fields) == Comparison()


@pytest.mark.parametrize("stored", ["Storage\n", "  Storage"])
def test_a_description_is_compared_trimmed(stored: str) -> None:
    assert compare(ProfileState(row(description=stored)), description="Storage") == Comparison()


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        ({"description": "HPC"}, {"description": "Storage"}, {"description": "HPC"}),
        ({"description": ""}, {"description": "Storage"}, {"description": ""}),
        ({"enable_notifications": False}, {"enable_notifications": True}, {"enable_notifications": False}),
        (
            {"description": "Storage", "enable_notifications": False},
            {"enable_notifications": True},
            {"enable_notifications": False},
        ),
        ({"allowed_domains": ["a.org"]}, {"allowed_domains": ["a.org", "b.org"]}, {"allowed_domains": ["a.org"]}),
        ({"allowed_domains": []}, {"allowed_domains": ["a.org", "b.org"]}, {"allowed_domains": []}),
        (
            {"account_options": {"homedir_prefix": "/home/", "login_shell": "/bin/sh"}},
            {"account_options": {"login_shell": None}},
            {"account_options": {"login_shell": "/bin/sh"}},
        ),
        (
            {"account_options": {"project_groups_enabled": True}},
            {"account_options": {"project_groups_enabled": False}},
            {"account_options": {"project_groups_enabled": True}},
        ),
        (
            {"account_options": {"homedir_prefix": ""}},
            {"account_options": {"homedir_prefix": "/home/"}},
            {"account_options": {"homedir_prefix": ""}},
        ),
        (
            {"account_options": {"homedir_prefix": None}},
            {"account_options": {"homedir_prefix": "/home/"}},
            {"account_options": {"homedir_prefix": ""}},
        ),
    ],
)
def test_an_update_holds_only_what_differs(
    fields: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    change = only(compare(ProfileState(row()), **fields))
    assert (change.action.name, change.kind.name, change.name) == ("update", "service_provider", "ACME")
    assert (change.before, change.after) == (before, after)
    assert change.id == {"customer": CUSTOMER, "user": None, "role": None}
    assert change.payload == ProfileWrite(after, UNSET)


def test_account_options_that_are_null_are_none_yet() -> None:
    found = compare(ProfileState(row(account_options=None)), account_options={"login_shell": "/bin/sh", "x": ""})
    assert only(found).after == {"account_options": {"login_shell": "/bin/sh"}}


def test_an_account_option_with_value_false_that_is_not_there_yet_is_set() -> None:
    found = compare(ProfileState(row(account_options={})), account_options={"project_groups_enabled": False})
    assert only(found).after == {"account_options": {"project_groups_enabled": False}}


@pytest.mark.parametrize("name", ["allowed_domains", "account_options"])
@pytest.mark.parametrize("there", [True, False])
def test_newer_options_on_an_older_server_are_an_error(name: str, there: bool) -> None:
    value = ["a.org"] if name == "allowed_domains" else {"x": "y"}
    found = compare(ProfileState(row() if there else None, newer=False), **{name: value})
    assert found.errors == (message("option_of_newer_waldur", option=name, since="2026"),)


# --- image -----------------------------------------------------------------------------------------------------------


def test_an_image_of_the_same_bytes_is_no_change() -> None:
    assert compare(ProfileState(row(image=URL), DIGEST), ImageFile("renamed.png", LOGO.content)) == Comparison()


def test_another_image_is_shown_by_digest_and_size_and_sent_as_a_file() -> None:
    change = only(compare(ProfileState(row(image=URL), DIGEST), OTHER_LOGO))
    assert change.before == {"image": {"sha256": DIGEST.sha256, "size": 4}}
    assert change.after == {"image": {"sha256": images.digest(b"another logo").sha256, "size": 12}}
    assert change.payload == ProfileWrite({}, OTHER_LOGO)


def test_an_image_where_there_is_none_is_uploaded() -> None:
    change = only(compare(ProfileState(row()), LOGO, description="HPC"))
    assert change.before == {"description": "Storage", "image": None}
    assert change.payload == ProfileWrite({"description": "HPC"}, LOGO)


def test_an_image_is_removed_once() -> None:
    change = only(compare(ProfileState(row(image=URL), DIGEST), NO_LOGO))
    assert (change.before, change.after) == ({"image": {"sha256": DIGEST.sha256, "size": 4}}, {"image": None})
    assert compare(ProfileState(row()), NO_LOGO) == Comparison()


def test_an_image_left_out_is_left_alone() -> None:
    change = only(compare(ProfileState(row(image=URL)), description="HPC"))
    assert change.after == {"description": "HPC"}
    assert change.payload.image is UNSET


def test_an_image_that_is_the_same_is_not_sent_along_with_what_differs() -> None:
    change = only(compare(ProfileState(row(image=URL), DIGEST), LOGO, description="HPC"))
    assert change.payload == ProfileWrite({"description": "HPC"}, UNSET)


# --- create and delete -----------------------------------------------------------------------------------------------


def test_a_provider_that_is_not_there_is_created_with_what_is_given() -> None:
    change = only(compare(ProfileState(None), LOGO, description="HPC", enable_notifications=True))
    assert (change.action.name, change.before) == ("create", None)
    digest = {"sha256": DIGEST.sha256, "size": 4}
    assert change.after == {
        "customer": "ACME",
        "description": "HPC",
        "enable_notifications": True,
        "image": digest,
    }
    assert change.payload == ProfileWrite({"description": "HPC", "enable_notifications": True}, LOGO)


@pytest.mark.parametrize(
    ("now", "wanted"), [(True, 1), (1, True), (False, 0), (0, False), ([True], [1]), ({"a": 1}, {"a": True})]
)
def test_an_account_option_that_is_true_differs_from_one_that_is_1(now: Any, wanted: Any) -> None:
    found = only(compare(ProfileState(row(account_options={"o": now})), account_options={"o": wanted}))
    assert repr((found.before, found.after)) == repr(
        ({"account_options": {"o": now}}, {"account_options": {"o": wanted}})
    )
    with pytest.raises(WaldurError, match=prefix("value_not_applied", option="account_options.o")):
        check_answer(row(account_options={"o": now}), {"account_options": {"o": wanted}}, UNSET)


def test_an_account_option_of_the_same_number_in_another_form_is_no_change() -> None:
    assert compare(ProfileState(row(account_options={"o": 100})), account_options={"o": 1e2}) == Comparison()


def test_a_provider_may_be_created_with_nothing_but_its_customer() -> None:
    assert only(compare(ProfileState(None))).after == {"customer": "ACME"}


def delete(state: ProfileState) -> Comparison[ProfileWrite]:
    return ServiceProvider().compare(session(), target(), Profile("absent"), state, {})


def test_a_provider_is_deleted_with_what_it_was() -> None:
    change = only(delete(ProfileState(row())))
    assert (change.action.name, change.after) == ("delete", None)
    assert change.before == {"customer": "ACME", "description": "Storage", "enable_notifications": True}


def test_a_provider_that_is_not_there_need_not_be_deleted() -> None:
    assert delete(ProfileState(None)) == Comparison()


def test_a_provider_with_offerings_is_not_deleted_and_they_are_named() -> None:
    found = delete(ProfileState(row(), live_offerings=["Storage (Draft)", "VM (Active)"]))
    assert not found.changes
    assert found.errors == (
        message("provider_has_offerings", option="state", provider="ACME", offerings="Storage (Draft), VM (Active)"),
    )


# --- responses and results -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["abs.yml: service_providers[0].", ""])
def test_an_error_of_the_plan_about_the_profile_names_the_file_and_the_entry(place: str) -> None:
    where = place.removesuffix(".")
    absent = Profile("absent", where=where)
    found = ServiceProvider().compare(
        session(), target(), absent, ProfileState(row(), live_offerings=["VM (Active)"]), {}
    )
    assert begins(found.errors[0], "provider_has_offerings", option=f"{place}state", provider="ACME")
    newer = Profile("present", {"allowed_domains": []}, where=where)
    found = ServiceProvider().compare(session(), target(), newer, ProfileState(row(), newer=False), {})
    assert begins(found.errors[0], "option_of_newer_waldur", option=f"{place}allowed_domains")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"description": "HPC"}, row()),
        ({"enable_notifications": False}, row()),
        ({"allowed_domains": ["c.org"]}, row()),
        ({"account_options": {"login_shell": "/bin/sh"}}, row()),
        ({"account_options": {"homedir_prefix": ""}}, row()),
        ({"account_options": {"project_groups_enabled": False}}, row(account_options={"project_groups_enabled": True})),
        ({"account_options": {"project_groups_enabled": False}}, row(account_options={})),
        ({"image": None}, row(image=URL)),
    ],
)
def test_a_field_that_the_server_ignores_silently_is_an_error(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    with pytest.raises(WaldurError) as told:
        check_answer(kept, sent, UNSET)
    option = ".".join([*sent, *sent.get("account_options", {})])
    assert told.value.message.startswith(message("value_not_applied", option=option, hint=""))
    assert ("staff token" in told.value.message) == ("allowed_domains" in sent)
    with pytest.raises(WaldurError) as told:
        check_answer(kept, sent, UNSET, lambda: True)
    assert "staff token" not in told.value.message


def test_an_ignored_field_is_reported_also_where_the_rights_of_the_token_can_not_be_read() -> None:
    def unreadable() -> bool:
        raise WaldurError("Waldur broke.")

    with pytest.raises(WaldurError, match=pattern("value_not_applied", option="allowed_domains", hint="")) as caught:
        check_answer(row(), {"allowed_domains": ["c.org"]}, UNSET, unreadable)
    assert caught.value.details == {"took_effect": None}


def test_an_image_that_the_server_ignores_silently_is_an_error() -> None:
    with pytest.raises(WaldurError, match=prefix("image_not_stored")):
        check_answer(row(), {}, LOGO)


def test_a_response_with_the_values_that_were_sent_is_accepted() -> None:
    sent = {
        "customer": "https://other.example.org/api/customers/x/",
        "description": "Storage",
        "allowed_domains": ["b.org", "a.org"],
        "account_options": {"homedir_prefix": "/home/", "login_shell": "", "project_groups_enabled": False},
        "image": None,
    }
    check_answer(row(), sent, NO_LOGO)
    check_answer(row(image=URL), {}, LOGO)


def result(state: ProfileState, *changes: Change[ProfileWrite], done: bool = False) -> dict[str, Any] | None:
    return ServiceProvider().result(Profile(), state, {}, changes, done=done)


def test_the_predicted_provider_is_the_present_one_with_the_changes() -> None:
    state = ProfileState(row())
    change = only(compare(state, description="HPC", account_options={"homedir_prefix": "", "login_shell": "/bin/sh"}))
    expected = row(description="HPC", account_options={"project_groups_enabled": False, "login_shell": "/bin/sh"})
    assert result(state, change) == expected
    assert result(state, change, done=True) == row()
    assert state.row == row()


def test_the_predicted_provider_that_is_created_has_no_uuid_yet() -> None:
    state = ProfileState(None)
    found = result(state, only(compare(state, description="HPC")))
    assert found is not None
    assert (found["uuid"], found["customer_uuid"], found["customer_name"]) == (None, CUSTOMER, "ACME")
    assert (found["description"], found["enable_notifications"], found["image"]) == ("HPC", True, None)
    assert "customer" not in found


def test_the_predicted_provider_that_is_deleted_is_none() -> None:
    state = ProfileState(row())
    assert result(state, only(delete(state))) is None
    assert result(ProfileState(None)) is None


def test_the_profile_resource_takes_the_profile_and_names_no_user() -> None:
    profile = Profile()
    assert ProviderDocument("", "ACME", desired_states=(profile,)).get(ServiceProvider().desired_type) is profile
    assert ProviderDocument("", "ACME").get(ServiceProvider().desired_type) is None
    assert ServiceProvider().users(profile, ProfileState(None)) == ([], [])


# --- any profile -----------------------------------------------------------------------------------------------------

# What Waldur may hold; a document takes only values of the right type.
VALUES = st.sampled_from(["", "x", "/home/", True, False, 0, 1, None])
KEYS = st.sampled_from(["homedir_prefix", "login_shell", "project_groups_enabled"])
TEXTS = st.sampled_from(["", "x", "/home/", None])
DESIRED_OPTIONS = st.fixed_dictionaries(
    {}, optional={"homedir_prefix": TEXTS, "login_shell": TEXTS, "project_groups_enabled": st.booleans()}
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "description": st.sampled_from(["", "Storage", "HPC"]),
        "enable_notifications": st.booleans(),
        "allowed_domains": st.lists(st.sampled_from(["a.org", "b.org", "c.org"]), unique=True),
        "account_options": DESIRED_OPTIONS,
    },
)
IMAGES = st.sampled_from([UNSET, LOGO, OTHER_LOGO, NO_LOGO])
STORED = st.dictionaries(KEYS, VALUES.filter(lambda value: value not in ("", None)))


def stored(before: ProfileState, change: Change[ProfileWrite]) -> ProfileState:
    """What Waldur makes of an update (api-behaviour: providers-update): fields replaced, account options merged, blank
    ones removed."""
    fields, image = change.payload.fields, change.payload.image
    options = {**(before.row or {})["account_options"], **fields.get("account_options", {})}
    kept = {key: value for key, value in options.items() if value not in ("", None)}
    after = {**(before.row or {}), **fields, "account_options": kept}
    if image is UNSET:
        return ProfileState(after, before.image)
    after["image"] = URL if image.content else None
    return ProfileState(after, images.digest(image.content) if image.content else None)


@given(FIELDS, IMAGES, STORED, st.booleans())
def test_an_update_settles_in_one_run_and_its_answer_holds_what_was_asked(
    fields: dict[str, Any], image: Any, options: dict[str, Any], has_image: bool
) -> None:
    state = ProfileState(row(account_options=options, image=URL if has_image else None), DIGEST if has_image else None)
    for change in compare(state, image, **fields).changes:
        state = stored(state, change)
        check_answer(state.row or {}, change.payload.fields, change.payload.image)
    assert compare(state, image, **fields) == Comparison()


@given(STORED, st.lists(st.sampled_from(["a.org", "b.org"]), unique=True), st.booleans())
def test_the_current_profile_as_desired_state_gives_no_change(
    options: dict[str, Any], domains: list[str], notify: bool
) -> None:
    fields = {
        "description": "x",
        "enable_notifications": notify,
        "allowed_domains": domains,
        "account_options": options,
    }
    assert compare(ProfileState(row(**fields, image=URL), DIGEST), LOGO, **fields) == Comparison()
