# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load the action plugin of a module with all that its tasks import, before Ansible forks a process for each task.

Ansible compiles the files of a collection again in every run, action plugins themselves excepted. Python keeps the
bytecode of the files that it finds itself, in ``__pycache__`` beside them, where it can write there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import cache_from_source
from types import CodeType, ModuleType
from typing import Any

from ansible.plugins.action import ActionBase

_PLUGINS = "ansible_collections.waldur.provider.plugins."
_ANSIBLE_FINDER = "ansible.utils.collection_loader._collection_finder"
_PACKAGES = (f"{_PLUGINS}module_utils.", f"{_PLUGINS}plugin_utils.")
# What tasks import only for some of their options; the modules of a single resource have no such option.
_FOR_DOCUMENTS = ("module_utils._engine.policy_review", "plugin_utils._action.documents")


class SourceLoader(SourceFileLoader):
    """Load a file as Python does, and also where its bytecode is damaged, as a full disk leaves it."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of the module ``fullname``; remove damaged bytecode, and compile the source instead."""
        try:
            return super().get_code(fullname)
        except (EOFError, ImportError, TypeError, ValueError):
            with suppress(OSError):
                os.remove(cache_from_source(self.path))
            return self.source_to_code(self.get_data(self.path), self.path)


class SourceFinder(MetaPathFinder):
    """Find the packages of this collection as Python finds other packages; Ansible finds the rest."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where the module ``fullname`` is in the folders ``path``; None where it is none of this collection."""
        if not fullname.startswith(_PACKAGES):
            return None
        return next(filter(None, (_finder(folder).find_spec(fullname) for folder in path or ())), None)


@cache
def _finder(folder: str) -> FileFinder:
    return FileFinder(folder, (SourceLoader, SOURCE_SUFFIXES))


def import_with_bytecode(name: str) -> Any:
    """Return the imported module ``name`` below ``plugins``; Python keeps its bytecode, and that of what it imports."""
    if not any(isinstance(finder, SourceFinder) for finder in sys.meta_path):
        # Before Ansible's own finder, and after those that precede it: ansible-test checks that its finder stays first.
        finders = [type(finder).__module__ for finder in sys.meta_path]
        position = finders.index(_ANSIBLE_FINDER) if _ANSIBLE_FINDER in finders else len(finders)
        sys.meta_path.insert(position, SourceFinder())
    return import_module(_PLUGINS + name)


def load_action(module: str) -> type[ActionBase]:
    """Return the class of the action plugin, and import what tasks of ``module`` need."""
    import_with_bytecode("module_utils._module.find_module").find_module(module)
    if import_with_bytecode("module_utils._resources.find_resource").find_resource(module) is None:
        for name in _FOR_DOCUMENTS:
            import_with_bytecode(name)
    action: type[ActionBase] = import_with_bytecode("plugin_utils._action.action_module").ActionModule
    return action
