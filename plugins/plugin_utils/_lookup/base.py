# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base class of the lookups: read their options from wherever they are set, and raise errors in Ansible's form."""

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
from ansible_collections.waldur.provider.plugins.plugin_utils._connection_options import (
    read_connection,
    require_plain_option,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup.queries import PROVIDER
from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD

_VARIABLE = f"waldur_{PROVIDER}"
# Keywords of Ansible's own, which reach the plugin in some cases.
_ANSIBLE_KEYWORDS = ("wantlist", "allow_unsafe", "errors")


class WaldurLookup(LookupBase):  # type: ignore[misc]
    """A lookup that reads from Waldur.

    It does not use ``set_options``, which drops unknown keywords and evaluates no variables.
    """

    @abstractmethod
    def read(
        self, connection: Connection, terms: Sequence[Any], keywords: Mapping[str, Any], default_provider: Any
    ) -> tuple[list[Any], list[str]]:
        """Return what the lookup reads, and warnings.

        ``default_provider`` is the service provider where ``keywords`` name none. Raises ``WaldurError`` with no secret
        in its message.
        """

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[Any]:
        """Return what Waldur returns for ``terms``. Raises ``AnsibleLookupError``."""
        if REQUESTS_IMPORT_ERROR:
            raise AnsibleLookupError("The Python library requests is missing where Ansible runs: install it there.")
        variables = variables or {}
        try:
            keywords = {
                name: require_plain_option(name, value)
                for name, value in kwargs.items()
                if name not in _ANSIBLE_KEYWORDS
            }
            default_provider = None
            if keywords.get(PROVIDER) is None and _VARIABLE in variables:
                default_provider = require_plain_option(_VARIABLE, self._templar.template(variables[_VARIABLE]))
            connection = read_connection(keywords, variables, self._templar.template, place="the lookup")
            terms = require_plain_option("terms", self._flatten(terms))
            values, warnings = self.read(connection, terms, keywords, default_provider)
        except WaldurError as error:
            raise AnsibleLookupError(error.message) from None
        for warning in warnings:
            Display().warning(warning)
        # What the server returns is never a template, whatever allow_unsafe says. Newer cores trust nothing that is not
        # marked.
        safe: list[Any] = wrap_var(values) if IS_OLD else values
        return safe
