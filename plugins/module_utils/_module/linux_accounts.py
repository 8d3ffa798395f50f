# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ``linux_accounts`` on a machine, as root. It needs the standard library only, and neither Waldur nor requests."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from .._common.errors import LONGEST_PATH, WaldurError, quote
from .._linux.options import OPTIONS
from .._linux.run import run


def run_linux_accounts() -> None:
    """Read the options, manage the accounts, and print the result or the failure."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params, check=module.check_mode, diff=module._diff)
    except WaldurError as error:
        module.fail_json(msg=error.message, **error.details)
    except OSError as error:
        module.fail_json(msg=f"Cannot manage the accounts of this machine: {quote(error, LONGEST_PATH)}.")
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)
