# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Convert the arguments of a task into plain data that knows how numbers were spelled, and show them in results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ansible.module_utils.errors import UnsupportedError

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_files import DEEPEST
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_spelling import (
    attach_spelling,
    read_plain_scalar,
)
from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import CONNECTION

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:  # ansible-core before 2.19 does not record where a value comes from
    Origin = None

_LONGEST_MESSAGE = 2000
_REDACTED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def keep_spelling(value: Any, level: int = 0) -> Any:
    """Return ``value`` in plain lists and mappings; numbers and dates know their spelling where their origin is known.

    ansible-core 2.19 and newer record the file, line and column of a value. What is nested deeper than ``DEEPEST``
    levels is returned as it is, and rejected by the checks of options.
    """
    if isinstance(value, Mapping) and level < DEEPEST:
        return {keep_spelling(key, DEEPEST): keep_spelling(item, level + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and level < DEEPEST:
        return [keep_spelling(item, level + 1) for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float, date)):
        return value
    origin = Origin.get_tag(value) if Origin else None
    return attach_spelling(value, lambda: _read_spelling(value, origin)) if origin and origin.path else value


def _read_spelling(value: Any, origin: Any) -> str | None:
    """Return the word at the origin of ``value``, None where that word means something else."""
    import yaml

    word = read_plain_scalar(origin.path, origin.line_num or 0, origin.col_num or 0)
    try:
        return word if word is not None and yaml.safe_load(word) == value else None
    except (yaml.YAMLError, ValueError):
        return None


def restore_numbers(plain: Any, spelled: Any) -> Any:
    """Return ``plain`` with the numbers of ``spelled``, the data that it was made of, as they know their spelling."""
    if isinstance(plain, dict):
        return {key: restore_numbers(item, spelled[key]) for key, item in plain.items()}
    if isinstance(plain, list):
        return [restore_numbers(*pair) for pair in zip(plain, spelled, strict=True)]
    return spelled if isinstance(plain, (int, float)) else plain


def describe_errors(module: str, validation: Any) -> str:
    """Return the errors of ``ArgumentSpecValidator`` as one message. ``module`` is the module's full name."""
    # Ansible quotes values whole, however long they are.
    message = quote(validation.errors.msg, _LONGEST_MESSAGE)
    if isinstance(validation.errors[0], UnsupportedError):
        return f"Unsupported parameters for ({module}) module: {message}"
    return message


# --- the invocation in a result --------------------------------------------------------------------------------------


def make_invocation(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``invocation`` of a result: the task's arguments, without the values of secret options."""
    secret = {name for name, option in CONNECTION.items() if option.get("no_log")}
    return {"module_args": {key: _REDACTED if key in secret else value for key, value in arguments.items()}}


def redact_api_url(invocation: dict[str, Any]) -> dict[str, Any]:
    """Return ``invocation`` with ``api_url`` redacted where it may hold a password or a token."""
    arguments = invocation.get("module_args")
    if not isinstance(arguments, dict) or arguments.get("api_url") is None:
        return invocation
    if not _may_hold_secret(arguments["api_url"]):
        return invocation
    return {**invocation, "module_args": {**arguments, "api_url": _REDACTED}}


def _may_hold_secret(url: Any) -> bool:
    """Return whether ``url`` has a login, a query or a fragment, or is not a valid ``api_url``."""
    try:
        connection_options.base_url(url)
    except InvalidInput:
        return True
    return any(mark in str(url) for mark in "@?#")
