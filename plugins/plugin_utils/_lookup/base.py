# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lookups share: their options from wherever they are set, and their errors in Ansible's form."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._http.client import REQUESTS_IMPORT_ERROR
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils._connection_options import connection_of, plain_option
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup.queries import PROVIDER
from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD

_VARIABLE = f"waldur_{PROVIDER}"
# Ansible's own, which reach the plugin on some of its ways.
_OF_ANSIBLE = ("wantlist", "allow_unsafe", "errors")


class Asking(LookupBase):  # type: ignore[misc]
    """A lookup that asks a Waldur. Not by ``set_options``: it drops keywords that it doesn't know, and evaluates no
    variables."""

    @abstractmethod
    def ask(
        self, connection: Connection, terms: Sequence[Any], given: Mapping[str, Any], usual: Any
    ) -> tuple[list[Any], list[str]]:
        """What the lookup returns, and warnings. ``given`` are its keywords, ``usual`` is the service provider where
        they name none. Raises ``WaldurError`` with no secret in its message."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[Any]:
        """What Waldur says, as a list. Raises ``AnsibleLookupError``."""
        if REQUESTS_IMPORT_ERROR:
            raise AnsibleLookupError("The Python library requests is missing where Ansible runs: install it there.")
        variables = variables or {}
        try:
            given = {name: plain_option(name, value) for name, value in kwargs.items() if name not in _OF_ANSIBLE}
            asked = given.get(PROVIDER) is None and _VARIABLE in variables
            usual = plain_option(_VARIABLE, self._templar.template(variables[_VARIABLE])) if asked else None
            connection = connection_of(given, variables, self._templar.template, place="the lookup")
            found, warnings = self.ask(connection, plain_option("terms", self._flatten(terms)), given, usual)
        except WaldurError as error:
            raise AnsibleLookupError(error.message) from None
        for warning in warnings:
            Display().warning(warning)
        # What the server says is no template, whatever allow_unsafe says. Newer cores trust nothing that is not marked.
        safe: list[Any] = wrap_var(found) if IS_OLD else found
        return safe
