# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters do that one column can't say: the functions behind ``call`` in ``filters/*.yaml``."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import F, Q, QuerySet
from rest_framework.exceptions import ValidationError

from . import clock, editions
from .exposure import has_consent, has_terms, missing_attributes, requires_reconsent
from .fields import parse_uuid
from .filtering import part_of_any
from .models import ACCOUNT_OPTION, SCOPE_COLUMNS, Customer, Grant, User
from .permissions import held_by, visible_customers, visible_projects
from .project_groups import describe


def scope_type(grants: QuerySet, value: str, request: Any) -> QuerySet:
    """The kind of object on which a role is held, by its model; since 2026 also as rows name it
    (api-behaviour: lookups-user-permissions)."""
    columns = {column.replace("_", ""): column for column in SCOPE_COLUMNS}
    if editions.current().grants_are_public_names:
        columns |= {column: column for column in SCOPE_COLUMNS}
    return grants.filter(**{f"{columns[value]}__isnull": False}) if value in columns else grants.none()


def scope(grants: QuerySet, value: Any, request: Any) -> QuerySet:
    """The object on which a role is held."""
    return grants.filter(Q(*((f"{column}__uuid", value) for column in SCOPE_COLUMNS), _connector=Q.OR))


def scope_of_customer(grants: QuerySet, value: Any, request: Any) -> QuerySet:
    """The grants on a customer and on what is the customer's."""
    pairs = [(f"{column}__customer__uuid", value) for column in ("service_provider", "project", "offering")]
    return grants.filter(Q(("customer__uuid", value), *pairs, _connector=Q.OR))


def with_consent(accounts: QuerySet, value: bool, request: Any) -> QuerySet:
    """Return the accounts whose users consent to the terms of the offering, or do not."""
    return accounts.filter(has_consent() if value else ~has_consent())


def not_revoked(consents: QuerySet, value: bool, request: Any) -> QuerySet:
    """Return the consents that are not revoked, or the others."""
    return consents.filter(revocation_date__isnull=value)


def to_be_renewed(consents: QuerySet, value: bool, request: Any) -> QuerySet:
    """Return the consents to older terms, where the active ones ask for consent anew, or the others."""
    return consents.filter(pk__in=[one.pk for one in consents if requires_reconsent(one) == value])


def with_active_terms(accounts: QuerySet, value: bool, request: Any) -> QuerySet:
    """Return the accounts at offerings with active terms, or without."""
    return accounts.filter(has_terms(is_active=True) if value else ~has_terms(is_active=True))


def with_complete_profile(accounts: QuerySet, value: bool, request: Any) -> QuerySet:
    """Return the accounts whose users lack nothing that the offering exposes, or lack something."""
    wanted = [one.pk for one in accounts if (not missing_attributes(one)) == value]
    return accounts.filter(pk__in=wanted)


def roles(grants: QuerySet, value: list[str], request: Any) -> QuerySet:
    """Any of the roles, each by UUID or by name."""
    uuids = [parse_uuid(one) for one in value if parse_uuid(one)]
    return grants.filter(Q(role__uuid__in=uuids) | Q(role__name__in=value)) if value else grants


def role(grants: QuerySet, value: str, request: Any) -> QuerySet:
    """A role by UUID or by name."""
    return roles(grants, [value], request)


def with_provider(customers: QuerySet, value: str, request: Any) -> QuerySet:
    """Customers with a provider; anything but "true" is passed over."""
    return customers.filter(service_provider__isnull=False) if value in ("true", "True") else customers


def nothing_if_said(rows: QuerySet, value: str, request: Any) -> QuerySet:
    """Rows with something that no row here has; anything but "true" is passed over."""
    return rows.none() if value in ("true", "True") else rows


def with_resources(customers: QuerySet, value: str, request: Any) -> QuerySet:
    """Customers whose projects ever had a resource, whatever the value."""
    return customers.filter(projects__resources__isnull=False).distinct()


def served_by(customers: QuerySet, value: str, request: Any) -> QuerySet:
    """Customers that use what the customer with this UUID offers; a malformed one is passed over."""
    wanted = parse_uuid(value)
    return customers.filter(projects__resources__offering__customer__uuid=wanted).distinct() if wanted else customers


def customer_query(customers: QuerySet, value: str, request: Any) -> QuerySet:
    """Part of a name or number, or the whole UUID."""
    names = ("name", "native_name", "abbreviation", "registration_code", "agreement_number")
    return customers.filter(part_of_any(names, value) | (Q(uuid=parse_uuid(value)) if parse_uuid(value) else Q()))


def user_query(users: QuerySet, value: str, request: Any) -> QuerySet:
    """Part of a name, number or address; of two words the first is a first name, the second a last name."""
    wanted = part_of_any(("first_name", "last_name", "civil_number", "username", "email"), value)
    if len(words := value.split()) > 1:
        wanted |= Q(first_name__icontains=words[0]) | Q(last_name__icontains=words[1])
    return users.filter(wanted)


def visible_to(rows: QuerySet, value: str, request: Any) -> QuerySet:
    """The customers or projects that a user sees; none for an unknown user."""
    user = User.objects.filter(uuid=parse_uuid(value)).first()
    visible = visible_customers if rows.model is Customer else visible_projects
    return rows.filter(pk__in=visible(user)) if user else rows.none()


def of_customer(users: QuerySet, value: Any, request: Any) -> QuerySet:
    """Users with a role on a customer or in one of its projects."""
    held = Grant.objects.filter(Q(customer__uuid=value) | Q(project__customer__uuid=value), is_active=True)
    return users.filter(id__in=held.values("user_id"))


def resource_managed_by(resources: QuerySet, value: Any, request: Any) -> QuerySet:
    """Resources of the shared offerings on which a user has a role."""
    held = Grant.objects.filter(is_active=True, user__uuid=value).values("offering_id")
    return resources.filter(offering__shared=True, offering__in=held)


def visible_to_username(resources: QuerySet, value: str, request: Any) -> QuerySet:
    """Resources in the projects that a user sees."""
    user = User.objects.filter(username=value).first()
    return resources.filter(project__in=visible_projects(user)) if user else resources.none()


def nothing(rows: QuerySet, value: Any, request: Any) -> QuerySet:
    """Rows of a kind that no world here has."""
    return rows.none()


def nothing_if_true(rows: QuerySet, value: bool, request: Any) -> QuerySet:
    """Rows with something that no row here has, or without it."""
    return rows.none() if value else rows


def everything(rows: QuerySet, value: Any, request: Any) -> QuerySet:
    """Rows that are open to whomever."""
    return rows


def caller_may_create_projects(customers: QuerySet, value: bool, request: Any) -> QuerySet:
    """Customers in which the caller may create projects."""
    held = held_by(request.user).filter(role__permissions__permission="PROJECT.CREATE", customer__isnull=False)
    return customers.filter(id__in=held.values("customer_id")) if value and not request.user.is_staff else customers


def caller_manages(projects: QuerySet, value: bool, request: Any) -> QuerySet:
    """Projects that the caller manages, or whose customer the caller owns."""
    managed = held_by(request.user).filter(role__name="PROJECT.MANAGER").values("project_id")
    owned = held_by(request.user).filter(role__name="CUSTOMER.OWNER").values("customer_id")
    return projects.filter(Q(id__in=managed) | Q(customer__in=owned)) if value else projects


def with_terminated(projects: QuerySet, value: bool, request: Any) -> QuerySet:
    """Terminated projects too, or only the others."""
    return projects if value else projects.filter(is_removed=False)


def without_finished(projects: QuerySet, value: bool, request: Any) -> QuerySet:
    """Projects whose last day has not passed."""
    lasting = Q(end_date__isnull=True) | Q(end_date__gte=clock.now().date())
    return projects.filter(lasting) if value else projects


def with_attributes(offerings: QuerySet, value: str, request: Any) -> QuerySet:
    """Offerings with all the attributes of a JSON object (api-behaviour: offerings)."""
    try:
        wanted = dict(json.loads(value)).items()
    except (ValueError, TypeError):
        raise ValidationError({"attributes": ["Filter attribute is not valid json."]}) from None
    return offerings.filter(pk__in=[one.pk for one in offerings if wanted <= one.extra.get("attributes", {}).items()])


def caller_has_account(offerings: QuerySet, value: bool, request: Any) -> QuerySet:
    """Offerings in which the caller has an account, or has none."""
    held = Q(accounts__user=request.user.pk)
    return offerings.filter(held) if value else offerings.exclude(held)


def lets_create_accounts(offerings: QuerySet, value: bool, request: Any) -> QuerySet:
    """Offerings whose provider may create accounts, or may not."""
    allowed = Q(**{f"{editions.current().account_option_column}__{ACCOUNT_OPTION}": True})
    return offerings.filter(allowed) if value else offerings.exclude(allowed)


def compliance_status(accounts: QuerySet, value: str, request: Any) -> QuerySet:
    """Accounts by how far they are with their checklist; other words match everything
    (api-behaviour: compliance-users)."""
    done = Q(completions__is_completed=True, completions__checklist=F("offering__compliance_checklist"))
    asked = Q(offering__compliance_checklist__isnull=False)
    if value == "completed":
        return accounts.filter(asked, done)
    if value == "pending":
        return accounts.filter(asked).exclude(pk__in=accounts.filter(done).values("pk"))
    return accounts.filter(~asked) if value == "no_checklist" else accounts


def known_user(grants: QuerySet, value: str, request: Any) -> QuerySet:
    """The grants of a user; of everybody, when there is no such user."""
    user = User.objects.filter(uuid=parse_uuid(value)).first()
    return grants.filter(user=user) if user else grants


def pools_of_customer(pools: QuerySet, value: Any, request: Any) -> QuerySet:
    """Return the pools of the provider of a customer, and those of its offerings."""
    return pools.filter(Q(service_provider__customer__uuid=value) | Q(offering__customer__uuid=value))


def held_by_type(identities: QuerySet, value: list[str], request: Any) -> QuerySet:
    """Return the identities of users, or of objects of other kinds (api-behaviour: posix-identities)."""
    others = Q(user=None, consumer_type__in=value)
    return identities.filter(Q(user__isnull=False) | others if "user" in value else others) if value else identities


def groups_at_offering(groups: QuerySet, value: Any, request: Any) -> QuerySet:
    """Return the groups of projects that use the offering (api-behaviour: project-groups-filters)."""
    found = [group.pk for group in describe(groups) if value in {one.uuid for one in group.used_offerings}]
    return groups.filter(pk__in=found)


def groups_in_use(groups: QuerySet, value: bool, request: Any) -> QuerySet:
    """Return the groups of projects that use their provider, or do not."""
    return groups.filter(pk__in=[group.pk for group in describe(groups) if bool(group.used_offerings) == value])
