# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the desired with the current usernames. Pure: sends no request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from .._plan.changes import Action, Change, ChangeKind, Comparison, Severity, Stage, Subject
from .._references.account_visibility import WHY_ACCOUNTS_ARE_HIDDEN
from .._references.targets import Target
from .._references.users import UnresolvedUser, User
from .offering_username_collisions import describe_taken, find_accounts, is_released
from .offering_username_entries import UsernameEntry
from .offering_username_owners import describe_obstacle, numbered_offerings, plan_requests
from .offering_username_state import UsernameState, get_labels
from .offering_username_writing import UsernameWrite
from .posix_id_supply import join_demands

# A warning names so many accounts.
_MOST_NAMED = 5
# The policy under which Waldur generates no usernames (api-behaviour: username-policies).
NO_GENERATION = "service_provider"

SEES_NO_RESOURCE = (
    "this token can read roles in projects but not the resources there, so it can't tell who can access which offering:"
    " use a staff token or one of the customer's owner"
)


SET_USERNAME = Action(
    "set_username",
    Stage.NAME,
    Severity.REPLACEMENT,
    "replaced username",
    "replaced usernames",
    participle="given usernames",
    gives_access=True,
    verb="set",
)

KIND = ChangeKind(
    "offering_username",
    (SET_USERNAME,),
    "usernames of {}",
    "users",
    has_named_keys=True,
    null_word="no username",
    empty_word="no username",
)


def warn_of_possibly_hidden(
    target: Target, resolved: Iterable[tuple[UsernameEntry, User | UnresolvedUser]], current: UsernameState
) -> Comparison[UsernameWrite]:
    """Warn of the accounts that were left out, as they may be hidden or not there."""
    users = [user for _entry, user in resolved if isinstance(user, User)]
    possibly_hidden = [
        f"{p.shown} in {label}"
        for p in users
        for label in sorted(get_labels(current, current.list_possibly_hidden(p.uuid)).values())
    ]
    if not possibly_hidden:
        return Comparison()
    shown = ", ".join(possibly_hidden[:_MOST_NAMED]) + (", …" if len(possibly_hidden) > _MOST_NAMED else "")
    is_one = len(possibly_hidden) == 1
    accounts = "1 account was" if is_one else f"{len(possibly_hidden)} accounts were"
    text = (
        f"{accounts} left out of the plan, because {'it' if is_one else 'they'} may be hidden from this token or may"
        f" not exist yet ({shown})"
    )
    return Comparison(warnings=(f"{target.name}: {text}: {WHY_ACCOUNTS_ARE_HIDDEN}.",))


def compare_entry(
    target: Target, entry: UsernameEntry, user: User, current: UsernameState, usernames: Mapping[str, str]
) -> Comparison[UsernameWrite]:
    """Compare one entry; ``usernames`` are the desired usernames of all usable entries, by user UUID."""
    accessible = current.accessible_offerings.get(user.uuid, set())
    if current.sees_no_resources:
        # A user who reaches offerings would pass for one who reaches none.
        return Comparison(errors=(f"{entry.place}: {target.name}: {SEES_NO_RESOURCE}.",))
    if not accessible:
        text = (
            f"{entry.place}: {user.shown} can't access any offering of {target.name} through a project, so no username"
            " was set."
        )
        return Comparison(warnings=(text,))
    warnings: tuple[str, ...] = ()
    if accessible & current.unreadable_offerings:
        names = ", ".join(sorted(current.names[offering] for offering in accessible & current.unreadable_offerings))
        text = f"{target.name}: this token can't read the accounts in {names}, so they were left out of the plan."
        warnings = (text,)
    requests = plan_requests(current, user.uuid, entry.username)
    if obstacle := describe_obstacle(target, entry, user, current, requests):
        return Comparison(errors=(obstacle,), warnings=warnings)
    if not requests.changing:
        return Comparison(warnings=warnings)
    if kept := [
        pair for pair in find_accounts(current, user.uuid, entry.username) if not is_released(current, pair, usernames)
    ]:
        return Comparison(errors=(describe_taken(target, entry, kept, current, usernames),), warnings=warnings)
    labels = get_labels(current, requests.changing)
    changing = sorted(requests.changing, key=labels.__getitem__)
    change = Change(
        target.name,
        KIND,
        user.shown,
        SET_USERNAME,
        {labels[offering]: requests.changing[offering] or None for offering in changing},
        {labels[offering]: entry.username for offering in changing},
        {"customer": target.customer_uuid, "user": user.uuid, "role": None},
        UsernameWrite(user.uuid, entry.username),
        subject=Subject(entry.place, user.uuid, user.username, user.email),
    )
    return Comparison((change,), warnings)


def find_shortages(
    target: Target,
    entries: Mapping[str, UsernameEntry],
    changes: Iterable[Change[UsernameWrite]],
    current: UsernameState,
) -> Iterator[str]:
    """Yield an error for each POSIX ID pool that has too few numbers for the accounts that ``changes`` number.

    ``entries`` are those of the users, by UUID.
    """
    names: dict[str, str] = {}
    demand: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        user = change.payload.user_uuid
        names[user] = change.name
        for offering in numbered_offerings(current, user, plan_requests(current, user, change.payload.username)):
            demand[offering].add(user)
    for shortage in current.supplies.shortages(join_demands((demand, current.numbered))):
        named = [user for user in entries if user in shortage.users and user in names]
        if named:
            pool = shortage.supply.offering
            owner = get_labels(current, [pool])[pool] if pool else target.name
            yield shortage.describe(
                entries[named[0]].option("username"),
                [names.get(user) or current.holder_names.get(user, user) for user in shortage.users],
                owner,
            )


def warn_of_policies(target: Target, users: Iterable[User], current: UsernameState) -> Comparison[UsernameWrite]:
    """Warn of offerings in which Waldur generates usernames, as it writes those again (api-behaviour:
    username-policies)."""
    by_policy = generated_usernames(
        current, {offering for user in users for offering in current.list_readable(user.uuid)}
    )
    if not by_policy:
        return Comparison()
    text = (
        f"{target.name}: Waldur generates usernames in {describe_policies(current, by_policy)}, and can overwrite"
        " those that are set here when settings or the profiles of users change: set"
        f" username_generation_policy to {NO_GENERATION} there, or leave the usernames to Waldur."
    )
    return Comparison(warnings=(text,))


def generated_usernames(current: UsernameState, offerings: Iterable[str]) -> dict[str, list[str]]:
    """Return those of the offerings in which Waldur generates usernames, by policy."""
    by_policy: dict[str, list[str]] = defaultdict(list)
    for offering in sorted(offerings):
        policy = current.get_settings(offering).policy
        if policy not in ("", NO_GENERATION):
            by_policy[policy].append(offering)
    return by_policy


def describe_policies(current: UsernameState, by_policy: Mapping[str, Iterable[str]]) -> str:
    """Return the offerings of each policy in words."""
    return " and ".join(
        f"{', '.join(sorted(get_labels(current, by_policy[policy]).values()))} by the policy {policy}"
        for policy in sorted(by_policy)
    )
