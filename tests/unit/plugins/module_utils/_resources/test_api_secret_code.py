# SPDX-License-Identifier: GPL-3.0-or-later
"""The API secret code: rotated once per fingerprint, and never shown on the way."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._document.model import ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Comparison
from ansible_collections.waldur.provider.plugins.module_utils._plan.diff import diff
from ansible_collections.waldur.provider.plugins.module_utils._resources.api_secret_code import (
    ApiSecretCode,
    SecretCode,
    SecretCodeState,
    fingerprint,
)

from ...helpers.samples import CUSTOMER, PROVIDER, session, target

CODE = "aB3dE5gH7jK9mN2p"
OTHER = "sha256:0000000000000000"
WHERE = "api_secret_code"


def compare(desired: SecretCode, code: str | None = CODE, uuid: str | None = PROVIDER) -> Comparison[None]:
    return ApiSecretCode().compare(session(), target(uuid), desired, SecretCodeState(code), {})


def test_a_fingerprint_is_the_first_sixteen_digits_of_the_sha_256() -> None:
    assert fingerprint(CODE) == "sha256:" + hashlib.sha256(CODE.encode()).hexdigest()[:16]
    assert SecretCodeState(CODE).fingerprint == fingerprint(CODE)
    assert SecretCodeState().fingerprint is None


def test_a_code_that_is_there_is_no_change() -> None:
    assert compare(SecretCode(WHERE)) == Comparison()


def test_a_leaked_code_is_rotated_while_it_is_in_force() -> None:
    [change] = compare(SecretCode(WHERE, "rotated", fingerprint(CODE))).changes
    assert change.as_dict() == {
        "service_provider": "ACME",
        "kind": "api_secret_code",
        "name": "API secret code",
        "action": "rotate",
        "before": {"fingerprint": fingerprint(CODE)},
        "after": {"fingerprint": None},
        "id": {"customer": CUSTOMER, "user": None, "role": None},
    }


def test_a_leaked_code_that_is_rotated_already_is_no_change() -> None:
    assert compare(SecretCode(WHERE, "rotated", OTHER)) == Comparison()


def test_a_rotation_without_fingerprint_happens_at_every_run() -> None:
    for code in (CODE, "another code"):
        assert [change.action.name for change in compare(SecretCode(WHERE, "rotated"), code).changes] == ["rotate"]


def test_a_missing_code_is_made() -> None:
    [change] = compare(SecretCode(WHERE), None).changes
    assert (change.before, change.after) == ({"fingerprint": None}, {"fingerprint": None})


@pytest.mark.parametrize(
    "desired", [SecretCode(WHERE), SecretCode(WHERE, "rotated"), SecretCode(WHERE, "rotated", OTHER)]
)
def test_a_provider_that_is_to_be_created_gets_a_code_of_its_own(desired: SecretCode) -> None:
    found = compare(desired, None, None)
    assert (found.changes, found.errors) == ((), ())
    assert ApiSecretCode().read(session(), target(None), desired) == SecretCodeState()


def test_a_rotation_of_a_code_that_is_yet_to_be_made_is_a_warning() -> None:
    assert len(compare(SecretCode(WHERE, "rotated"), None, None).warnings) == 1
    assert not compare(SecretCode(WHERE), None, None).warnings


@given(
    st.text(min_size=8).map(lambda text: f"\N{SNOWMAN}{text}"), st.sampled_from(["present", "rotated"]), st.booleans()
)
def test_no_plan_holds_the_code(code: str, state: str, named: bool) -> None:
    desired = SecretCode(WHERE, state, fingerprint(code) if named and state == "rotated" else None)
    found = compare(desired, code)
    assert code not in repr(found)
    assert code not in repr(SecretCodeState(code))
    assert code not in str([change.as_dict() for change in found.changes])
    assert code not in str(diff(found.changes))


def result(state: SecretCodeState, planned: tuple[Any, ...] = (), *, done: bool) -> dict[str, Any]:
    return ApiSecretCode().result(SecretCode(WHERE), state, {}, planned, done=done)


def test_the_result_is_unknown_until_a_rotation_is_done() -> None:
    planned = compare(SecretCode(WHERE, "rotated")).changes
    assert result(SecretCodeState(CODE), planned, done=False) == {"fingerprint": None, "api_secret_code": None}
    known = {"fingerprint": fingerprint("new"), "api_secret_code": "new"}
    assert result(SecretCodeState("new"), planned, done=True) == known
    assert result(SecretCodeState("new"), done=False) == known


def test_the_code_resource_takes_the_code_and_names_no_user() -> None:
    desired = SecretCode(WHERE)
    assert ProviderDocument("", "ACME", desired_states=(desired,)).get(ApiSecretCode().desired_type) is desired
    assert ProviderDocument("", "ACME").get(ApiSecretCode().desired_type) is None
    assert ApiSecretCode().users(desired, SecretCodeState()) == ((), ())
