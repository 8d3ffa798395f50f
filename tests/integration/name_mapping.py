# SPDX-License-Identifier: GPL-3.0-or-later
"""Map names of the recorded data to those of another Waldur."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

# The limits of a name: a diff's sign and the end of a sentence are allowed, other parts of an e-mail address are not.
BEFORE, AFTER = r"(?<![\w@.])(?<!\w-)", r"(?![\w@-])"


@dataclass
class NameMapping:
    """Map ``names`` of the recorded data to names of a Waldur, and back to the first of them with that name.

    ``missing`` has the patterns of names without a counterpart, each with the reason. Without both, nothing changes.
    """

    names: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def to_target(self, value: Any) -> Any:
        """Return *value* with the names of the Waldur."""
        return _translated(value, self.names)

    def from_target(self, value: Any) -> Any:
        """Return *value* of the Waldur with the names of the recorded data."""
        recorded_names: dict[str, str] = {}
        for name, target_name in self.names.items():
            recorded_names.setdefault(target_name, name)
        return _translated(value, recorded_names)

    def ignoring(self, reason: str) -> NameMapping:
        """Return this mapping without the missing names of that *reason*."""
        return NameMapping(self.names, {pattern: why for pattern, why in self.missing.items() if why != reason})

    def missing_reason(self, value: Any) -> str | None:
        """Return why *value* can't be translated, or ``None``."""
        text = json.dumps(value, ensure_ascii=False, default=str)
        for name in self.names:
            text = text.replace(name, "")
        return next((reason for pattern, reason in self.missing.items() if re.search(pattern, text)), None)


def _translated(value: Any, names: dict[str, str]) -> Any:
    if not names:
        return value
    if isinstance(value, dict):
        return {_translated(key, names): _translated(inner, names) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_translated(inner, names) for inner in value]
    if not isinstance(value, str):
        return value
    longest_first = sorted(names, key=len, reverse=True)
    pattern = BEFORE + "(" + "|".join(re.escape(name) for name in longest_first) + ")" + AFTER
    return re.sub(pattern, lambda match: names[match[0]], value)
