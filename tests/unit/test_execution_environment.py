# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-builder makes of the collection and of the example of an execution environment."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "extensions" / "execution-environment" / "execution-environment.yml"
DEFINITION: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
BOUND = re.search(r"requests *>= *([0-9.]+)", (ROOT / "plugins/doc_fragments/connection.py").read_text("utf-8"))


def builder(*options: str | Path) -> str:
    command = [Path(sys.executable).with_name("ansible-builder"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build context of the example."""
    folder = tmp_path_factory.mktemp("context")
    builder("create", "--file", EXAMPLE, "--context", folder, "--output-filename", "Containerfile")
    return folder


def test_the_collection_says_what_it_imports() -> None:
    assert BOUND is not None
    told = yaml.safe_load(builder("introspect", ROOT / "build"))
    (requirement,) = [line for line in told["python"] if line.endswith("# from collection waldur.provider")]
    assert requirement.split("#")[0].strip() == f"requests>={BOUND[1]}"
    assert told["system"] == []


def test_the_image_gets_the_collection_and_what_it_imports(context: Path) -> None:
    steps = (context / "Containerfile").read_text(encoding="utf-8")
    installed = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert installed == {"collections": [{"name": "waldur.provider"}]}
    assert re.search(r"^RUN .*ansible-galaxy collection install .*-r requirements\.yml", steps, re.MULTILINE)
    assert re.search(r"^RUN .*introspect\.py introspect .*--write-pip=\S+/requirements\.txt", steps, re.MULTILINE)


def test_the_image_has_a_python_and_an_ansible_that_the_collection_takes(context: Path) -> None:
    steps = (context / "Containerfile").read_text(encoding="utf-8")
    wanted = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    least = re.fullmatch(r">=(\d+\.\d+)\.0", wanted)
    assert least
    assert f'ANSIBLE_INSTALL_REFS="ansible-core>={least[1]},' in steps
    python = re.search(r'^ARG PYCMD="/usr/bin/python3\.(\d+)"$', steps, re.MULTILINE)
    assert python
    assert int(python[1]) >= 10


def test_the_image_has_the_compiled_code_of_the_collection(context: Path) -> None:
    steps = (context / "Containerfile").read_text(encoding="utf-8").splitlines()
    copied = max(
        number for number, line in enumerate(steps) if "/usr/share/ansible" in line and line.startswith("COPY")
    )
    compiled = steps.index("RUN $PYCMD -m compileall -q /usr/share/ansible/collections/ansible_collections/waldur")
    assert compiled > copied
