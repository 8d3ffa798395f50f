# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types that several layers share."""

from __future__ import annotations

from typing import Any, TypeAlias

Row = dict[str, Any]

# What a resource shows of one provider in the result of a task: its object or objects, or null where there is none.
Result: TypeAlias = "Row | list[Row] | None"
