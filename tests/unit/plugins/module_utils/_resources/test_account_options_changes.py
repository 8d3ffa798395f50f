# SPDX-License-Identifier: GPL-3.0-or-later
"""Account options compared with the accounts that they change: renames, conflicts, and one account for several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from messages import begins, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import (
    Change,
    Comparison,
    Rename,
    Severity,
    Stage,
    Subject,
)
from ansible_collections.waldur.provider.plugins.module_utils._references.users import User
from ansible_collections.waldur.provider.plugins.module_utils._resources.account_options_changes import (
    AccountOptionsWrite,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.account_options_state import (
    Account,
    AccountState,
    Override,
    Owner,
    Preview,
    PreviewedRename,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider import ServiceProvider
from ansible_collections.waldur.provider.plugins.module_utils._resources.service_provider_profile import (
    Profile,
    ProfileState,
    ProfileWrite,
)
from ansible_collections.waldur.provider.plugins.module_utils._resources.username_resolutions import (
    Candidate,
    Conflict,
    ResolutionEntry,
)

from ...helpers.samples import ALICE, BOB, CAROL, GONE, PEOPLE, PROVIDER, session, target

SCOPE = "account_options.account_scope"
SHARED = {"account_scope": "provider"}
VM, GPU = "1a" * 16, "1b" * 16


def account(user: Any, username: str, offering: str = "VM", *, home: str = "", is_linked: bool = False) -> Account:
    uuid = {"VM": VM, "GPU": GPU}[offering]
    return Account(offering, uuid, user.uuid, user.shown, username, home, is_linked)


def conflict(user: Any, *names: str) -> Conflict:
    """A user with another name in each offering."""
    candidates = (Candidate(name, (offering,)) for name, offering in zip(names, ("VM", "GPU"), strict=False))
    return Conflict(user.uuid, user.shown, tuple(candidates))


def entries(**usernames: str) -> tuple[ResolutionEntry, ...]:
    pairs = enumerate(usernames.items())
    return tuple(ResolutionEntry(f"username_resolutions[{n}]", user, name) for n, (user, name) in pairs)


def compare(
    options: dict[str, Any],
    state: AccountState | None = None,
    *,
    stored: dict[str, Any] | None = None,
    resolutions: tuple[ResolutionEntry, ...] = (),
    missing_users: str = "fail",
    exists: bool = True,
) -> Comparison[ProfileWrite]:
    row = {"uuid": PROVIDER, "description": "", "account_options": stored or {}} if exists else None
    current = ProfileState(row, accounts=state or AccountState())
    profile = Profile("present", {"account_options": options}, resolutions=resolutions)
    return ServiceProvider().compare(
        session(missing_users), target(PROVIDER if exists else None), profile, current, PEOPLE
    )


def only(comparison: Comparison[ProfileWrite]) -> Change[ProfileWrite]:
    assert comparison.errors == ()
    [change] = comparison.changes
    return change


def error(comparison: Comparison[ProfileWrite]) -> str:
    assert comparison.changes == ()
    [text] = comparison.errors
    return text


# --- what is a change of its own -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"account_scope": "provider"},
        {"username_generation_policy": "full_name"},
        {"username_anonymized_prefix": "hpc_"},
    ],
)
def test_options_that_can_change_accounts_are_a_change_that_needs_attention(options: dict[str, Any]) -> None:
    change = only(compare(options))
    assert change.action.name == "update_account_settings"
    assert change.action.severity is Severity.ATTENTION
    (key,) = options
    assert (change.before, change.after) == ({"account_options": {key: None}}, {"account_options": options})
    assert change.payload == ProfileWrite(account_options=AccountOptionsWrite(options))


@pytest.mark.parametrize(
    "options", [{"homedir_prefix": "/data/"}, {"login_shell": "/bin/sh"}, {"project_groups_enabled": True}]
)
def test_options_that_change_no_account_at_once_are_part_of_the_update(options: dict[str, Any]) -> None:
    change = only(compare(options))
    assert (change.action.name, change.after) == ("update", {"account_options": options})
    assert change.payload == ProfileWrite({"account_options": options})


def test_home_directories_follow_the_update_that_goes_first() -> None:
    found = compare({"username_generation_policy": "full_name", "homedir_prefix": "/data/"})
    assert [change.action.name for change in found.changes] == ["update", "update_account_settings"]
    assert [change.action.stage for change in found.changes] == [Stage.PREPARE, Stage.CONFIGURE]


def test_a_policy_is_removed_by_an_empty_text() -> None:
    stored = {"username_generation_policy": "freeipa", "username_anonymized_prefix": "x_"}
    change = only(compare({"username_generation_policy": ""}, stored=stored))
    assert change.payload.account_options == AccountOptionsWrite({"username_generation_policy": ""})
    assert change.before == {"account_options": {"username_generation_policy": "freeipa"}}


def test_going_back_to_the_scope_offering_links_and_asks_for_nothing() -> None:
    change = only(compare({"account_scope": "offering"}, stored=SHARED))
    assert change.payload.account_options == AccountOptionsWrite({"account_scope": "offering"})


@pytest.mark.parametrize("exists", [True, False])
def test_a_prefix_of_home_directories_without_a_slash_is_a_warning(exists: bool) -> None:
    found = compare({"homedir_prefix": "/data"}, exists=exists)
    assert found.warnings == (message("homedir_without_slash", provider="ACME", prefix="/data"),)
    assert compare({"homedir_prefix": "/data"}, stored={"homedir_prefix": "/data"}) == Comparison()


# --- renames that Waldur announces -----------------------------------------------------------------------------------

POLICY = {"username_generation_policy": "waldur_username"}


def renamed(username: str, new: str, home: str = "", new_home: str = "", offering: str = "VM") -> PreviewedRename:
    return PreviewedRename(offering, username, new, home, new_home)


def test_renames_are_listed_by_offering_with_their_home_directories() -> None:
    renames = (renamed("m1", "alice", "/home/m1", "/home/alice"), renamed("b1", "bob", offering="GPU"))
    change = only(compare(POLICY, AccountState(Preview(renames))))
    assert change.before == {
        "account_options": {"username_generation_policy": None},
        "usernames": {"GPU: b1": "b1", "VM: m1": "m1"},
        "home_directories": {"VM: m1": "/home/m1"},
    }
    assert change.after == {
        "account_options": POLICY,
        "usernames": {"GPU: b1": "bob", "VM: m1": "alice"},
        "home_directories": {"VM: m1": "/home/alice"},
    }
    assert change.renames == (Rename("GPU: b1", "bob"), Rename("VM: m1", "alice"))
    assert change.payload.account_options == AccountOptionsWrite(POLICY)


def test_accounts_with_the_same_label_are_told_apart_by_a_number() -> None:
    renames = (renamed("", "bob"), renamed("", "alice"), renamed("m1", "x"))
    change = only(compare(POLICY, AccountState(Preview(renames))))
    assert change.after is not None
    assert change.after["usernames"] == {
        "VM: m1": "x",
        "VM: no username (1)": "alice",
        "VM: no username (2)": "bob",
    }
    assert change.before is not None
    assert change.before["usernames"]["VM: no username (1)"] is None


def test_a_first_username_is_no_rename() -> None:
    assert only(compare(POLICY, AccountState(Preview((renamed("", "alice"),))))).renames == ()


def test_a_username_that_is_lost_is_a_rename() -> None:
    change = only(
        compare({"username_generation_policy": ""}, AccountState(Preview((renamed("m1", ""),))), stored=POLICY)
    )
    assert change.renames == (Rename("VM: m1", ""),)
    assert change.after is not None
    assert change.after["usernames"] == {"VM: m1": ""}


def test_offerings_with_values_of_their_own_are_named_with_the_remedy() -> None:
    overrides = (Override("username_generation_policy", "VM", VM, "service_provider"),)
    found = compare(POLICY, AccountState(Preview(overrides=overrides, warnings=("No range.",))))
    assert found.warnings == (
        "ACME: No range.",
        message(
            "setting_overridden",
            provider="ACME",
            setting="username_generation_policy",
            offerings=f"VM ('service_provider', {VM})",
        ),
    )


def test_a_warning_names_ten_offerings() -> None:
    overrides = tuple(Override("login_shell", f"VM {n}", VM, "/bin/sh") for n in range(12))
    (text,) = compare({"login_shell": "/bin/zsh"}, AccountState(Preview(overrides=overrides))).warnings
    assert "VM 9" in text
    assert "VM 10" not in text
    assert ", and 2 more. To use" in text


# --- accounts that become shared -------------------------------------------------------------------------------------


def test_accounts_are_linked_before_the_scope_is_set() -> None:
    state = AccountState(accounts=(account(ALICE, "a1"), account(ALICE, "", "GPU"), account(BOB, "b", is_linked=True)))
    change = only(compare(SHARED, state))
    assert change.payload.account_options == AccountOptionsWrite(SHARED, {}, 2)
    assert change.after == {"account_options": SHARED, "usernames": {"GPU: alice": "a1"}}
    assert change.before == {"account_options": {"account_scope": None}, "usernames": {"GPU: alice": None}}
    assert change.renames == ()


def test_nothing_is_linked_where_there_is_no_account() -> None:
    assert only(compare(SHARED)).payload.account_options == AccountOptionsWrite(SHARED)
    linked = AccountState(accounts=(account(ALICE, "a1", is_linked=True),))
    assert only(compare(SHARED, linked)).payload.account_options == AccountOptionsWrite(SHARED)


def test_hidden_accounts_are_linked_before_the_scope_is_set() -> None:
    owners = {ALICE.uuid: Owner("alice", "a1", is_used=True)}
    state = AccountState(accounts=(account(ALICE, "a1", is_linked=True),), owners=owners)
    assert only(compare(SHARED, state)).payload.account_options == AccountOptionsWrite(SHARED, {ALICE.uuid: "a1"})


def test_renames_of_a_policy_do_not_happen_where_all_accounts_are_linked_before() -> None:
    state = AccountState(Preview((renamed("a1", "alice"),)), accounts=(account(ALICE, "a1"),))
    change = only(compare({**SHARED, **POLICY}, state))
    assert change.after == {"account_options": {**SHARED, **POLICY}}
    assert change.renames == ()
    assert change.payload.account_options == AccountOptionsWrite({**SHARED, **POLICY}, {}, 1)


CONFLICT = AccountState(
    conflicts=(conflict(ALICE, "a1", "alice_x"),),
    accounts=(account(ALICE, "a1", home="/home/a1"), account(ALICE, "alice_x", "GPU"), account(BOB, "b")),
)


@pytest.mark.parametrize("resolutions", [(), entries(bob="b")])
def test_a_conflict_without_an_entry_is_an_error_that_shows_the_entry_to_write(resolutions: Any) -> None:
    assert error(compare(SHARED, CONFLICT, resolutions=resolutions)) == message(
        "usernames_differ",
        option=SCOPE,
        provider="ACME",
        users="1 user has",
        conflicts="alice ('a1' in VM, 'alice_x' in GPU)",
        entries='{user: "alice", username: "a1"}',
    )


def test_the_entry_to_write_names_the_username_in_use() -> None:
    candidates = (Candidate("a1", ("VM", "GPU")), Candidate('a"2', (), is_used=True))
    state = AccountState(conflicts=(Conflict(ALICE.uuid, "alice", candidates),))
    text = error(compare(SHARED, state))
    assert r'username_resolutions: [{user: "alice", username: "a\"2"}].' in text
    assert "'a1' in VM and GPU, 'a\"2' in hidden offerings" in text


def test_a_message_lists_ten_users_in_conflict() -> None:
    users = [replace(ALICE, uuid=f"{n:032x}", username=f"user{n}") for n in range(12)]
    text = error(compare(SHARED, AccountState(conflicts=tuple(conflict(user, "a", "b") for user in users))))
    assert "because 12 users have different usernames" in text
    assert "and 2 more, which waldur.provider.username_conflict_info lists." in text
    assert "user9" in text
    assert "user10" not in text


def test_a_resolved_conflict_is_sent_by_uuid_and_shows_the_accounts_that_it_renames() -> None:
    change = only(compare(SHARED, CONFLICT, resolutions=entries(alice="a1", bob="x")))
    assert change.payload.account_options == AccountOptionsWrite(SHARED, {ALICE.uuid: "a1"}, 3)
    assert change.after == {
        "account_options": SHARED,
        "usernames": {"GPU: alice": "a1"},
        "home_directories": {"GPU: alice": "/home/a1"},
    }
    # An entry asks for it, so no limit counts it.
    assert change.renames == (Rename("GPU: alice", "a1", is_implied=False),)
    assert (change.renames[0].subject.user_uuid, change.renames[0].subject.username) == (ALICE.uuid, "alice")


def test_a_username_is_kept_as_waldur_spells_it() -> None:
    state = AccountState(conflicts=(conflict(ALICE, " a1", "x"),))
    assert only(compare(SHARED, state, resolutions=entries(alice="a1"))).payload.account_options == AccountOptionsWrite(
        SHARED, {ALICE.uuid: " a1"}
    )


def test_a_username_that_is_no_candidate_is_an_error_that_lists_the_candidates() -> None:
    assert error(compare(SHARED, CONFLICT, resolutions=entries(alice="A1"))) == message(
        "resolution_not_a_candidate",
        option="username_resolutions[0].username",
        username="A1",
        user="alice",
        candidates="'a1' or 'alice_x'",
    )


def test_two_entries_for_one_user_are_an_error() -> None:
    twice = (ResolutionEntry("r[0]", "alice", "a1"), ResolutionEntry("r[1]", "alice@example.org", "a1"))
    expected = message("entry_twice", option="r[1]", entry="alice", first="r[0]")
    assert error(compare(SHARED, CONFLICT, resolutions=twice)) == expected


@pytest.mark.parametrize("stored", [SHARED, {}])
def test_two_entries_for_one_user_are_an_error_whatever_the_scope_is(stored: dict[str, Any]) -> None:
    twice = (ResolutionEntry("r[0]", "alice", "a1"), ResolutionEntry("r[1]", "alice@example.org", "a1"))
    expected = message("entry_twice", option="r[1]", entry="alice", first="r[0]")
    assert error(compare(SHARED, stored=stored, resolutions=twice)) == expected
    profile = Profile(resolutions=twice)
    assert list(ServiceProvider().users(profile, ProfileState({}))[0]) == ["alice", "alice@example.org"]


def test_a_single_entry_without_a_conflict_costs_no_look_up() -> None:
    profile = Profile(resolutions=entries(alice="a1"))
    assert list(ServiceProvider().users(profile, ProfileState({}))[0]) == []


def test_a_token_that_may_not_preview_options_is_an_error_with_the_option_and_the_cause() -> None:
    state = AccountState(refusal="Waldur refused.")
    expected = message(
        "account_options_not_writable", option="account_options", provider=target().name, refusal="Waldur refused."
    )
    assert error(compare(SHARED, state)) == expected


def test_a_deactivated_user_keeps_accounts_and_so_has_an_entry() -> None:
    state = AccountState(conflicts=(conflict(GONE, "g1", "g2"),))
    change = only(compare(SHARED, state, resolutions=entries(gone="g2")))
    assert change.payload.account_options == AccountOptionsWrite(SHARED, {GONE.uuid: "g2"})


def test_an_unknown_user_in_an_entry_is_an_error_or_a_warning() -> None:
    resolutions = entries(alice="a1", nobody="x")
    text = error(compare(SHARED, CONFLICT, resolutions=resolutions))
    assert text == message("user_not_found", option="username_resolutions[1].user", value="nobody", remedy="check it.")
    found = compare(SHARED, CONFLICT, resolutions=resolutions, missing_users="warn")
    assert (len(found.changes), found.errors, found.missing_users) == (1, (), ("nobody",))
    assert found.warnings[0].startswith("username_resolutions[1] was left out: ")


def test_two_users_must_not_get_one_username_whatever_its_case() -> None:
    state = AccountState(accounts=(account(ALICE, "One"), account(BOB, "one", "GPU"), account(CAROL, "two")))
    assert error(compare(SHARED, state)) == message(
        "accounts_would_share", option=SCOPE, users="alice ('One') and bob ('one')", provider="ACME"
    )


def test_all_users_who_would_share_a_username_are_named() -> None:
    state = AccountState(accounts=(account(ALICE, "One"), account(BOB, "one", "GPU"), account(CAROL, "ONE")))
    users = "alice ('One'), bob ('one') and carol ('ONE')"
    assert mentions(error(compare(SHARED, state)), "accounts_would_share", users=users)


def test_an_error_hides_neither_warnings_nor_unknown_users() -> None:
    preview = Preview(warnings=("Accounts are renamed.",))
    state = AccountState(preview=preview, conflicts=(conflict(ALICE, "one", "two"),))
    found = compare(SHARED, state, resolutions=entries(nobody="one"), missing_users="warn")
    assert len(found.errors) == 1
    assert found.warnings[0] == "ACME: Accounts are renamed."
    assert found.missing_users == ("nobody",)
    twice = compare(SHARED, state, resolutions=(*entries(alice="one"), *entries(alice="two")))
    assert len(twice.errors) == 1
    assert twice.warnings == ("ACME: Accounts are renamed.",)


@pytest.mark.parametrize(("user", "username"), [(ALICE, "alice"), (User("1d" * 16), None)])
def test_a_rename_names_its_user_for_a_policy_as_far_as_the_token_sees_them(user: User, username: str | None) -> None:
    owner = Owner(user.shown, "a1", is_used=True)
    change = only(compare(SHARED, AccountState(accounts=(account(user, "b1"),), owners={user.uuid: owner})))
    [rename] = change.renames
    assert rename.subject == Subject(user_uuid=user.uuid, username=username)


def test_the_username_of_another_users_account_at_the_provider_must_not_be_taken() -> None:
    state = AccountState(accounts=(account(ALICE, "one"),), owners={CAROL.uuid: Owner("carol", "ONE")})
    assert mentions(error(compare(SHARED, state)), "accounts_would_share", users="alice ('one') and carol ('ONE')")


def test_a_username_at_the_provider_is_taken_also_while_its_account_would_be_renamed() -> None:
    owners = {ALICE.uuid: Owner("alice", "p1"), BOB.uuid: Owner("bob", "m2")}
    state = AccountState(accounts=(account(ALICE, "m2"), account(BOB, "b")), owners=owners)
    assert mentions(error(compare(SHARED, state)), "accounts_would_share", users="alice ('m2') and bob ('m2')")


@pytest.mark.parametrize(
    ("owner", "accounts", "sent"),
    [
        # An account without a username joins.
        (Owner("alice", "a1"), (account(ALICE, ""),), {ALICE.uuid: "a1"}),
        # One that is hidden may join.
        (Owner("alice", "a1", is_used=True), (account(BOB, "b"),), {ALICE.uuid: "a1"}),
        (Owner("alice", "a1", is_used=True), (account(ALICE, "a1"),), {ALICE.uuid: "a1"}),
        # The account at the provider takes the username of the only one that is in use.
        (Owner("alice", "a1"), (account(ALICE, "other"),), {}),
        (Owner("alice", "a1"), (account(BOB, "b"),), {}),
        (Owner("alice", "", is_used=True), (account(ALICE, ""),), {}),
    ],
)
def test_a_username_at_the_provider_is_not_emptied_by_an_account_without_one(
    owner: Owner, accounts: tuple[Account, ...], sent: dict[str, str]
) -> None:
    change = only(compare(SHARED, AccountState(accounts=accounts, owners={ALICE.uuid: owner})))
    assert change.payload.account_options == AccountOptionsWrite(SHARED, sent, 1)
    assert change.renames == ()
    joins = accounts[0].username == "" and bool(owner.username)
    assert (change.after or {}).get("usernames", {}) == ({"VM: alice": "a1"} if joins else {})


def test_a_resolution_can_be_what_makes_two_users_share_a_username() -> None:
    accounts = (*CONFLICT.accounts, account(CAROL, "ALICE_X"))
    state = replace(CONFLICT, accounts=accounts)
    assert only(compare(SHARED, state, resolutions=entries(alice="a1"))).renames
    assert begins(error(compare(SHARED, state, resolutions=entries(alice="alice_x"))), "accounts_would_share")


def test_a_username_to_keep_counts_also_where_the_accounts_are_hidden() -> None:
    state = AccountState(conflicts=(conflict(ALICE, "one", "x"),), owners={BOB.uuid: Owner("bob", "ONE")})
    text = error(compare(SHARED, state, resolutions=entries(alice="one")))
    assert begins(text, "accounts_would_share", users="alice ('one') and bob ('ONE')")
    assert only(compare(SHARED, state, resolutions=entries(alice="x"))).renames == ()


def test_accounts_that_share_a_username_already_would_keep_it() -> None:
    state = AccountState(
        conflicts=(conflict(ALICE, "a1", "alice_x"),),
        accounts=(account(ALICE, "a1", is_linked=True), account(ALICE, "alice_x", "GPU")),
        owners={ALICE.uuid: Owner("alice", "a1")},
    )
    assert only(compare(SHARED, state, resolutions=entries(alice="a1"))).after == {
        "account_options": SHARED,
        "usernames": {"GPU: alice": "a1"},
    }
    assert error(compare(SHARED, state, resolutions=entries(alice="alice_x"))) == message(
        "resolution_of_linked", option="username_resolutions", user="alice", username="a1", provider="ACME"
    )


def test_entries_are_not_looked_up_where_no_usernames_differ() -> None:
    profile = Profile("present", {"account_options": SHARED}, resolutions=entries(stranger="a1"))
    current = ProfileState({"uuid": PROVIDER}, accounts=AccountState(accounts=(account(ALICE, "a1"),)))
    assert ServiceProvider().users(profile, current) == ([], [])
    assert len(ServiceProvider().compare(session(), target(), profile, current, {}).changes) == 1
    in_conflict = ProfileState({"uuid": PROVIDER}, accounts=CONFLICT)
    assert ServiceProvider().users(profile, in_conflict) == (["stranger"], ["stranger"])


def test_entries_have_no_effect_once_the_scope_is_provider() -> None:
    assert compare(SHARED, stored=SHARED, resolutions=entries(alice="a1", nobody="x")) == Comparison()


# --- a provider that does not exist yet ------------------------------------------------------------------------------


def test_a_new_provider_is_created_with_its_options_and_shares_accounts_afterwards() -> None:
    options = {**SHARED, **POLICY, "homedir_prefix": "/data/", "login_shell": ""}
    found = compare(options, exists=False)
    create, update = found.changes
    assert (create.action.name, update.action.name) == ("create", "update_account_settings")
    sent = {**POLICY, "homedir_prefix": "/data/"}
    assert create.payload == ProfileWrite({"account_options": sent})
    assert create.after == {"customer": "ACME", "account_options": sent}
    assert (update.before, update.after) == (
        {"account_options": {"account_scope": None}},
        {"account_options": SHARED},
    )
    assert update.payload.account_options == AccountOptionsWrite(SHARED)
    assert create.order < update.order


def test_a_new_provider_with_the_scope_offering_is_created_with_it() -> None:
    change = only(compare({"account_scope": "offering"}, exists=False))
    assert change.payload == ProfileWrite({"account_options": {"account_scope": "offering"}})


def test_conflicts_of_a_new_provider_are_errors_before_it_is_created() -> None:
    assert begins(error_of(compare(SHARED, CONFLICT, exists=False)), "usernames_differ", option=SCOPE)
    found = compare(SHARED, CONFLICT, exists=False, resolutions=entries(alice="alice_x"))
    assert found.errors == ()
    assert found.changes[1].payload.account_options == AccountOptionsWrite(SHARED, {ALICE.uuid: "alice_x"}, 3)


def error_of(comparison: Comparison[ProfileWrite]) -> str:
    [text] = comparison.errors
    return text


@pytest.mark.parametrize("stored", [None, SHARED])
def test_the_predicted_provider_has_the_new_options_and_no_account(stored: Any) -> None:
    row = {"uuid": PROVIDER, "account_options": stored}
    state = ProfileState(row, accounts=AccountState(Preview((renamed("m1", "alice"),))))
    profile = Profile("present", {"account_options": {**POLICY, "login_shell": "/bin/sh"}})
    changes = ServiceProvider().compare(session(), target(), profile, state, {}).changes
    expected = {**row, "account_options": {**(stored or {}), **POLICY, "login_shell": "/bin/sh"}}
    assert ServiceProvider().result(profile, state, {}, changes, done=False) == expected
