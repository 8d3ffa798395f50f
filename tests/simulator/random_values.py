# SPDX-License-Identifier: GPL-3.0-or-later
"""Make UUIDs, tokens and secret codes that look random and are the same in every run."""

from __future__ import annotations

import hashlib
import random
import uuid
from typing import Any

# No I, O, l, i, o, 0 or 1: nobody can misread a code (api-behaviour: secret-codes).
SECRET_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"

_random = random.Random(0)


def restart(seed: int = 0) -> None:
    """Restart the sequence of random values, as each load of a world does."""
    _random.seed(seed)


def get_state() -> tuple[Any, ...]:
    """Return the position in the sequence, for :func:`restore_state`."""
    return _random.getstate()


def restore_state(state: tuple[Any, ...]) -> None:
    """Continue the sequence at a position that :func:`get_state` returned."""
    _random.setstate(state)


def make_uuid() -> uuid.UUID:
    """Return the next version 4 UUID of the sequence."""
    return uuid.UUID(int=_random.getrandbits(128), version=4)


def make_secret_code() -> str:
    """Return the next API secret code, of 16 characters (api-behaviour: secret-codes)."""
    return "".join(_random.choices(SECRET_ALPHABET, k=16))


def derive_token(alias: str) -> str:
    """Return the token of the user *alias*: 40 hex digits, always the same."""
    return hashlib.sha1(f"simulator:{alias}".encode()).hexdigest()
