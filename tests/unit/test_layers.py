# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of ``plugins/module_utils``: imports run downwards only, and no package imports itself in a circle."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
ROOT = PLUGINS / "module_utils"
PREFIX = "ansible_collections.waldur.provider.plugins."
# From the top to the bottom: a layer may import those after it, never one before it.
LAYERS = (
    "_module",
    "_engine",
    "_query",
    "_validation",
    "_export",
    "_resources",
    "_context",
    "_document",
    "_linux",
    "_plan",
    "_references",
    "_http",
    "_api",
    "_common",
)
# The one layer that knows Ansible, and the only packages that know requests.
KNOWS_ANSIBLE = "_module"
KNOWS_REQUESTS = "_http"


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


@functools.cache
def imported_modules(path: Path, text: str | None = None) -> tuple[str, ...]:
    """Return the dotted names that a file imports; those of the collection as below ``plugins``."""
    return tuple(_imported_modules(path, text))


def _imported_modules(path: Path, text: str | None) -> Iterator[str]:
    package = path.relative_to(PLUGINS).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(text if text is not None else path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, (start, node.module or ""))).removeprefix(PREFIX)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imported_layers(path: Path, text: str | None = None) -> set[str]:
    names = (name.split(".") for name in imported_modules(path, text))
    return {parts[1] for parts in names if parts[0] == "module_utils" and parts[1] != layer_of(path)}


def upward_imports(path: Path, text: str | None = None) -> list[str]:
    own = layer_of(path)
    above = LAYERS[: LAYERS.index(own)]
    return sorted(f"{own} imports {name}" for name in imported_layers(path, text) if name in above)


FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py")


def test_every_file_belongs_to_a_layer() -> None:
    assert {layer_of(path) for path in FILES} == set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_run_downwards_only(path: Path) -> None:
    assert upward_imports(path) == []


def test_an_upward_import_is_found() -> None:
    """The check itself: each way to write an upward import is seen."""
    path = ROOT / "_http" / "client.py"
    for text in (
        "from .._engine.planner import plan_changes",
        "from .._engine import planner",
        "from .. import _context",
        f"from {PREFIX}module_utils._engine.planner import plan_changes",
    ):
        assert upward_imports(path, text), text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_of_a_package_do_not_import_each_other_in_a_circle(path: Path) -> None:
    start = ".".join(path.relative_to(PLUGINS).with_suffix("").parts)
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        file = PLUGINS / f"{name.replace('.', '/')}.py"
        for imported in imported_modules(file):
            for candidate in (imported, imported.rpartition(".")[0]):
                if candidate.startswith("module_utils.") and (PLUGINS / f"{candidate.replace('.', '/')}.py").is_file():
                    assert candidate != start, f"{start} is imported by {name}, which it reaches itself"
                    if candidate not in reached:
                        reached.add(candidate)
                        waiting.append(candidate)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_top_layer_knows_ansible_and_only_http_knows_requests(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imported_modules(path)}
    assert "ansible" not in roots or layer_of(path) == KNOWS_ANSIBLE
    assert not roots & {"requests", "urllib3"} or layer_of(path) == KNOWS_REQUESTS


def test_module_utils_imports_nothing_that_only_the_controller_has() -> None:
    for path in FILES:
        assert not any(name.startswith("plugin_utils") for name in imported_modules(path)), path


@pytest.mark.parametrize("path", sorted(ROOT.rglob("__init__.py")), ids=lambda path: path.parent.name)
def test_packages_have_an_empty_init(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == ""
