# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules in-process, and check which of them report a change."""

from __future__ import annotations

from typing import Any

from in_process import run_validated_module

from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS

from .api_client import Row


def run(url: str, token: str, module: str, *, keep_cache: bool = False, **options: Any) -> Row:
    """Run a module as ``run_validated_module`` does, and check that it reports a change if and only if it can write."""
    connection = Connection(url, token, retries=0)
    result = run_validated_module(connection, module, options, keep_cache=keep_cache)
    assert result["changed"] is (module not in INFOS)
    return result
