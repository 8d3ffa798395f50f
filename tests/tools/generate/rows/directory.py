# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of a provider: its offerings, groups, users and accounts of machines."""

from __future__ import annotations

from .fields import Field, RowType

_MEMBERSHIPS = (
    Field("gid", "int", "The GID of the group.", sample=20001),
    Field("group_name", "str", "The name of the group.", sample="climate"),
    Field("kind", "str", "The kind of the group.", sample="provider_project"),
    Field("role", "str", "The role that makes the user a member, or V(none).", sample=None),
)
_SCOPE = (
    Field("type", "str", "What it is, such as V(project), V(resource) or V(user).", sample="project"),
    Field("uuid", "str", "Its UUID.", sample="166880ed37384add85492b3e26ccc70e"),
    Field("name", "str", "Its name.", sample="Project c1"),
    Field("slug", "str", "Its slug, or V(none) if it has none.", sample="project-c1"),
    Field("resource_uuid", "str", "The UUID of the resource that it is in, or V(none).", sample=None),
)


def _login(name: str, uid: int) -> tuple[Field, ...]:
    return (
        Field("username", "str", "The username.", sample=name),
        Field("uidnumber", "int", "The UID, or V(none) if no pool gave one.", sample=uid),
        Field("personal_group", "int", "The primary GID, or V(none) if no pool gave one.", sample=uid),
        Field("login_shell", "str", "The login shell.", sample="/bin/bash"),
        Field("home_dir", "str", "The home directory.", sample=f"/home/{name}"),
        Field("ssh_keys", "list", "The public SSH keys.", elements="str", sample=["ssh-ed25519 AAAAC3Nza... member1"]),
    )


DIRECTORY = (
    Field(
        "offerings",
        "list",
        "The offerings whose accounts are in the directory.",
        fields=(
            Field("uuid", "str", "The UUID of the offering.", sample="9b578d38ebd848f894aad61d962a512b"),
            Field("name", "str", "The name of the offering.", sample="Alpha VM"),
            Field("slug", "str", "The slug of the offering.", sample="alpha-vm"),
        ),
    ),
    Field(
        "groups",
        "list",
        "The groups.",
        fields=(
            Field("gid", "int", "The GID.", sample=20001),
            Field("name", "str", "The name of the group.", sample="climate"),
            Field(
                "kind",
                "str",
                "V(personal), V(project), V(provider_project), V(resource_role) or V(resource_project_role).",
                sample="provider_project",
            ),
            Field("scope", "dict", "What the group is about.", fields=_SCOPE),
            Field("role", "str", "The role that makes a user a member, or V(none).", sample=None),
            Field(
                "members",
                "list",
                "The members. In groups of the kinds V(project), V(resource_role) and V(resource_project_role), these"
                " are usernames in Waldur, in the others usernames of accounts. C(users[].memberships) tells reliably"
                " who belongs to which group.",
                elements="str",
                sample=["m1_alpha"],
            ),
        ),
    ),
    Field(
        "users",
        "list",
        "The users, each once.",
        fields=(
            *_login("m1_alpha", 20000),
            Field("disabled", "bool", "Whether the user has access to none of the offerings.", sample=False),
            Field("mail", "str", "The e-mail address.", sample="member1@example.org"),
            Field("givenname", "str", "The first name.", sample="Member1"),
            Field("sn", "str", "The last name.", sample="Tester"),
            Field("memberships", "list", "The groups of the user, without the personal one.", fields=_MEMBERSHIPS),
        ),
    ),
    Field(
        "robot_accounts",
        "list",
        "The robot accounts.",
        fields=_login("robot_ci", 20002),
    ),
    Field(
        "warnings",
        "list",
        "The conflicts that Waldur could not resolve, such as two UIDs of one username.",
        elements="str",
        sample=[],
    ),
)

ROWS = (RowType(("glauth_tree",), DIRECTORY),)
