# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report on the error output what an interrupted task had applied: after Ctrl-C, Ansible prints no results."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import LONGEST_PATH, quote

_UNCERTAIN = "uncertain (sent, answer unknown; check it with a run in check mode)"

# Newer versions of Ansible take the error output from their workers after they forked, and stop to read what workers
# display when they are interrupted. This module is imported before the fork, so the workers inherit the duplicate.
_ERROR_OUTPUT: int | None = None
with contextlib.suppress(OSError):  # a process may have none
    _ERROR_OUTPUT = os.dup(2)


class Interruption:
    """The message of the task of this process that a signal ended, empty if there is none.

    The remaining items of its loop must not be started.
    """

    message = ""


def report(module: str, host: str, result: Mapping[str, Any]) -> None:
    """Write what an interrupted task had applied to the error output, and record that this process must end.

    ``module`` is the module's full name, ``host`` the inventory name of the host, and ``result`` the task's result.
    """
    Interruption.message = str(result.get("msg", ""))
    text = "".join(f"{line}\n" for line in _format_lines(module, host, result))
    with contextlib.suppress(OSError):
        if _ERROR_OUTPUT is not None:
            os.write(_ERROR_OUTPUT, f"\n{text}".encode(errors="replace"))


def _format_lines(module: str, host: str, result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"[ERROR]: {module} on {quote(host)}: {quote(result.get('msg', ''), 10 * LONGEST_PATH)}"
    if "applied" not in result:
        yield (
            f"  What was applied is not known, and the module may still run on {quote(host)}: run the task in check"
            " mode to see what is left to change."
        )
        return
    failed, uncertain = result.get("failed_change"), result.get("uncertain") or []
    for key, changes in (
        ("applied", result["applied"]),
        ("failed_change", [failed] if failed else []),
        *([(_UNCERTAIN, uncertain)] if uncertain else []),
        ("not_applied", result.get("not_applied") or []),
    ):
        yield f"  {key}: {len(changes) or 'none'}"
        for change in changes:
            yield f"    {change['action']} {quote(change['name'])} ({quote(change['service_provider'])})"
