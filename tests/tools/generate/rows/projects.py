# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of projects and of the role grants in them."""

from __future__ import annotations

from .fields import Field, RowType

PROJECT = (
    Field(
        "url",
        "str",
        "The URL of the project in the API.",
        sample="https://waldur.example.org/api/projects/166880ed37384add85492b3e26ccc70e/",
    ),
    Field("uuid", "str", "The UUID of the project.", sample="166880ed37384add85492b3e26ccc70e"),
    Field("name", "str", "The name of the project.", sample="Project c1"),
    Field("slug", "str", "A short name for use in addresses.", sample="project--2"),
    Field(
        "customer",
        "str",
        "The URL of the customer in the API.",
        sample="https://waldur.example.org/api/customers/47d72aa7327a4e45944a42b02349eb16/",
    ),
    Field("customer_uuid", "str", "The UUID of the customer.", sample="47d72aa7327a4e45944a42b02349eb16"),
    Field("customer_name", "str", "The name of the customer.", sample="Consumer Institute"),
    Field("customer_slug", "str", "The slug of the customer.", sample="consumer-1"),
    Field("customer_native_name", "str", "The name of the customer in its own language.", sample="Consumer Institute"),
    Field("customer_abbreviation", "str", "The abbreviation of the customer.", sample="CONSUMER"),
    Field("description", "str", "The description of the project.", sample="seed c1"),
    Field(
        "customer_display_billing_info_in_projects",
        "bool",
        "Whether the members of the project can read its costs.",
        since=2025,
        sample=False,
    ),
    Field("created", "str", "When the project was created.", sample="2026-11-22T21:16:00.763696+00:00"),
    Field("type", "str", "The URL of the project's type in the API.", sample=None),
    Field("type_name", "str", "The name of the project's type.", since=2025, sample=None),
    Field("type_uuid", "str", "The UUID of the project's type.", since=2025, sample=None),
    Field("backend_id", "str", "The identifier that another system gave to the project.", sample=""),
    Field("start_date", "str", "The first day of the project, or V(none).", sample="2026-11-01"),
    Field("end_date", "str", "The last day of the project, or V(none) if it has none.", sample="2030-12-31"),
    Field("end_date_requested_by", "str", "The URL of the user who requested that last day.", sample=None),
    Field("oecd_fos_2007_code", "str", "The field of science, as its code in the list of the OECD.", sample=None),
    Field("oecd_fos_2007_label", "str", "The name of that field of science.", sample=None),
    Field("is_industry", "bool", "Whether the project belongs to industry.", sample=False),
    Field("image", "str", "The URL of the project's image.", sample=None),
    Field(
        "resources_count",
        "int",
        "How many resources the project has. With O(project_customer) only those of the service provider.",
        sample=3,
    ),
    Field(
        "max_service_accounts",
        "int",
        "How many service accounts the project may have, or V(none) if there is no limit.",
        since=2025,
        sample=None,
    ),
    Field("kind", "str", "The kind of the project.", since=2025, sample="default"),
    Field("is_removed", "bool", "Whether the project was removed.", since=2025, sample=False),
    Field("termination_metadata", "dict", "How the project was ended.", since=2025, sample=None),
    Field("staff_notes", "str", "Notes of staff about the project. Only staff can read it.", since=2025, sample=""),
    Field(
        "grace_period_days",
        "int",
        "The number of days that the project continues after its last day.",
        since=2025,
        sample=None,
    ),
    Field("project_credit", "float", "The credit that the project has.", since=2025, sample=None),
    Field(
        "marketplace_resource_count",
        "dict",
        "How many resources the project has in each category, by the UUID of the category.",
        sample={"f91075dcbbc545d7a6295d83418d6a4a": 1, "e72d914746be409d94c0daacfc5266ea": 1},
    ),
    Field(
        "billing_price_estimate",
        "dict",
        (
            "The estimated price of the project for the current month. With O(project_customer) only for the "
            "resources of the service provider."
        ),
        sample={"total": 45.6, "current": 45.6, "tax": 0.0, "tax_current": 0.0},
    ),
)

# Fields that both lists of projects return are declared once.
_SHARED = {field.name: field for field in PROJECT}
PROJECT_OF_CUSTOMER = (
    _SHARED["uuid"],
    _SHARED["name"],
    _SHARED["description"],
    _SHARED["end_date"],
    _SHARED["resources_count"],
    Field("users_count", "int", "The number of users of the project.", sample=4),
    _SHARED["billing_price_estimate"],
)

PROJECT_PERMISSION = (
    Field("created", "str", "When the role was granted.", sample="2026-11-22T21:16:00.961412+00:00"),
    Field("expiration_time", "str", "When the role grant expires, or V(none) if it never expires.", sample=None),
    Field(
        "created_by",
        "str",
        "The URL of the user who granted the role.",
        sample="https://waldur.example.org/api/users/e47dc660df0240318b589613d52acdff/",
    ),
    Field("created_by_full_name", "str", "The name of the user who granted the role.", sample=""),
    Field("created_by_username", "str", "The username of the user who granted the role.", sample="admin"),
    Field(
        "project",
        "str",
        "The URL of the project in the API.",
        sample="https://waldur.example.org/api/projects/166880ed37384add85492b3e26ccc70e/",
    ),
    Field("project_uuid", "str", "The UUID of the project.", sample="166880ed37384add85492b3e26ccc70e"),
    Field("project_name", "str", "The name of the project.", sample="Project c1"),
    Field("project_created", "str", "When the project was created.", sample="2026-11-22T21:16:00.763696+00:00"),
    Field("project_end_date", "str", "The last day of the project, or V(none) if it has none.", sample="2030-12-31"),
    Field("customer_uuid", "str", "The UUID of the project's customer.", sample="47d72aa7327a4e45944a42b02349eb16"),
    Field("customer_name", "str", "The name of the project's customer.", sample="Consumer Institute"),
    Field("role", "str", "The short name of the role.", sample="manager"),
    Field("role_name", "str", "The name of the role.", since=2025, sample="PROJECT.MANAGER"),
    Field(
        "user",
        "str",
        "The URL of the user in the API.",
        sample="https://waldur.example.org/api/users/87fc856f7d1641ff82a9c16ab4139fa0/",
    ),
    Field("user_full_name", "str", "The name of the user.", sample="Pm1 Tester"),
    Field("user_native_name", "str", "The name of the user in the user's own language.", sample=""),
    Field("user_username", "str", "The username of the user.", sample="pm1"),
    Field("user_uuid", "str", "The UUID of the user.", sample="87fc856f7d1641ff82a9c16ab4139fa0"),
    Field("user_email", "str", "The e-mail address of the user.", sample="pm1@example.org"),
)

ROWS = (
    RowType(("projects",), PROJECT),
    RowType(("customer_projects",), PROJECT_OF_CUSTOMER),
    RowType(("project_permissions",), PROJECT_PERMISSION),
)
