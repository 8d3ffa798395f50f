# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and templates really hand over: the schema, and everything around it."""

from __future__ import annotations

import copy
import string
from datetime import date, datetime, timezone
from typing import Any

import yaml
from hypothesis import strategies as st

# What YAML makes of unquoted words: numbers in base 8, 16 and 60, moments, nothing, bytes, sets.
YAML_WORDS = (
    "007 0o17 0x1F 12:30:45 1_000 1e3 .inf .nan ~ null yes No on 2027-06-30 2027-06-30T12:00:00+02:00 !!binary aGk= - "
    '!!set {a} [] {} "" "~"'
)
_SCALARS = [yaml.safe_load(word) for word in YAML_WORDS.replace("!!binary aGk=", "").replace("!!set {a}", "").split()]
WORDS = [*_SCALARS, b"hi", {"a"}, ("a", "b"), 10**30, date(1, 1, 1), datetime.max, datetime.min]
AWKWARD = (
    "",
    " ",
    "\t",
    "x" * 101,
    "x" * 5000,
    "\0",
    "a\nb",
    "\x1b[31mred",
    "\u202e",
    "\ud800",
    "{{ 7 * 7 }}",
    "never",
    "🦆",
)
TEXTS = st.one_of(st.sampled_from(AWKWARD), st.text(max_size=20), st.text(string.printable, max_size=20))
KEYS = st.one_of(TEXTS, st.sampled_from([7, 7.5, True, None, date(2027, 1, 1), (1, 2)]))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.sampled_from(WORDS), TEXTS, st.integers(), st.floats(), st.dates(), st.datetimes()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)

WHOLE: dict[str, Any] = {
    "customer": "ALPHA",
    "state": "present",
    "description": "Compute",
    "enable_notifications": True,
    "image": "red.png",
    "users": [
        {"user": "member1", "role": "CUSTOMER.MANAGER", "expiration_time": "2027-06-30"},
        {"user": "member2", "state": "absent"},
        {"user": "member3", "expiration_time": datetime(2027, 1, 1, tzinfo=timezone.utc)},
    ],
    "exclusive_users": False,
    "offering_usernames": [{"user": "member1", "username": "m1"}],
    "api_secret_code": {"state": "rotated", "fingerprint": "sha256:9f2c61aa01b7e3d4"},
}


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be changed: every key and every index, at any depth."""
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return [place for key, item in pairs for place in ((*path, key), *_places(item, (*path, key)))]


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@st.composite
def spoiled(draw: st.DrawFn, whole: Any) -> Any:
    """``whole`` with one to three things in it spoiled: a value, a key, something left out, doubled or added."""
    found = copy.deepcopy(whole)
    for _time in range(draw(st.integers(1, 3))):
        places = _places(found)
        if not places:
            break
        path = draw(st.sampled_from(places))
        _spoil(draw, _at(found, path[:-1]), path[-1])
    return found


def _spoil(draw: st.DrawFn, holder: Any, key: Any) -> None:
    kind = draw(st.sampled_from(["value", "value", "value", "key", "gone", "more"]))
    if kind == "gone":
        del holder[key]
    elif kind == "value" or (kind == "key" and isinstance(holder, list)):
        holder[key] = draw(VALUES)
    elif isinstance(holder, list):
        holder.append(draw(st.one_of(VALUES, st.just(copy.deepcopy(holder[key])))))
    elif kind == "more":
        holder[draw(KEYS)] = draw(VALUES)
    else:
        holder[draw(_misspelt(key))] = holder.pop(key)


def _misspelt(key: Any) -> st.SearchStrategy[Any]:
    """The key with a letter lost or doubled, in capitals, or something else altogether."""
    text = str(key)
    cut = st.integers(0, max(len(text) - 1, 0)).map(lambda at: text[:at] + text[at + 1 :])
    return st.one_of(cut, st.just(text.upper()), st.just(text + text[-1:]), st.just(f" {text}"), KEYS)


def spoiled_documents() -> st.SearchStrategy[Any]:
    """A whole document of two providers with something wrong in it, or no document at all."""
    second = {"customer": "BETA", "users": [{"user": "pa1"}], "exclusive_users": False}
    return st.one_of(spoiled([WHOLE, second]), spoiled([WHOLE, second]), VALUES)
