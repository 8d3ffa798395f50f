# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts at a provider, as far as account options can change them, and what Waldur says that a change would do
(api-behaviour: account-settings-preview, accounts-conflicts)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .._common import uuids
from .._common.errors import Forbidden
from .._common.types import Row
from .._context import Session
from .._http.row_checks import FieldType, check_rows
from .._references.targets import Target
from .account_options import NUMBERING_POLICIES, POLICY, PREFIX, RENAMED_STATES, SCOPE, SHARED, differing_options
from .offering_username_reading import read_settings
from .offering_username_state import UsernameState
from .posix_id_supply import EarlierChanges, NumberSupplies, may_have_pools, read_supplies
from .username_resolutions import Candidate, Conflict

_PREVIEW_KINDS = {
    "offerings": FieldType.MAPPINGS,
    "warnings": FieldType.TEXTS.optional,
}
_OFFERING_KINDS = {
    "uuid": FieldType.UUID,
    "name": FieldType.TEXT,
    "settings": FieldType.MAPPING,
    "renames": FieldType.MAPPINGS.optional,
}
_RENAME_KINDS = dict.fromkeys(
    ("username", "new_username", "home_directory", "new_home_directory"), FieldType.TEXT.optional
)
_CONFLICT_KINDS = {
    "user_uuid": FieldType.UUID,
    "user_username": FieldType.TEXT.optional,
    "candidates": FieldType.MAPPINGS,
}
_CANDIDATE_KINDS = {"username": FieldType.TEXT, "offering_uuids": FieldType.TEXTS.optional}
_LINK = "service_provider_account_uuid"
_ACCOUNT_KINDS = {
    "uuid": FieldType.UUID.optional,
    "offering_uuid": FieldType.UUID,
    "offering_name": FieldType.TEXT.optional,
    "user_uuid": FieldType.UUID,
    "user_username": FieldType.TEXT.optional,
    "username": FieldType.TEXT.optional,
    "home_directory": FieldType.TEXT.optional,
    "customer_uuid": FieldType.UUID.optional,
    "state": FieldType.TEXT.optional,
    _LINK: FieldType.UUID.optional,
}
_OWNER_KINDS = {
    "user_uuid": FieldType.UUID,
    "user_username": FieldType.TEXT.optional,
    "username": FieldType.TEXT.optional,
    "home_directory": FieldType.TEXT.optional,
    "service_provider_uuid": FieldType.UUID,
}


@dataclass(frozen=True)
class PreviewedRename:
    """A rename that Waldur announces; texts are empty where there is no name. Nothing tells whose account it is.

    Where a number would be allocated first, ``<uid>`` stands for it.
    """

    offering: str
    username: str
    new_username: str
    home_directory: str
    new_home_directory: str


@dataclass(frozen=True)
class Override:
    """A setting that an offering has itself, so that the provider's does not count there."""

    key: str
    offering: str
    offering_uuid: str
    value: str


@dataclass(frozen=True)
class Preview:
    """What Waldur says that a change would do.

    ``numbering`` holds the policy by the UUIDs of the offerings whose accounts it names anew and numbers.
    """

    renames: tuple[PreviewedRename, ...] = ()
    overrides: tuple[Override, ...] = ()
    warnings: tuple[str, ...] = ()
    numbering: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Account:
    """An account of a user in an offering; ``login`` is the username in Waldur, else the user's UUID."""

    offering: str
    offering_uuid: str
    user_uuid: str
    login: str
    username: str
    home_directory: str
    is_linked: bool
    state: str = ""


@dataclass(frozen=True)
class Owner:
    """The account of a user at the provider; ``is_used``: accounts in offerings are linked to it."""

    login: str
    username: str
    home_directory: str = ""
    is_used: bool = False


@dataclass(frozen=True)
class AccountState:
    """What is known of the accounts at a provider, read only as far as the desired options can change them.

    ``accounts``, ``owners`` (by user UUID) and ``conflicts`` are those that become shared. ``numbered`` are those that
    a change of the policy names anew and numbers, ``supplies`` what their pools have left. ``refusal``: why this token
    can't change account options.
    """

    preview: Preview = field(default_factory=Preview)
    conflicts: tuple[Conflict, ...] = ()
    accounts: tuple[Account, ...] = ()
    owners: Mapping[str, Owner] = field(default_factory=dict)
    numbered: tuple[Account, ...] = ()
    supplies: NumberSupplies = field(default_factory=NumberSupplies)
    refusal: str = ""

    @property
    def unlinked(self) -> list[Account]:
        """The accounts that an adoption links."""
        return [account for account in self.accounts if not account.is_linked]

    @property
    def needs_adoption(self) -> bool:
        """Whether there are accounts to link; hidden ones may be linked to those at the provider."""
        return bool(self.unlinked or self.conflicts or self.preview.renames or self.owners)


def becomes_shared(stored: Row, options: Row) -> bool:
    """Return whether ``options`` make one account of the accounts of each user."""
    return options.get(SCOPE) == SHARED != stored.get(SCOPE)


def read_account_state(session: Session, target: Target, stored: Row, options: Row) -> AccountState:
    """Return what is known of the accounts that ``options`` would change; nothing is read where they don't differ."""
    _before, sent = differing_options(stored, options)
    preview, number = Preview(), 0
    if sent and target.uuid is not None:
        try:
            preview, number = _read_preview(session, target.uuid, sent)
        except Forbidden as error:
            # Those who may change the options may ask for the preview (api-behaviour: account-settings-preview).
            return AccountState(refusal=error.message)
    if not becomes_shared(stored, options):
        return AccountState(preview)
    accounts = read_accounts(session, target)
    if target.uuid is None:
        return AccountState(preview, tuple(_conflicts_of(accounts)), accounts)
    conflicts = _read_conflicts(session, target.uuid, accounts) if number else ()
    return AccountState(preview, conflicts, accounts, _read_owners(session, target))


def _read_preview(session: Session, uuid: str, sent: Row) -> tuple[Preview, int]:
    """Return what Waldur says that ``sent`` would do, and how many users have different usernames."""
    answer = session.client.preview("account_options_preview", uuid, body={"account_options": sent})
    name = "account_options_preview"
    row = check_rows(name, [answer], **_PREVIEW_KINDS)[0]
    offerings = check_rows(name, row["offerings"], **_OFFERING_KINDS)
    labels = _label_offerings({row["uuid"]: row["name"] for row in offerings})
    renames = [
        _rename(labels[row["uuid"]], row["settings"], rename)
        for row in offerings
        for rename in check_rows(name, row.get("renames") or (), **_RENAME_KINDS)
    ]
    overrides = [
        Override(
            key, labels[row["uuid"]], uuids.normalize(row["uuid"]) or "", str(_after(row["settings"], key, "value"))
        )
        for key in sent
        for row in offerings
        if _after(row["settings"], key, "source") == "offering"
    ]
    number = row.get("username_conflicts")
    conflicts = number if isinstance(number, int) else 1
    numbering = {
        uuids.normalize(row["uuid"]) or "": policy
        for row in offerings
        if (policy := _numbering_policy(row["settings"]))
    }
    return Preview(tuple(renames), tuple(overrides), tuple(row.get("warnings") or ()), numbering), conflicts


def _after(settings: Row, key: str, name: str, when: str = "after") -> object:
    """Return ``value`` or ``source`` of a setting of an offering before or after the change; None if unknown."""
    setting = settings.get(key)
    values = setting.get(when) if isinstance(setting, dict) else None
    return values.get(name) if isinstance(values, dict) else None


def _numbering_policy(settings: Row) -> str:
    """Return the policy that names the accounts of an offering anew and numbers them; empty where none does."""
    policy = str(_after(settings, POLICY, "value") or "")
    keys = (POLICY, PREFIX) if policy == "anonymized" else (POLICY,)
    is_changed = any(_after(settings, key, "value") != _after(settings, key, "value", "before") for key in keys)
    return policy if is_changed and policy in NUMBERING_POLICIES else ""


def read_numbered_accounts(
    session: Session, target: Target, current: AccountState, earlier: EarlierChanges
) -> AccountState:
    """Return ``current`` with the accounts that the previewed change numbers, and what their pools have left."""
    numbering = current.preview.numbering
    if not numbering or not may_have_pools(session, target, earlier):
        return current
    numbered = tuple(
        account
        for account in read_accounts(session, target)
        if account.offering_uuid in numbering and not account.is_linked and account.state in RENAMED_STATES
    )
    offerings = UsernameState()
    read_settings(session, target, offerings)
    numbers = {
        offering: [kind for kind in offerings.get_settings(offering).numbers if kind in NUMBERING_POLICIES[policy]]
        for offering, policy in numbering.items()
    }
    supplies = read_supplies(session, target, demand_of(numbered), numbers, earlier)
    return replace(current, numbered=numbered, supplies=supplies)


def demand_of(accounts: Iterable[Account]) -> dict[str, set[str]]:
    """Return the users of accounts by offering."""
    users_by_offering: dict[str, set[str]] = defaultdict(set)
    for account in accounts:
        users_by_offering[account.offering_uuid].add(account.user_uuid)
    return users_by_offering


def _rename(offering: str, settings: Row, row: Row) -> PreviewedRename:
    new, home = row.get("new_username"), row.get("new_home_directory")
    if new is None:
        new = f"{_after(settings, PREFIX, 'value') or ''}<uid>"
        home = f"{_after(settings, 'homedir_prefix', 'value') or ''}{new}"
    return PreviewedRename(offering, row.get("username") or "", new, row.get("home_directory") or "", home or "")


def read_accounts(session: Session, target: Target) -> tuple[Account, ...]:
    """Return all accounts at the provider, in whatever state: an adoption links deleted ones, too."""
    rows = session.client.rows("offering_users", provider_uuid=target.customer_uuid, field=list(_ACCOUNT_KINDS))
    own = [
        row
        for row in check_rows("offering_users", rows, **_ACCOUNT_KINDS)
        if uuids.normalize(row.get("customer_uuid")) in (None, target.customer_uuid)
    ]
    labels = _label_offerings({row["offering_uuid"]: row.get("offering_name") or row["offering_uuid"] for row in own})
    accounts = [
        Account(
            labels[row["offering_uuid"]],
            uuids.normalize(row["offering_uuid"]) or "",
            uuids.normalize(row["user_uuid"]) or "",
            row.get("user_username") or row["user_uuid"],
            row.get("username") or "",
            row.get("home_directory") or "",
            row.get(_LINK) is not None,
            row.get("state") or "",
        )
        for row in own
    ]
    return tuple(sorted(accounts, key=lambda account: (account.offering, account.login, account.username)))


def _read_owners(session: Session, target: Target) -> dict[str, Owner]:
    """Return the accounts of users at the provider, by user UUID."""
    fields = [*_OWNER_KINDS, "offering_count"]
    rows = session.client.rows("provider_accounts", customer_uuid=target.customer_uuid, field=fields)
    return {
        uuids.normalize(row["user_uuid"]) or "": Owner(
            row.get("user_username") or row["user_uuid"],
            row.get("username") or "",
            row.get("home_directory") or "",
            bool(row.get("offering_count")),
        )
        for row in check_rows("provider_accounts", rows, **_OWNER_KINDS)
        if uuids.normalize(row["service_provider_uuid"]) == target.uuid
    }


def _read_conflicts(session: Session, uuid: str, accounts: Iterable[Account]) -> tuple[Conflict, ...]:
    name = "username_conflicts"
    rows = check_rows(name, session.client.rows("username_conflicts", uuid), **_CONFLICT_KINDS)
    labels = {account.offering_uuid: account.offering for account in accounts}
    return tuple(
        Conflict(
            uuids.normalize(row["user_uuid"]) or "",
            row.get("user_username") or row["user_uuid"],
            tuple(
                Candidate(
                    candidate["username"],
                    tuple(sorted(labels[uuid] for uuid in _offerings_of(candidate) if uuid in labels)),
                    bool(candidate.get("has_active_resources")),
                )
                for candidate in check_rows(name, row["candidates"], **_CANDIDATE_KINDS)
            ),
        )
        for row in rows
    )


def _offerings_of(candidate: Row) -> list[str]:
    return [uuids.normalize(uuid) or "" for uuid in candidate.get("offering_uuids") or ()]


def _conflicts_of(accounts: Iterable[Account]) -> Iterable[Conflict]:
    """Yield the users with different usernames where there is no provider that Waldur could be asked about."""
    offerings: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for account in accounts:
        if account.username:
            offerings[account.login, account.user_uuid][account.username].append(account.offering)
    for (login, user), names in sorted(offerings.items()):
        if len(names) > 1:
            yield Conflict(user, login, tuple(Candidate(name, tuple(places)) for name, places in names.items()))


def _label_offerings(names: Mapping[str, str]) -> dict[str, str]:
    """Return the label of each offering: its name, with a part of its UUID where several have that name."""
    often = Counter(names.values())
    return {uuid: name if often[name] == 1 else f"{name} ({uuid[:8]})" for uuid, name in names.items()}
