# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the variables of a playbook: their names, types and choices. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, Problems, quote
from ansible_collections.waldur.provider.plugins.plugin_utils._action.option_checks import check_options
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.declarations import Playbook, Variable

# How alike a name and the variable that is meant must be, and by how many characters their lengths may differ:
# provider_path means providers_path, and neither provider nor my_providers_path does.
_LIKENESS = 0.9
_MOST_MORE = 2


def check_names(playbook: Playbook, names: Iterable[str], all_variables: Iterable[str]) -> None:
    """Raise ``InvalidInput`` for each of ``names`` that is likely to be a misspelt variable of the playbook.

    ``names`` are those of extra variables. Some of them may be meant for an inventory or a role, so only names that no
    playbook has (``all_variables`` are those of all of them) and that are very much like a variable are rejected.
    """
    problems = Problems()
    known = {*all_variables, *playbook.role_variables}
    for name in names:
        meant = "" if name in known else _find_meant(playbook, name)
        if meant:
            problems.add(f"{quote(name)}: is not a variable of waldur.provider.{playbook.name}. Did you mean {meant}?")
    problems.raise_errors()


def _find_meant(playbook: Playbook, name: str) -> str:
    """Return the variable that is meant by ``name``, an empty text if it is not like any."""
    spelled = name.casefold().replace("-", "_")
    for variable in playbook.variables.values():
        if spelled == variable.name or spelled in variable.misspelt:
            return variable.name
    return _find_like(spelled, playbook.variables) or _find_role_variable(playbook, spelled)


def _find_role_variable(playbook: Playbook, name: str) -> str:
    """Return the variable of the playbook's role that is meant; what all of them begin with makes none alike."""
    prefix = f"{playbook.role}_"
    if not playbook.role or not name.startswith(prefix):
        return ""
    endings = [variable.removeprefix(prefix) for variable in playbook.role_variables]
    ending = _find_like(name.removeprefix(prefix), endings)
    return f"{prefix}{ending}" if ending else ""


def _find_like(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [*names], 1, _LIKENESS)
    return near[0] if near and abs(len(near[0]) - len(name)) <= _MOST_MORE else ""


def list_ineffective(playbook: Playbook, names: Iterable[str], all_variables: Iterable[str]) -> list[str]:
    """Return a warning for each of ``names`` that only other playbooks take."""
    others = {*all_variables} - playbook.variables.keys()
    return [
        f"{name}: is not a variable of waldur.provider.{playbook.name}, and has no effect."
        for name in sorted({*names} & others)
    ]


def check_required(playbook: Playbook, values: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` for the first required variable without a value in ``values``."""
    for variable in playbook.variables.values():
        if variable.required and _is_empty(values.get(variable.name)):
            raise InvalidInput(f"{variable.name}: is required: {variable.required}.")


def check_values(playbook: Playbook, values: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` with all errors in the values of variables, by the argument spec of the playbook.

    ``values`` are those of variables that are defined.
    """
    filled = {name: value for name, value in values.items() if not is_left_out(playbook.variables[name], value)}
    # Variables of the type raw are checked by what uses them, whose messages say more.
    typed = {name: value for name, value in filled.items() if playbook.variables[name].spec["type"] != "raw"}
    spec = {name: dict(playbook.variables[name].spec) for name in typed}
    check_options(f"waldur.provider.{playbook.name}", spec, (), typed)
    problems = Problems()
    for name, value in filled.items():
        variable = playbook.variables[name]
        if variable.pattern and not re.fullmatch(variable.pattern, str(value)):
            problems.add(f"{name}: '{quote(value)}' is not valid: give a {variable.values}.")
    for name, value in typed.items():
        for error in ArgumentSpecValidator({name: spec[name]}).validate({name: value}).error_messages:
            problems.add(f"{name}: {quote(error, 1000)}")
    problems.raise_errors()


def is_left_out(variable: Variable, value: Any) -> bool:
    """Return whether ``value`` means the same as leaving the variable out."""
    return variable.may_be_empty and _is_empty(value)


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())
