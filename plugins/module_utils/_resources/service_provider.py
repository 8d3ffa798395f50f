# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service provider itself: its profile (api-behaviour: providers)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._api.editions import detect_edition
from .._common import uuids
from .._common.errors import (
    ErrorResponse,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    StateUnreadable,
    WaldurError,
    quote,
    recheck_outcome,
)
from .._common.json_values import to_plain
from .._common.types import Row
from .._context import Session
from .._document import images
from .._document.exported import Exported, Note
from .._document.fields import (
    BooleanField,
    ChoiceField,
    EntryReader,
    Field,
    FileField,
    ListField,
    ReferenceField,
    TextField,
)
from .._document.model import CUSTOMER_REFERENCE, UNSET, ImageFile, ReadImage, Unset
from .._http.row_checks import FieldType, check_rows
from .._plan.changes import Action, Change, ChangeKind, Comparison, Effect, Severity, Stage
from .._references.targets import Target
from .._references.users import ResolvedUsers
from .account_options import (
    ACCOUNT_OPTIONS,
    ACCOUNT_OPTIONS_KEY,
    NAMING_KEYS,
    SCOPE,
    SHARED,
    differing_options,
    exported_options,
    merged_options,
    named_options,
    unapplied_options,
)
from .account_settings import (
    MERGED_FIELDS,
    DesiredSettings,
    SettingsComparison,
    SettingsWrite,
    adopt_accounts,
    compare_account_settings,
    count_unlinked,
    describe_stored,
)
from .account_state import AccountState, read_account_state
from .base import ModuleOptions, Resource
from .username_resolutions import RESOLUTIONS, ResolutionEntry

_REFUSED = 400
# Waldur may have stored a part of a change that it refused so (api-behaviour: account-settings-effects).
_REFUSED_AFTER_STORING = (_REFUSED, 409)
_NO_SUCH_METHOD = 405
_NEWER_SINCE = 2026
_NEWER = ("allowed_domains", ACCOUNT_OPTIONS_KEY)
_PROFILE_KINDS = {
    "description": FieldType.TEXT.optional,
    "image": FieldType.URL.optional,
    "allowed_domains": FieldType.TEXTS.optional,
    ACCOUNT_OPTIONS_KEY: FieldType.MAPPING.optional,
}


_DESCRIPTION_LIMIT = 2000  # api-behaviour: providers-description


@dataclass(frozen=True)
class Profile:
    """The desired profile. ``fields`` holds only what the document names.

    ``where`` is the place of the entry, empty for the options of a task. ``resolutions`` are the usernames that users
    keep where their accounts become one.
    """

    state: str = "present"
    fields: Mapping[str, Any] = field(default_factory=dict)
    image: ImageFile | Unset = UNSET
    where: str = field(default="", compare=False)
    resolutions: tuple[ResolutionEntry, ...] = ()

    @property
    def settings(self) -> DesiredSettings:
        """The part of the profile that can change accounts."""
        return DesiredSettings(self.fields.get(ACCOUNT_OPTIONS_KEY) or {}, self.resolutions, self.where)

    def option(self, name: str) -> str:
        """Return what messages call an option of this entry."""
        return f"{self.where}.{name}" if self.where else name


CUSTOMER = ReferenceField(
    CUSTOMER_REFERENCE,
    "The customer that is the service provider: a name, an abbreviation, a slug, a UUID or a URL.",
    required=True,
    hint="name the customer that is the service provider",
    examples=("University HPC",),
    is_common=False,
)
_STATE = ChoiceField(
    "state",
    "Whether the customer is a service provider.",
    default="present",
    choices=("present", "absent"),
    is_common=False,
)
_IMAGE = FileField(
    "image",
    "The file of the image, relative to the document; empty text removes the image.",
    examples=("files/logo.png",),
)
_SENT: tuple[Field[object], ...] = (
    TextField(
        "description",
        "The description.",
        max_length=_DESCRIPTION_LIMIT,
        examples=("Compute and storage for research",),
    ),
    BooleanField("enable_notifications", "Whether Waldur sends notifications."),
    ListField(
        "allowed_domains",
        "The domains of e-mail addresses that may use the offerings (Waldur 2026).",
        item=ReferenceField("", "A domain.", examples=("example.org",)),
    ),
    ACCOUNT_OPTIONS,
)
_PROFILE_FIELDS = (_SENT[0], _SENT[1], _IMAGE, *_SENT[2:], RESOLUTIONS)


def _read_profile(entry: EntryReader, state: str, read_image: ReadImage) -> Profile:
    """Return the profile in an entry, or in the options of a task; errors are collected."""
    fields = {one.name: to_plain(entry.get(one)) for one in _SENT if one in entry}
    image: ImageFile | Unset | None = UNSET
    path = entry.get(_IMAGE)
    if path is not None:
        image = entry.problems.attempt(read_image, entry.option("image"), path) if path else ImageFile("", b"")
    resolutions = entry.get(RESOLUTIONS) or ()
    if resolutions and (fields.get(ACCOUNT_OPTIONS_KEY) or {}).get(SCOPE) != SHARED:
        entry.add_conflict(
            f"{entry.option(RESOLUTIONS.name)}: requires {ACCOUNT_OPTIONS_KEY}.{SCOPE}: {SHARED}, as usernames differ"
            " without harm while each offering has accounts of its own: set it, or leave the entries out."
        )
    return Profile(state, fields, UNSET if image is None else image, entry.where, resolutions)


@dataclass
class ProfileState:
    """The provider's row (None: there is no provider), the digest of its image, what would block its deletion, and the
    accounts that the desired options would change."""

    row: Row | None
    image: images.Digest | None = None
    live_offerings: list[str] = field(default_factory=list)
    newer: bool = True
    accounts: AccountState = field(default_factory=AccountState)

    @property
    def options(self) -> Row:
        """The account options that are stored."""
        return (self.row or {}).get(ACCOUNT_OPTIONS_KEY) or {}


@dataclass(frozen=True)
class ProfileWrite:
    """What a change sends: fields with their JSON values, and the image (UNSET: none is sent, empty: it is removed).

    ``settings`` is what it sends of the options that can change accounts, alone.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    image: ImageFile | Unset = UNSET
    settings: SettingsWrite | None = None


_CREATE = Action("create", Stage.PREPARE, effect=Effect.CREATE, participle="created")
_UPDATE = Action(
    "update",
    Stage.PREPARE,
    Severity.LOSS,
    "update that removes values",
    "updates that remove values",
    Effect.UPDATE,
    "updated",
)
# Home directories of accounts follow options of the update before it, and their numbers come from the pools.
_UPDATE_SETTINGS = Action(
    "update_account_settings",
    Stage.CONFIGURE,
    Severity.ATTENTION,
    "change of account settings",
    "changes of account settings",
    Effect.UPDATE,
    "given other account settings",
)
_DELETE = Action("delete", Stage.DELETE, Severity.REMOVAL, "removal", "removals", Effect.DELETE, "deleted")


class ServiceProvider(Resource[Profile, ProfileState, ProfileWrite]):
    """The service provider itself: its profile."""

    kind = ChangeKind(
        "service_provider",
        (_CREATE, _UPDATE, _UPDATE_SETTINGS, _DELETE),
        "service provider {}",
        "service providers",
        merged_fields=MERGED_FIELDS,
    )
    desired_type = Profile
    fields = (_STATE, *_PROFILE_FIELDS)
    module = ModuleOptions((*_PROFILE_FIELDS, _STATE), reference=CUSTOMER, renames_accounts=True)
    result_key = "service_provider"
    operations = (
        "service_providers",
        "service_provider",
        "provider_offerings",
        "offering_users",
        "provider_accounts",
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
        state = entry.get(_STATE)
        others = [key for key in entry.values if key not in (CUSTOMER.name, _STATE.name)]
        if state == "absent" and others:
            listed = ", ".join(others)
            entry.add_conflict(f"{entry.where}: state: absent deletes the provider, so {listed} must be left out.")
        return _read_profile(entry, state or "present", read_image)

    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> Profile:
        """Return the desired profile of a task."""
        values = {one.name: options.get(one.name) for one in _PROFILE_FIELDS}
        values[ACCOUNT_OPTIONS_KEY] = named_options(values[ACCOUNT_OPTIONS_KEY])
        entry = EntryReader("", values, _PROFILE_FIELDS)
        for key in entry.values if options["state"] == "absent" else ():
            raise InvalidInput(f"{key}: can't go with state: absent, which deletes the provider: leave it out.")
        profile = _read_profile(entry, options["state"], read_image)
        entry.problems.raise_errors()
        return profile

    def read(self, session: Session, target: Target, desired: Profile) -> ProfileState:
        """Return the row of the list as read in this run, else of the provider; the image only where it matters."""
        if target.uuid is None:
            known = session.references.provider_list.rows()
            newer = not known or detect_edition(known[0]) >= _NEWER_SINCE
            accounts = read_account_state(session, target, {}, desired.settings.options) if newer else AccountState()
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
        current = ProfileState(_profile("service_provider", row), newer=detect_edition(row) >= _NEWER_SINCE)
        if desired.state == "absent":
            current.live_offerings = _live_offerings(session, target, newer=current.newer)
        elif desired.image is not UNSET and row.get("image"):
            current.image = images.digest(session.client.download(row["image"]))
        if current.newer:
            current.accounts = read_account_state(session, target, current.options, desired.settings.options)
        return current

    def users(self, desired: Profile, current: ProfileState) -> tuple[Iterable[str], Iterable[str]]:
        """Return the users whose usernames are resolved, if there is any conflict to resolve; none of them is shown."""
        users = [entry.user for entry in desired.resolutions] if current.accounts.conflicts else []
        return users, users

    def compare(
        self, session: Session, target: Target, desired: Profile, current: ProfileState, users: ResolvedUsers
    ) -> Comparison[ProfileWrite]:
        """Create, update or delete the provider; an update holds only what differs."""
        if desired.state == "absent":
            return _deletion(target, desired, current)
        if unknown := [name for name in _NEWER if name in desired.fields and not current.newer]:
            text = "this Waldur does not have it (2026 or newer): leave it out."
            return Comparison(errors=tuple(f"{desired.option(name)}: {text}" for name in unknown))
        settings = compare_account_settings(
            target,
            replace(desired.settings, options=_sent_alone(desired, current)),
            current.options,
            current.accounts,
            users,
            missing_users=session.missing_users,
        )
        changes = [_profile_change(target, desired, current), _settings_change(target, settings)]
        return Comparison(
            tuple(change for change in changes if change is not None),
            (*settings.warnings, *_warnings_of_prefix(target, changes[0])),
            settings.errors,
            settings.missing_users,
        )

    def write(self, session: Session, target: Target, current: ProfileState, change: Change[ProfileWrite]) -> None:
        """Carry out one change. An image is sent before or with all else: if it is rejected, nothing was written."""
        try:
            self._write(session, target, current, change)
        except OutcomeUnknown as error:
            raise recheck_outcome(error, lambda: _recheck(session, target, change)) from None
        except ErrorResponse as error:
            if change.payload.settings is not None and error.status in _REFUSED_AFTER_STORING:
                _add_stored_options(error, session, target, change)
                raise
            row = _row_now(session, target) if change.action is _CREATE and error.status == _REFUSED else None
            if row is None:
                raise
            # Another user created it since it was read: the same is as good as ours.
            there, found = _recheck(session, target, change)
            if not there:
                error.message += f" Another user created it meanwhile; checked again: {found}"
                raise
            current.row, target.uuid = row, uuids.normalize(row["uuid"])

    def _write(self, session: Session, target: Target, current: ProfileState, change: Change[ProfileWrite]) -> None:
        if change.action is _DELETE:
            # An attempt whose answer was lost may have done it already (api-behaviour: repeating-requests).
            with contextlib.suppress(NotFound):
                session.client.write("destroy", target.uuid, expect_body=False)
            session.references.forget_providers()
            target.uuid, current.row = None, None
            return
        if change.payload.settings is not None:
            _write_settings(session, target, current, change.payload.settings)
            return
        fields, image = dict(change.payload.fields), change.payload.image
        upload = image if image is not UNSET and image.content else None
        remaining, before = dict(fields), ""
        if change.action is _CREATE:
            before = "the provider was created"
            current.row, remaining = _create(session, target, fields, upload)
            session.references.forget_providers()
            target.uuid = uuids.normalize(current.row["uuid"])
        elif upload:
            before = "the image was uploaded"
            current.row = _profile(
                "partial_update", session.client.write("partial_update", target.uuid, files=_files(upload))
            )
        elif image is not UNSET:
            fields = remaining = {**fields, "image": None}
        if remaining:
            current.row = _send_remaining(session, target, remaining, before)
        if upload:
            current.image = images.digest(upload.content)
        _check_answer(current.row or {}, fields, image, session.references.current_user.is_staff)

    def verify(self, session: Session, target: Target, desired: Profile, current: ProfileState) -> ProfileState:
        """Read the provider after a deletion; the responses of other writes hold it all, and were compared already."""
        if desired.state != "absent":
            return current
        return ProfileState(_row_now(session, target), live_offerings=current.live_offerings)

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
            if change.action is _DELETE:
                row = None
            elif change.action is _CREATE:
                row = _merged(
                    _blank(change), {key: value for key, value in (change.after or {}).items() if key != "customer"}
                )
            elif row is not None:
                settings = change.payload.settings
                row = _merged(row, {ACCOUNT_OPTIONS_KEY: settings.options} if settings else change.after or {})
        return row

    def export(self, session: Session, target: Target) -> Exported:
        """Export the fields that the provider has; of an image only that it is there."""
        current = self.read(session, target, Profile())
        row = current.row or {}
        keys, notes = {}, []
        for name in (one.name for one in _PROFILE_FIELDS):
            if name == "image" and row.get(name):
                text = f"{target.name} has an image, and the document names image files: download it beside it."
                notes.append(Note(name, None, text))
            if name == ACCOUNT_OPTIONS_KEY:
                notes += _notes_of_options(target, row)
            value = None if name == "image" else _document_value(name, row.get(name))
            if value is None:
                continue
            if _stays(session, current, name, value):
                keys[name] = value
            else:
                text = (
                    f"{target.name}: its {name} holds what a document can't express, such as a token or text too long."
                )
                notes.append(Note(name, None, text))
        return Exported(keys, tuple(notes))


def _notes_of_options(target: Target, row: Row) -> list[Note]:
    """Return a note for each account option that a document can't hold."""
    _valid, others = exported_options(row.get(ACCOUNT_OPTIONS_KEY) or {})
    text = "holds what a document can't express, so it was left out"
    return [Note(ACCOUNT_OPTIONS_KEY, key, f"{target.name}: its option '{quote(key)}' {text}.") for key in others]


def _document_value(name: str, value: Any) -> Any:
    """Return a field's value in the document, whatever order the server gives it in; None: it is left out."""
    if name == "description" and isinstance(value, str):
        return value.strip()
    if name == "allowed_domains" and isinstance(value, list):
        return sorted(value)
    if name == ACCOUNT_OPTIONS_KEY:
        return exported_options(value or {})[0] or None
    return value


def _stays(session: Session, current: ProfileState, name: str, value: Any) -> bool:
    """Return whether the document takes the value and plans nothing for it; a redacted value would be a change."""
    try:
        entry = EntryReader("", {name: value}, _PROFILE_FIELDS)
        desired = _read_profile(entry, "present", _no_image)
        entry.problems.raise_errors()
    except InvalidInput:
        return False
    text = json.dumps(value, ensure_ascii=False)
    return not _differences(desired, current)[1] and session.client.redactor.redact_text(text) == text


def _no_image(where: str, path: str) -> ImageFile:
    raise InvalidInput(f"{where}: an export names no image.")


def _profile(name: str, row: Row) -> Row:
    """Return the provider's ``row``, which the operation ``name`` gave."""
    kinds = _PROFILE_KINDS if name.endswith("update") else {"uuid": FieldType.UUID, **_PROFILE_KINDS}
    return check_rows(name, [row], **kinds)[0]


def _live_offerings(session: Session, target: Target, *, newer: bool) -> list[str]:
    """Return the offerings that block a deletion: any not archived (api-behaviour: providers-delete).

    Those below another offering block it too before Waldur 2026 (api-behaviour: providers-delete-child-offerings). The
    state is checked here, as a Waldur of 2024 refuses a filter by a state that it does not have.
    """
    rows = session.client.rows(
        "provider_offerings",
        customer_uuid=target.customer_uuid,
        field=["uuid", "name", "state", "customer_uuid", "parent_uuid"],
    )
    return sorted(
        f"{row['name']} ({row['state']})"
        for row in check_rows("provider_offerings", rows, name=FieldType.TEXT, state=FieldType.TEXT)
        if uuids.normalize(row.get("customer_uuid")) == target.customer_uuid
        and row.get("state") != "Archived"
        and not (newer and row.get("parent_uuid"))
    )


def _deletion(target: Target, desired: Profile, current: ProfileState) -> Comparison[ProfileWrite]:
    if current.row is None:
        return Comparison()
    if current.live_offerings:
        names = ", ".join(current.live_offerings)
        return Comparison(
            errors=(
                f"{desired.option('state')}: the provider {target.name} can't be deleted while it has offerings:"
                f" archive {names} first.",
            )
        )
    keys = ("description", "enable_notifications")
    before = {"customer": target.name, **{key: current.row.get(key) for key in keys}}
    return Comparison((_change(target, _DELETE, before, None, ProfileWrite()),))


def _is_sent_alone(key: str, value: Any, current: ProfileState) -> bool:
    """Return whether an account option has a change of its own, as it can change accounts at once.

    A new provider is created with its options, which change no account then, and shares accounts only afterwards
    (api-behaviour: account-settings-create).
    """
    return key in NAMING_KEYS if current.row is not None else (key, value) == (SCOPE, SHARED)


def _sent_alone(desired: Profile, current: ProfileState) -> Row:
    """Return the account options that have a change of their own."""
    options = desired.settings.options
    return {key: value for key, value in options.items() if _is_sent_alone(key, value, current)}


def _profile_change(target: Target, desired: Profile, current: ProfileState) -> Change[ProfileWrite] | None:
    """Return the change that creates or updates the provider; None where nothing differs."""
    before, after, send = _differences(desired, current)
    if current.row is None:
        payload = ProfileWrite(send, desired.image)
        return _change(target, _CREATE, None, {"customer": target.name, **after}, payload)
    image = desired.image if "image" in after else UNSET
    return _change(target, _UPDATE, before, after, ProfileWrite(send, image)) if after else None


def _warnings_of_prefix(target: Target, change: Change[ProfileWrite] | None) -> tuple[str, ...]:
    """Return a warning where home directories would run into usernames (api-behaviour: account-settings-keys)."""
    options = ((change.after or {}) if change else {}).get(ACCOUNT_OPTIONS_KEY) or {}
    prefix = options.get("homedir_prefix") or "/"
    if prefix.endswith("/"):
        return ()
    text = f"'{prefix}' has no slash at the end, so the home directory of a user bob would be {prefix}bob"
    return (f"{target.name}: {ACCOUNT_OPTIONS_KEY}.homedir_prefix: {text}.",)


def _settings_change(target: Target, settings: SettingsComparison) -> Change[ProfileWrite] | None:
    """Return the change of the options that can change accounts; None where nothing differs."""
    if settings.write is None:
        return None
    payload = ProfileWrite(settings=settings.write)
    change = _change(target, _UPDATE_SETTINGS, settings.before, settings.after, payload)
    return replace(change, renames=settings.renames)


def _differences(desired: Profile, current: ProfileState) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return what differs, before and after, and the JSON fields to send, without the options that are sent alone."""
    row = current.row or {}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    send: dict[str, Any] = {}
    for name, value in desired.fields.items():
        current_value, desired_value = row.get(name), value
        if name == ACCOUNT_OPTIONS_KEY:
            others = {key: item for key, item in value.items() if not _is_sent_alone(key, item, current)}
            current_value, desired_value = differing_options(current.options, others)
            if not desired_value:
                continue
            differs = True
        elif name == "allowed_domains":
            differs = sorted(current_value or []) != sorted(value)
        else:
            differs = (current_value.strip() if isinstance(current_value, str) else current_value) != value
        if differs or current.row is None:
            before[name], after[name], send[name] = current_value, desired_value, desired_value
    if isinstance(desired.image, ImageFile):
        desired_image = images.digest(desired.image.content) if desired.image.content else None
        has_image = bool(row.get("image"))
        if (desired_image != current.image) if desired_image else has_image:
            before["image"] = current.image.as_dict() if current.image else None
            after["image"] = desired_image.as_dict() if desired_image else None
    return before, after, send


def _change(
    target: Target, action: Action, before: Row | None, after: Row | None, payload: ProfileWrite
) -> Change[ProfileWrite]:
    ids = {"customer": target.customer_uuid, "user": None, "role": None}
    return Change(target.name, ServiceProvider.kind, target.name, action, before, after, ids, payload)


def _create(session: Session, target: Target, fields: Row, upload: ImageFile | None) -> tuple[Row, Row]:
    """Create the provider, and return its row and the fields still to be sent: a form can't hold structures."""
    body: Row = {"customer": target.customer_url, **fields}
    remaining: Row = {}
    if upload:
        remaining = {name: body.pop(name) for name in _NEWER if name in body}
        # A boolean that is left out of a form counts as false (api-behaviour: forms-and-booleans).
        body["enable_notifications"] = "false" if fields.get("enable_notifications") is False else "true"
    row = session.client.write("create", body=body, files=_files(upload) if upload else None)
    return _profile("create", row), remaining


def _write_settings(session: Session, target: Target, current: ProfileState, settings: SettingsWrite) -> None:
    """Link the accounts that become shared, and then send the options, for which nothing is left to link.

    Waldur stores the scope before it links accounts, and keeps it where it can't (api-behaviour:
    account-settings-effects); linking them before is all or nothing.
    """
    before = ""
    if settings.kept_usernames is not None:
        before = adopt_accounts(session, target.uuid or "", settings.kept_usernames)
    sent = {ACCOUNT_OPTIONS_KEY: settings.options}
    current.row = _send_remaining(session, target, sent, before)
    _check_answer(current.row, sent, UNSET)


def _add_stored_options(error: ErrorResponse, session: Session, target: Target, change: Change[ProfileWrite]) -> None:
    """Read the provider again after a refusal, and add to the error what Waldur stored all the same."""
    before = (change.before or {}).get(ACCOUNT_OPTIONS_KEY) or {}
    sent = change.payload.settings.options if change.payload.settings else {}
    try:
        row = _profile("service_provider", session.client.get("service_provider", target.uuid))
    except WaldurError as recheck_error:
        error.details["took_effect"] = None
        error.message += f" Whether Waldur stored a part of it is not known: {recheck_error.message}"
        return
    is_stored, state = describe_stored(before, sent, row.get(ACCOUNT_OPTIONS_KEY) or {})
    error.message += f" Checked again: {state}"
    if is_stored:
        error.details["took_effect"] = None


def _recheck_settings(session: Session, target: Target, row: Row, settings: SettingsWrite) -> tuple[bool | None, str]:
    """Return whether options were stored and accounts linked (None: a part of it), and that in words."""
    left = unapplied_options(row.get(ACCOUNT_OPTIONS_KEY) or {}, settings.options)
    adopts = settings.kept_usernames is not None
    unlinked = count_unlinked(session, target) if adopts else 0
    if not left and not unlinked:
        return True, "it took effect. Run again."
    parts = [f"not applied: {', '.join(left)}"] if left else []
    if adopts:
        number = "1 account is" if unlinked == 1 else f"{unlinked} accounts are"
        parts.append(f"{number} not linked" if unlinked else "all accounts are linked")
    is_untouched = len(left) == len(settings.options) and (not adopts or 0 < settings.unlinked <= unlinked)
    return False if is_untouched else None, f"{'; '.join(parts)}. Run again."


def _recheck(session: Session, target: Target, change: Change[ProfileWrite]) -> tuple[bool | None, str]:
    """Return whether a change took effect whose response was lost (None: a part of it did), and that in words."""
    session.references.forget_providers()
    row = _row_now(session, target)
    if change.action is _DELETE or row is None:
        is_there = f"the provider is {'not ' if row is None else 'still '}there. Run again."
        return change.action is _DELETE and row is None, is_there
    if change.payload.settings is not None:
        return _recheck_settings(session, target, row, change.payload.settings)
    fields, image = change.payload.fields, change.payload.image
    left = [name for name, desired_value in fields.items() if not _kept(name, row.get(name), desired_value)]
    if image is not UNSET and not _holds_image(session, row, image):
        left.append("image")
    if left:
        partly = change.action is _CREATE or len(left) < len(fields) + (image is not UNSET)
        return None if partly else False, f"not applied: {', '.join(left)}. Run again."
    return True, f"{'the provider is there now' if change.action is _CREATE else 'it took effect'}. Run again."


def _row_now(session: Session, target: Target) -> Row | None:
    rows = session.client.rows("service_providers", customer_uuid=target.customer_uuid)
    own = (row for row in rows if uuids.normalize(row.get("customer_uuid")) == target.customer_uuid)
    return next((_profile("service_providers", row) for row in own), None)


def _holds_image(session: Session, row: Row, image: ImageFile) -> bool:
    url = row.get("image")
    return session.client.download(url) == image.content if url and image.content else not url and not image.content


def _send_remaining(session: Session, target: Target, remaining: Row, before: str) -> Row:
    """Send the fields that no form can hold; an error states what was done ``before`` it."""
    try:
        return _changed(session, target, remaining)
    except OutcomeUnknown:
        raise
    except WaldurError as error:
        if before:
            error.message += f" Before that, {before}."
            error.details["took_effect"] = None
        raise


def _changed(session: Session, target: Target, fields: Row) -> Row:
    """Update by PATCH; some proxies block it, and PUT in JSON keeps what is left out just as well
    (api-behaviour: providers-put)."""
    try:
        return _profile("partial_update", session.client.write("partial_update", target.uuid, body=fields))
    except ErrorResponse as error:
        if error.status != _NO_SUCH_METHOD:
            raise
        body = {"customer": target.customer_url, **fields}
        return _profile("update", session.client.write("update", target.uuid, body=body))


def _files(upload: ImageFile) -> dict[str, tuple[str, bytes, str]]:
    kind = images.content_type(upload.content) or "application/octet-stream"
    return {"image": (upload.name, upload.content, kind)}


def _check_answer(
    row: Row, sent: Mapping[str, Any], image: ImageFile | Unset, is_staff: Callable[[], bool] = lambda: False
) -> None:
    """Raise ``WaldurError`` where the server ignored a field silently (api-behaviour: providers-update); it may have
    kept the others."""
    for name, desired_value in sent.items():
        if not _kept(name, row.get(name), desired_value):
            hint = _hint_on_domains(is_staff) if name == "allowed_domains" else ""
            option = name
            if name == ACCOUNT_OPTIONS_KEY:
                option = f"{name}.{unapplied_options(row.get(name) or {}, desired_value)[0]}"
            text = f"{option}: Waldur accepted the request but did not apply the value.{hint}"
            raise WaldurError(text, took_effect=None)
    if image is not UNSET and image.content and not row.get("image"):
        raise WaldurError("image: Waldur accepted the request but stored no image.", took_effect=None)


def _hint_on_domains(is_staff: Callable[[], bool]) -> str:
    try:
        return " It takes Waldur of 2026 or newer." if is_staff() else " It takes a staff token."
    except WaldurError:  # must not replace the error that the hint is for
        return ""


def _kept(name: str, current_value: Any, desired_value: Any) -> bool:
    """Return whether the server holds what was sent."""
    if name == ACCOUNT_OPTIONS_KEY:
        return not unapplied_options(current_value or {}, desired_value)
    if name in ("customer", "image"):
        return name == "customer" or current_value is None
    return (
        sorted(current_value or []) == sorted(desired_value)
        if isinstance(desired_value, list)
        else bool(current_value == desired_value)
    )


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
