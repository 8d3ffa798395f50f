# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller that options name: found, read, and handed over where a module runs elsewhere."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.waldur.provider.plugins.module_utils._common import input_files
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import LONGEST_PATH, InvalidInput, quote
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile

# The options that name reports to write.
REPORT_OPTIONS = ("junit_file", "code_quality_file")


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
