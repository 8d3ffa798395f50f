# SPDX-License-Identifier: GPL-3.0-or-later
"""Who plays which part: the tests speak of the recorded world, and another Waldur has other names."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

# Where a name begins and ends: a diff's sign and the end of a sentence may stand there, and an e-mail's rest may not.
BEFORE, AFTER = r"(?<![\w@.])(?<!\w-)", r"(?![\w@-])"


@dataclass
class Cast:
    """``parts`` are names of the recorded world and who they are here; where two are the same, the first is shown.

    ``lacking`` are patterns of what this Waldur has no counterpart of, and why. Without either, all is as recorded.
    """

    parts: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)

    def forth(self, value: Any) -> Any:
        """Anything made of text, with this Waldur's names in it."""
        return _translated(value, self.parts)

    def back(self, value: Any) -> Any:
        """What this Waldur said, as if the recorded world had said it."""
        names: dict[str, str] = {}
        for name, here in self.parts.items():
            names.setdefault(here, name)
        return _translated(value, names)

    def without(self, why: str) -> Cast:
        """Return this cast for what does not mind the lack that ``why`` names."""
        return Cast(self.parts, {pattern: reason for pattern, reason in self.lacking.items() if reason != why})

    def lacks(self, value: Any) -> str | None:
        """Why *value* can't be said here, or ``None``."""
        text = json.dumps(value, ensure_ascii=False, default=str)
        for name in self.parts:
            text = text.replace(name, "")
        return next((why for pattern, why in self.lacking.items() if re.search(pattern, text)), None)


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
    return re.sub(pattern, lambda found: names[found[0]], value)
