# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module needs beside its file: an action plugin, and its name in the action group.

Each module has a stub of the action plugin, so that Ansible loads the class once, before it forks. Those that run on
machines have none.
"""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.waldur.provider.plugins.module_utils._module.modules import OFFLINE_MODULES, TARGET_MODULES

from . import ROOT

ACTIONS = ROOT / "plugins" / "action"
# Modules with an action plugin of their own, which need more than their options and no Waldur.
OWN_ACTIONS = frozenset({"validate_playbook"})
# The names of the modules are the items of the list.
GROUP = re.compile(r"(?P<start>^action_groups:\n  all:\n)(?:    - \w+\n)*", re.MULTILINE)
STUB = '''\
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's one action plugin under this module's name, so that Ansible loads it once, before it forks."""

from __future__ import annotations

from ansible_collections.waldur.provider.plugins.plugin_utils._action.load import load_action

ActionModule = load_action("{module}")
'''


def modules() -> list[str]:
    """Return the names of the modules that run on the controller."""
    return sorted({path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} - TARGET_MODULES.keys())


def texts() -> dict[Path, str]:
    """Return the stubs of all modules, and the file with the action group."""
    runtime = ROOT / "meta" / "runtime.yml"
    # The group sets connection options, which the others do not take.
    offline = {*OFFLINE_MODULES, *OWN_ACTIONS}
    group = "".join(f"    - {name}\n" for name in modules() if name not in offline)
    text = GROUP.sub(lambda block: block["start"] + group, runtime.read_text(encoding="utf-8"))
    return {
        runtime: text,
        **{ACTIONS / f"{name}.py": STUB.format(module=name) for name in modules() if name not in OWN_ACTIONS},
    }


def obsolete() -> list[Path]:
    """Return the stubs without a module."""
    return [path for path in sorted(ACTIONS.glob("*.py")) if path.stem not in modules()]
