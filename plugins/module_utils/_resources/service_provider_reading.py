# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the profile of a service provider, and what blocks its deletion."""

from __future__ import annotations

from .._common import uuids
from .._common.types import Row
from .._context import Session
from .._http.row_checks import FieldType, check_rows
from .._references.targets import Target
from .account_options import ACCOUNT_OPTIONS_KEY

_PROFILE_KINDS = {
    "description": FieldType.TEXT.optional,
    "image": FieldType.URL.optional,
    "allowed_domains": FieldType.TEXTS.optional,
    ACCOUNT_OPTIONS_KEY: FieldType.MAPPING.optional,
}


def check_profile(name: str, row: Row) -> Row:
    """Return the provider's ``row``, which the operation ``name`` gave."""
    kinds = _PROFILE_KINDS if name.endswith("update") else {"uuid": FieldType.UUID, **_PROFILE_KINDS}
    return check_rows(name, [row], **kinds)[0]


def read_live_offerings(session: Session, target: Target, *, newer: bool) -> list[str]:
    """Return the offerings that block a deletion: any not archived (api-behaviour: providers-delete).

    Those below another offering block it too before Waldur 2026 (api-behaviour: providers-delete-child-offerings). The
    state is checked here, as a Waldur of 2024 refuses a filter by a state that it does not have.
    """
    rows = session.client.rows(
        "provider_offerings",
        customer_uuid=target.customer_uuid,
        field=["uuid", "name", "state", "customer_uuid", "parent_uuid"],
    )
    return sorted(
        f"{row['name']} ({row['state']})"
        for row in check_rows("provider_offerings", rows, name=FieldType.TEXT, state=FieldType.TEXT)
        if uuids.normalize(row.get("customer_uuid")) == target.customer_uuid
        and row.get("state") != "Archived"
        and not (newer and row.get("parent_uuid"))
    )


def read_row(session: Session, target: Target) -> Row | None:
    rows = session.client.rows("service_providers", customer_uuid=target.customer_uuid)
    own = (row for row in rows if uuids.normalize(row.get("customer_uuid")) == target.customer_uuid)
    return next((check_profile("service_providers", row) for row in own), None)
