# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service provider itself: its profile (api-behaviour: providers)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._api.editions import detect_edition
from .._common import uuids
from .._common.errors import ErrorResponse, InvalidInput, NotFound, OutcomeUnknown, StateUnreadable, recheck_outcome
from .._common.types import Row
from .._context import Session
from .._document import images
from .._document.exported import Exported, Note
from .._document.fields import EntryReader
from .._document.model import UNSET, ProviderDocument, ReadImage
from .._plan.changes import Change, Comparison
from .._references.targets import Target
from .._references.users import ResolvedUsers
from .account_options import ACCOUNT_OPTIONS_KEY, merged_options, named_options
from .account_options_changes import compare_account_options
from .account_options_state import AccountState, read_account_state, read_numbered_accounts
from .base import ModuleOptions, Resource, ResourceTask, TypedTask
from .posix_id_supply import EarlierChanges
from .service_provider_comparison import (
    CREATE,
    DELETE,
    KIND,
    account_options_change,
    options_sent_alone,
    plan_deletion,
    profile_change,
    warn_of_prefix,
)
from .service_provider_export import document_value, is_stable, notes_of_options
from .service_provider_profile import (
    CUSTOMER,
    NEWER_KEYS,
    NEWER_SINCE,
    PROFILE_FIELDS,
    STATE,
    Profile,
    ProfileState,
    ProfileWrite,
    read_profile,
)
from .service_provider_reading import check_profile, read_live_offerings, read_row
from .service_provider_recheck import add_stored_options, recheck_change
from .service_provider_writing import REFUSED, REFUSED_AFTER_STORING, write_profile


class ServiceProvider(Resource[Profile, ProfileState, ProfileWrite]):
    """The service provider itself: its profile."""

    kind = KIND
    desired_type = Profile
    fields = (STATE, *PROFILE_FIELDS)
    module = ModuleOptions((*PROFILE_FIELDS, STATE), reference=CUSTOMER, renames_accounts=True)
    result_key = "service_provider"
    operations = (
        "service_providers",
        "service_provider",
        "provider_offerings",
        "offering_users",
        "provider_accounts",
        "posix_identities",
        "username_conflicts",
        "account_options_preview",
        "adopt_provider_accounts",
        "create",
        "partial_update",
        "update",
        "destroy",
    )
    export_part = "profile"

    def read_document(self, entry: EntryReader, read_image: ReadImage) -> Profile:
        """Return the desired profile."""
        state = entry.get(STATE)
        others = [key for key in entry.values if key not in (CUSTOMER.name, STATE.name)]
        if state == "absent" and others:
            listed = ", ".join(others)
            entry.add_conflict(f"{entry.where}: state: absent deletes the provider, so {listed} must be left out.")
        return read_profile(entry, state or "present", read_image)

    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> Profile:
        """Return the desired profile of a task."""
        values = {field.name: options.get(field.name) for field in PROFILE_FIELDS}
        values[ACCOUNT_OPTIONS_KEY] = named_options(values[ACCOUNT_OPTIONS_KEY])
        entry = EntryReader("", values, PROFILE_FIELDS)
        for key in entry.values if options["state"] == "absent" else ():
            raise InvalidInput(
                f"{key}: can't be combined with state: absent, which deletes the provider: leave it out."
            )
        profile = read_profile(entry, options["state"], read_image)
        entry.problems.raise_errors()
        return profile

    def read(self, session: Session, target: Target, desired: Profile) -> ProfileState:
        """Return the row of the list as read in this run, else of the provider; the image only where it matters."""
        if target.uuid is None:
            known = session.references.provider_list.rows()
            newer = not known or detect_edition(known[0]) >= NEWER_SINCE
            accounts = (
                read_account_state(session, target, {}, desired.account_options.options) if newer else AccountState()
            )
            return ProfileState(None, newer=newer, accounts=accounts)
        row = target.row
        if row is None:
            try:
                row = session.client.get("service_provider", target.uuid)
            except NotFound:
                session.references.forget_providers()
                raise StateUnreadable(
                    f"The service provider of {target.name} was deleted meanwhile: run again."
                ) from None
        current = ProfileState(check_profile("service_provider", row), newer=detect_edition(row) >= NEWER_SINCE)
        if desired.state == "absent":
            current.live_offerings = read_live_offerings(session, target, newer=current.newer)
        elif desired.image is not UNSET and row.get("image"):
            current.image = images.digest(session.client.download(row["image"]))
        if current.newer:
            current.accounts = read_account_state(session, target, current.options, desired.account_options.options)
        return current

    def read_task(self, session: Session, document: ProviderDocument, target: Target) -> ResourceTask | None:
        """Read the current state, and what POSIX ID pools have left for the accounts that the options number."""
        task = super().read_task(session, document, target)
        if isinstance(task, TypedTask):
            accounts = read_numbered_accounts(session, target, task.current.accounts, EarlierChanges.of(document))
            task.current.accounts = accounts
        return task

    def users(self, desired: Profile, current: ProfileState) -> tuple[Iterable[str], Iterable[str]]:
        """Return the users whose usernames are resolved, if there is any conflict to resolve, or if two entries may be
        about one user; none of them is shown."""
        is_needed = current.accounts.conflicts or len(desired.resolutions) > 1
        users = [entry.user for entry in desired.resolutions] if is_needed else []
        return users, users

    def compare(
        self, session: Session, target: Target, desired: Profile, current: ProfileState, users: ResolvedUsers
    ) -> Comparison[ProfileWrite]:
        """Create, update or delete the provider; an update holds only what differs."""
        if desired.state == "absent":
            return plan_deletion(target, desired, current)
        if unknown := [name for name in NEWER_KEYS if name in desired.fields and not current.newer]:
            text = "requires Waldur 2026 or newer, and this Waldur is older: leave it out."
            return Comparison(errors=tuple(f"{desired.option(name)}: {text}" for name in unknown))
        if refusal := current.accounts.refusal:
            text = f"this token can't change the account options of {target.name}: {refusal}"
            return Comparison(errors=(f"{desired.option(ACCOUNT_OPTIONS_KEY)}: {text}",))
        comparison = compare_account_options(
            target,
            replace(desired.account_options, options=options_sent_alone(desired, current)),
            current.options,
            current.accounts,
            users,
            missing_users=session.missing_users,
        )
        changes = [profile_change(target, desired, current), account_options_change(target, comparison)]
        return Comparison(
            tuple(change for change in changes if change is not None),
            (*comparison.warnings, *warn_of_prefix(target, changes[0])),
            comparison.errors,
            comparison.missing_users,
        )

    def write(self, session: Session, target: Target, current: ProfileState, change: Change[ProfileWrite]) -> None:
        """Carry out one change. An image is sent before or with all else: if it is rejected, nothing was written."""
        try:
            write_profile(session, target, current, change)
        except OutcomeUnknown as error:
            raise recheck_outcome(error, lambda: recheck_change(session, target, change)) from None
        except ErrorResponse as error:
            if change.payload.account_options is not None and error.status in REFUSED_AFTER_STORING:
                add_stored_options(error, session, target, change)
                raise
            row = read_row(session, target) if change.action is CREATE and error.status == REFUSED else None
            if row is None:
                raise
            # Another user created it since it was read: the same is as good as ours.
            is_applied, outcome = recheck_change(session, target, change)
            if not is_applied:
                error.message += f" Another user created it meanwhile; checked again: {outcome}"
                raise
            current.row, target.uuid = row, uuids.normalize(row["uuid"])

    def verify(self, session: Session, target: Target, desired: Profile, current: ProfileState) -> ProfileState:
        """Read the provider after a deletion; the responses of other writes hold it all, and were compared already."""
        if desired.state != "absent":
            return current
        return ProfileState(read_row(session, target), live_offerings=current.live_offerings)

    def result(
        self,
        desired: Profile,
        current: ProfileState,
        users: ResolvedUsers,
        planned: Sequence[Change[ProfileWrite]],
        *,
        done: bool,
    ) -> Row | None:
        """Return the provider's row, or the one that the changes would make of it."""
        row = dict(current.row) if current.row is not None else None
        for change in () if done else planned:
            if change.action is DELETE:
                row = None
            elif change.action is CREATE:
                row = _merged(
                    _blank(change), {key: value for key, value in (change.after or {}).items() if key != "customer"}
                )
            elif row is not None:
                options_write = change.payload.account_options
                row = _merged(
                    row, {ACCOUNT_OPTIONS_KEY: options_write.options} if options_write else change.after or {}
                )
        return row

    def export(self, session: Session, target: Target) -> Exported:
        """Export the fields that the provider has; of an image only that it is there."""
        current = self.read(session, target, Profile())
        row = current.row or {}
        keys, notes = {}, []
        for name in (field.name for field in PROFILE_FIELDS):
            if name == "image" and row.get(name):
                text = (
                    f"{target.name} has an image, which a document refers to as a file: save the image next to the"
                    " document."
                )
                notes.append(Note(name, None, text))
            if name == ACCOUNT_OPTIONS_KEY:
                notes += notes_of_options(target, row)
            value = None if name == "image" else document_value(name, row.get(name))
            if value is None:
                continue
            if is_stable(session, current, name, value):
                keys[name] = value
            else:
                text = (
                    f"{target.name}: its {name} contains what a document can't express, such as a token or a text that"
                    " is too long."
                )
                notes.append(Note(name, None, text))
        return Exported(keys, tuple(notes))


def _blank(change: Change[ProfileWrite]) -> Row:
    return {
        "uuid": None,
        "url": None,
        "customer_uuid": change.id["customer"],
        "customer_name": change.service_provider,
        "description": "",
        "enable_notifications": True,
        "image": None,
    }


def _merged(row: Row, after: Any) -> Row:
    merged = {**row, **after}
    if ACCOUNT_OPTIONS_KEY in after:
        merged[ACCOUNT_OPTIONS_KEY] = merged_options(row.get(ACCOUNT_OPTIONS_KEY) or {}, after[ACCOUNT_OPTIONS_KEY])
    return merged


RESOURCE = ServiceProvider()
