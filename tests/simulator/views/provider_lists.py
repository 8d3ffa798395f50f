# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider reads of those it serves (api-behaviour: provider-lists): a function for each list of ``lists.yaml``.

The functions take the provider and the request. What they return decides how it is answered: a query set in pages of
the list's shape, anything else as it is.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import Any

from django.db.models import Count, Model, Q, QuerySet, Sum
from django.http import HttpResponseBase
from django_filters.utils import translate_validation
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from .. import clock, configuration, editions, models
from ..computed import creates_accounts
from ..exposure import CONSENT, consenting, exposed_by, has_consent, has_terms
from ..fields import parse_uuid
from ..filtering import filters_of
from ..models import ServiceProvider
from ..permissions import connected_customers, connected_projects, demand, is_owner, sees_all
from ..shapes import in_edition, read, shape
from .base import ObjectViewSet

OLD, NEW, NEWEST = {"until": "2024"}, {"since": "2025"}, {"since": "2026"}


class ProviderListViewSet(ObjectViewSet):
    """One list of one provider; ``lists.yaml`` has its attributes."""

    def answer(self, request: Request, service_provider_uuid: str) -> HttpResponseBase:
        """Answer what the list's function finds."""
        provider = self.get_provider(service_provider_uuid)
        self.check_right(provider)
        found = self.find_rows(provider, request)
        if not isinstance(found, QuerySet):
            return found if isinstance(found, HttpResponseBase) else Response(found)
        if self.filters and in_edition(self.filtered):
            # Once only the provider was looked for strictly: what was wrong in a filter of the rows was passed over.
            found = filtered(found, self.filters, request, strict=in_edition(NEW))
        page = self.read_page(found)
        if complete := type(self).complete:
            complete(page, provider)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def read_page(self, queryset: QuerySet) -> list[Any]:
        """Return the rows of a page. Its keys are read first, as SQLite is slow to sort rows with their relations."""
        keys = self.paginate_queryset(queryset.values_list("pk", flat=True))
        queryset.query.where = type(queryset.query.where)()
        by_key = {row.pk: row for row in queryset.filter(pk__in=keys).order_by()}
        return [by_key[key] for key in keys]

    def get_serializer_class(self) -> Any:
        return shape(self.rows, obeys_field=in_edition(self.obeys_field))

    def get_view_name(self) -> str:
        """What OPTIONS calls it."""
        return self.title if in_edition(self.leaks) else super().get_view_name()

    def get_provider(self, uuid: str) -> ServiceProvider:
        """The provider of the path; raises 404, and 400 for a leaking filter's bad value."""
        providers = ServiceProvider.objects.select_related("customer")
        if in_edition(self.leaks):
            providers = filtered(providers, "service_providers", self.request, strict=True)
        owned = providers.filter(customer__uuid=parse_uuid(uuid)).first() if in_edition(self.by_customer) else None
        return owned or self.find(providers, uuid)

    def check_right(self, provider: ServiceProvider) -> None:
        """Raise 403 unless the caller may read the list."""
        caller = self.request.user
        if self.permission == "OWNER" and not is_owner(caller, provider.customer):
            raise PermissionDenied()
        if self.permission not in ("", "OWNER") and not (caller.is_support and in_edition(self.support)):
            scopes = (provider.customer, *((provider,) if in_edition(self.on_provider) else ()))
            demand(caller, f"SERVICE_PROVIDER.{self.permission}", *scopes)


def view_of(place: str, rule: dict[str, Any], functions: dict[str, Any]) -> type[ProviderListViewSet]:
    """The view of the list at *place* below a provider, as ``lists.yaml`` has it, with *functions* by their names."""
    name = "provider_" + place.replace("/", "_")
    usual = {**editions.load("lists.yaml")["usual"], "rows": name, "filters": name if name in read("filters") else ""}
    content = {**usual, **rule, "title": place.replace("_", " ").title()}
    content["complete"] = functions.get(content["complete"])
    content["find_rows"] = staticmethod(functions[rule.get("function", place)])
    content[content["method"]] = ProviderListViewSet.answer
    return type(f"Service{name.title().replace('_', '')}ViewSet", (ProviderListViewSet,), content)


def filtered(rows: QuerySet, name: str, request: Request, *, strict: bool) -> QuerySet:
    """*rows* by the filters called *name*; a bad value is 400, or overlooked if not *strict*."""
    found = filters_of(name)(request.query_params, queryset=rows, request=request)
    if strict and not found.is_valid():
        raise translate_validation(found.errors)
    return found.qs


def offered(provider: ServiceProvider) -> QuerySet:
    """The provider's billable and shared offerings, in whatever state."""
    return models.Offering.objects.filter(customer=provider.customer, billable=True, shared=True)


def served(provider: ServiceProvider) -> QuerySet:
    """The live resources of the provider's shared offerings."""
    live = models.Resource.objects.exclude(state="Terminated")
    return live.filter(offering__customer=provider.customer, offering__shared=True)


def by_name(model: type[Model], resources: QuerySet, column: str) -> QuerySet:
    """The objects of *model* to which *column* of *resources* points, by name."""
    return model._default_manager.filter(id__in=resources.values(column)).order_by("name")


def served_projects(provider: ServiceProvider) -> QuerySet:
    """The projects with a served resource, by name."""
    return by_name(models.Project, served(provider), "project_id").filter(is_removed=False)


def memberships(provider: ServiceProvider) -> QuerySet:
    """The active grants in these projects."""
    return models.Grant.objects.filter(is_active=True, project__in=served(provider).values("project_id"))


def add_counts(page: list[Any], **counts: tuple[QuerySet, str, str]) -> None:
    """Give each object of *page* the numbers *counts*: of rows, by a column for the object, what differs in another."""
    for name, (rows, key, counted) in counts.items():
        numbers = dict(rows.order_by().values_list(key).annotate(Count(counted, distinct=True)))
        for item in page:
            setattr(item, name, numbers.get(item.pk, 0))


def add_estimates(page: list[Any], resources: QuerySet, key: str) -> None:
    """Give each object of *page* what those *resources* cost this month that point to it by the column *key*."""
    now = clock.now()
    items = models.InvoiceItem.objects.filter(resource__in=resources, year=now.year, month=now.month).order_by()
    sums = items.values_list(f"resource__{key}").annotate(Sum("price"), Sum("tax"))
    costs = {owner: (round(price, 10), round(tax, 10)) for owner, price, tax in sums}
    for item in page:
        price, tax = costs.get(item.pk, (0.0, 0.0))
        item.estimate = {"total": price + tax, "current": price, "tax": tax, "tax_current": tax}


def with_cost(rows: QuerySet, request: Request) -> QuerySet:
    """*rows* that can be ordered by what they cost this month, and by who uses them; slower, so only where wanted."""
    if "o" not in request.query_params:
        return rows
    now = Q(resources__invoice_items__year=clock.now().year, resources__invoice_items__month=clock.now().month)
    cost = Sum("resources__invoice_items__total", filter=now)
    users = Count("resources__project__customer", distinct=True)
    return rows.annotate(cost=cost, cost_estimated=cost, customers_served=users)


def complete_customers(page: list[Any], provider: ServiceProvider) -> None:
    """Add the served projects, their users, and what they cost."""
    projects, users = defaultdict(list), defaultdict(list)
    for project in served_projects(provider).filter(customer__in=page):
        projects[project.customer_id].append(project)
    held = memberships(provider).filter(project__customer__in=page, user__is_active=True).order_by("user__username")
    # Names of columns, not whole users: a customer can have ten thousand.
    people = models.User.objects.only("uuid", "full_name", "email", "extra").in_bulk(
        held.values_list("user", flat=True)
    )
    for customer, user in dict.fromkeys(held.values_list("project__customer_id", "user_id")):
        users[customer].append(people[user])
    for customer in page:
        customer.served_projects, customer.served_users = projects[customer.pk], users[customer.pk]
        customer.projects_count, customer.users_count = len(customer.served_projects), len(customer.served_users)
    add_estimates(page, served(provider), "project__customer_id")


def customers(provider: ServiceProvider, request: Request) -> QuerySet:
    """The customers with a served project."""
    return by_name(models.Customer, served(provider), "project__customer_id")


def user_customers(provider: ServiceProvider, request: Request) -> QuerySet:
    """The served customers that one user reaches; none without a known user."""
    wanted = parse_uuid(request.query_params.get("user_uuid"))
    user = models.User.objects.filter(uuid=wanted, is_active=True).first()
    if wanted is None or user is None:
        return models.Customer.objects.none()
    reached = Q(project__in=connected_projects(user)) | Q(project__customer__in=connected_customers(user))
    return by_name(models.Customer, served(provider).filter(reached), "project__customer_id")


def complete_projects(page: list[Any], provider: ServiceProvider) -> None:
    """Add what one customer's projects use, and cost; users who are not active count here too."""
    resources = served(provider).filter(project__in=page)
    held = models.Grant.objects.filter(is_active=True, project__in=page)
    add_counts(page, resources_count=(resources, "project_id", "id"), users_count=(held, "project_id", "user"))
    add_estimates(page, resources, "project_id")


def customer_projects(provider: ServiceProvider, request: Request) -> QuerySet:
    """The served projects of one customer; once a 500 where it was not named."""
    wanted = parse_uuid(request.query_params.get("project_customer_uuid"))
    if wanted is None and in_edition(OLD):
        raise ValueError("project_customer_uuid is missing or malformed")
    return with_cost(served_projects(provider).filter(customer__uuid=wanted), request)


def projects(provider: ServiceProvider, request: Request) -> QuerySet:
    """The served projects."""
    return with_cost(models.with_live_resources(served_projects(provider).select_related("customer")), request)


def project_permissions(provider: ServiceProvider, request: Request) -> QuerySet:
    """The grants of active users in the served projects."""
    held = models.Grant.objects.filter(is_active=True, user__is_active=True, project__in=served_projects(provider))
    found = held.select_related("user", "role", "created_by", "project__customer").order_by("id")
    # Half of the time would go into columns that are not shown.
    return found.defer("user__extra", "created_by__extra", "project__extra", "project__customer__extra")


def keys(provider: ServiceProvider, request: Request) -> QuerySet:
    """The keys of those with a role in the served projects; of the inactive ones for staff and support alone."""
    held = memberships(provider)
    if not sees_all(request.user):
        held = held.filter(user__is_active=True)
    return models.SshKey.objects.filter(user__in=held.values("user_id")).select_related("user").order_by("name")


def complete_users(page: list[Any], provider: ServiceProvider) -> None:
    """Add the number of served projects, and which attributes the provider's offerings expose
    (api-behaviour: user-attributes)."""
    shown: set[str] = set()
    for offering in provider.customer.offerings.all():
        if creates_accounts(offering, None):
            shown |= exposed_by(offering)
    for user in page:
        user.exposed = shown
    add_counts(page, projects_count=(memberships(provider).filter(user__in=page), "user_id", "project"))


def users(provider: ServiceProvider, request: Request) -> QuerySet:
    """The active users with a role in the served projects."""
    found = models.User.objects.filter(is_active=True, id__in=memberships(provider).values("user_id"))
    return consenting(found, models.OfferingUser.objects.filter(offering__customer=provider.customer)).order_by(
        "username"
    )


def complete_offerings(page: list[Any], provider: ServiceProvider) -> None:
    """Add the number of live resources, and what they cost."""
    live = models.Resource.objects.exclude(state="Terminated").filter(offering__in=page)
    add_counts(page, resources_count=(live, "offering_id", "id"))
    add_estimates(page, live, "offering_id")


def offerings(provider: ServiceProvider, request: Request) -> QuerySet:
    """The billable and shared offerings."""
    return with_cost(offered(provider).select_related("customer", "category").order_by("name"), request)


def stat(provider: ServiceProvider, request: Request) -> dict[str, int]:
    """Nine counters; nothing here starts campaigns or opens tickets."""
    of_provider, customer = Q(offering__customer=provider.customer), "project__customer_id"
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    live = models.Resource.objects.filter(of_provider).exclude(state="Terminated")
    orders = models.Order.objects.filter(of_provider)
    done = orders.filter(state="done", created__gte=month)
    made, ended = done.filter(type="Create"), done.filter(type="Terminate")
    now = set(live.values_list(customer))
    gained = set(made.values_list(customer)) - set(live.filter(created__lt=month).values_list(customer))
    shown = ("Active", "Paused", *(("Unavailable",) if in_edition(NEW) else ()))
    return {
        "active_campaigns": 0,
        "current_customers": len(now),
        "customers_number_change": len(gained) - len(set(ended.values_list(customer)) - now),
        "active_resources": live.count(),
        "resources_number_change": len(set(made.values_list("resource"))) - len(set(ended.values_list("resource"))),
        "active_and_paused_offerings": offered(provider).filter(state__in=shown).count(),
        "unresolved_tickets": 0,
        "pending_orders": orders.filter(state="pending-provider").count(),
        "erred_resources": live.filter(state="Erred").count(),
    }


def revenue(provider: ServiceProvider, request: Request) -> list[dict[str, Any]]:
    """What was billed in this and the twelve months before, decimals cut; the numbers of a date were texts once."""
    now, number = clock.now(), int if in_edition(NEW) else str
    late = Q(year__gt=now.year - 1) | Q(year=now.year - 1, month__gte=now.month)
    items = models.InvoiceItem.objects.filter(late, resource__offering__customer=provider.customer)
    months = items.values_list("year", "month").annotate(Sum("price")).order_by("year", "month")
    return [{"total": int(total), "year": number(year), "month": number(month)} for year, month, total in months]


def robots(provider: ServiceProvider) -> QuerySet:
    """The robot accounts at the provider that are in use."""
    found = models.RobotAccount.objects.filter(resource__offering__customer=provider.customer)
    return found.filter(state__in=("OK", "Requested deletion"))


def robot_account_customers(provider: ServiceProvider, request: Request) -> QuerySet:
    """The customers with a robot account."""
    text = request.query_params.get("customer_name", "")
    return by_name(models.Customer, robots(provider), "resource__project__customer_id").filter(name__icontains=text)


def robot_account_projects(provider: ServiceProvider, request: Request) -> QuerySet:
    """The projects with a robot account; ``project_name`` looks at the project of the offering, which has none."""
    found = robots(provider).none() if request.query_params.get("project_name") else robots(provider)
    return by_name(models.Project, found, "resource__project_id")


def course_accounts(provider: ServiceProvider, request: Request) -> QuerySet:
    """The accounts of courses in the served projects; once those without a user were left out."""
    found = models.CourseAccount.objects.filter(project__in=served_projects(provider))
    found = found if in_edition(NEWEST) else found.filter(user__isnull=False)
    return found.select_related("user", "project__customer").order_by("id")


def project_service_accounts(provider: ServiceProvider, request: Request) -> QuerySet:
    """The service accounts of the served projects that have a username, be it empty."""
    found = models.ServiceAccount.objects.filter(project__in=served_projects(provider), username__isnull=False)
    return found.select_related("project__customer").order_by("id")


def compliance_overview(provider: ServiceProvider, request: Request) -> QuerySet:
    """The offerings with a checklist, and how many of their users are how far."""
    begun = functools.partial(Count, "accounts__completions__account", distinct=True)
    done = begun(filter=Q(accounts__completions__is_completed=True))
    found = provider.customer.offerings.filter(compliance_checklist__isnull=False).order_by("name")
    found = found.annotate(total_users=Count("accounts", distinct=True), users_with_completions=begun())
    return found.annotate(completed_users=done).select_related("compliance_checklist")


def compliance_of_accounts(provider: ServiceProvider, request: Request) -> QuerySet:
    """The provider's accounts and how far each is."""
    found = models.OfferingUser.objects.filter(offering__customer=provider.customer)
    if configuration.value(CONSENT) and in_edition(NEWEST):
        # Staff does not see the others either (api-behaviour: user-attributes).
        found = found.filter(~has_terms(is_active=True) | has_consent())
    found = found.order_by("offering__name", "user__last_name", "user__first_name", "id")
    found = found.select_related("user", "offering__compliance_checklist")
    return found.prefetch_related("completions", "offering__compliance_checklist__questions")


def checklists_summary(provider: ServiceProvider, request: Request) -> QuerySet:
    """The checklists of the provider's offerings, those in most use first."""
    own = provider.customer.offerings
    used = Count("offerings", distinct=True, filter=Q(offerings__customer=provider.customer))
    found = models.Checklist.objects.filter(id__in=own.values("compliance_checklist")).annotate(offerings_count=used)
    return found.annotate(questions_count=Count("questions", distinct=True)).order_by("-offerings_count", "name")
