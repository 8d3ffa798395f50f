# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of fixtures."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.waldur.provider.plugins.module_utils._context import Session

# Makes an engine session on the simulator: the caller's alias, and what to do about missing users.
Connect = Callable[..., Session]
