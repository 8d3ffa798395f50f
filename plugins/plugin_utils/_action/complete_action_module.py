# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of the modules that use more than one resource, with all that they import.

A task of a single resource does not wait for the import of what reads, exports and validates. These modules need it,
and Ansible has to import it before it forks, as each task has a process of its own.
"""

from __future__ import annotations

from ansible_collections.waldur.provider.plugins.module_utils._module import modules
from ansible_collections.waldur.provider.plugins.plugin_utils._action.action_module import ActionModule

__all__ = ["ActionModule", "modules"]
