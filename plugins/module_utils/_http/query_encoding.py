# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encode query parameters as Waldur expects them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._api.parameters import Parameter
from .._common import timestamps

_LINE_ENDS = re.compile(r"[\r\n]+")


def encode_query(parameters: tuple[Parameter, ...], query: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs of a query string: lists are repeated or joined by commas as the operation's data say
    (api-behaviour: array-parameters). None is left out."""
    styles = {parameter.name: parameter.style for parameter in parameters}
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if value is None:
            continue
        values = [_encode_value(item) for item in (value if isinstance(value, (list, tuple)) else [value])]
        pairs.extend([(name, ",".join(values))] if styles.get(name) == "comma" else [(name, text) for text in values])
    return pairs


def _encode_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return timestamps.format_utc(value) or ""
    return _LINE_ENDS.sub(" ", str(value))
