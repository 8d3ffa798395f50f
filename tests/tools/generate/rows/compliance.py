# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the three compliance reports."""

from __future__ import annotations

from .fields import Field, RowType

COMPLIANCE_OVERVIEW = (
    Field("offering_uuid", "str", "The UUID of the offering.", sample="9b578d38ebd848f894aad61d962a512b"),
    Field("offering_name", "str", "The name of the offering.", sample="Alpha VM"),
    Field("checklist_name", "str", "The name of its checklist.", sample="Acceptable use"),
    Field("total_users", "int", "How many accounts the offering has.", sample=8),
    Field("users_with_completions", "int", "How many of them have started the checklist.", sample=2),
    Field("completed_users", "int", "How many of them have finished it.", sample=1),
    Field(
        "pending_users",
        "int",
        "How many of them have started but not finished it. Users who have not started are not included.",
        sample=1,
    ),
    Field("compliance_rate", "float", "The percentage of accounts that have finished it.", sample=12.5),
)

COMPLIANCE_OFFERING_USER = (
    Field("uuid", "str", "The UUID of the account.", sample="fe94df2a081347d4adb22f75ae42f516"),
    Field("user_full_name", "str", "The name of the user.", sample="Member1 Tester"),
    Field("user_email", "str", "The e-mail address of the user.", sample="member1@example.org"),
    Field("offering_name", "str", "The name of the offering.", sample="Alpha VM"),
    Field("checklist_name", "str", "The name of the offering's checklist, or V(none).", sample="Acceptable use"),
    Field("username", "str", "The username of the account. Empty or V(none) if it is not set yet.", sample="m1_alpha"),
    Field(
        "state",
        "int",
        (
            "The state of the account, as a number. 1 Requested, 2 Creating, 3 Pending account linking, 4 Pending "
            "additional validation, 5 OK, 6 Requested deletion, 7 Deleting, 8 Deleted, 9 Error creating, 10 Error "
            "deleting."
        ),
        sample=5,
    ),
    Field(
        "completion_percentage",
        "int",
        "The completed percentage of the checklist, or V(none) if there is none.",
        sample=100,
    ),
    Field(
        "compliance_status",
        "str",
        "V(completed), V(pending) or V(no_checklist), as in O(compliance_status).",
        sample="completed",
    ),
    Field(
        "last_updated",
        "str",
        "When the checklist was last answered, or V(none).",
        sample="2026-11-22T21:30:00.000001+00:00",
    ),
    Field("created", "str", "When the account was created.", sample="2026-11-22T21:16:05.504947+00:00"),
)

CHECKLIST = (
    Field("checklist_uuid", "str", "The UUID of the checklist.", sample="c0000000000040008000000000000001"),
    Field("checklist_name", "str", "Its name.", sample="Acceptable use"),
    Field("questions_count", "int", "How many questions it has.", sample=2),
    Field("offerings_count", "int", "How many offerings of the provider use it.", sample=2),
    Field("category_name", "str", "The category of the checklist.", until=2025, sample="Policies"),
)

ROWS = (
    RowType(("compliance_overview",), COMPLIANCE_OVERVIEW),
    RowType(("compliance_offering_users",), COMPLIANCE_OFFERING_USER),
    RowType(("checklists_summary",), CHECKLIST),
)
