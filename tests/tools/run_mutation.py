# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes the engine in a thousand small ways, each in a copy, and tells which changes no unit test notices.

What is changed and which tests are asked stands under ``[tool.mutmut]`` in ``pyproject.toml``. Arguments are patterns
of mutants, such as ``"*_plan*"``. The copy stays in ``build/mutation``, where ``mutmut show NAME`` works.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COPY = ROOT / "build" / "mutation"


def copied() -> None:
    """The collection under the path by which it is imported, and its tests beside it."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(ROOT / "plugins", COPY / "ansible_collections" / "waldur" / "provider" / "plugins")
    shutil.copytree(ROOT / "tests", COPY / "tests")
    shutil.copy(ROOT / "pyproject.toml", COPY)


def mutmut(*arguments: str) -> str:
    """What the command prints; its exit code says nothing about mutants."""
    command = ["nice", "-n", "15", sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=COPY, stdout=subprocess.PIPE, text=True, check=False).stdout


if __name__ == "__main__":
    copied()
    mutmut("run", "--max-children", "2", *sys.argv[1:])
    lines = [line.strip() for line in mutmut("results", "--all", "true").splitlines() if ": " in line]
    figures = Counter(line.rpartition(": ")[2] for line in lines)
    print("\n".join(line for line in lines if not line.endswith((": killed", ": not checked"))))
    print(", ".join(f"{number} {outcome}" for outcome, number in figures.most_common()))
