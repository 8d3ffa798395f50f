# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the module ``linux_accounts``, as an argument spec. Plain data."""

from __future__ import annotations

from typing import Any

ACCOUNT_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "uid": {"type": "int"},
    "group": {"type": "str"},
    "home": {"type": "str"},
    "shell": {"type": "str", "default": "/bin/bash"},
    "comment": {"type": "str", "default": ""},
    "ssh_keys": {"type": "list", "elements": "str", "no_log": False},
    "groups": {"type": "list", "elements": "str", "default": []},
    "active": {"type": "bool", "default": True},
    "has_access": {"type": "bool", "default": False},
    "reason": {"type": "str", "default": ""},
    "user_uuid": {"type": "str", "default": ""},
}
GROUP_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "gid": {"type": "int", "required": True},
}
OPTIONS: dict[str, Any] = {
    "accounts": {"type": "list", "elements": "dict", "required": True, "options": ACCOUNT_OPTIONS},
    "groups": {"type": "list", "elements": "dict", "default": [], "options": GROUP_OPTIONS},
    "is_complete": {"type": "bool", "default": True},
    "adopt": {"type": "list", "elements": "str", "default": []},
    "departed": {"type": "str", "choices": ["lock", "delete"], "default": "lock"},
    "max_removals": {"type": "int", "default": 5},
    "home_parents": {"type": "list", "elements": "str", "default": ["/home"]},
    "allowed_key_options": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "list_name": {"type": "str", "default": "waldur"},
    "root": {"type": "path", "default": "/"},
}
