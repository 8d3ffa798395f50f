# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of service providers, their role grants and their figures."""

from __future__ import annotations

from .fields import Field, RowType

ORGANIZATION_GROUP = (
    Field("uuid", "str", "The UUID of the organization group.", sample="2f4d1c8a7b3e4f6d9a0b1c2d3e4f5a6b"),
    Field(
        "url",
        "str",
        "The URL of the organization group in the API.",
        sample="https://waldur.example.org/api/organization-groups/2f4d1c8a7b3e4f6d9a0b1c2d3e4f5a6b/",
    ),
    Field("name", "str", "The name of the organization group.", sample="Universities"),
    Field("parent_uuid", "str", "The UUID of the parent group, or V(none) if it has none.", sample=None),
    Field("parent_name", "str", "The name of the parent group, or V(none) if it has none.", sample=None),
    Field("parent", "str", "The URL of the parent group in the API, or V(none) if it has none.", sample=None),
    Field("customers_count", "int", "The number of customers in the group.", sample=12),
)

SERVICE_PROVIDER = (
    Field(
        "url",
        "str",
        "The URL of the service provider in the API.",
        sample="https://waldur.example.org/api/marketplace-service-providers/e182aaedb6ae4541956a3c14629abc02/",
    ),
    Field(
        "uuid",
        "str",
        "The UUID of the service provider. It is not the one of its customer.",
        sample="e182aaedb6ae4541956a3c14629abc02",
    ),
    Field("created", "str", "When the customer became a service provider.", sample="2026-11-22T21:16:00.500041+00:00"),
    Field("description", "str", "The description of the service provider.", sample="Provider of Alpha Cloud Ltd"),
    Field(
        "enable_notifications", "bool", "Whether Waldur sends notifications to the users of the provider.", sample=True
    ),
    Field(
        "customer",
        "str",
        "The URL of the customer in the API.",
        sample="https://waldur.example.org/api/customers/d2c8772ce559428283e388badd97f2d6/",
    ),
    Field("customer_name", "str", "The name of the customer.", sample="Alpha Cloud Ltd"),
    Field("customer_uuid", "str", "The UUID of the customer.", sample="d2c8772ce559428283e388badd97f2d6"),
    Field("customer_image", "str", "The URL of the customer's image.", sample=None),
    Field("customer_abbreviation", "str", "The abbreviation of the customer.", sample="ALPHA"),
    Field("customer_slug", "str", "The slug of the customer.", since=2025, sample="alpha-cl-1"),
    Field("customer_native_name", "str", "The name of the customer in its own language.", sample="Alpha Cloud Ltd"),
    Field("customer_country", "str", "The country of the customer, as its code of two letters.", sample="EE"),
    Field("image", "str", "The URL of the service provider's image, or V(none) if it has none.", sample=None),
    Field(
        "organization_groups",
        "list",
        "The organization groups of the customer. Most versions of Waldur do not return them.",
        since=2025,
        returned="if Waldur returns it",
        fields=ORGANIZATION_GROUP,
    ),
    Field("offering_count", "int", "How many offerings the service provider has.", sample=4),
    Field(
        "allowed_domains",
        "list",
        "The domain names that the provider may use.",
        elements="str",
        since=2026,
        sample=["alpha.example.org"],
    ),
    Field(
        "account_options",
        "dict",
        "The options of the accounts of the provider, such as C(account_scope) and C(username_generation_policy).",
        since=2026,
        sample={"login_shell": "/bin/bash"},
    ),
)

ROLE_GRANT = (
    Field("uuid", "str", "The UUID of the role grant.", sample="dbad933ca0f14e1eb8b1f5dd391d17a5"),
    Field("created", "str", "When the role was granted.", sample="2026-11-22T21:16:00.324501+00:00"),
    Field("expiration_time", "str", "When the role grant expires, or V(none) if it never expires.", sample=None),
    Field("role_name", "str", "The name of the role.", sample="CUSTOMER.MANAGER"),
    Field("role_uuid", "str", "The UUID of the role.", sample="d51bab95e9a74d39be894869c14ec67e"),
    Field("user_email", "str", "The e-mail address of the user.", sample="manager_alpha@example.org"),
    Field("user_full_name", "str", "The name of the user.", sample="Manager alpha Tester"),
    Field("user_username", "str", "The username of the user.", sample="manager_alpha"),
    Field("user_uuid", "str", "The UUID of the user.", sample="551b22bc52224067a423ce9d73c31321"),
    Field("user_image", "str", "The URL of the user's image.", sample=None),
    Field(
        "created_by_full_name",
        "str",
        "The name of the user who granted the role. Missing if Waldur itself granted it.",
        sample="",
    ),
    Field(
        "created_by_uuid",
        "str",
        "The UUID of the user who granted the role. Missing if Waldur itself granted it.",
        sample="e47dc660df0240318b589613d52acdff",
    ),
    Field("source", "str", "Where the grant came from, such as a group sync.", since=2026, sample=""),
)

STATISTICS = (
    Field("active_campaigns", "int", "The number of active campaigns (temporary price reductions).", sample=0),
    Field("current_customers", "int", "The number of customers with a resource.", sample=2),
    Field(
        "customers_number_change",
        "int",
        "The number of customers added this month, minus those that left. Can be negative.",
        sample=2,
    ),
    Field("active_resources", "int", "How many resources there are.", sample=4),
    Field(
        "resources_number_change",
        "int",
        "The number of resources added this month, minus those that were terminated. Can be negative.",
        sample=4,
    ),
    Field(
        "active_and_paused_offerings",
        "int",
        "How many billable, shared offerings are active, paused or unavailable.",
        sample=3,
    ),
    Field("unresolved_tickets", "int", "How many support tickets about the provider's resources are open.", sample=0),
    Field("pending_orders", "int", "The number of orders that are pending at the provider.", sample=0),
    Field("erred_resources", "int", "The number of resources with errors.", sample=0),
)

REVENUE = (
    Field("total", "int", "The amount invoiced in the month.", sample=130),
    Field(
        "year",
        "int",
        "The year. Always a number, even if the server returns a string, as Waldur 2024 does.",
        sample=2026,
    ),
    Field("month", "int", "The month, from 1 to 12. Always a number, like C(year).", sample=8),
)

API_SECRET_CODE = (
    Field(
        "api_secret_code",
        "str",
        "The code in plain text, or V(none) if the service provider has none.",
        returned="with O(reveal=true)",
    ),
)

ROWS = (
    RowType(("service_providers", "service_provider"), SERVICE_PROVIDER),
    RowType(("list_users",), ROLE_GRANT),
    RowType(("stat",), STATISTICS),
    RowType(("revenue",), REVENUE),
    RowType(("api_secret_code",), API_SECRET_CODE),
)
