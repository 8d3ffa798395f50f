# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules in the test's own process, which takes milliseconds, whereas a process of Ansible takes a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module import runner
from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import spec
from ansible_collections.waldur.provider.plugins.module_utils._module.modules import MODULES
from simulator_process import Simulator


def make_connection(sim: Simulator, alias: str = "staff", **values: Any) -> Connection:
    """Return the connection of a user to a simulator, without retries; ``values`` replace its fields."""
    return Connection(**{"api_url": sim.url, "access_token": sim.token(alias), "retries": 0, **values})


def run_module(
    connection: Connection,
    module: str,
    options: Mapping[str, Any],
    *,
    check: bool = False,
    diff: bool = False,
    keep_cache: bool = False,
) -> dict[str, Any]:
    """Run a module with ``options`` as they are: its argument spec neither checks them nor adds defaults.

    The cache of earlier runs is cleared unless ``keep_cache``, such as for several runs at once. Raises
    ``WaldurError`` where the module would fail.
    """
    if not keep_cache:
        _context.CLIENTS.clear()
    return runner.run(module, options, connection, check=check, diff=diff)


def run_validated_module(
    connection: Connection,
    module: str,
    options: Mapping[str, Any],
    *,
    check: bool = False,
    diff: bool = False,
    keep_cache: bool = False,
) -> dict[str, Any]:
    """Run a module as :func:`run_module` does, after its argument spec has checked and completed ``options``."""
    declared = MODULES[module]
    validation = ArgumentSpecValidator(spec(declared), **declared.rules).validate(options)
    assert not validation.error_messages, validation.error_messages
    validated = validation.validated_parameters
    return run_module(connection, module, validated, check=check, diff=diff, keep_cache=keep_cache)
