# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between versions of Waldur: ``editions.yaml``, asked by name; no code ever compares years."""

from __future__ import annotations

import functools
import pathlib
import types
from typing import Any

import yaml


class Edition(types.SimpleNamespace):
    """One version of Waldur, with its ``name`` and the properties that ``editions.yaml`` explains."""


@functools.cache
def load(*place: str) -> Any:
    """The content of the YAML file at *place* in this folder, read once."""
    content = pathlib.Path(__file__).parent.joinpath(*place).read_bytes()
    return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _read() -> dict[str, Edition]:
    found: dict[str, Edition] = {}
    values: dict[str, Any] = {}
    for name, changes in load("editions.yaml").items():
        values = {**values, **changes}
        found[name] = Edition(name=name, **values)
    return found


EDITIONS = _read()
_current = EDITIONS["2025"]


def current() -> Edition:
    """The edition that this process answers as."""
    return _current


def choose(name: str) -> Edition:
    """Answer as the edition *name* from now on; raises ``KeyError`` for an unknown one."""
    global _current  # noqa: PLW0603 - one process is one server
    _current = EDITIONS[name]
    return _current
