# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets a module start with what its archive holds of Ansible and the collection imported already.

Importing them is nine tenths of what a module costs that runs in a fork (`module_server.py`). The process gets what
was imported from the sources, if each file in its archive equals its source, and finds nothing of the collection that
is not in the archive. That each archive holds all that its module imports is tested where a new Python runs it:
test_reading.py does so with each module that reads, and test_secrets.py with each that writes.
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
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

COLLECTIONS = Path(__file__).resolve().parents[2] / "build"
PROVIDER = Path("ansible_collections", "waldur", "provider", "plugins")
# What Ansible's wrapper imports before it runs the module, in versions that have it.
LOADER = "ansible.module_utils._internal._ansiballz._loader"
OURS = "ansible_collections.waldur.provider."
# Ansible writes these anew into each archive.
WRITTEN = ("ansible/__init__.py", "ansible/module_utils/__init__.py")
ARCHIVE = re.compile(rb"[A-Za-z0-9+/]{10000,}=*")


class ImportedArchives:
    """The imported modules, hidden until `show`, and the archives that may use them."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("ansible")
        assert found is not None
        assert found.submodule_search_locations is not None
        ansible = Path(next(iter(found.submodule_search_locations)))
        self._roots = {"ansible": ansible.parent, "ansible_collections": COLLECTIONS}
        self._sources: dict[str, bytes] = {}
        for parent in (Path("ansible"), PROVIDER):
            self._read(parent / "module_utils")
            self._read(parent / "modules")
        self._seen: dict[bytes, frozenset[str] | None] = {}
        self._modules: dict[str, ModuleType] = {}
        self._import()

    def names_in(self, path: str) -> frozenset[str] | None:
        """Return the names of all modules in the archive of the file *path*; None if a file in it was not imported."""
        try:
            found = ARCHIVE.search(Path(path).read_bytes())
        except OSError:
            return None
        if not found:
            return None
        key = hashlib.sha256(found[0]).digest()
        if key not in self._seen:
            self._seen[key] = self._names(found[0])
        return self._seen[key]

    def show(self, names: frozenset[str]) -> None:
        """Let this process find the modules of these names imported, and no others of the collection."""
        sys.modules.update({name: module for name, module in self._modules.items() if name in names})
        sys.meta_path.insert(0, OnlyInArchive(names))

    def _read(self, folder: Path) -> None:
        root = self._roots[folder.parts[0]]
        for path in (root / folder).rglob("*.py"):
            self._sources[path.relative_to(root).as_posix()] = path.read_bytes()

    def _import(self) -> None:
        known = set(sys.modules)
        sys.path.insert(0, str(COLLECTIONS))
        shared = [name for name in self._sources if name.startswith((PROVIDER / "module_utils").as_posix())]
        for name in ["ansible.module_utils.basic", *_dotted(shared)]:
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
            is_written = name in WRITTEN or (name.endswith("/__init__.py") and name not in self._sources)
            if not is_written and self._sources.get(name) != text:
                return None
        names = set(_dotted(files))
        parents = {name.rsplit(".", count)[0] for name in names for count in range(1, name.count(".") + 1)}
        return frozenset(names | parents)


class OnlyInArchive(importlib.abc.MetaPathFinder):
    """Fails to import modules of the collection that are not in the archive, though their sources are at hand."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(self, name: str, *_where: Any) -> None:
        """Leave the import to the finders that follow."""
        if name.startswith(OURS) and name not in self._names:
            raise ModuleNotFoundError(f"No module named {name!r} in the archive", name=name)


def _dotted(files: Iterable[str]) -> list[str]:
    """Return the names that files are imported by, in order."""
    return sorted(name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files)
