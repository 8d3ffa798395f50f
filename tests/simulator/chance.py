# SPDX-License-Identifier: GPL-3.0-or-later
"""UUIDs, tokens and secret codes: random to look at, the same in every run."""

from __future__ import annotations

import hashlib
import random
import uuid
from typing import Any

# No I, O, l, i, o, 0 or 1: nobody can misread a code (api-behaviour: secret-codes).
SECRET_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"

_random = random.Random(0)


def restart(seed: int = 0) -> None:
    """Begin the same sequence again, as every load of a world does."""
    _random.seed(seed)


def bookmark() -> tuple[Any, ...]:
    """Where the sequence is, for :func:`return_to`."""
    return _random.getstate()


def return_to(place: tuple[Any, ...]) -> None:
    """Continue the sequence from a :func:`bookmark`."""
    _random.setstate(place)


def new_uuid() -> uuid.UUID:
    """A version 4 UUID from the sequence."""
    return uuid.UUID(int=_random.getrandbits(128), version=4)


def secret_code() -> str:
    """A new API secret code of 16 characters (api-behaviour: secret-codes)."""
    return "".join(_random.choices(SECRET_ALPHABET, k=16))


def token_of(alias: str) -> str:
    """The 40 hex digits that are always the token of the user called *alias*."""
    return hashlib.sha1(f"simulator:{alias}".encode()).hexdigest()
