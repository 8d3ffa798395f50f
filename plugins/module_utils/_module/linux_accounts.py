# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ``linux_accounts`` on a machine, as root. It needs the standard library only, and neither Waldur nor requests."""

from __future__ import annotations

from collections.abc import Callable

from ansible.module_utils.basic import AnsibleModule

from .._common.errors import LONGEST_PATH, WaldurError, quote
from .._linux.options import OPTIONS
from .._linux.run import run


def run_linux_accounts() -> None:
    """Read the options, manage the accounts, and print the result or the failure."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        find_context = _make_context_finder(module) if module.selinux_enabled() else None
        result = run(module.params, check=module.check_mode, diff=module._diff, find_context=find_context)
    except WaldurError as error:
        module.fail_json(msg=error.message, **error.details)
    except OSError as error:
        module.fail_json(msg=f"Cannot manage the accounts of this machine: {quote(error, LONGEST_PATH)}.")
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


def _make_context_finder(module: AnsibleModule) -> Callable[[str, int], str]:
    """Return a function that finds the SELinux context of a path by its file type in the policy of the machine."""

    def find_context(path: str, file_type: int) -> str:
        context = module.selinux_default_context(path, file_type)
        return ":".join(context) if all(context) else ""

    return find_context
