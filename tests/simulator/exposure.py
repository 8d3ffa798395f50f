# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts and which attributes of users are shown: consent, complete profiles, exposure
(api-behaviour: hidden-accounts, user-attributes)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from . import configuration, editions
from .database import MEMORY
from .models import Consent, Grant, Offering, OfferingUser, Resource, TermsOfService, User

ATTRIBUTES: dict[str, dict[str, Any]] = editions.load("attributes.yaml")
CONSENT = "ENFORCE_USER_CONSENT_FOR_OFFERINGS"
COMPLETENESS = "ENFORCE_OFFERING_USER_PROFILE_COMPLETENESS"


def exposed_by(offering: Offering) -> set[str]:
    """Return the attributes of users that *offering* exposes; the server's default where it says nothing itself."""
    own = offering.exposed_attributes
    return set(configuration.value("DEFAULT_OFFERING_USER_ATTRIBUTES") or [] if own is None else own)


def default_attributes() -> set[str]:
    """Return the attributes whose flags are on in a new configuration (api-behaviour: user-attributes-config)."""
    return {name for name, rule in ATTRIBUTES.items() if rule.get("default")}


def profile_fields(name: str) -> list[str]:
    """Return the fields of a user's profile that hold the attribute *name*."""
    fields: list[str] = ATTRIBUTES.get(name, {}).get("fields", [name])
    return fields


def attribute(user: User, name: str) -> Any:
    """Return the value of the attribute *name* of *user*."""
    return getattr(user, name) if hasattr(user, name) else user.extra.get(name)


def missing_attributes(account: OfferingUser) -> list[str]:
    """Return the attributes that the offering exposes and the user's profile lacks, sorted
    (api-behaviour: hidden-accounts-profiles)."""
    exposed = (name for name in exposed_by(account.offering) if profile_fields(name))
    return sorted(name for name in exposed if attribute(account.user, name) in (None, "", []))


def field_warnings(user: User) -> dict[str, list[dict[str, str]]]:
    """Return the fields of the profile of *user* that offerings expose, each with these offerings, while complete
    profiles are enforced (api-behaviour: profile-field-warnings)."""
    warnings: dict[str, list[dict[str, str]]] = defaultdict(list)
    if not configuration.value(COMPLETENESS):
        return warnings
    projects = Grant.objects.filter(user=user, is_active=True, project__isnull=False).values("project")
    live = Resource.objects.exclude(state="Terminated").filter(project__in=projects).values("offering")
    accounts = user.accounts.exclude(state="Deleted").filter(offering__in=live).select_related("offering")
    for offering in sorted({account.offering for account in accounts}, key=lambda offering: offering.name):
        for field in (field for name in ATTRIBUTES if name in exposed_by(offering) for field in profile_fields(name)):
            warnings[field].append({"offering_uuid": str(offering.uuid), "offering_name": offering.name})
    return warnings


def active_terms() -> dict[int, TermsOfService]:
    """Return the active terms by the key of their offering, read once between two writes."""
    if "terms" not in MEMORY:
        MEMORY["terms"] = {one.offering_id: one for one in TermsOfService.objects.filter(is_active=True)}
    return MEMORY["terms"]


def consents() -> dict[tuple[int, int], Consent]:
    """Return the unrevoked consents by the keys of offering and user, read once between two writes."""
    if "consents" not in MEMORY:
        found = Consent.objects.filter(revocation_date=None).order_by("id")
        MEMORY["consents"] = {(one.offering_id, one.user_id): one for one in found}
    return MEMORY["consents"]


def requires_reconsent(item: OfferingUser | Consent) -> bool:
    """Return whether the user of *item* consented to an older version of terms that ask for consent anew."""
    terms = active_terms().get(item.offering_id)
    consent = consents().get((item.offering_id, item.user_id))
    return bool(terms and consent and terms.requires_reconsent and terms.version != consent.version)


def has_terms(**more: Any) -> Exists:
    """Return the condition that the offering of a row has terms."""
    return Exists(TermsOfService.objects.filter(offering=OuterRef("offering"), **more))


def has_consent() -> Exists:
    """Return the condition that the user of a row consents to the terms of its offering."""
    return Exists(Consent.objects.filter(offering=OuterRef("offering"), user=OuterRef("user"), revocation_date=None))


def without_hidden(accounts: QuerySet, caller: Any) -> QuerySet:
    """Return those of *accounts* that the switches leave to *caller*; staff and support see all
    (api-behaviour: hidden-accounts)."""
    if caller.is_staff or caller.is_support:
        return accounts
    if configuration.value(CONSENT):
        accounts = accounts.filter(Q(user=caller.pk) | ~has_terms(is_active=True) | has_consent())
    if configuration.value(COMPLETENESS):
        complete = [one.pk for one in accounts.select_related("user", "offering") if not missing_attributes(one)]
        accounts = accounts.filter(pk__in=complete)
    return accounts


def consenting(users: QuerySet, accounts: QuerySet) -> QuerySet:
    """Return those of *users* whom the consent switch leaves among the users of a provider
    (api-behaviour: hidden-accounts).

    These are the users with an account among *accounts* at an offering without any terms, and those who consented;
    staff sees no others either.
    """
    if not configuration.value(CONSENT):
        return users
    agreed = Consent.objects.filter(revocation_date=None, offering__in=accounts.values("offering"))
    free = accounts.filter(~has_terms())
    return users.filter(Q(pk__in=agreed.values("user")) | Q(pk__in=free.values("user")))
