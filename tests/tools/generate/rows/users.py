# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of users and their SSH keys."""

from __future__ import annotations

from .fields import Field, RowType

USER = (
    Field("uuid", "str", "The UUID of the user.", sample="51d1acdbef2e4274bda95a1ce5391e54"),
    Field("username", "str", "The username of the user.", sample="member1"),
    Field("full_name", "str", "The name of the user.", sample="Member1 Tester"),
    Field("first_name", "str", "The first name of the user.", sample="Member1"),
    Field("last_name", "str", "The last name of the user.", sample="Tester"),
    Field("organization", "str", "The name of the user's employer.", sample=""),
    Field("email", "str", "The e-mail address of the user.", sample="member1@example.org"),
    Field("phone_number", "str", "The phone number of the user.", sample=""),
    Field(
        "projects_count",
        "int",
        "The number of projects that use the service provider in which the user has a role.",
        sample=2,
    ),
    Field("registration_method", "str", "The registration method of the user.", sample="default"),
    Field(
        "affiliations", "list", "The affiliations of the user, from an identity provider.", elements="str", sample=[]
    ),
    Field(
        "is_active", "bool", "Whether the user is active. Since 2026, only staff and support may read it.", sample=True
    ),
)

SSH_KEY = (
    Field(
        "url",
        "str",
        "The URL of the key in the API.",
        sample="https://waldur.example.org/api/keys/7af16e23471e4e1ead5ad72d07b9b362/",
    ),
    Field("uuid", "str", "The UUID of the key.", sample="7af16e23471e4e1ead5ad72d07b9b362"),
    Field("name", "str", "The name of the key.", sample="member1-key1"),
    Field(
        "public_key",
        "str",
        "The public key, as in an authorized_keys file.",
        sample="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINlByKjsnuRBMmj89ARhHJ3M8o281f8sRE9iGV2xR6u9 member1@laptop",
    ),
    Field(
        "fingerprint_md5",
        "str",
        "The MD5 fingerprint of the key.",
        sample="7e:0f:9b:79:b8:82:0a:8f:a1:38:79:40:a6:4d:ed:f1",
    ),
    Field(
        "fingerprint_sha256",
        "str",
        "The SHA-256 fingerprint of the key.",
        sample="SHA256:CdhJEipJeg/I4+qT4yyJYxozDXhu6b80AWF89adSfzo",
    ),
    Field(
        "fingerprint_sha512",
        "str",
        "The SHA-512 fingerprint of the key.",
        sample="SHA512:d1GaffP2BrwtXI2eVav6tQa37oWYDB3oQvKUVvP3m535wX8K+FjCKTxD9tPABgzH1upoGUGnpV1U8L1nPXmBdQ",
    ),
    Field("user_uuid", "str", "The UUID of the user of the key.", sample="51d1acdbef2e4274bda95a1ce5391e54"),
    Field("is_shared", "bool", "Whether the key is shared with other users.", sample=False),
    Field("type", "str", "The type of the key.", sample="ssh-ed25519"),
)

ROWS = (
    RowType(("users",), USER),
    RowType(("keys",), SSH_KEY),
)
