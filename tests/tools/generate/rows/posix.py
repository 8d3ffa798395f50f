# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of POSIX ID pools, their utilization, and the identities that hold the numbers."""

from __future__ import annotations

from .fields import Field, RowType

_RANGES = {"uid": "UIDs", "gid": "GIDs", "group_gid": "GIDs for project groups"}


def _ends(name: str, label: str, first: int) -> tuple[Field, ...]:
    none = "V(none) if the pool has no such range"
    return (
        Field(f"min_{name}", "int", f"The first {label} of the pool, or {none}.", sample=first),
        Field(f"max_{name}", "int", f"The last {label} of the pool, or {none}.", sample=first + 9999),
        Field(
            f"next_{name}",
            "int",
            f"The next {label} that was never assigned, or {none}. If all have been assigned, C(max_{name}) + 1.",
            sample=first + 12,
        ),
    )


POOL = (
    Field(
        "url",
        "str",
        "The URL of the pool in the API.",
        sample="https://waldur.example.org/api/marketplace-posix-id-pools/8f14e45fceea467a9b9f3d7a5b1c2d3e/",
    ),
    Field("uuid", "str", "The UUID of the pool.", sample="8f14e45fceea467a9b9f3d7a5b1c2d3e"),
    Field("created", "str", "When the pool was created.", sample="2026-11-22T21:44:00+00:00"),
    Field("description", "str", "The description of the pool.", sample="Cluster and storage"),
    Field(
        "service_provider",
        "str",
        "The UUID of the service provider, or V(none) if the pool belongs to an offering.",
        sample="e182aaedb6ae4541956a3c14629abc02",
    ),
    Field(
        "offering",
        "str",
        "The UUID of the offering, or V(none) if the pool belongs to the service provider.",
        sample=None,
    ),
    *_ends("uid", "UID", 20000),
    *_ends("gid", "GID", 20000),
    *_ends("group_gid", "GID for project groups", 30000),
    Field("customer_uuid", "str", "The UUID of the provider's customer.", sample="d2c8772ce559428283e388badd97f2d6"),
    Field("customer_name", "str", "The name of the provider's customer.", sample="Alpha Cloud Ltd"),
    Field("scope", "str", "What the pool belongs to, the provider or an offering.", sample="service_provider"),
    *(Field(f"{name}_used", "int", f"How many {label} are in use.", sample=12) for name, label in _RANGES.items()),
    *(
        Field(
            f"{name}_utilization",
            "float",
            f"How many {label} are in use, in percent, or V(none) if the pool has no such range.",
            sample=0.12,
        )
        for name, label in _RANGES.items()
    ),
)

_USE = (
    Field("min", "int", "The first number of the range.", sample=20000),
    Field("max", "int", "The last number of the range.", sample=29999),
    Field("next", "int", "The next number that was never assigned.", sample=20012),
    Field("capacity", "int", "How many numbers the range has.", sample=10000),
    Field("used", "int", "How many of them are in use.", sample=12),
    Field("utilization", "float", "How many of them are in use, in percent.", sample=0.12),
)

STATISTICS = (
    *(
        Field(name, "dict", f"The range of {label}, or V(none) if the pool has no such range.", fields=_USE)
        for name, label in _RANGES.items()
    ),
    Field(
        "utilization_threshold",
        "int",
        "The percentage above which this Waldur considers the numbers of a range to be nearly exhausted.",
        sample=80,
    ),
)

IDENTITY = (
    Field(
        "url",
        "str",
        "The URL of the identity in the API.",
        sample="https://waldur.example.org/api/marketplace-posix-identities/45c48cce2e2d4fbd8f0a1e2b3c4d5e6f/",
    ),
    Field("uuid", "str", "The UUID of the identity.", sample="45c48cce2e2d4fbd8f0a1e2b3c4d5e6f"),
    Field("created", "str", "When the first of its numbers was given out.", sample="2026-11-22T21:44:00+00:00"),
    Field("uid", "int", "The UID, or V(none) if it has none.", sample=20000),
    Field("gid", "int", "The GID, or V(none) if it has none.", sample=20000),
    Field("released_at", "str", "When the numbers were given back, or V(none) if they are in use.", sample=None),
    Field(
        "recyclable",
        "bool",
        "Whether the numbers may be given out again after they were given back. Otherwise Waldur withholds them.",
        sample=True,
    ),
    Field("pool_uuid", "str", "The UUID of the pool.", sample="8f14e45fceea467a9b9f3d7a5b1c2d3e"),
    Field(
        "offering_uuid",
        "str",
        "The UUID of the offering where the numbers were first needed, or V(none). The user may have accounts in other"
        " offerings with the same numbers.",
        sample="9b578d38ebd848f894aad61d962a512b",
    ),
    Field("offering_name", "str", "The name of that offering.", sample="Alpha VM"),
    Field(
        "user_uuid",
        "str",
        "The UUID of the user who has the numbers, or V(none) if they are not those of a user.",
        sample="51d1acdbef2e4274bda95a1ce5391e54",
    ),
    Field("user_username", "str", "The username of that user in Waldur.", sample="member1"),
    Field(
        "consumer_type",
        "str",
        "What has the numbers, such as C(user), C(robotaccount), C(offeringusergroup) or C(offeringrolegroup).",
        sample="user",
    ),
    Field("consumer_name", "str", "The name of the user, account or group that has them.", sample="Member1 Tester"),
)

ROWS = (
    RowType(("posix_id_pools",), POOL),
    RowType(("posix_id_pool_stats",), STATISTICS),
    RowType(("posix_identities",), IDENTITY),
)
