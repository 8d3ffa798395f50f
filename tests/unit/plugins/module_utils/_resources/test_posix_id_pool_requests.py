# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reported of a change of a POSIX ID pool whose response was lost, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import OutcomeUnknown
from ansible_collections.waldur.provider.plugins.module_utils._resources.posix_id_pool import (
    Pool,
    PoolState,
    PosixIdPool,
)

from ...helpers.recording_client import AskedClient
from ...helpers.samples import CUSTOMER, PROVIDER, session, target

UIDS = {"min_uid": 2000, "max_uid": 2999}
WIDER = {"max_uid": 3999, "description": "Numbers of the cluster"}
STORED = {"uuid": "50" * 16, "service_provider": PROVIDER, "customer_uuid": CUSTOMER, "description": "", **UIDS}
OF_AN_OFFERING = {**STORED, "uuid": "60" * 16, "service_provider": None, "offering": "0f" * 16}


@pytest.mark.parametrize(
    ("desired", "before", "after", "took_effect", "state"),
    [
        (UIDS, None, STORED, True, message("pool_created")),
        (UIDS, None, None, False, message("pool_gone")),
        (UIDS, None, {**STORED, "max_uid": 2500}, None, message("provider_differs", options="max_uid")),
        (WIDER, STORED, {**STORED, **WIDER}, True, message("provider_changed")),
        (WIDER, STORED, {**STORED, "max_uid": 3999}, None, message("provider_differs", options="description")),
        (WIDER, STORED, STORED, False, message("provider_differs", options="max_uid, description")),
        (WIDER, STORED, None, False, message("pool_gone")),
        (None, STORED, None, True, message("pool_gone")),
        (None, STORED, STORED, False, message("pool_remains")),
    ],
    ids=[
        "created",
        "not created",
        "created by another user",
        "updated",
        "partly updated",
        "not updated",
        "deleted by another user",
        "deleted",
        "not deleted",
    ],
)
def test_after_a_lost_response_the_pool_is_read_again(
    desired: dict[str, Any] | None,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    took_effect: bool | None,
    state: str,
) -> None:
    pool = Pool("posix_id_pool", "absent" if desired is None else "present", desired or {})
    [change] = PosixIdPool().compare(session(), target(), pool, PoolState(before), {}).changes
    rows = [OF_AN_OFFERING, *([after] if after else [])]
    operation = f"{change.action.name}_posix_id_pool"
    client = AskedClient({"posix_id_pools": rows}, {operation: OutcomeUnknown("no answer")})
    with pytest.raises(OutcomeUnknown) as failed:
        PosixIdPool().write(client.session(), target(), PoolState(before), change)
    assert failed.value.message == f"no answer; checked again: {state}"
    assert failed.value.details == {"took_effect": took_effect}
    assert [name for name, _uuid, _content in client.asked] == [operation, "posix_id_pools"]
