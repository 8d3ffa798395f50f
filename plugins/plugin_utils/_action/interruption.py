# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an interrupted task had applied, on the error output: after Ctrl-C, Ansible prints no result any more."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import LONGEST_PATH, quote

# Newer versions of Ansible take the error output from their workers after they forked, and stop to read what workers
# display when they are interrupted. This module is imported before the fork, so the workers inherit the duplicate.
_ERROR_OUTPUT: int | None = None
with contextlib.suppress(OSError):  # a process may have none
    _ERROR_OUTPUT = os.dup(2)


class Interruption:
    """Whether a signal has ended a task of this process: the items of its loop that follow must not be started."""

    message = ""


def report(module: str, host: str, result: Mapping[str, Any]) -> None:
    """Write what an interrupted task had applied to the error output, and remember that this process is to end."""
    Interruption.message = str(result.get("msg", ""))
    text = "".join(f"{line}\n" for line in _lines(module, host, result))
    with contextlib.suppress(OSError):
        if _ERROR_OUTPUT is not None:
            os.write(_ERROR_OUTPUT, f"\n{text}".encode(errors="replace"))


def _lines(module: str, host: str, result: Mapping[str, Any]) -> Iterator[str]:
    yield f"[ERROR]: {module} on {quote(host)}: {quote(result.get('msg', ''), 10 * LONGEST_PATH)}"
    if "applied" not in result:
        yield f"  What was applied is not known, and the module may still run on {quote(host)}: look in check mode."
        return
    failed = result.get("failed_change")
    for key, changes in (
        ("applied", result["applied"]),
        ("failed_change", [failed] if failed else []),
        ("not_applied", result.get("not_applied") or []),
    ):
        yield f"  {key}: {len(changes) or 'none'}"
        for change in changes:
            yield f"    {change['action']} {quote(change['name'])} ({quote(change['service_provider'])})"
