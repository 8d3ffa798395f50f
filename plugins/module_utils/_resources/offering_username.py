# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The username of a user in the provider's offerings (api-behaviour: set-offerings-username, usernames-reach)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._common.types import Row
from .._context import Session
from .._document.exported import Exported
from .._document.fields import EntryReader
from .._document.model import ProviderDocument, ReadImage
from .._plan.changes import Change, Comparison
from .._references.targets import Target
from .._references.users import ResolvedUsers, User
from .base import ModuleOptions, Resource, ResourceTask, TypedTask, reject_beside_list
from .offering_username_collisions import describe_cycle, find_cycles, find_problems, rank_changes
from .offering_username_comparison import KIND, compare_entry, find_shortages, warn_of_policies, warn_of_possibly_hidden
from .offering_username_entries import USER, USERNAME, USERNAME_OPTION, USERNAMES, USERNAMES_KEY, Usernames
from .offering_username_export import export_usernames
from .offering_username_owners import is_owned_by_provider_account
from .offering_username_prediction import changes_accounts, predict_usernames
from .offering_username_reading import (
    list_named_users,
    prefetch,
    read_accounts,
    read_owners,
    read_provider_accounts,
    read_reached_offerings,
    read_supplies_of_numbers,
    read_visibility,
)
from .offering_username_state import UsernameState, get_labels
from .offering_username_writing import UsernameWrite, set_username
from .posix_id_supply import EarlierChanges
from .service_provider_profile import Profile
from .username_resolutions import ResolutionEntry


class OfferingUsername(Resource[Usernames, UsernameState, UsernameWrite]):
    """The usernames of users in the offerings of a provider."""

    kind = KIND
    desired_type = Usernames
    fields = (USERNAMES,)
    module = ModuleOptions(
        (replace(USER, required=False), replace(USERNAME_OPTION, required=False), replace(USERNAMES, name="usernames")),
        {
            "mutually_exclusive": [["user", "usernames"]],
            "required_one_of": [["user", "usernames"]],
            "required_by": {"user": ["username"]},
        },
        names_users=True,
    )
    result_key = "offering_usernames"
    operations = (
        "project_permissions",
        "provider_resources",
        "provider_offerings",
        "offering_users",
        "provider_accounts",
        "posix_identities",
        "set_offerings_username",
        "rename_offering_user",
        "rename_provider_account",
        "create_offering_user",
    )
    export_part = USERNAMES_KEY

    def read_document(self, entry: EntryReader, read_image: ReadImage) -> Usernames | None:
        """Return the desired usernames."""
        entries = entry.get(USERNAMES)
        return None if entries is None else Usernames(entries)

    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> Usernames:
        """Return the desired usernames of a task: of one user, or of the list ``usernames``."""
        if options.get("usernames") is not None:
            reject_beside_list(options, (USERNAME_OPTION,), "usernames")
            return Usernames(USERNAMES.read("usernames", options["usernames"]))
        entry = USERNAME.read("", {field.name: options.get(field.name) for field in USERNAME.fields})
        return Usernames((entry,), single=True)

    def prefetch(self, session: Session, targets: Sequence[Target], *, is_export: bool = False) -> None:
        """Read the resources and the accounts of all service providers, where that takes fewer requests."""
        prefetch(session, targets, is_export=is_export)

    def read(self, session: Session, target: Target, desired: Usernames) -> UsernameState:
        """Read accounts, project permissions and resources, each once, in bulk; for a single user, only theirs."""
        if target.uuid is None:
            return UsernameState(exists=False)
        only: str | None = None
        if desired.single:
            user = session.references.users.resolve([desired.entries[0].user])[desired.entries[0].user]
            only = user.uuid if isinstance(user, User) else None
            if only is None:
                return UsernameState()
        current = read_reached_offerings(session, target, only)
        if current.accessible_offerings:
            read_accounts(session, target, only, current)
            read_visibility(session, list_named_users(session, desired, current), current)
            read_owners(session, target, only, desired, current)
        return current

    def read_task(self, session: Session, document: ProviderDocument, target: Target) -> ResourceTask | None:
        """Read the current state, and what POSIX ID pools have left for it; where the document changes the account
        options first, predict the state after it."""
        task = super().read_task(session, document, target)
        profile = document.get(Profile)
        options = profile.account_options.options if profile else {}
        if profile and isinstance(task, TypedTask) and changes_accounts(task.current, options):
            read_provider_accounts(session, target, None, task.current)
            predict_usernames(task.current, options, _kept_usernames(session, profile.resolutions))
        if isinstance(task, TypedTask):
            read_supplies_of_numbers(session, target, task.desired, task.current, EarlierChanges.of(document))
        return task

    def users(self, desired: Usernames, current: UsernameState) -> tuple[Iterable[str], Iterable[str]]:
        """Return the users of all entries; all of them are shown."""
        return [entry.user for entry in desired.entries], ()

    def compare(
        self, session: Session, target: Target, desired: Usernames, current: UsernameState, users: ResolvedUsers
    ) -> Comparison[UsernameWrite]:
        """Plan a change where a reachable offering has no account of the user, or one with another name."""
        comparisons: list[Comparison[UsernameWrite]] = []
        if desired.entries and not current.exists:
            text = f"{target.name}: usernames can only be planned once the service provider exists; run again then."
            comparisons.append(Comparison(warnings=(text,)))
        resolved = [(entry, users[entry.user]) for entry in desired.entries]
        problems = find_problems(session, resolved)
        usable = [pair for number, pair in enumerate(resolved) if number not in problems]
        usernames = {user.uuid: entry.username for entry, user in usable if isinstance(user, User)}
        for number, (entry, user) in enumerate(resolved):
            if number in problems:
                comparisons.append(problems[number])
            elif current.exists and isinstance(user, User):
                comparisons.append(compare_entry(target, entry, user, current, usernames))
        comparisons.append(warn_of_possibly_hidden(target, usable, current))
        comparisons.append(
            warn_of_policies(target, [user for _entry, user in usable if isinstance(user, User)], current)
        )
        comparison = Comparison.of(comparisons)
        entries = {user.uuid: entry for entry, user in usable if isinstance(user, User)}
        cycles = find_cycles(comparison.changes, current)
        errors = [describe_cycle(target, entries[str(cycle[0].id["user"])], cycle) for cycle in cycles]
        errors += find_shortages(target, entries, comparison.changes, current)
        ranked = replace(comparison, changes=rank_changes(comparison.changes, current))
        return Comparison.of([ranked, Comparison(errors=tuple(errors))])

    def write(self, session: Session, target: Target, current: UsernameState, change: Change[UsernameWrite]) -> None:
        """Set the username of one user: by one request where no service provider account owns it."""
        set_username(session, target, current, change)

    def verify(self, session: Session, target: Target, desired: Usernames, current: UsernameState) -> UsernameState:
        """Read again, as only the accounts tell what was set."""
        return self.read(session, target, desired)

    def result(
        self,
        desired: Usernames,
        current: UsernameState,
        users: ResolvedUsers,
        planned: Sequence[Change[UsernameWrite]],
        *,
        done: bool,
    ) -> list[Row]:
        """Return for each user that reaches an offering the username, the offerings, and the names that differed."""
        before = {change.id["user"]: dict(change.before or {}) for change in planned}
        rows = []
        for entry in desired.entries:
            user = users.get(entry.user)
            readable = current.list_readable(user.uuid) if isinstance(user, User) else set()
            if isinstance(user, User) and readable:
                rows.append(
                    {
                        "user": user.shown,
                        "user_uuid": user.uuid,
                        "username": entry.username,
                        "offerings": sorted(get_labels(current, readable).values()),
                        "owner": "provider" if is_owned_by_provider_account(current, user.uuid) else "offering",
                        "before": before.get(user.uuid, {}),
                    }
                )
        return rows

    def export(self, session: Session, target: Target) -> Exported:
        """Export the users who have the same username in all offerings that they can access."""
        return export_usernames(session, target)


def _kept_usernames(session: Session, resolutions: Sequence[ResolutionEntry]) -> dict[str, str]:
    """Return the usernames that users keep whose accounts become one, by user UUID."""
    users = session.references.users.resolve([entry.user for entry in resolutions])
    pairs = [(users[entry.user], entry.username) for entry in resolutions]
    return {user.uuid: username for user, username in pairs if isinstance(user, User)}


RESOURCE = OfferingUsername()
