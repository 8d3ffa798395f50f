# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load the action plugin of a module with all that its tasks import, before Ansible forks a process for each task."""

from __future__ import annotations

from importlib import import_module

from ansible.plugins.action import ActionBase

_PLUGINS = "ansible_collections.waldur.provider.plugins."
# What tasks import only where they name documents; a single resource has none.
_FOR_DOCUMENTS = ("module_utils._engine.policy_review", "plugin_utils._action.documents")


def load_action(module: str) -> type[ActionBase]:
    """Return the class of the action plugin, and import what tasks of ``module`` need."""
    import_module(f"{_PLUGINS}module_utils._module.find_module").find_module(module)
    if import_module(f"{_PLUGINS}module_utils._resources.find_resource").find_resource(module) is None:
        for name in _FOR_DOCUMENTS:
            import_module(_PLUGINS + name)
    action: type[ActionBase] = import_module(f"{_PLUGINS}plugin_utils._action.action_module").ActionModule
    return action
