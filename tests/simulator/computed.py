# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of rows that are no attribute of the object: the functions behind ``{call: …}`` in ``shapes/*.yaml``."""

from __future__ import annotations

import collections
import datetime
import functools
import types
from typing import Any

from rest_framework.permissions import SAFE_METHODS

from . import accounts, configuration, editions, exposure, models, posix
from .database import MEMORY
from .fields import moment
from .permissions import column_of, has_permission, is_owner, sees_all
from .shapes import ABSENT, row


def role_permissions(role: models.Role, request: Any) -> list[str]:
    """The names of the permissions that the role gives."""
    return [given.permission for given in role.permissions.all()]


def offering_count(provider: models.ServiceProvider, request: Any) -> int:
    """The offerings that are Active or Paused, counted once between two writes."""
    if hasattr(provider, "counted_offerings"):
        return provider.counted_offerings
    key = ("offering_count", provider.pk)
    if key not in MEMORY:
        MEMORY[key] = provider.customer.offerings.filter(state__in=("Active", "Paused")).count()
    return MEMORY[key]


def secret_options(offering: models.Offering, request: Any) -> Any:
    """For those who may change the offering's integration; asked once per customer and request."""
    known = request.__dict__.setdefault("secrets_of_customer", {})
    if offering.customer_id not in known:
        known[offering.customer_id] = has_permission(request.user, "OFFERING.UPDATE_INTEGRATION", offering.customer)
    return offering.secret_options if known[offering.customer_id] else ABSENT


def display_name(customer: models.Customer, request: Any) -> str:
    """How the customer is called in short."""
    return customer.abbreviation or customer.name


def count_of_users(customer: models.Customer, request: Any) -> int:
    """Those with a role on the customer or in one of its projects; asked once for all customers of a request."""
    known = request.__dict__.get("users_of_customers")
    if known is None:
        known = request.__dict__["users_of_customers"] = collections.defaultdict(set)
        held = models.Grant.objects.filter(is_active=True, service_provider=None, offering=None)
        for own, around, user in held.values_list("customer_id", "project__customer_id", "user_id"):
            known[own or around].add(user)
    return len(known[customer.pk])


def token_expires_at(user: models.User, request: Any) -> str | None:
    """When the token ends unless it is used again."""
    if user.token_lifetime is None or user.token_used is None:
        return None
    return moment(user.token_used + datetime.timedelta(seconds=user.token_lifetime))


def resources_by_category(project: models.Project, request: Any) -> dict[str, int]:
    """The number of live resources by the UUID of their offering's category."""
    found = (resource.offering.category for resource in project.live_resources)
    return dict(collections.Counter(category.uuid.hex for category in found if category))


def short_role(grant: models.Grant, request: Any) -> str:
    """``member`` for PROJECT.MEMBER."""
    return grant.role.name.rsplit(".", 1)[-1].lower()


def payment_profiles(customer: models.Customer, request: Any) -> list[dict[str, Any]] | None:
    """For staff, support and the customer's owners."""
    if sees_all(request.user) or is_owner(request.user, customer):
        return customer.extra.get("payment_profiles", [])
    return None


def pending_users(offering: Any, request: Any) -> int:
    """Those who began with the offering's checklist and are not done."""
    return offering.users_with_completions - offering.completed_users


def compliance_rate(offering: Any, request: Any) -> float:
    """How many in a hundred of the offering's users are done."""
    return offering.completed_users / offering.total_users * 100 if offering.total_users else 0.0


def state_code(account: models.OfferingUser, request: Any) -> int:
    """The number of the account's state, from 1 (api-behaviour: offering-user-states)."""
    return models.STATES["ACCOUNT_STATES"].index(account.state) + 1


def completion_of(account: models.OfferingUser) -> models.Completion | None:
    """The account's record of its offering's checklist, if it has any."""
    wanted = account.offering.compliance_checklist_id
    return next((one for one in account.completions.all() if one.checklist_id == wanted), None)


def completion_percentage(account: Any, request: Any) -> int | None:
    """How many in a hundred of the questions are answered; null without a checklist."""
    if account.offering.compliance_checklist_id is None:
        return None
    done, questions = completion_of(account), len(account.offering.compliance_checklist.questions.all())
    return round(100 * done.answered / questions) if done and questions else 0


def compliance_status(account: models.OfferingUser, request: Any) -> str:
    """How far the account is (api-behaviour: compliance-users)."""
    if account.offering.compliance_checklist_id is None:
        return "no_checklist"
    done = completion_of(account)
    return "completed" if done and done.is_completed else "pending"


def completion_modified(account: models.OfferingUser, request: Any) -> str | None:
    """When the answers changed last."""
    done = completion_of(account)
    return moment(done.modified) if done else None


def has_consent(account: models.OfferingUser | models.Consent, request: Any) -> bool:
    """Return whether the user consents to the offering's terms."""
    return (account.offering_id, account.user_id) in exposure.consents()


def requires_reconsent(item: models.OfferingUser | models.Consent, request: Any) -> bool:
    """Return whether the user has to consent to the offering's terms anew."""
    return exposure.requires_reconsent(item)


def collected_attributes(consent: models.Consent, request: Any) -> list[str]:
    """Return the attributes of the user that the offering exposes (api-behaviour: consents)."""
    exposed = exposure.exposed_by(consent.offering)
    return [name for name in exposure.ATTRIBUTES if name in exposed]


def offering_has_active_tos(account: models.OfferingUser, request: Any) -> bool:
    """Return whether the offering has active terms."""
    return account.offering_id in exposure.active_terms()


def consent_data(account: models.OfferingUser, request: Any) -> dict[str, Any] | None:
    """Return the user's consent, or null: always where consent is not enforced (api-behaviour: offering-users-rows)."""
    consent = exposure.consents().get((account.offering_id, account.user_id))
    if consent is None or not configuration.value(exposure.CONSENT):
        return None
    return {"uuid": consent.uuid.hex, "version": consent.version, "agreement_date": moment(consent.agreement_date)}


def missing_profile_attributes(account: models.OfferingUser, request: Any) -> list[str]:
    """Return what the offering exposes and the user lacks."""
    return exposure.missing_attributes(account)


def is_profile_complete(account: models.OfferingUser, request: Any) -> bool:
    """Return whether the user lacks nothing that the offering exposes."""
    return not exposure.missing_attributes(account)


def account_settings(offering: models.Offering, request: Any) -> dict[str, Any]:
    """Return the effective settings of the offering's accounts (api-behaviour: account-settings-effective)."""
    return accounts.settings_of(offering)


def offering_account_settings(resource: models.Resource, request: Any) -> dict[str, Any]:
    """Return those of the resource's offering."""
    return accounts.settings_of(resource.offering)


def count_of_backed(account: models.ProviderAccount, request: Any) -> int:
    """Return at how many offerings the account is used."""
    return len(account.backs.all())


def scope_type(grant: models.Grant, request: Any) -> str:
    """Return the kind of object on which the role is held: the name of its model, and since 2026 of its column."""
    names = editions.current().grants_are_public_names
    return column_of(grant.scope) if names else grant.scope._meta.model_name or ""


def may_update_integration(offering: models.Offering, request: Any) -> bool:
    """Whether the caller may change how the offering works."""
    return secret_options(offering, request) is not ABSENT


def components(offering: models.Offering, request: Any) -> list[dict[str, Any]]:
    """What the offering counts, with what the recorded Waldur did not tell yet."""
    rows = offering.extra.get("components", [])
    return [row("offering_component", types.SimpleNamespace(extra=one), request) for one in rows]


def plans(offering: models.Offering, request: Any) -> list[dict[str, Any]]:
    """The plans, likewise."""
    parts = offering.extra.get("components", [])
    rows = offering.extra.get("plans", [])
    return [row("offering_plan", types.SimpleNamespace(extra=one, parts=parts), request) for one in rows]


def plan_components(plan: Any, request: Any) -> list[dict[str, Any]]:
    """What a plan has of each component, and for how much."""
    prices, quotas = plan.extra["prices"], plan.extra["quotas"]
    rows = ({**part, "amount": quotas[part["type"]], "price": f"{prices[part['type']]:.10f}"} for part in plan.parts)
    return [row("offering_plan_component", types.SimpleNamespace(extra=one), request) for one in rows]


def creates_accounts(offering: models.Offering, request: Any) -> bool:
    """Whether the provider may create accounts in the offering."""
    return bool(getattr(offering, editions.current().account_option_column).get(models.ACCOUNT_OPTION))


def scope_of_pool(pool: models.PosixPool, request: Any) -> str:
    """Return what the pool belongs to."""
    return "service_provider" if pool.service_provider_id else "offering"


def _used(kind: str, pool: models.PosixPool, request: Any) -> int:
    """Return how many numbers of a range are in use; the answer to a write has not counted them
    (api-behaviour: posix-pools)."""
    return posix.used(pool, kind) if request.method in SAFE_METHODS else 0


def _utilization(kind: str, pool: models.PosixPool, request: Any) -> float | None:
    """Return that in percent; None where the pool does not manage the range."""
    span = posix.bounds(pool, kind)
    return posix.percent(_used(kind, pool, request), span) if span else None


uid_used, gid_used, group_gid_used = (functools.partial(_used, kind) for kind in models.NUMBER_RANGES)
uid_utilization, gid_utilization, group_gid_utilization = (
    functools.partial(_utilization, kind) for kind in models.NUMBER_RANGES
)


def consumer_type(identity: models.PosixIdentity, request: Any) -> str | None:
    """Return what kind of object holds the numbers."""
    return "user" if identity.user_id else identity.consumer_type or None


def consumer_name(identity: models.PosixIdentity, request: Any) -> str | None:
    """Return the name of the user, or of the object, that holds the numbers."""
    return identity.user.full_name if identity.user_id else identity.consumer_name or None


def is_in_use(group: Any, request: Any) -> bool:
    """Return whether the group's project uses the provider (api-behaviour: project-groups-in-use)."""
    return bool(group.used_offerings)
