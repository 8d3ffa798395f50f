# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the customers that a service provider serves."""

from __future__ import annotations

from .fields import Field, RowType

CUSTOMER = (
    Field("uuid", "str", "The UUID of the customer.", sample="47d72aa7327a4e45944a42b02349eb16"),
    Field("name", "str", "The name of the customer.", sample="Consumer Institute"),
    Field("slug", "str", "A short name for use in addresses.", since=2025, sample="consumer-1"),
    Field("abbreviation", "str", "The abbreviation of the customer.", sample="CONSUMER"),
    Field("phone_number", "str", "The phone number of the customer.", sample=""),
    Field("email", "str", "The e-mail address of the customer.", sample="consumer@example.org"),
    Field(
        "payment_profiles",
        "list",
        "How the customer pays.",
        fields=(
            Field("uuid", "str", "The UUID of the payment profile.", sample="6c1f0f0a5c3b4d7c8a5e2b9d1f3a4c5e"),
            Field(
                "url",
                "str",
                "The URL of the payment profile in the API.",
                sample="https://waldur.example.org/api/payment-profiles/6c1f0f0a5c3b4d7c8a5e2b9d1f3a4c5e/",
            ),
            Field("name", "str", "The name of the payment profile.", sample="Contract of 2026"),
            Field(
                "organization_uuid",
                "str",
                "The UUID of the customer to which the profile belongs.",
                sample="47d72aa7327a4e45944a42b02349eb16",
            ),
            Field(
                "organization",
                "str",
                "The URL of that customer in the API.",
                sample="https://waldur.example.org/api/customers/47d72aa7327a4e45944a42b02349eb16/",
            ),
            Field(
                "attributes",
                "dict",
                "The terms of the payment.",
                fields=(
                    Field("end_date", "str", "The last day on which the terms are valid.", sample="2026-12-31"),
                    Field("agreement_number", "str", "The number of the agreement with the customer.", sample="A-17"),
                    Field("contract_sum", "int", "The total price that was agreed.", sample=12000),
                ),
            ),
            Field("payment_type", "str", "The kind of payment, as an identifier.", sample="fixed_price"),
            Field(
                "payment_type_display",
                "str",
                "The kind of payment, as a text for users.",
                sample="Fixed-price contract",
            ),
            Field("is_active", "bool", "Whether the profile is the one in use.", sample=True),
        ),
    ),
    Field(
        "billing_price_estimate",
        "dict",
        "The estimated price of the customer for this service provider in the current month.",
        sample={"total": 27.6, "current": 27.6, "tax": 0.0, "tax_current": 0.0},
    ),
    Field("projects_count", "int", "How many projects of the customer use the service provider.", sample=2),
    Field("users_count", "int", "The number of users in these projects.", sample=5),
    Field(
        "projects",
        "list",
        "The projects of the customer that use the service provider.",
        fields=(
            Field("uuid", "str", "The UUID of the project.", sample="166880ed37384add85492b3e26ccc70e"),
            Field("name", "str", "The name of the project.", sample="Project c1"),
            Field("image", "str", "The URL of the project's image.", sample=None),
        ),
    ),
    Field(
        "users",
        "list",
        "The users in these projects.",
        fields=(
            Field("uuid", "str", "The UUID of the user.", sample="51d1acdbef2e4274bda95a1ce5391e54"),
            Field("full_name", "str", "The name of the user.", sample="Member1 Tester"),
            Field("email", "str", "The e-mail address of the user.", sample="member1@example.org"),
            Field("image", "str", "The URL of the user's image.", sample=None),
        ),
    ),
)

ROBOT_ACCOUNT_SCOPE = (
    Field("name", "str", "The name of the customer or project.", sample="Consumer Institute"),
    Field("uuid", "str", "The UUID of the customer or project.", sample="47d72aa7327a4e45944a42b02349eb16"),
)

ROWS = (
    RowType(("customers", "user_customers"), CUSTOMER),
    RowType(("robot_account_customers", "robot_account_projects"), ROBOT_ACCOUNT_SCOPE),
)
