# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller that options name: found, read, and handed over where a module runs elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.waldur.provider.plugins.module_utils._common import input_files
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import LONGEST_PATH, InvalidInput, quote
from ansible_collections.waldur.provider.plugins.module_utils._common.json_values import to_plain
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_files import Positions, read_positions
from ansible_collections.waldur.provider.plugins.module_utils._document import images, loader
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile
from ansible_collections.waldur.provider.plugins.module_utils._plan.policy import add_line, describe_rejection, file_of
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA

# The options that name reports to write.
REPORT_OPTIONS = ("junit_file", "code_quality_file")
_ENTRY = re.compile(r"service_providers\[(\d+)\]")
# The parts of a module's result that name entries of a document.
_MESSAGES = ("msg", "errors", "warnings", "policy_violations")


class ControllerFiles:
    """The files on the controller that the options of a task name. ``action`` is the action plugin of the task."""

    def __init__(self, action: Any) -> None:
        self._action = action

    @property
    def _is_local(self) -> bool:
        return bool(self._action._connection.transport == "local")

    def make_paths_absolute(self, arguments: dict[str, Any]) -> dict[str, str]:
        """Replace the paths among ``arguments`` by absolute ones; return how each of these was written.

        Raises ``InvalidInput`` for a file or folder that does not exist.
        """
        written = {}
        for option in ("providers_path", "approved_plan", "policy_path"):
            if isinstance(arguments.get(option), str) and arguments[option].strip():
                path, arguments[option] = arguments[option], self.find(option, arguments[option])
                written[arguments[option]] = path
        for option in (*(("dest",) if self._is_local else ()), *REPORT_OPTIONS):
            if isinstance(arguments.get(option), str) and arguments[option].strip():
                path, expanded = arguments[option], input_files.expand_path(option, arguments[option])
                arguments[option] = str(self._action._loader.path_dwim(os.path.expandvars(expanded)))
                written[arguments[option]] = path
        return written

    def find(self, option: str, path: str) -> str:
        """Return the absolute path of a file or folder that ``option`` names.

        It is looked for as for copy: in files/ of the role or play, and beside the playbook. Then in the folder that
        Ansible was started in, as the playbook may be one of a collection. Raises ``InvalidInput`` if there is none.
        """
        expanded = input_files.expand_path(option, path)
        try:
            return str(self._action._find_needle("files", expanded))
        except AnsibleError:
            absolute = os.path.abspath(expanded)
        if os.path.isabs(path) or os.path.lexists(absolute):
            return absolute  # Whoever reads it says why it can't be read.
        searched = [os.path.dirname(absolute)]
        if not os.path.isabs(expanded):
            searched = list(dict.fromkeys([*map(str, self._action._task.get_search_path()), os.getcwd()]))
        folders = ", ".join(quote(folder, LONGEST_PATH) for folder in searched)
        raise InvalidInput(f"{option}: there is no file or folder {quote(path, LONGEST_PATH)} (searched in {folders}).")

    def read_image(self, option: str, path: str) -> ImageFile:
        """Return the image that ``option`` names. Raises ``InvalidInput``, which shows the path as it was written."""
        return images.read_image(option, self.find(option, path), path)

    def load_documents(self, arguments: dict[str, Any], options: Mapping[str, Any]) -> list[str]:
        """Replace the paths of plan and documents in ``arguments`` by what the files hold.

        ``options`` are the validated options. Returns the place (file and position) of each entry of the documents, an
        empty list where ``arguments`` name no documents. Raises ``InvalidInput`` with the errors of all files.
        """
        if isinstance(arguments.get("approved_plan"), str) and arguments["approved_plan"].strip():
            arguments["approved_plan"] = loader.plan_file(arguments["approved_plan"])
        if not arguments.get("providers_path") or arguments.get("service_providers") is not None:
            return []
        entries = [
            loaded for loaded, _desired in loader.load_checked(options["providers_path"], self.read_image, SCHEMA)
        ]
        del arguments["providers_path"]
        arguments["service_providers"] = [to_plain(loaded.entry) for loaded in entries]
        return [loaded.place for loaded in entries]

    def transfer_images(self, arguments: dict[str, Any]) -> None:
        """Check the images that ``arguments`` name, copy them to where the module runs, and replace their paths."""
        documents = arguments.get("service_providers")
        entries = [arguments, *(documents if isinstance(documents, list) else [])]
        for number, entry in enumerate(entries):
            if isinstance(entry, dict) and isinstance(entry.get("image"), str) and entry["image"].strip():
                option = "image" if number == 0 else f"service_providers[{number - 1}].image"
                entry["image"] = self._transfer_image(option, entry["image"].strip(), number)

    def _transfer_image(self, option: str, path: str, number: int) -> str:
        """Return the path of an image where the module runs. ``number`` keeps the names of copies apart."""
        local = self.find(option, path)
        images.read_image(option, local, path)
        return self._transfer(local, number)

    def transfer_policy(self, arguments: dict[str, Any]) -> None:
        """Check the policy file, copy it to where the module runs, and replace its path."""
        path = arguments.get("policy_path")
        if isinstance(path, str) and path.strip():
            from ansible_collections.waldur.provider.plugins.module_utils._document.policy_file import check_policy

            check_policy(path)
            arguments["policy_path"] = self._transfer(path)

    def _transfer(self, local: str, number: int | None = None) -> str:
        """Return the path of a file where the module runs; ``number`` keeps the names of copies apart."""
        if self._is_local:
            return local
        action = self._action
        if not action._connection._shell.tmpdir:
            action._make_tmp_path()
        folder = action._connection._shell.tmpdir
        name = os.path.basename(local) if number is None else f"{number}-{os.path.basename(local)}"
        remote = str(action._connection._shell.join_path(folder, name))
        action._transfer_file(local, remote)
        action._fixup_perms2((folder, remote))
        return remote


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

    ``options`` are those of the task; without documents in files, nothing is known of lines.
    """
    violations, path = result.get("policy_violations"), options.get("providers_path")
    if not violations or not path:
        return dict(result)
    paths, read_once = loader.document_paths(path), cache(read_positions)
    located = [_locate(violation, paths, read_once) for violation in violations]
    located_result = {**result, "policy_violations": located}
    if result.get("failed"):
        from ansible_collections.waldur.provider.plugins.module_utils._document.policy_file import policy_name

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
