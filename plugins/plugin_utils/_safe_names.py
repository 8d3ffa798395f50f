# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make names of hosts and files of what Waldur returns. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_LONGEST = 80


def make_safe_name(value: Any) -> str:
    """Return ``value`` as a name that means itself in every pattern, an empty text where no character is left.

    It has letters of ASCII, digits, ``_``, ``-``, ``.`` and ``@``, and 80 characters at most.
    """
    if value is None or isinstance(value, (dict, list)):
        return ""
    folded = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.@]+", "-", folded).strip("-.@_")
    return name[:_LONGEST].rstrip("-.@_")
