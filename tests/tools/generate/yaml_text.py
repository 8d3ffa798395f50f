# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML in the style of this collection, the same for the same data whatever the version of PyYAML."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

WIDTH = 120
# Their lists and mappings are written in one line: they are values, not descriptions.
_INLINE = frozenset({"sample", "choices", "default", "aliases"})


def dump(data: Mapping[str, Any], indent: int = 0) -> str:
    """Return *data* as lines, each with *indent* spaces before it."""
    text = "".join(f"{line}\n" for line in _mapping(data, indent))
    if yaml.safe_load(text) != data:
        raise ValueError(f"YAML can't hold this in the style used here: {data}")
    return text


def _mapping(data: Mapping[str, Any], indent: int) -> list[str]:
    lines: list[str] = []
    for key, value in data.items():
        start = f"{' ' * indent}{_scalar(key)}:"
        if key in _INLINE or not isinstance(value, (dict, list)) or not value:
            lines += wrapped(start, _inline(value), indent)
        elif isinstance(value, dict):
            lines += [start, *_mapping(value, indent + 2)]
        else:
            lines.append(start)
            for item in value:
                lines += wrapped(f"{' ' * indent}  -", _inline(item), indent + 2)
    return lines


def wrapped(start: str, text: str, indent: int) -> list[str]:
    """Return *text* after *start*, broken where there are spaces, which YAML folds."""
    if len(f"{start} {text}") <= WIDTH:
        return [f"{start} {text}"]
    return textwrap.wrap(
        f"{start.strip()} {text}",
        WIDTH,
        initial_indent=start[: len(start) - len(start.lstrip())],
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _inline(value: Any, *, nested: bool = False) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_inline(item, nested=True)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item, nested=True) for item in value) + "]"
    return _scalar(value, nested=nested)


def _scalar(value: Any, *, nested: bool = False) -> str:
    """Return *value* as PyYAML writes it, with double quotes where it needs any; in brackets (*nested*) more do."""
    data = [value] if nested else value
    text = yaml.safe_dump(data, width=10**9, allow_unicode=True, default_flow_style=nested)
    text = text.removesuffix("\n").removesuffix("\n...")
    text = text[1:-1] if nested else text
    return json.dumps(value, ensure_ascii=False) if text[:1] in ("'", '"') else text
