# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of accounts: in offerings, for courses, and of services."""

from __future__ import annotations

from .fields import Field, RowType

# An account shows an attribute of its user only where its offering exposes it (api-behaviour: user-attributes).
_EXPOSED = "if the offering exposes it"
_ATTRIBUTES = (
    # These two only on request, which "returned" must not hide (see ``filters.PRIVATE``).
    Field("user_phone_number", "str", "The phone number of the user, if the offering exposes it.", since=2026),
    Field("user_civil_number", "str", "The civil number of the user, if the offering exposes it.", since=2026),
    *(
        Field(f"user_{name}", kind, text, since=2026, returned=_EXPOSED, elements="str" if kind == "list" else "")
        for name, kind, text in (
            ("registration_method", "str", "The registration method of the user."),
            ("organization", "str", "The name of the user's employer."),
            ("job_title", "str", "The job title of the user."),
            ("affiliations", "list", "The affiliations of the user."),
            ("gender", "raw", "The gender of the user, as Waldur returns it."),
            ("personal_title", "str", "The title of the user, such as Dr."),
            ("place_of_birth", "str", "The place of birth of the user."),
            ("address", "str", "The address of the user."),
            ("country_of_residence", "str", "The country in which the user lives."),
            ("nationality", "str", "The nationality of the user."),
            ("nationalities", "list", "All nationalities of the user."),
            ("organization_country", "str", "The country of the employer."),
            ("organization_type", "str", "The type of the employer."),
            ("organization_registry_code", "str", "The registry code of the employer."),
            ("organization_vat_code", "str", "The VAT code of the employer."),
            ("organization_address", "str", "The address of the employer."),
            ("eduperson_assurance", "list", "How well the identity of the user is assured."),
            ("birth_date", "str", "The date of birth of the user."),
            ("identity_source", "str", "The source of the user's identity."),
            ("uid_number", "int", "The UID in the profile of the user."),
            ("primary_gid", "int", "The GID of the primary group in the profile of the user."),
            ("active_isds", "list", "The identity sources of the user."),
        )
    ),
)

OFFERING_USER = (
    Field(
        "url",
        "str",
        "The URL of the account.",
        sample="https://waldur.example.org/api/marketplace-offering-users/fe94df2a081347d4adb22f75ae42f516/",
    ),
    Field("uuid", "str", "The UUID of the account.", sample="fe94df2a081347d4adb22f75ae42f516"),
    Field(
        "user",
        "str",
        "The URL of the user.",
        sample="https://waldur.example.org/api/users/51d1acdbef2e4274bda95a1ce5391e54/",
    ),
    Field(
        "offering",
        "str",
        "The URL of the offering.",
        sample="https://waldur.example.org/api/marketplace-provider-offerings/9b578d38ebd848f894aad61d962a512b/",
    ),
    Field("username", "str", "The username of the account. Empty or V(none) if it is not set yet.", sample="m1_alpha"),
    Field("offering_uuid", "str", "The UUID of the offering.", sample="9b578d38ebd848f894aad61d962a512b"),
    Field("offering_name", "str", "The name of the offering.", sample="Alpha VM"),
    Field("user_uuid", "str", "The UUID of the user.", sample="51d1acdbef2e4274bda95a1ce5391e54"),
    Field("user_username", "str", "The username of the user in Waldur.", sample="member1"),
    Field("user_full_name", "str", "The name of the user.", sample="Member1 Tester"),
    Field("user_email", "str", "The e-mail address of the user.", since=2025, sample="member1@example.org"),
    Field("created", "str", "When the account was created.", sample="2026-11-22T21:16:05.504947+00:00"),
    Field("modified", "str", "When the account was last changed.", sample="2026-11-22T21:16:05.504947+00:00"),
    Field("customer_uuid", "str", "The UUID of the provider's customer.", sample="d2c8772ce559428283e388badd97f2d6"),
    Field("customer_name", "str", "The name of the provider's customer.", sample="Alpha Cloud Ltd"),
    Field("is_restricted", "bool", "Whether the account is restricted.", sample=False),
    Field("state", "str", "The state of the account.", since=2025, sample="OK"),
    Field("service_provider_comment", "str", "The comment of the provider about the account.", since=2025, sample=""),
    Field("service_provider_comment_url", "str", "The URL with more information about it.", since=2025, sample=""),
    Field("has_consent", "bool", "Whether the user has consented to the terms of service.", since=2025, sample=False),
    Field(
        "requires_reconsent",
        "bool",
        "Whether the user must consent again, because the terms have changed.",
        since=2025,
        sample=False,
    ),
    Field("has_compliance_checklist", "bool", "Whether the offering has a checklist.", since=2025, sample=True),
    Field("user_first_name", "str", "The first name of the user.", since=2026, returned=_EXPOSED, sample="Member1"),
    Field("user_last_name", "str", "The last name of the user.", since=2026, returned=_EXPOSED, sample="Tester"),
    *_ATTRIBUTES,
    Field(
        "runtime_state",
        "str",
        "The runtime state, such as V(Active). It is independent of C(state).",
        since=2026,
        sample="Active",
    ),
    Field(
        "service_provider_account_uuid",
        "str",
        "The UUID of the service provider account that owns the username. V(none) if the account is not linked to one.",
        since=2026,
        sample="c0000000000040008000000000000051",
    ),
    Field(
        "service_provider_account_username",
        "str",
        "The username of that account, or V(none).",
        since=2026,
        sample="m1_alpha",
    ),
    Field("offering_has_active_tos", "bool", "Whether the offering has terms of service.", since=2026, sample=True),
    Field(
        "consent_data",
        "dict",
        "The consent of the user. V(none) if there is none, and while Waldur does not enforce consents.",
        since=2026,
        fields=(
            Field("uuid", "str", "The UUID of the consent.", sample="c0000000000040008000000000000071"),
            Field("version", "str", "The version of the terms.", sample="1.0"),
            Field("agreement_date", "str", "When the user consented.", sample="2026-11-22T21:44:00Z"),
        ),
    ),
    Field(
        "is_profile_complete",
        "bool",
        "Whether the profile of the user has all attributes that the offering exposes.",
        since=2026,
        sample=True,
    ),
    Field(
        "missing_profile_attributes",
        "list",
        "The attributes that the profile lacks.",
        elements="str",
        since=2026,
        sample=[],
    ),
    Field("uidnumber", "int", "The UID of the user. V(none) if the account has none.", since=2026, sample=5001),
    Field(
        "primarygroup",
        "int",
        "The GID of the primary group. V(none) if the account has none.",
        since=2026,
        sample=5001,
    ),
    Field("login_shell", "str", "The login shell. V(none) if the account has none.", since=2026, sample="/bin/bash"),
    Field(
        "home_directory",
        "str",
        "The home directory. V(none) if the account has none.",
        since=2026,
        sample="/home/m1_alpha",
    ),
)

PROVIDER_ACCOUNT = (
    Field(
        "url",
        "str",
        "The URL of the account.",
        sample="https://waldur.example.org/api/marketplace-service-provider-accounts/c0000000000040008000000000000051/",
    ),
    Field("uuid", "str", "The UUID of the account.", sample="c0000000000040008000000000000051"),
    Field("created", "str", "When the account was created.", sample="2026-11-22T21:44:00+00:00"),
    Field("modified", "str", "When the account was last changed.", sample="2026-11-22T21:44:00+00:00"),
    Field(
        "service_provider",
        "str",
        "The URL of the service provider.",
        sample="https://waldur.example.org/api/marketplace-service-providers/e182aaedb6ae4541956a3c14629abc02/",
    ),
    Field(
        "service_provider_uuid",
        "str",
        "The UUID of the service provider.",
        sample="e182aaedb6ae4541956a3c14629abc02",
    ),
    Field("service_provider_name", "str", "The name of the service provider.", sample="Alpha Cloud Ltd"),
    Field(
        "user",
        "str",
        "The URL of the user.",
        sample="https://waldur.example.org/api/users/51d1acdbef2e4274bda95a1ce5391e54/",
    ),
    Field("user_uuid", "str", "The UUID of the user.", sample="51d1acdbef2e4274bda95a1ce5391e54"),
    Field(
        "user_username",
        "str",
        "The username of the user in Waldur. V(none) unless all offerings that use the account expose it.",
        sample="member1",
    ),
    Field(
        "user_full_name",
        "str",
        "The name of the user. V(none) unless all offerings that use the account expose it.",
        sample="Member1 Tester",
    ),
    Field(
        "user_email",
        "str",
        "The e-mail address of the user. V(none) unless all offerings that use the account expose it.",
        sample="member1@example.org",
    ),
    Field("username", "str", "The username of the account. Empty or V(none) if it is not set yet.", sample="m1_alpha"),
    Field("state", "str", "The state of the account.", sample="OK"),
    Field(
        "runtime_state",
        "str",
        "The runtime state, such as V(Active). It is independent of C(state).",
        sample="Active",
    ),
    Field("is_restricted", "bool", "Whether the account is marked as restricted.", sample=False),
    Field("service_provider_comment", "str", "The comment of the provider about the account.", sample=""),
    Field("service_provider_comment_url", "str", "The URL with more information about it.", sample=""),
    Field("uidnumber", "int", "The UID of the user. V(none) if the account has none.", sample=5001),
    Field("primarygroup", "int", "The GID of the primary group. V(none) if the account has none.", sample=5001),
    Field("login_shell", "str", "The login shell. V(none) if the account has none.", sample="/bin/bash"),
    Field("home_directory", "str", "The home directory. V(none) if the account has none.", sample="/home/m1_alpha"),
    Field("offering_count", "int", "How many offerings use the account.", sample=2),
)

USERNAME_CONFLICT = (
    Field("user_uuid", "str", "The UUID of the user.", sample="51d1acdbef2e4274bda95a1ce5391e54"),
    Field("user_username", "str", "The username of the user in Waldur.", sample="member1"),
    Field("user_full_name", "str", "The name of the user.", sample="Member1 Tester"),
    Field(
        "candidates",
        "list",
        "The usernames of the user's accounts.",
        fields=(
            Field("username", "str", "The username.", sample="m1_alpha"),
            Field("offering_count", "int", "At how many offerings the user has this username.", sample=1),
            Field(
                "offering_uuids",
                "list",
                "The UUIDs of these offerings.",
                elements="str",
                sample=["9b578d38ebd848f894aad61d962a512b"],
            ),
            Field(
                "has_active_resources",
                "bool",
                (
                    "Whether the user has a role in a project with a resource of one of these offerings that is not "
                    "terminated."
                ),
                sample=True,
            ),
            Field(
                "home_directories",
                "list",
                "The home directories of these accounts.",
                elements="str",
                sample=["/home/m1_alpha"],
            ),
        ),
    ),
)

COURSE_ACCOUNT = (
    Field(
        "url",
        "str",
        "The URL of the account.",
        sample="https://waldur.example.org/api/marketplace-course-accounts/c0000000000040008000000000000031/",
    ),
    Field("uuid", "str", "The UUID of the account.", sample="c0000000000040008000000000000031"),
    Field("created", "str", "When the account was created.", sample="2026-11-22T21:44:00+00:00"),
    Field("modified", "str", "When the account was last changed.", sample="2026-11-22T21:44:00+00:00"),
    Field("project", "str", "The UUID of the project, as C(project_uuid).", sample="166880ed37384add85492b3e26ccc70e"),
    Field("project_uuid", "str", "The UUID of the project.", sample="166880ed37384add85492b3e26ccc70e"),
    Field("project_name", "str", "The name of the project.", sample="Project c1"),
    Field("project_slug", "str", "The slug of the project.", sample="project--2"),
    Field("project_start_date", "str", "The day on which the project starts, or V(none).", sample="2026-11-01"),
    Field("project_end_date", "str", "The day on which the project ends, or V(none).", sample="2030-12-31"),
    Field(
        "user_uuid",
        "str",
        "The UUID of the user behind the account. May be V(none) since 2026.",
        sample="51d1acdbef2e4274bda95a1ce5391e54",
    ),
    Field(
        "username", "str", "The username of the user behind the account. May be V(none) since 2026.", sample="member1"
    ),
    Field("customer_uuid", "str", "The UUID of the project's customer.", sample="47d72aa7327a4e45944a42b02349eb16"),
    Field("customer_name", "str", "The name of the project's customer.", sample="Consumer Institute"),
    Field("state", "str", "The state of the account.", sample="OK"),
    Field("email", "str", "The e-mail address of the account.", sample="member1@example.org"),
    Field("description", "str", "The purpose of the account.", sample="Winter school"),
    Field("error_message", "str", "The error message of the account, empty if there is no error.", sample=""),
    Field("error_traceback", "str", "The traceback of the error in Waldur, empty if there is no error.", sample=""),
)

PROJECT_SERVICE_ACCOUNT = (
    Field(
        "url",
        "str",
        "The URL of the account.",
        sample="https://waldur.example.org/api/marketplace-project-service-accounts/c0000000000040008000000000000041/",
    ),
    Field("uuid", "str", "The UUID of the account.", sample="c0000000000040008000000000000041"),
    Field("created", "str", "When the account was created.", sample="2026-11-22T21:44:00+00:00"),
    Field("modified", "str", "When the account was last changed.", sample="2026-11-22T21:44:00+00:00"),
    Field("username", "str", "The username of the account. Empty if it is not set yet.", sample="svc_backup"),
    Field("description", "str", "The purpose of the account.", sample="Nightly copies"),
    Field("error_message", "str", "The error message of the account, empty if there is no error.", sample=""),
    Field("error_traceback", "str", "The traceback of the error in Waldur, empty if there is no error.", sample=""),
    Field("state", "str", "The state of the account.", sample="OK"),
    Field(
        "token",
        "str",
        "The token of the account. Waldur returns it only when the account is created.",
        returned="never, because it can contain a secret",
    ),
    Field("email", "str", "The e-mail address of the maintainers of the account.", sample="backup@example.org"),
    Field(
        "expires_at",
        "str",
        (
            "When the token of the account expires. Waldur returns it only when the token is created, so it is "
            "V(none) here."
        ),
        sample=None,
    ),
    Field("preferred_identifier", "str", "The requested username.", sample="backup"),
    Field("project", "str", "The UUID of the project, as C(project_uuid).", sample="166880ed37384add85492b3e26ccc70e"),
    Field("project_uuid", "str", "The UUID of the project.", sample="166880ed37384add85492b3e26ccc70e"),
    Field("project_name", "str", "The name of the project.", sample="Project c1"),
    Field("customer_uuid", "str", "The UUID of the project's customer.", sample="47d72aa7327a4e45944a42b02349eb16"),
    Field("customer_name", "str", "The name of the project's customer.", sample="Consumer Institute"),
    Field("customer_abbreviation", "str", "The abbreviation of the project's customer.", sample="CONSUMER"),
)

ROWS = (
    RowType(("offering_users",), OFFERING_USER),
    RowType(("provider_accounts", "provider_account"), PROVIDER_ACCOUNT),
    RowType(("username_conflicts",), USERNAME_CONFLICT),
    RowType(("course_accounts",), COURSE_ACCOUNT),
    RowType(("project_service_accounts",), PROJECT_SERVICE_ACCOUNT),
)
