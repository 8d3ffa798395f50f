# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's one action plugin under this module's name, so that Ansible loads it once, before it forks."""

from __future__ import annotations

from ansible_collections.waldur.provider.plugins.plugin_utils._action.load import load_action

ActionModule = load_action("offering_info")
