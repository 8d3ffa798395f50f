# SPDX-License-Identifier: GPL-3.0-or-later
"""The command of the pre-commit hook: what it prints, its exit status, and what its package holds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._validation.command import main

ROOT = Path(__file__).resolve().parents[5]
MODULE_UTILS = ROOT / "plugins" / "module_utils"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one valid document, which is the current folder."""
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "a.yml").write_text("service_providers: [{customer: A}]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_valid_documents_print_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers"]) == 0
    assert capsys.readouterr().out == ""


def test_each_finding_is_a_line_and_reports_are_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "providers" / "b.yml").write_text("service_providers:\n- {customer: 7}\n- {customr: A}\n")
    assert main(["providers", "--junit-file", "junit.xml", "--code-quality-file", "quality.json"]) == 1
    assert [line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "providers/b.yml:2:14",
        "providers/b.yml:3:4",
    ]
    assert (folder / "junit.xml").exists()
    assert (folder / "quality.json").exists()


def test_a_folder_without_documents_is_no_success(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    assert main(["empty"]) == 2
    assert capsys.readouterr().err.startswith("providers_path: empty contains no file")


def test_the_package_of_the_hook_holds_every_layer_that_the_command_imports() -> None:
    prefix = "ansible_collections.waldur.provider.plugins.module_utils"
    listed = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("packages = ")[1].partition("]")[0] + "]"
    packages = {name.removeprefix(prefix).lstrip(".") for name in ast.literal_eval(listed)}
    assert packages == {"", *imported_layers("_validation")}


def imported_layers(layer: str, known: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return a layer with all layers that it imports, directly or not."""
    known |= {layer}
    for path in (MODULE_UTILS / layer).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                names = [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]
                for name in names:
                    if (MODULE_UTILS / name).is_dir() and name not in known:
                        known = imported_layers(name, known)
    return known
