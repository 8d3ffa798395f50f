# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the variables that name documents, before anything reads them. The messages name variables of playbooks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import input_files
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import LONGEST_PATH, InvalidInput, quote

_PATH = "providers_path"
_LIST = "service_providers"
_PLAN = "approved_plan"
_REMEDY = "set it to the file or folder of the documents, for example -e providers_path=providers"


def check_documents(needed: str, values: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` where the variables name no usable documents, or both a path and a list.

    ``needed`` is ``documents`` of the playbook, and ``values`` are those of variables that are defined.
    """
    if needed == "files" and _LIST in values:
        raise InvalidInput(f"{_LIST}: can't be used here: set {_PATH} to the file or folder of the documents.")
    if _PATH in values and _LIST in values:
        raise InvalidInput(f"{_PATH}: can't be combined with {_LIST}: leave out one of the two.")
    if _PATH in values:
        _check_path(values[_PATH])
    elif _LIST in values:
        _check_list(values[_LIST])
    elif needed != "optional":
        alternative = "" if needed == "files" else f", or pass the document as {_LIST}"
        raise InvalidInput(f"{_PATH}: is required: {_REMEDY}{alternative}.")


def _check_path(path: Any) -> None:
    if not path or not str(path).strip():
        raise InvalidInput(f"{_PATH}: is empty: {_REMEDY}.")
    if not isinstance(path, str):
        raise InvalidInput(f"{_PATH}: must be a path: {_REMEDY}.")
    resolved = os.path.realpath(input_files.expand_path(_PATH, path))
    if not os.path.lexists(resolved):
        searched = os.path.dirname(resolved) if path.startswith(("/", "~")) else os.path.realpath(".")
        raise InvalidInput(
            f"{_PATH}: there is no file or folder {quote(path, LONGEST_PATH)} (searched in"
            f" {quote(searched, LONGEST_PATH)}): {_REMEDY}."
        )


def _check_list(entries: Any) -> None:
    if not isinstance(entries, (list, tuple)) or not all(isinstance(entry, Mapping) for entry in entries):
        raise InvalidInput(f"{_LIST}: must be a list of mappings, one entry for each service provider.")


def check_approved_plan(values: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` for an approved plan that is empty, for example because a pipeline did not set it."""
    if _PLAN not in values:
        return
    plan = values[_PLAN]
    if plan is None or (isinstance(plan, str) and not plan.strip()):
        raise InvalidInput(
            f"{_PLAN}: is empty: set it to the path of the approved plan.json, or leave the variable out."
        )
