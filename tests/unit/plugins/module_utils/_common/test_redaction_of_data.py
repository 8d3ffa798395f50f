# SPDX-License-Identifier: GPL-3.0-or-later
"""Redaction of data: in-process the collection must mask secrets itself, as Ansible does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import Redactor

TOKEN = "0123456789abcdef0123456789abcdef01234567"
CODE = "aB3dE5gH7jK9mN2p"
REDACTOR = Redactor({TOKEN, CODE})

SECRETS = st.sampled_from([TOKEN, CODE, f"Token {TOKEN}", f"{CODE}{TOKEN}{CODE}"])
TEXTS = st.text(max_size=10) | SECRETS
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=15,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (TOKEN, "********"),
        (f"Token {TOKEN}, code {CODE}", "Token ********, code ********"),
        ({"a": [{"b": TOKEN}]}, {"a": [{"b": "********"}]}),
        ([TOKEN, 7, None, True, 1.5, "x"], ["********", 7, None, True, 1.5, "x"]),
        ({"a": 1}, {"a": 1}),
        (None, None),
    ],
)
def test_every_secret_is_masked_and_all_else_is_left(value: Any, shown: Any) -> None:
    assert REDACTOR.redact_data(value) == shown


@pytest.mark.parametrize("value", [(TOKEN,), {"a": (1, [TOKEN])}, {TOKEN: 1}, {"a": {f"x{CODE}": {}}}])
def test_a_secret_is_masked_in_tuples_and_keys_too(value: Any) -> None:
    shown = repr(REDACTOR.redact_data(value))
    assert TOKEN not in shown
    assert CODE not in shown


@pytest.mark.parametrize("longer", [f"{TOKEN}tail", f"head{TOKEN}", f"head{TOKEN}tail"])
def test_nothing_is_left_of_a_secret_that_holds_another(longer: str) -> None:
    assert Redactor({TOKEN, longer}).redact_data({"a": longer}) == {"a": "********"}


def test_a_redactor_without_secrets_masks_nothing() -> None:
    assert Redactor().redact_data({"a": TOKEN}) == {"a": TOKEN}


@given(DATA)
def test_no_secret_is_left_in_any_data(value: Any) -> None:
    shown = json.dumps(REDACTOR.redact_data(value))
    assert TOKEN not in shown
    assert CODE not in shown


@given(DATA)
def test_masking_twice_is_masking_once(value: Any) -> None:
    once = REDACTOR.redact_data(value)
    assert REDACTOR.redact_data(once) == once
