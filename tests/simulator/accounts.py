# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of users in offerings, and one for all offerings of a provider (api-behaviour: accounts-of-a-provider,
provider-accounts)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError

from . import editions, posix
from .models import (
    Grant,
    Offering,
    OfferingUser,
    PosixPool,
    ProviderAccount,
    Resource,
    ServiceProvider,
    User,
    folded,
)

RULES = editions.load("accounts.yaml")
DEFAULTS: dict[str, str] = RULES["defaults"]
# Where a change of the settings gives an account another name (api-behaviour: account-settings-effects).
RENAMED_STATES = ("Requested", "Creating", "OK")
# In these the user has left, or is about to (api-behaviour: provider-accounts-states).
LEFT_STATES = ("Requested deletion", "Deleting", "Deleted", "Error deleting")
COPIED = ("username", "uidnumber", "primarygroup", "login_shell", "home_directory", "is_home_pinned")


def provider_of(offering: Offering) -> ServiceProvider | None:
    """Return the provider whose offering it is, if its customer has one."""
    return getattr(offering.customer, "service_provider", None)


def setting(key: str, own: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return the effective value of a setting and its source, for an offering with the options *own* at a provider with
    *options* (api-behaviour: account-settings-precedence)."""
    sources = {"offering": own, "provider": options, "default": DEFAULTS}
    effective = next({"value": values[key], "source": name} for name, values in sources.items() if values.get(key))
    if key == "account_scope" and effective["value"] not in ("offering", "provider"):
        effective["value"] = "offering"
    return effective


def settings_of(offering: Offering, options: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Return the five effective settings of *offering*, each with what it would inherit
    (api-behaviour: account-settings-effective)."""
    provider = provider_of(offering)
    if options is None:
        options = provider.account_options if provider else {}
    own = offering.plugin_options
    return {key: {**setting(key, own, options), "inherited": setting(key, {}, options)} for key in DEFAULTS}


def values_of(offering: Offering) -> dict[str, str]:
    """Return the values of the five settings of *offering*."""
    return {key: effective["value"] for key, effective in settings_of(offering).items()}


def is_shared(offering: Offering) -> bool:
    """Return whether new accounts at *offering* are those of its provider."""
    can_share = editions.current().accounts_are_shared and offering.type in RULES["types"] and provider_of(offering)
    return bool(can_share) and values_of(offering)["account_scope"] == "provider"


def lacks_number(offering: Offering, user: User, kind: str) -> bool:
    """Return whether the pool of *offering* manages numbers of *kind* and has yet to give *user* one."""
    pool = posix.pool_of(offering)
    if pool is None or kind not in posix.pooled(offering) or posix.bounds(pool, kind) is None:
        return False
    return getattr(posix.identity_of(pool, user), kind) is None


def numbers_of(
    offering: Offering, user: User, allocates: Collection[str] = posix.NUMBERS
) -> tuple[int | None, int | None]:
    """Return UID and GID of *user* at *offering*: the user's own, or from the pool, which gives new ones of the kinds
    in *allocates*.

    Raises :exc:`posix.Exhausted`.
    """
    if not posix.has_numbers(offering):
        return None, None
    pool = posix.pool_of(offering)
    found: list[int | None] = []
    for kind, name in (("uid", "uid_number"), ("gid", "primary_gid")):
        if posix.comes_from_user(offering, kind):
            found.append(user.extra.get(name))
        elif pool and kind in allocates:
            found.append(posix.allocate(pool, kind, user, offering))
        else:
            found.append(getattr(posix.identity_of(pool, user), kind) if pool else None)
    return found[0], found[1]


def add_counter(base: str, offering: Offering, digits: int) -> str:
    """Return *base* with a number: one more than the highest that a username at *offering* has after it."""
    pattern = re.compile(rf"{re.escape(base)}(\d{{{digits}}})")
    names = offering.accounts.exclude(username=None).values_list("username", flat=True)
    numbers = [int(match[1]) for name in names if (match := pattern.fullmatch(name))]
    return f"{base}{max(numbers, default=-1) + 1:0{digits}}"


def spell_in_ascii(name: str) -> str:
    """Return a first or last name as usernames spell it: in lower case, with ``_`` for spaces."""
    return re.sub("[^a-z0-9_]", "", re.sub(r"\s+", "_", folded(name.strip())))


def generated_name(offering: Offering, user: User, policy: str, prefix: str, recorded_uid: int | None = None) -> str:
    """Return the name that *policy* gives *user* at *offering*; empty where it gives none
    (api-behaviour: username-policies).

    *recorded_uid* is the UID of the account that gets the name; without one the policy ``anonymized`` allocates it.
    """
    if policy == "anonymized":
        uid = recorded_uid or numbers_of(offering, user, ("uid",))[0]
        return f"{prefix}{uid}" if uid else add_counter(prefix, offering, 5)
    if policy == "full_name":
        return add_counter(f"{spell_in_ascii(user.first_name)}_{spell_in_ascii(user.last_name)}_", offering, 2)
    names_by_policy = {
        "waldur_username": user.username,
        "freeipa": user.extra.get("freeipa_username"),
        "identity_claim": user.extra.get("details", {}).get("site_username"),
    }
    return names_by_policy.get(policy) or ""


def previewed_name(account: OfferingUser, policy: str, prefix: str) -> str | None:
    """Return the name that *policy* would give *account*, without allocating a number; None where it would need one
    (api-behaviour: account-settings-preview)."""
    offering, user = account.offering, account.user
    if policy != "anonymized":
        return generated_name(offering, user, policy, prefix)
    uid = account.uidnumber or numbers_of(offering, user, ())[0]
    return f"{prefix}{uid}" if uid else None


def next_uid(offering: Offering) -> int | None:
    """Return the UID that the next user who is new to *offering* gets from its pool; None where it gives none."""
    try:
        with transaction.atomic():
            uid, _gid = numbers_of(offering, User.objects.create(username=f"preview of {offering.uuid.hex}"))
            # What was allocated to find out is taken back.
            transaction.set_rollback(True)
            return uid
    except posix.Exhausted:
        return None


def complete(
    account: OfferingUser | ProviderAccount,
    offering: Offering,
    settings: dict[str, Any],
    allocates: Collection[str] = posix.NUMBERS,
) -> None:
    """Fill in the numbers, the shell and the home directory of *account* where it has none: other settings rewrite
    nothing (api-behaviour: account-settings-effects).

    *settings* are those of the offering. Numbers that the user lacks are taken from the pool if their kind is among
    in *allocates*.
    """
    if not editions.current().accounts_are_shared:
        return
    uid, gid = numbers_of(offering, account.user, allocates)
    account.uidnumber = account.uidnumber if uid is None else uid
    account.primarygroup = account.primarygroup if gid is None else gid
    account.login_shell = account.login_shell or settings["login_shell"]
    if account.username and not account.home_directory:
        account.home_directory = f"{settings['homedir_prefix']}{account.username}"


def pin(account: OfferingUser, values: dict[str, Any]) -> None:
    """Give an account the numbers, shell and home directory in *values*.

    Raises ``ValidationError`` for a number that cannot be its own. A number is the user's in the pool, so the other
    accounts follow; of a linked row the provider's account is written (api-behaviour: posix-pins).
    """
    pool, owner = posix.pool_of(account.offering), account.service_provider_account
    numbers = {"uid": values.get("uidnumber"), "gid": values.get("primarygroup")}
    for kind, key in (("uid", "uidnumber"), ("gid", "primarygroup")):
        if (number := numbers[kind]) is not None:
            check_number(pool, account.user, kind, key, number)
    changes = {kind: number for kind, number in numbers.items() if number is not None}
    if pool and changes:
        held = posix.identity_of(pool, account.user, account.offering)
        for kind, number in changes.items():
            setattr(held, kind, number)
        held.save()
    own = [owner, *owner.backs.all()] if owner else [account]
    others = [
        row for row in account.user.accounts.exclude(pk=account.pk) if pool and posix.pool_of(row.offering) == pool
    ]
    for row in own:
        for name in ("login_shell", "home_directory"):
            setattr(row, name, values.get(name, getattr(row, name)))
        row.is_home_pinned = row.is_home_pinned or "home_directory" in values
        row.save()
    for model in (OfferingUser, ProviderAccount):
        keys = [row.pk for row in [*own, *others] if isinstance(row, model)]
        given = {key: values[key] for key in ("uidnumber", "primarygroup") if values.get(key) is not None}
        if given:
            model.objects.filter(pk__in=keys).update(**given)


def check_number(pool: PosixPool | None, user: User, kind: str, key: str, number: int) -> None:
    """Raise ``ValidationError`` unless *number* lies in the range of *pool* and nobody else holds it there."""
    span = posix.bounds(pool, kind)
    if pool is None or span is None:
        raise ValidationError({key: ["No pool manages these numbers."]})
    if not span[0] <= number <= span[1]:
        raise ValidationError({key: [f"The number must lie between {span[0]} and {span[1]}."]})
    if posix.active(pool).filter(**{kind: number}).exclude(user=user).exists():
        raise ValidationError({key: ["Another holder has this number."]})


def rename(account: OfferingUser, username: str | None) -> None:
    """Give an account that is not linked another name, and what follows from it."""
    if username != account.username or not account.pk:
        account.rename(username)
        complete(account, account.offering, values_of(account.offering))
    account.save()


def create(offering: Offering, user: User, username: str | None = None) -> OfferingUser:
    """Store the account of *user* at *offering*: linked where these are shared, else named or with a generated name."""
    account = OfferingUser(offering=offering, user=user)
    if is_shared(offering):
        owner = provider_account(offering, user)
        link(account, owner)
        follow_rows(owner)
        return account
    settings = values_of(offering)
    if not username and editions.current().accounts_are_shared:
        policy, prefix = settings["username_generation_policy"], settings["username_anonymized_prefix"]
        username = generated_name(offering, user, policy, prefix) or username
    account.rename(username)
    complete(account, offering, settings)
    account.save()
    return account


def provider_account(offering: Offering, user: User) -> ProviderAccount:
    """Return the account of *user* at the provider of *offering*, made now if need be
    (api-behaviour: provider-accounts-creation).

    The settings of the offering name it, and fill in its POSIX data as long as it has no UID.
    """
    provider, settings = offering.customer.service_provider, values_of(offering)
    account = provider.accounts.filter(user=user).first() or ProviderAccount(service_provider=provider, user=user)
    if not account.username:
        policy, prefix = settings["username_generation_policy"], settings["username_anonymized_prefix"]
        account.rename(generated_name(offering, user, policy, prefix, account.uidnumber))
    if account.pk is None or account.uidnumber is None:
        complete(account, offering, settings)
    account.save()
    return account


def link(row: OfferingUser, account: ProviderAccount) -> None:
    """Let *row* mirror *account*; a row whose name changes becomes OK where it waited for one."""
    row.service_provider_account = account
    mirror(row, account)
    row.save()


def mirror(row: OfferingUser, account: ProviderAccount) -> None:
    """Copy the name and the POSIX data of *account* to *row*, which is linked to it."""
    row.rename(account.username)
    for name in COPIED[1:]:
        setattr(row, name, getattr(account, name))


def rename_provider_account(account: ProviderAccount, username: str | None) -> None:
    """Give *account* another name, and its rows with it (api-behaviour: provider-accounts-rename)."""
    options = account.service_provider.account_options
    account.rename(username)
    if not account.is_home_pinned:
        prefix = setting("homedir_prefix", {}, options)["value"]
        account.home_directory = f"{prefix}{username}" if username else None
    account.save()
    for row in account.backs.all():
        mirror(row, account)
        row.save()


def follow_rows(account: ProviderAccount | None) -> None:
    """Bring the state of *account* in line with those of its rows (api-behaviour: provider-accounts-states)."""
    if account is None:
        return
    states = set(account.backs.values_list("state", flat=True))
    if states - set(LEFT_STATES):
        state = "OK" if account.state in LEFT_STATES else account.state
    else:
        state = "Deleted" if states == {"Deleted"} else "Requested deletion"
    if state != account.state:
        account.state = state
        account.save()


def release(account: OfferingUser) -> None:
    """Delete *account* and give back the numbers that no other account of its user needs
    (api-behaviour: offering-users-write)."""
    user, backed = account.user, account.service_provider_account
    account.delete()
    follow_rows(backed)
    posix.release_unused(user)


def reached_offerings(customer: Any, user: User) -> QuerySet:
    """Return the offerings of *customer* with a live resource in a project where *user* has a role
    (api-behaviour: usernames-reach)."""
    projects = Grant.objects.filter(user=user, is_active=True, project__isnull=False).values("project_id")
    live = Resource.objects.exclude(state="Terminated").filter(project__in=projects)
    return Offering.objects.filter(customer=customer, id__in=live.values("offering_id"))


def follow_membership(grant: Grant) -> None:
    """Let accounts follow a role in a project that was given or taken (api-behaviour: offering-users-automatic-states).

    Without a role left they are to be deleted where the offering says so; with one again they are in use.
    """
    if grant.project is None or not editions.current().accounts_are_shared:
        return
    used = Offering.objects.filter(resources__in=grant.project.resources.exclude(state="Terminated")).distinct()
    for account in OfferingUser.objects.filter(user=grant.user, offering__in=used).select_related("offering"):
        options = account.offering.plugin_options
        is_reached = reached_offerings(account.offering.customer_id, grant.user).filter(pk=account.offering_id).exists()
        if is_reached and account.state in LEFT_STATES:
            restore(account)
        elif not is_reached and account.state not in LEFT_STATES and options.get("offering_user_auto_deletion"):
            account.state = "Deleted" if account.state == "Requested" else "Requested deletion"
            account.save()
        else:
            continue
        follow_rows(account.service_provider_account)


def restore(account: OfferingUser) -> None:
    """Bring back an account whose user has a role again (api-behaviour: offering-users-restored)."""
    owner, settings = account.service_provider_account, values_of(account.offering)
    policy, prefix = settings["username_generation_policy"], settings["username_anonymized_prefix"]
    if owner is not None:
        if owner.state in LEFT_STATES:
            owner.state = "OK"
            owner.save()
        mirror(account, owner)
    is_generated = policy != "service_provider"
    if is_generated and not account.username:
        account.username = generated_name(account.offering, account.user, policy, prefix, account.uidnumber)
    is_kept = account.username and (is_generated or account.state != "Deleted")
    account.state = "OK" if is_kept else "Requested"
    account.save()


def generate_anew(offerings: Iterable[Offering], before: dict[int, dict[str, str]]) -> None:
    """Name the unlinked accounts anew where the policy, or the prefix that it uses, is not as *before*
    (api-behaviour: account-settings-effects)."""
    for offering in offerings:
        if affects_names(before[offering.pk], values_of(offering)):
            name_anew(offering, offering.accounts.filter(RENAMED, service_provider_account=None))


def affects_names(before: dict[str, str], after: dict[str, str]) -> bool:
    """Return whether a change of the settings gives accounts other names: of the policy, or of the prefix that it
    uses."""
    policy = after["username_generation_policy"]
    is_other_prefix = before["username_anonymized_prefix"] != after["username_anonymized_prefix"]
    return before["username_generation_policy"] != policy or (policy == "anonymized" and is_other_prefix)


def name_anew(offering: Offering, rows: QuerySet) -> None:
    """Give the accounts *rows* of *offering* the names that its policy generates
    (api-behaviour: account-settings-effects, username-policies)."""
    settings = values_of(offering)
    policy, prefix = settings["username_generation_policy"], settings["username_anonymized_prefix"]
    for account in rows.order_by("id"):
        # An empty name leaves the state.
        account.rename(generated_name(offering, account.user, policy, prefix, account.uidnumber))
        complete(account, offering, settings, allocates=RULES["numbering_policies"].get(policy, ()))
        account.save()


RENAMED = Q(state__in=RENAMED_STATES)


def offerings_with_accounts(provider: ServiceProvider) -> QuerySet:
    """Return the provider's offerings of the types that have accounts."""
    return provider.customer.offerings.filter(type__in=RULES["types"])
