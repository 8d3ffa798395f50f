# SPDX-License-Identifier: GPL-3.0-or-later
"""A local connection that does not say so: with it, a task runs as a module, the normal way.

What Python tells of the collection's deprecated code in the module's process would be dropped with its standard error:
here it becomes a warning of the run, which ``commands.py`` fails on.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ansible.plugins.connection import local
from ansible.utils.display import Display

DOCUMENTATION = local.DOCUMENTATION.replace("name: local", "name: as_module")

# Python keeps these two to itself otherwise.
TOLD = "default::DeprecationWarning,default::PendingDeprecationWarning"
OURS = re.compile(rb"^.*ansible_collections/waldur/.*DeprecationWarning: .*$", re.MULTILINE)


class Connection(local.Connection):
    """Ansible's own local connection under another name."""

    transport: Any = "as_module"

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Runs the command, and warns of what will go away."""
        os.environ["PYTHONWARNINGS"] = TOLD
        code, out, err = super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        for line in OURS.findall(err):
            Display().warning(line[line.index(b"ansible_collections/") :].decode(errors="replace"))
        return code, out, OURS.sub(b"", err)
