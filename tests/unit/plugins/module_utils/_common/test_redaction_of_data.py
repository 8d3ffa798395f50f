# SPDX-License-Identifier: GPL-3.0-or-later
"""Masking: in-process there is nobody else who would."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import redact

TOKEN = "0123456789abcdef0123456789abcdef01234567"
CODE = "aB3dE5gH7jK9mN2p"
HIDDEN = frozenset({TOKEN, CODE})

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
def test_every_hidden_text_is_masked_and_all_else_is_left(value: Any, shown: Any) -> None:
    assert redact(value, HIDDEN) == shown


@pytest.mark.parametrize("value", [(TOKEN,), {"a": (1, [TOKEN])}, {TOKEN: 1}, {"a": {f"x{CODE}": {}}}])
def test_a_hidden_text_is_masked_in_tuples_and_keys_too(value: Any) -> None:
    shown = repr(redact(value, HIDDEN))
    assert TOKEN not in shown
    assert CODE not in shown


@pytest.mark.parametrize("longer", [f"{TOKEN}tail", f"head{TOKEN}", f"head{TOKEN}tail"])
def test_nothing_is_left_of_a_hidden_text_that_holds_another(longer: str) -> None:
    hidden = frozenset({TOKEN, longer})
    assert redact({"a": longer}, hidden) == {"a": "********"}


def test_nothing_hidden_masks_nothing() -> None:
    assert redact({"a": TOKEN}, frozenset()) == {"a": TOKEN}


@given(DATA)
def test_no_hidden_text_is_left_in_any_data(value: Any) -> None:
    shown = json.dumps(redact(value, HIDDEN))
    assert TOKEN not in shown
    assert CODE not in shown


@given(DATA)
def test_masking_twice_is_masking_once(value: Any) -> None:
    once = redact(value, HIDDEN)
    assert redact(once, HIDDEN) == once
