# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the connection of a lookup or an inventory, by the rules that hold for modules."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.json_values import to_plain
from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES


def read_connection(
    options: Mapping[str, Any], variables: Mapping[str, Any], template: Callable[[Any], Any], *, place: str
) -> Connection:
    """Return the connection that a plugin has to use.

    ``options`` are the plugin's own options as they were given, evaluated (a lookup's keywords, an inventory file's
    keys); those that are no connection options are ignored. ``variables`` are all variables that the plugin sees, of
    which ``waldur_<option>`` are read; ``template`` evaluates the value of one (``templar.template``). ``place`` says
    in messages where the options are set ("the lookup").

    ``get_option_and_origin`` is not used: in ansible-core 2.17 it does not know options that were given directly, and
    no core evaluates variables for a plugin. Raises ``InvalidInput`` as modules do, with no secret in its message.
    """
    reject_facts(variables)
    return connection_options.connect(
        connection_options.resolve(
            {name: require_plain_option(name, options[name]) for name in NAMES if name in options},
            {
                name: require_plain_option(name, template(variables[f"waldur_{name}"]))
                for name in NAMES
                if f"waldur_{name}" in variables
            },
            os.environ,
            source_name=place,
        ),
        os.environ,
    )


def reject_facts(variables: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` where a fact of a host is a connection option, as managed hosts choose their facts.

    Ansible makes a variable of each fact whatever its name is, so that a host could have the token sent to a server of
    its own, or a command run on the controller. ``variables`` are all variables of a task.
    """
    facts = variables.get("ansible_facts")
    if not isinstance(facts, Mapping):
        return
    for option in NAMES:
        if f"waldur_{option}" in facts:
            raise InvalidInput(
                f"{option}: the variable waldur_{option} comes from the facts of a host, and a host must not choose the"
                " connection: set it in the inventory, in the play, or with -e."
            )


def require_plain(value: Any) -> Any:
    """Return ``value`` as plain JSON data, without the tags, unsafe marks and vaults that no other library knows.

    Raises ``InvalidInput``, with nothing of the value, for a number of thousands of digits and for endless nesting.
    """
    try:
        return to_plain(value)
    except (ValueError, RecursionError):
        raise InvalidInput("must be text, a plain number, or a list or mapping of these: correct it.") from None


def require_plain_option(name: str, value: Any) -> Any:
    """Return the value of an option as ``require_plain`` does. Raises ``InvalidInput``, which names the option."""
    try:
        return require_plain(value)
    except InvalidInput as error:
        raise InvalidInput(f"{name}: {error.message}") from None
