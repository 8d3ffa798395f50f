# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's switches (api-behaviour: hidden-accounts), rows of :class:`models.Setting` that the control channel can
change."""

from __future__ import annotations

from typing import Any

from . import editions
from .database import MEMORY
from .models import Setting
from .shapes import in_edition


def _rules() -> dict[str, dict[str, Any]]:
    """Return the switches of the present edition."""
    return {name: rule for name, rule in editions.load("configuration.yaml").items() if in_edition(rule)}


def store_defaults() -> None:
    """Store a row for each switch of the edition that has none."""
    present = set(Setting.objects.values_list("name", flat=True))
    rows = (Setting(name=name, value=rule["value"]) for name, rule in _rules().items() if name not in present)
    Setting.objects.bulk_create(rows)


def values() -> dict[str, Any]:
    """Return the values of all switches, read once between two writes."""
    if "settings" not in MEMORY:
        MEMORY["settings"] = dict(Setting.objects.values_list("name", "value"))
    return MEMORY["settings"]


def value(name: str) -> Any:
    """Return the value of the switch *name*; None where the edition lacks it."""
    return values().get(name)


def public() -> dict[str, Any]:
    """Return the switches that anybody may read (api-behaviour: configuration)."""
    return {name: value(name) for name, rule in _rules().items() if rule["public"]}
