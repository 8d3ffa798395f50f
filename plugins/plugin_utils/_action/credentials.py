# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials in the environment of a task: what must not reach a command line, a list of processes or a job's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from ansible.module_utils.parsing.convert_bool import boolean

# The options that put a secret into a module's result.
_REVEALING = ("reveal",)
# What was removed from a task's environment: the next attempt of an until reads the connection from it again.
_REMOVED: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


def read_environment(action: Any) -> dict[str, str]:
    """Return the ``environment:`` of a task, templated, with what ``remove_credentials`` removed from it before."""
    return {**_template_environment(action), **_REMOVED.get(action._task, {})}


def remove_credentials(action: Any, environment: Mapping[str, str], token: str) -> dict[str, str]:
    """Remove the variables that no command line may show from the environment of a task, and return them.

    These are Waldur's own, credentials, and all that hold ``token``. ``environment`` is what ``read_environment``
    returned. The task's own ``environment:`` is replaced, as Ansible gives it to the status task of an asynchronous
    task afterwards.
    """
    removed = {
        name: value
        for name, value in environment.items()
        if name.startswith("WALDUR_") or token in value or _is_credential(name, value)
    }
    _REMOVED[action._task] = removed
    action._task.environment = [{name: value for name, value in environment.items() if name not in removed}]
    return removed


def check_async(action: Any, arguments: Mapping[str, Any]) -> str:
    """Return why a task with ``arguments`` must not run with ``async``, an empty text if it may.

    Ansible keeps the result of an asynchronous task in a file that every user of the host can read, and runs
    ``async_status`` with the environment that the task shares with it.
    """
    if not action._task.async_val:
        return ""
    for option in _REVEALING:
        value = arguments.get(option)
        if isinstance(value, (bool, int, float, str)) and boolean(value, strict=False):
            return (
                f"{option}: can't be used with async: Ansible would keep the secret in a file of the job that other"
                f" users of the host can read: leave out async or {option}."
            )
    if action._task.poll:
        return ""  # the status task gets the environment that remove_credentials leaves
    shared = sorted(name for name, value in _template_shared_environment(action).items() if _is_credential(name, value))
    if not shared:
        return ""
    return (
        f"environment: {shared[0]} is set for the whole play, role or block, and with async and poll: 0 a later"
        " async_status task would show it in the list of processes: set it as variable waldur_access_token or"
        " waldur_proxy, in a connection profile, or in the environment of this task alone."
    )


def _template_environment(action: Any) -> dict[str, str]:
    environment: dict[str, Any] = {}
    action._compute_environment_string(environment)
    return {str(name): str(value) for name, value in environment.items()}


def _template_shared_environment(action: Any) -> dict[str, str]:
    """Return the ``environment:`` that a task shares with the tasks around it, templated."""
    task = action._task
    # The parent's own attribute lacks what it inherits; this is how a task inherits it.
    shared = task._parent._get_parent_attribute("environment")
    complete, task.environment = task.environment, shared if isinstance(shared, list) else []
    try:
        return _template_environment(action)
    finally:
        task.environment = complete


def _is_credential(name: str, value: str) -> bool:
    """Return whether a variable holds a token, or the login of a proxy."""
    if name in ("WALDUR_ACCESS_TOKEN", "WALDUR_API_TOKEN"):
        return bool(value)
    return name.lower().endswith("_proxy") and "@" in value
