# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declarations of all modules."""

from __future__ import annotations

from .._export import files
from .._export.result_files import write_result_files
from .._linux.options import OPTIONS as LINUX_ACCOUNTS
from .._query.facts import FACTS
from .._query.info import INFOS
from .._resources.registry import RESOURCES
from .._validation.desired_state_validate import REPORTS, validate
from .argument_specs import FileModule, Module, OfflineModule, TargetModule, WriteModule
from .desired_state import DESIRED_STATE
from .resource_modules import resource_module

# The modules that write to Waldur.
WRITE_MODULES: dict[str, WriteModule] = {
    **{resource.kind.name: resource_module(resource) for resource in RESOURCES},
    "desired_state": DESIRED_STATE,
}

# The modules that write files, and change nothing in Waldur.
FILE_MODULES: dict[str, FileModule] = {
    "desired_state_file": FileModule(
        {
            **INFOS["desired_state_info"].options,
            "dest": {"type": "path", "required": True},
            "images": {"type": "bool", "default": True},
        },
        lambda session, options, check, diff: files.export(session, options, check=check, diff=diff),
    ),
}

# The modules that send no request.
OFFLINE_MODULES: dict[str, OfflineModule] = {
    "desired_state_validate": OfflineModule(
        {
            "providers_path": {"type": "path", "required": True},
            "policy_path": {"type": "path"},
            **{option: {"type": "path"} for option in REPORTS},
        },
        lambda options, read_image, check, _diff: validate(options, read_image, check=check),
    ),
    "output_files": OfflineModule(
        {
            "directory": {"type": "path"},
            "files": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "path": {"type": "path"},
                    "content": {"type": "raw", "required": True},
                    "show_diff": {"type": "bool", "default": True},
                },
            },
            "stats": {"type": "dict"},
        },
        lambda options, _read_image, check, diff: write_result_files(options, check=check, diff=diff),
        data=frozenset({"files", "stats"}),
    ),
}

# The modules that run on machines.
TARGET_MODULES: dict[str, TargetModule] = {"linux_accounts": TargetModule(LINUX_ACCOUNTS)}

MODULES: dict[str, Module] = {
    **WRITE_MODULES,
    **INFOS,
    **FACTS,
    **FILE_MODULES,
    **OFFLINE_MODULES,
    **TARGET_MODULES,
}
