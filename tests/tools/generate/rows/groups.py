# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the POSIX groups of projects."""

from __future__ import annotations

from .fields import Field, RowType

PROJECT_GROUP = (
    Field(
        "url",
        "str",
        "The URL of the group.",
        sample=(
            "https://waldur.example.org/api/marketplace-service-provider-project-groups/"
            "c0000000000040008000000000000061/"
        ),
    ),
    Field("uuid", "str", "The UUID of the group.", sample="c0000000000040008000000000000061"),
    Field("name", "str", "The name of the group. It never changes.", sample="climate"),
    Field("gid", "int", "The GID of the group. V(none) while it has none.", sample=20001),
    Field("in_use", "bool", "Whether the project uses an offering of the service provider.", sample=True),
    Field(
        "service_provider_uuid",
        "str",
        "The UUID of the service provider.",
        sample="e182aaedb6ae4541956a3c14629abc02",
    ),
    Field("service_provider_name", "str", "The name of the service provider.", sample="Alpha Cloud Ltd"),
    Field(
        "project_uuid",
        "str",
        "The UUID of the project. V(none) if the project was permanently deleted. Then the next five keys are V(none),"
        " too.",
        sample="166880ed37384add85492b3e26ccc70e",
    ),
    Field("project_name", "str", "The name of the project.", sample="Project c1"),
    Field("project_slug", "str", "The slug of the project.", sample="project-c1"),
    Field(
        "customer_uuid",
        "str",
        "The UUID of the customer that the project belongs to.",
        sample="47d72aa7327a4e45944a42b02349eb16",
    ),
    Field("customer_name", "str", "The name of this customer.", sample="Consumer Institute"),
    Field("customer_slug", "str", "The slug of this customer.", sample="consumer-institute"),
    Field(
        "offerings",
        "list",
        "The offerings of the service provider that the project uses.",
        fields=(
            Field("uuid", "str", "The UUID of the offering.", sample="9b578d38ebd848f894aad61d962a512b"),
            Field("name", "str", "The name of the offering.", sample="Alpha VM"),
        ),
    ),
    Field(
        "members",
        "list",
        "The users with a role in the project, by their username at the service provider.",
        elements="str",
        sample=["m1_alpha", "m2_alpha"],
    ),
    Field("created", "str", "When the group was created.", sample="2026-11-22T21:44:00+00:00"),
    Field(
        "modified",
        "str",
        "When the group was last changed. It stays the same if only the members or offerings changed.",
        sample="2026-11-22T21:44:00+00:00",
    ),
)

ROWS = (RowType(("project_groups",), PROJECT_GROUP),)
