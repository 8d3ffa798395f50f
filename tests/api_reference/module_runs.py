# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules in-process, and read the same lists with the standard library."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module import runner
from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import MODULES, spec
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from simulation import Simulator

ALPHA = "e182aaedb6ae4541956a3c14629abc02"
ALPHA_CUSTOMER = "d2c8772ce559428283e388badd97f2d6"

Row = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A request that the simulator saw: ``query`` in its order, values decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]

    def of(self, name: str) -> list[str]:
        """Return the values of one parameter."""
        return [value for key, value in self.query if key == name]


def list_requests(sim: Simulator) -> list[Request]:
    """Return the requests that the simulator recorded."""
    requests = []
    for request in sim.requests():
        path, _mark, query = request["path"].partition("?")
        requests.append(Request(request["method"], path, tuple(parse_qsl(query, keep_blank_values=True))))
    return requests


def run(url: str, token: str, module: str, **options: Any) -> Row:
    """Return the result of a task, its options validated as by Ansible, without the cache of earlier runs."""
    _context.CLIENTS.clear()
    return run_again(url, token, module, **options)


def run_again(url: str, token: str, module: str, **options: Any) -> Row:
    """Return the result as :func:`run` does, with the cache of earlier runs."""
    task = MODULES[module]
    checked = ArgumentSpecValidator(spec(task), **task.rules).validate(options)
    assert not checked.error_messages, checked.error_messages
    connection = Connection(url, token, retries=0)
    result = runner.run(module, checked.validated_parameters, connection, check=False, diff=False)
    assert result["changed"] is (module not in INFOS)
    return result


class Plain:
    """An independent client, which reads every page of a list without the collection."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def get(self, path: str, query: list[tuple[str, str]] | None = None) -> Any:
        """Return the JSON of one response; fails unless the status is 200."""
        address = f"{self._url}{path}?{urlencode(query)}" if query else f"{self._url}{path}"
        request = urllib.request.Request(address, headers={"Authorization": f"Token {self._token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def rows(self, path: str, query: list[tuple[str, str]] | None = None) -> list[Row]:
        """Return all rows, read in pages of a hundred."""
        found: list[Row] = []
        while True:
            number = len(found) // 100 + 1
            page = self.get(path, [*(query or []), ("page_size", "100"), ("page", str(number))])
            found += page
            if len(page) < 100:
                return found
