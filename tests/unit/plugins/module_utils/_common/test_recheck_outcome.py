# SPDX-License-Identifier: GPL-3.0-or-later
"""After a lost answer the server is asked what there is now; that may fail, too."""

from __future__ import annotations

from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    OutcomeUnknown,
    RequestNotSent,
    recheck_outcome,
)


def lost() -> OutcomeUnknown:
    return OutcomeUnknown("The answer was lost")


@pytest.mark.parametrize("outcome", [True, False, None])
def test_what_was_found_ends_the_sentence(outcome: Any) -> None:
    error = recheck_outcome(lost(), lambda: (outcome, "the role is held."))
    assert error.message == message("outcome_rechecked", cause="The answer was lost", state="the role is held.")
    assert error.details == {"took_effect": outcome}


def test_where_looking_fails_the_outcome_stays_unknown() -> None:
    def look() -> tuple[bool, str]:
        raise RequestNotSent("The connection broke.")

    error = recheck_outcome(lost(), look)
    assert error.details == {"took_effect": None}
    assert error.message == message("recheck_failed", cause="The answer was lost", error="The connection broke.")
