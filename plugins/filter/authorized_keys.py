# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter authorized_keys; its documentation is in the YAML file of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.utils.display import Display

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._filters import make_filter
from ansible_collections.waldur.provider.plugins.plugin_utils._ssh_keys import authorized_keys as make_authorized_keys


def authorized_keys(
    keys: Any, users: Any, usernames: Any = None, keep_inactive: bool = False, invalid: str = "warn"
) -> dict[str, list[str]]:
    """Return the lines of each account. Raises ``InvalidInput`` for invalid rows, with 'fail' also for keys."""
    if invalid not in ("warn", "fail"):
        raise InvalidInput("invalid: must be 'warn' or 'fail'.")
    result = make_authorized_keys(keys, users, usernames, keep_inactive=keep_inactive)
    if result.left_out and invalid == "fail":
        raise InvalidInput(f"{'; '.join(result.left_out)}.")
    if result.left_out:
        Display().warning(f"waldur.provider.authorized_keys left out: {'; '.join(result.left_out)}.")
    return result.lines


class FilterModule:
    """The filter of this file, as Ansible loads it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"authorized_keys": make_filter("authorized_keys", authorized_keys)}
