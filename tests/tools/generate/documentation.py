# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the modules, with the fragments that it extends."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from . import ROOT


@cache
def options(module: str) -> dict[str, Any]:
    """Return the documented options of *module*, each merged with those of its fragments as Ansible does it."""
    own = yaml.safe_load(_constants(ROOT / "plugins" / "modules" / f"{module}.py")["DOCUMENTATION"])
    found: dict[str, Any] = dict(own.get("options", {}))
    for fragment in own.get("extends_documentation_fragment", []):
        for name, option in _fragment(fragment).get("options", {}).items():
            found[name] = {**option, **found.get(name, {})}
    return found


@cache
def returns(module: str) -> dict[str, Any]:
    """Return the documented values that *module* returns."""
    found: dict[str, Any] = yaml.safe_load(_constants(ROOT / "plugins" / "modules" / f"{module}.py")["RETURN"])
    return found


def _fragment(name: str) -> dict[str, Any]:
    """Return the fragment ``waldur.provider.<file>`` or ``waldur.provider.<file>.<section>``."""
    file, _dot, section = name.removeprefix("waldur.provider.").partition(".")
    texts = _constants(ROOT / "plugins" / "doc_fragments" / f"{file}.py")
    found: dict[str, Any] = yaml.safe_load(texts[section.upper() or "DOCUMENTATION"])
    return found


def _constants(path: Path) -> dict[str, str]:
    """Return the texts that the file gives names to, in classes too."""
    return {
        target.id: node.value.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
