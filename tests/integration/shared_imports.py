# SPDX-License-Identifier: GPL-3.0-or-later
"""Start modules with Ansible's module code and the collection already imported.

These imports take nine tenths of the time of a module that runs in a fork (``module_server.py``). A process gets the
modules that were imported from the sources if every file in its archive equals its source, and it can't import a module
of the collection that is missing in the archive. Two tests prove that archives are complete, because they start a new
Python for each module: test_reading.py for modules that read, test_secrets.py for modules that write.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib
import importlib.abc
import importlib.util
import io
import re
import sys
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

COLLECTIONS = Path(__file__).resolve().parents[2] / "build"
PROVIDER = Path("ansible_collections", "waldur", "provider", "plugins")
# What Ansible's wrapper imports before it runs the module, in versions that have it.
LOADER = "ansible.module_utils._internal._ansiballz._loader"
COLLECTION_PREFIX = "ansible_collections.waldur.provider."
# Ansible generates these files for each archive.
GENERATED = ("ansible/__init__.py", "ansible/module_utils/__init__.py")
ARCHIVE = re.compile(rb"[A-Za-z0-9+/]{10000,}=*")


class SharedImports:
    """The modules that were imported from the sources, and the archives that may use them."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("ansible")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        ansible = Path(next(iter(spec.submodule_search_locations)))
        self._roots = {"ansible": ansible.parent, "ansible_collections": COLLECTIONS}
        self._sources: dict[str, bytes] = {}
        for parent in (Path("ansible"), PROVIDER):
            self._read(parent / "module_utils")
            self._read(parent / "modules")
        self._names_by_archive: dict[bytes, frozenset[str] | None] = {}
        self._modules: dict[str, ModuleType] = {}
        self._import()

    def names_in(self, path: str) -> frozenset[str] | None:
        """Return the names of all modules in the archive that the file *path* contains.

        None if it contains no archive, or one with a file that differs from the sources.
        """
        try:
            archive = ARCHIVE.search(Path(path).read_bytes())
        except OSError:
            return None
        if not archive:
            return None
        key = hashlib.sha256(archive[0]).digest()
        if key not in self._names_by_archive:
            self._names_by_archive[key] = self._names(archive[0])
        return self._names_by_archive[key]

    def provide(self, names: frozenset[str]) -> None:
        """Make these modules available as imported, and prevent imports of other modules of the collection."""
        for name, module in self._modules.items():
            package, _dot, last = name.rpartition(".")
            if name in names:
                sys.modules[name] = module
            elif package in self._modules and getattr(self._modules[package], last, None) is module:
                delattr(self._modules[package], last)
        sys.meta_path.insert(0, OnlyInArchive(names))

    def _read(self, folder: Path) -> None:
        root = self._roots[folder.parts[0]]
        for path in (root / folder).rglob("*.py"):
            self._sources[path.relative_to(root).as_posix()] = path.read_bytes()

    def _import(self) -> None:
        known = set(sys.modules)
        sys.path.insert(0, str(COLLECTIONS))
        shared = [name for name in self._sources if name.startswith((PROVIDER / "module_utils").as_posix())]
        importlib.import_module("ansible.module_utils.basic")
        with warnings.catch_warnings():
            # No run would show them.
            warnings.simplefilter("error", DeprecationWarning)
            warnings.simplefilter("error", PendingDeprecationWarning)
            for name in _module_names(shared):
                importlib.import_module(name)
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(LOADER)
        importlib.import_module(".".join((PROVIDER / "modules").parts))
        del sys.path[0]
        for name in set(sys.modules) - known:
            if name.partition(".")[0] in self._roots:
                self._modules[name] = sys.modules.pop(name)

    def _names(self, encoded: bytes) -> frozenset[str] | None:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(encoded))) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if name.startswith(tuple(self._roots))}
        for name, text in files.items():
            is_generated = name in GENERATED or (name.endswith("/__init__.py") and name not in self._sources)
            if not is_generated and self._sources.get(name) != text:
                return None
        names = set(_module_names(files))
        parents = {name.rsplit(".", count)[0] for name in names for count in range(1, name.count(".") + 1)}
        return frozenset(names | parents)


class OnlyInArchive(importlib.abc.MetaPathFinder):
    """Reject imports of modules of the collection that are not in the archive, although their sources exist."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(self, name: str, *_where: Any) -> None:
        """Leave the import to the finders that follow."""
        if name.startswith(COLLECTION_PREFIX) and name not in self._names:
            raise ModuleNotFoundError(f"No module named {name!r} in the archive", name=name)


def _module_names(files: Iterable[str]) -> list[str]:
    """Return the module names of files, sorted."""
    return sorted(name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files)
