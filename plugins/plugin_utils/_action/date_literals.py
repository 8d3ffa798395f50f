# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse lists that ansible-core 2.17 and 2.18 turned into text, as they do where an unquoted YAML date is in them.

Their templating can't evaluate ``datetime.date(2027, 6, 30)`` and passes on the printed list. Nothing is executed here:
literals and the types of dates are recognised, and any other text stays as it is.
"""

from __future__ import annotations

import ast
from datetime import date, datetime, timedelta, timezone
from typing import Any

_CALLS = {
    "datetime.date": date,
    "datetime.datetime": datetime,
    "datetime.timedelta": timedelta,
    "datetime.timezone": timezone,
}


def parse_printed_list(value: Any) -> Any:
    """Return the list whose printed form ``value`` is, dates included; ``value`` itself if it is anything else."""
    if not isinstance(value, str) or not value.lstrip().startswith("[") or "datetime." not in value:
        return value
    try:
        return _evaluate(ast.parse(value.strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        return value


def _evaluate(node: ast.expr) -> Any:
    """Return the value of a literal. Raises ``ValueError`` for any other expression."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_evaluate(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {
            _evaluate(key): _evaluate(item) for key, item in zip(node.keys, node.values, strict=True) if key is not None
        }
    if isinstance(node, ast.Call) and ast.unparse(node.func) in _CALLS:
        keywords = {keyword.arg: _evaluate(keyword.value) for keyword in node.keywords if keyword.arg}
        return _CALLS[ast.unparse(node.func)](*[_evaluate(item) for item in node.args], **keywords)
    if isinstance(node, ast.Attribute) and ast.unparse(node) == "datetime.timezone.utc":
        return timezone.utc
    return ast.literal_eval(node)
