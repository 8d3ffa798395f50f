# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of each list (contract 2 and 3.j); a name that is not here is ignored by the framework."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django_filters.widgets import BooleanWidget

from .filtering import (
    AskedFilterSet,
    FoldedNameFilter,
    OpenChoiceFilter,
    TextListFilter,
    UrlFilter,
    UuidListFilter,
    any_part,
    exact,
    labels,
    ordering,
    part,
    since,
    truth,
)
from .models import (
    ACCOUNT_STATES,
    OFFERING_STATES,
    RESOURCE_STATES,
    SCOPE_COLUMNS,
    Customer,
    Grant,
    Offering,
    OfferingUser,
    Project,
    Resource,
    Role,
    ServiceProvider,
    User,
)
from .uuids import parse_uuid


class ServiceProviderFilter(AskedFilterSet):
    """Filters of the provider list."""

    customer = UrlFilter("customer-detail", field_name="customer__uuid")
    customer_uuid = filters.UUIDFilter(field_name="customer__uuid")
    customer_keyword = filters.CharFilter(method="filter_customer_keyword")
    o = ordering(customer_name="customer__name")

    filter_customer_keyword = any_part("customer__name", "customer__abbreviation", "customer__native_name")

    class Meta:
        model = ServiceProvider
        fields: list[str] = []


class GrantFilter(AskedFilterSet):
    """Filters shared by every list of grants."""

    user = filters.UUIDFilter(field_name="user__uuid")
    user_url = UrlFilter("user-detail", field_name="user__uuid")
    username = exact("user__username")
    full_name = FoldedNameFilter(field_name="user__folded_name")
    native_name = part("user__native_name")
    user_slug = part("user__slug")
    created = since("created")
    modified = since("modified")
    expiration_time = filters.IsoDateTimeFilter(field_name="expiration_time")
    scope_type = filters.CharFilter(method="filter_scope_type")
    scope_uuid = filters.UUIDFilter(method="filter_scope")
    scope_name = filters.CharFilter(method="filter_scope_name")
    role_name = part("role__name")
    role_uuid = filters.UUIDFilter(field_name="role__uuid")
    o = ordering(
        username="user__username",
        full_name="user__full_name",
        native_name="user__native_name",
        email="user__email",
        expiration_time="expiration_time",
        created="created",
        role="role",
    )

    class Meta:
        model = Grant
        fields: list[str] = []

    def filter_scope_type(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        columns = {column.replace("_", ""): column for column in SCOPE_COLUMNS.values()}
        return queryset.filter(**{f"{columns[value]}__isnull": False}) if value in columns else queryset.none()

    def filter_scope(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        wanted = Q()
        for column in SCOPE_COLUMNS.values():
            wanted |= Q(**{f"{column}__uuid": value})
        return queryset.filter(wanted)

    def filter_scope_name(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        wanted = Q(service_provider__customer__name__icontains=value)
        for column in ("customer", "project", "offering"):
            wanted |= Q(**{f"{column}__name__icontains": value})
        return queryset.filter(wanted)


class ProviderGrantFilter(GrantFilter):
    """Filters of ``list_users`` (contract 2.7)."""

    role = filters.CharFilter(method="filter_role")
    search_string = filters.CharFilter(method="filter_search_string")

    filter_search_string = any_part("user__first_name", "user__last_name", "user__email")

    def filter_role(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        wanted = parse_uuid(value)
        return queryset.filter(role__uuid=wanted) if wanted else queryset.filter(role__name=value)


class RoleFilter(AskedFilterSet):
    """Filters of the roles; a 2025 server has no other."""

    is_active = truth("is_active")
    name = part("name")
    description = part("description")

    class Meta:
        model = Role
        fields: list[str] = []


class CustomerFilter(AskedFilterSet):
    """Filters of the customers."""

    query = filters.CharFilter(method="filter_query")
    name = part("name")
    name_exact = exact("name")
    native_name = part("native_name")
    abbreviation = part("abbreviation")
    contact_details = part("contact_details")
    registration_code = exact("registration_code")
    backend_id = exact("backend_id")
    agreement_number = exact("agreement_number")
    archived = truth("archived")
    is_service_provider = filters.BooleanFilter(method="filter_is_service_provider", widget=BooleanWidget)
    owned_by_current_user = filters.BooleanFilter(method="filter_owned", widget=BooleanWidget)
    o = ordering(
        name="name",
        native_name="native_name",
        abbreviation="abbreviation",
        registration_code="registration_code",
        agreement_number="agreement_number",
        created="created",
    )

    filter_query = any_part("name", "native_name", "abbreviation", "registration_code", "agreement_number", "email")

    class Meta:
        model = Customer
        fields: list[str] = []

    def filter_is_service_provider(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        return queryset.filter(service_provider__isnull=not value)

    def filter_owned(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        owned = Grant.objects.filter(user=self.request.user.pk, is_active=True, role__name="CUSTOMER.OWNER")
        return queryset.filter(id__in=owned.values("customer_id")) if value else queryset


class UserFilter(AskedFilterSet):
    """Filters of the users."""

    username = exact("username")
    username_list = TextListFilter(field_name="username", lookup_expr="in")
    email = part("email")
    full_name = FoldedNameFilter(field_name="folded_name")
    native_name = part("native_name")
    organization = part("organization")
    job_title = part("job_title")
    description = exact("description")
    phone_number = exact("phone_number")
    civil_number = exact("civil_number")
    registration_method = exact("registration_method")
    date_joined = since("date_joined")
    agreement_date = since("agreement_date")
    modified = since("modified")
    is_active = truth("is_active")
    is_staff = truth("is_staff")
    is_support = truth("is_support")
    customer_uuid = filters.UUIDFilter(method="filter_customer")
    project_uuid = filters.UUIDFilter(method="filter_project")
    query = filters.CharFilter(method="filter_query")
    user_keyword = filters.CharFilter(method="filter_keyword")
    o = ordering(
        **{
            name: name
            for name in (
                "username",
                "email",
                "full_name",
                "native_name",
                "organization",
                "phone_number",
                "description",
                "job_title",
                "is_active",
                "is_staff",
                "is_support",
                "registration_method",
            )
        }
    )

    filter_query = any_part("full_name", "native_name", "username", "email", "phone_number", "civil_number")
    filter_keyword = any_part("full_name", "email", "username")

    class Meta:
        model = User
        fields: list[str] = []

    def filter_customer(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        held = Grant.objects.filter(Q(customer__uuid=value) | Q(project__customer__uuid=value), is_active=True)
        return queryset.filter(id__in=held.values("user_id"))

    def filter_project(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        return queryset.filter(id__in=Grant.objects.filter(project__uuid=value, is_active=True).values("user_id"))


class ProjectFilter(AskedFilterSet):
    """Filters of the projects."""

    name = part("name")
    name_exact = exact("name")
    slug = exact("slug")
    backend_id = exact("backend_id")
    description = part("description")
    customer = UuidListFilter(field_name="customer__uuid", lookup_expr="in")
    customer_name = part("customer__name")
    customer_native_name = part("customer__native_name")
    customer_abbreviation = part("customer__abbreviation")
    created = since("created")
    modified = since("modified")
    is_removed = truth("is_removed")
    query = filters.CharFilter(method="filter_query")
    o = ordering(
        name="name",
        created="created",
        customer_name="customer__name",
        customer_native_name="customer__native_name",
        customer_abbreviation="customer__abbreviation",
        start_date="start_date",
        end_date="end_date",
    )

    filter_query = any_part("name", "slug", "backend_id", "description")

    class Meta:
        model = Project
        fields: list[str] = []


class OfferingFilter(AskedFilterSet):
    """Filters of the provider's offerings."""

    name = part("name")
    name_exact = exact("name")
    description = part("description")
    customer = UrlFilter("customer-detail", field_name="customer__uuid")
    customer_uuid = filters.UUIDFilter(field_name="customer__uuid")
    category_uuid = filters.UUIDFilter(field_name="category__uuid")
    parent_uuid = filters.UUIDFilter(field_name="parent__uuid")
    state = filters.MultipleChoiceFilter(choices=labels(*OFFERING_STATES))
    type = OpenChoiceFilter(field_name="type")
    shared = truth("shared")
    billable = truth("billable")
    uuid_list = UuidListFilter(field_name="uuid", lookup_expr="in")
    created = since("created")
    modified = since("modified")
    resource_customer_uuid = filters.UUIDFilter(field_name="resources__project__customer__uuid", distinct=True)
    resource_project_uuid = filters.UUIDFilter(field_name="resources__project__uuid", distinct=True)
    query = filters.CharFilter(method="filter_query")
    keyword = filters.CharFilter(method="filter_keyword")
    o = ordering(name="name", created="created", type="type", state="state")

    filter_query = any_part("name", "slug", "description")
    filter_keyword = any_part("name", "description", "customer__name")

    class Meta:
        model = Offering
        fields: list[str] = []


class ResourceFilter(AskedFilterSet):
    """Filters of the provider's resources; ``provider_uuid`` is the UUID of the customer."""

    name = part("name")
    name_exact = exact("name")
    backend_id = exact("backend_id")
    provider_uuid = filters.UUIDFilter(field_name="offering__customer__uuid")
    offering = UrlFilter("offering-detail", field_name="offering__uuid")
    offering_uuid = UuidListFilter(field_name="offering__uuid", lookup_expr="in")
    offering_slug = TextListFilter(field_name="offering__slug", lookup_expr="in")
    offering_type = exact("offering__type")
    offering_shared = truth("offering__shared")
    offering_billable = truth("offering__billable")
    parent_offering_uuid = filters.UUIDFilter(field_name="offering__parent__uuid")
    category_uuid = filters.UUIDFilter(field_name="offering__category__uuid")
    customer = UrlFilter("customer-detail", field_name="project__customer__uuid")
    customer_uuid = filters.UUIDFilter(field_name="project__customer__uuid")
    project_uuid = filters.UUIDFilter(field_name="project__uuid")
    project_name = part("project__name")
    state = filters.MultipleChoiceFilter(choices=labels(*RESOURCE_STATES))
    created = since("created")
    modified = since("modified")
    query = filters.CharFilter(method="filter_query")
    o = ordering(name="name", created="created", project_name="project__name", customer_name="project__customer__name")

    filter_query = any_part("name", "slug", "backend_id")

    class Meta:
        model = Resource
        fields: list[str] = []


class OfferingUserFilter(AskedFilterSet):
    """Filters of the accounts; ``provider_uuid`` is the UUID of the customer (contract 3.e)."""

    user_uuid = filters.UUIDFilter(field_name="user__uuid")
    user_username = filters.CharFilter(field_name="user__username", lookup_expr="iexact")
    provider_uuid = filters.UUIDFilter(field_name="offering__customer__uuid")
    offering = UrlFilter("offering-detail", field_name="offering__uuid")
    offering_uuid = UuidListFilter(field_name="offering__uuid", lookup_expr="in")
    offering_slug = TextListFilter(field_name="offering__slug", lookup_expr="in")
    parent_offering_uuid = filters.UUIDFilter(field_name="offering__parent__uuid")
    state = filters.MultipleChoiceFilter(choices=labels(*ACCOUNT_STATES))
    is_restricted = truth("is_restricted")
    created = since("created")
    modified = since("modified")
    query = filters.CharFilter(method="filter_query")
    o = ordering(created="created", modified="modified", username="username")

    filter_query = any_part("offering__name", "username", "user__username", "user__full_name")

    class Meta:
        model = OfferingUser
        fields: list[str] = []
