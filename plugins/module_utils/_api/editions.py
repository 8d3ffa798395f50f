# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The editions of Waldur, by year, and how to tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OLDEST = 2024
NEWEST = 2026

# Keys of a provider's row, each with the first edition that has it (api-behaviour: editions-detect).
_FIRST_EDITIONS = (("account_options", 2026), ("customer_slug", 2025))


def detect_edition(provider: Mapping[str, Any]) -> int:
    """Return the edition (a year) of the Waldur that returned ``provider``, a service provider with all its keys."""
    return next((edition for key, edition in _FIRST_EDITIONS if key in provider), OLDEST)
