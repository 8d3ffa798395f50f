# SPDX-License-Identifier: GPL-3.0-or-later
"""The task that sends each operation that writes, on the recorded data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Writer:
    """``faults`` make the module send this operation; ``before`` is a task that creates what is changed.

    ``edition`` is the version of the Waldur that the task runs against.
    """

    module: str
    options: dict[str, Any]
    faults: tuple[dict[str, Any], ...] = ()
    before: dict[str, Any] = field(default_factory=dict)
    edition: int = 2025


_GRANT = {"service_provider": "ALPHA", "user": "member1"}
_POOL = {"service_provider": "ALPHA", "min_uid": 5000, "max_uid": 5099}


def _document(**keys: Any) -> dict[str, Any]:
    return {"service_providers": [{"customer": "ALPHA", **keys}]}


WRITERS: dict[str, Writer] = {
    "service_providers_create": Writer("service_provider", {"customer": "SPARE", "description": "New"}),
    "service_providers_partial_update": Writer("service_provider", {"customer": "ALPHA", "description": "New"}),
    # The same task through a proxy that rejects PATCH.
    "service_providers_update": Writer(
        "service_provider", {"customer": "ALPHA", "description": "New"}, ({"method": "PATCH", "status": 405},)
    ),
    "service_providers_destroy": Writer("service_provider", {"customer": "EXTRA01", "state": "absent"}),
    "add_user": Writer("user_role", _GRANT),
    "update_user": Writer("user_role", {**_GRANT, "expiration_time": "2037-06-30"}, before=_GRANT),
    "delete_user": Writer("user_role", {**_GRANT, "state": "absent"}, before=_GRANT),
    "set_offerings_username": Writer("offering_username", {**_GRANT, "username": "m1"}),
    "api_secret_code_generate": Writer("api_secret_code", {"service_provider": "ALPHA", "state": "rotated"}),
    "posix_id_pools_create": Writer("posix_id_pool", _POOL, edition=2026),
    "posix_id_pools_partial_update": Writer("posix_id_pool", {**_POOL, "max_uid": 5999}, before=_POOL, edition=2026),
    "posix_id_pools_destroy": Writer(
        "posix_id_pool", {"service_provider": "ALPHA", "state": "absent"}, before=_POOL, edition=2026
    ),
    # Groups need a pool.
    "project_groups_import": Writer(
        "desired_state",
        _document(project_groups=[{"project": "Project c1", "gid": 5001}]),
        before=_document(posix_id_pool={"min_gid": 5000, "max_gid": 5099}),
        edition=2026,
    ),
}
