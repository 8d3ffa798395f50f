# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection of a lookup or an inventory: found by the very rules that hold for modules."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES


def connection_of(
    direct: Mapping[str, Any], variables: Mapping[str, Any], template: Callable[[Any], Any], *, place: str
) -> Connection:
    """How to reach the Waldur that a plugin is told to use.

    ``direct`` are the plugin's own options as they were given, evaluated (a lookup's keywords, an inventory file's
    keys; others than the connection's are not looked at), ``variables`` all variables that the plugin sees, in which
    ``waldur_<option>`` are looked up, ``template`` evaluates the value of one (``templar.template``), and ``place``
    says in messages where the options stand ("the lookup").

    Not by ``get_option_and_origin``: ansible-core 2.17 tells nothing there about options given directly, and no core
    evaluates variables for a plugin. Raises ``InvalidInput`` as modules do, without any secret in it.
    """
    return connection_options.connect(
        connection_options.resolve(
            {name: plain_option(name, direct[name]) for name in NAMES if name in direct},
            {
                name: plain_option(name, template(variables[f"waldur_{name}"]))
                for name in NAMES
                if f"waldur_{name}" in variables
            },
            os.environ,
            place=place,
        ),
        os.environ,
    )


def plain(value: Any) -> Any:
    """``value`` without tags, marks of unsafe text and vaults around it, of which no other library knows.

    Raises ``InvalidInput``, with nothing of the value, for a number of thousands of digits and for endless nesting.
    """
    try:
        return json.loads(json.dumps(value, default=str))
    except (ValueError, RecursionError):
        raise InvalidInput("must be text, a plain number, or a list or mapping of these: correct it.") from None


def plain_option(name: str, value: Any) -> Any:
    """The same for the value of an option, which the message names."""
    try:
        return plain(value)
    except InvalidInput as error:
        raise InvalidInput(f"{name}: {error.message}") from None
