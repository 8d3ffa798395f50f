# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""UUIDs come with and without dashes and in any case; one form is compared (api-behaviour: uuids)."""

from __future__ import annotations

import re
from typing import Any

_SHORTEST = 32
_NORMAL = re.compile(r"[0-9a-f]{32}")
_DASHED = re.compile(r"^[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$")

# One pattern for all collections, compiled before Ansible forks, as each task has a process of its own.
_OBJECT_URL = re.compile(r"^(?:https?://[^/]+(?:/[^?#]*)?)?/api/([^/?#]+)/([^/?#]+)/?$")


def normalize(value: Any) -> str | None:
    """Return the 32 lower-case hex digits of ``value``, or None where it is not a UUID."""
    if not isinstance(value, str) or len(value) < _SHORTEST:
        return None
    if _NORMAL.fullmatch(value):  # as Waldur sends them, many in each row
        return value
    if _DASHED.match(value.strip()):
        return value.strip().replace("-", "").lower()
    return None


def from_url(value: Any, collection: str | None) -> str | None:
    """Return the UUID in a URL of an object of ``collection`` (such as ``customers``), or of any object where that is
    None; only the path counts (api-behaviour: references-by-url)."""
    if not isinstance(value, str):
        return None
    match = _OBJECT_URL.match(value.strip())
    return normalize(match[2]) if match and collection in (None, match[1]) else None
