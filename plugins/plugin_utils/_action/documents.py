# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the documents of a task whose module runs elsewhere, and name their entries in the results of tasks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.json_values import to_plain
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_files import Positions, read_positions
from ansible_collections.waldur.provider.plugins.module_utils._document import loader
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ReadImage
from ansible_collections.waldur.provider.plugins.module_utils._document.policy_file import policy_name
from ansible_collections.waldur.provider.plugins.module_utils._plan.policy import add_line, describe_rejection, file_of
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA

_ENTRY = re.compile(r"service_providers\[(\d+)\]")
# The parts of a module's result that name entries of a document.
_MESSAGES = ("msg", "errors", "warnings", "policy_violations")


def load_documents(arguments: dict[str, Any], options: Mapping[str, Any], read_image: ReadImage) -> list[str]:
    """Replace the paths of plan and documents in ``arguments`` by what the files hold.

    ``options`` are the validated options. Returns the place (file and position) of each entry of the documents, an
    empty list where ``arguments`` name no documents. Raises ``InvalidInput`` with the errors of all files.
    """
    if isinstance(arguments.get("approved_plan"), str) and arguments["approved_plan"].strip():
        arguments["approved_plan"] = loader.plan_file(arguments["approved_plan"])
    if not arguments.get("providers_path") or arguments.get("service_providers") is not None:
        return []
    entries = [loaded for loaded, _desired in loader.load_checked(options["providers_path"], read_image, SCHEMA)]
    del arguments["providers_path"]
    arguments["service_providers"] = [to_plain(loaded.entry) for loaded in entries]
    return [loaded.place for loaded in entries]


def name_entries_by_place(result: Mapping[str, Any], places: Sequence[str]) -> dict[str, Any]:
    """Return a module's result whose messages name entries of documents by ``places``, as the user knows no numbers.

    The module got the entries of all files as one list, so that its messages number them (``service_providers[3]``).
    """
    named = {key: _name_by_place(value, places) if key in _MESSAGES else value for key, value in result.items()}
    if isinstance(named.get("failed_providers"), list):
        named["failed_providers"] = [
            {**failure, "message": _name_by_place(failure["message"], places)} for failure in named["failed_providers"]
        ]
    return named


def _name_by_place(value: Any, places: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_name_by_place(item, places) for item in value]
    if isinstance(value, dict) and value.get("place"):  # a violation of a policy
        place = _name_by_place(value["place"], places)
        return {
            **value,
            "message": _name_by_place(value["message"], places),
            "place": place,
            "file": file_of(place),
        }
    if not isinstance(value, str) or not places:
        return value
    return _ENTRY.sub(lambda match: places[int(match[1])], value)


def locate_violations(result: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a module's result with the lines of the entries that cause its ``policy_violations``.

    ``options`` are those of the task, which name documents in files.
    """
    paths, read_once = loader.document_paths(options["providers_path"]), cache(read_positions)
    located = [_locate(violation, paths, read_once) for violation in result["policy_violations"]]
    located_result = {**result, "policy_violations": located}
    if result.get("failed"):
        messages = [violation["message"] for violation in located]
        located_result["msg"] = describe_rejection(policy_name(options["policy_path"]), messages)
    return located_result


def _locate(
    violation: Mapping[str, Any], paths: Mapping[str, str], read_positions: Callable[[str], Positions]
) -> dict[str, Any]:
    file, place = violation["file"], violation["place"]
    if not place or file not in paths:
        return dict(violation)
    positions, place = read_positions(paths[file]), place.removeprefix(f"{file}: ")
    is_default = place not in positions.values
    while place and place not in positions.values:  # what comes from defaults has the line of what it is added to
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    return add_line(violation, positions.find(place, is_key=is_default)[0])
