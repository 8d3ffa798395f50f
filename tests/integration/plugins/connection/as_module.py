# SPDX-License-Identifier: GPL-3.0-or-later
"""A local connection that does not say so: with it, a task runs as a module, the normal way."""

from __future__ import annotations

from typing import Any

from ansible.plugins.connection import local

DOCUMENTATION = local.DOCUMENTATION.replace("name: local", "name: as_module")


class Connection(local.Connection):
    """Ansible's own local connection under another name."""

    transport: Any = "as_module"
