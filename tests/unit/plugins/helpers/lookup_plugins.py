# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a lookup as Ansible's template engine does, without the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.waldur.provider.plugins.lookup import api_secret_code, query
from ansible_collections.waldur.provider.plugins.module_utils._api.operations import CORE_NAMES, Operation, operation
from ansible_collections.waldur.provider.plugins.plugin_utils._lookup import queries
from simulator_process import Simulator

# Every operation of a service provider that reads; the secret has a lookup of its own.
READING: list[Operation] = [one for one in map(operation, CORE_NAMES) if not one.writes and not one.secret]
# What two of them can't do without.
REQUIRED = {"customer_projects": {"project_customer": "CONSUMER"}, "user_customers": {"user": "member1"}}
PLUGINS = {"query": query, "api_secret_code": api_secret_code}


class Plain:
    """A template engine for variables that hold no templates."""

    def template(self, value: Any) -> Any:
        """The value itself."""
        return value


def ask(
    sim: Simulator,
    *terms: Any,
    plugin: str = "query",
    alias: str = "staff",
    variables: Mapping[str, Any] | None = None,
    **keywords: Any,
) -> list[Any]:
    """What the lookup gives for ``terms`` and ``keywords``."""
    lookup = PLUGINS[plugin].LookupModule(loader=None, templar=Plain())
    reach = {"waldur_api_url": sim.url, "waldur_access_token": sim.token(alias), "waldur_retries": 0}
    found: list[Any] = lookup.run(list(terms), {**reach, **(variables or {})}, **keywords)
    return found


def of_alpha(sim: Simulator, term: str, **keywords: Any) -> list[Any]:
    """The rows of one term, for the provider ALPHA where the term belongs to one."""
    name = queries.TERMS[term]
    provider = {} if name == "service_providers" else {"service_provider": "ALPHA"}
    return ask(sim, term, **{**provider, **REQUIRED.get(name, {}), **keywords})
