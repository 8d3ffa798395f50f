# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules in-process, and describe how each run ended: with a result or with a failure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from in_process import make_connection, run_validated_module

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from simulator_process import Simulator

# Timeouts in seconds: for tests that wait for one, and for all others.
SHORT = 0.8
LONG = 10.0


@dataclass(frozen=True)
class Result:
    """The result of a module, or the message and the details of its failure."""

    failed: bool
    result: dict[str, Any]

    @property
    def msg(self) -> str:
        """Return the message of a failure, else whether something changed."""
        return str(self.result["msg"]) if self.failed else ("changed" if self.result["changed"] else "ok")

    def names(self, key: str) -> list[str]:
        """Return the changes below ``key`` of a failure, by action and name."""
        return [f"{change['action']} {change['name']}" for change in self.result.get(key, [])]


def try_module(
    sim: Simulator,
    module: str,
    options: dict[str, Any],
    *,
    alias: str = "staff",
    keep_cache: bool = False,
    **connection: Any,
) -> Result:
    """Run a module as ``run_validated_module`` does, and return its failure as a result instead of raising it.

    Fails if the result contains the token of the user ``alias`` or a secret code.
    """
    reach = make_connection(sim, alias, **{"timeout": LONG, "retries": 1, **connection})
    try:
        result = Result(False, run_validated_module(reach, module, options, diff=True, keep_cache=keep_cache))
    except WaldurError as error:
        result = Result(True, {"msg": error.message, **error.details})
    shown = json.dumps(result.result)
    hidden = _context.CLIENTS[reach][0].redactor.secrets
    assert reach.access_token in hidden
    assert not [secret for secret in hidden if secret in shown], "a token or a secret code is in the result"
    return result


def mask_random_values(text: str, sim: Simulator) -> str:
    """Replace what differs between runs by names: the address of the simulator, UUIDs and fingerprints."""
    text = text.replace(sim.url.removeprefix("http://"), "HOST")
    text = re.sub(r"sha256:[0-9a-f]{16}", "FINGERPRINT", text)
    return re.sub(r"\b[0-9a-f]{32}\b", "UUID", text)
