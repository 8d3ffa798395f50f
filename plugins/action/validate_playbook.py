# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of validate_playbook, whose documentation is in the module of the same name."""

from __future__ import annotations

from ansible_collections.waldur.provider.plugins.plugin_utils._action.load import import_with_bytecode

ActionModule = import_with_bytecode("plugin_utils._action.playbook_validation").PlaybookValidation
