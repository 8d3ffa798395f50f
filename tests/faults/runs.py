# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a module as a function, as the action plugin makes them, in milliseconds instead of a second each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module import runner
from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import WRITE_MODULES, spec
from simulation import Simulator

# Where a timeout is waited for, and everywhere else.
SHORT = 0.8
LONG = 10.0


@dataclass(frozen=True)
class Result:
    """What Ansible would show: the result, or the message and what stands beside it."""

    failed: bool
    result: dict[str, Any]

    @property
    def msg(self) -> str:
        """The message of a failure, else whether something changed."""
        return str(self.result["msg"]) if self.failed else ("changed" if self.result["changed"] else "ok")

    def names(self, key: str) -> list[str]:
        """The changes below *key* of a failure, by action and name."""
        return [f"{change['action']} {change['name']}" for change in self.result.get(key, [])]


def run(sim: Simulator, module: str, options: dict[str, Any], *, alias: str = "staff", **connection: Any) -> Result:
    """Runs *module* against *sim* as the user *alias*, in a process that remembers nothing of runs before.

    Fails where the token or a secret code stands in what comes out.
    """
    _context.CLIENTS.clear()
    return run_beside(sim, module, options, alias=alias, **connection)


def run_beside(
    sim: Simulator, module: str, options: dict[str, Any], *, alias: str = "staff", **connection: Any
) -> Result:
    """As :func:`run`, for several at once."""
    task, token = WRITE_MODULES[module], sim.token(alias)
    validation = ArgumentSpecValidator(spec(task), **task.rules).validate(options)
    assert not validation.error_messages, validation.error_messages
    reach = Connection(sim.url, token, **{"timeout": LONG, "retries": 1, **connection})
    try:
        found = runner.run(module, validation.validated_parameters, reach, check=False, diff=True)
        result = Result(False, found)
    except WaldurError as error:
        result = Result(True, {"msg": error.message, **error.details})
    shown = json.dumps(result.result)
    hidden = _context.CLIENTS[reach][0].redactor.secrets
    assert token in hidden
    assert not [secret for secret in hidden if secret in shown], "a token or a secret code is in the result"
    return result


def plain(text: str, sim: Simulator) -> str:
    """*text* with what differs from run to run under names: the simulator's address, UUIDs, fingerprints."""
    text = text.replace(sim.url.removeprefix("http://"), "HOST")
    text = re.sub(r"sha256:[0-9a-f]{16}", "FINGERPRINT", text)
    return re.sub(r"\b[0-9a-f]{32}\b", "UUID", text)
