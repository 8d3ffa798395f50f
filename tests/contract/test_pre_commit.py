# SPDX-License-Identifier: GPL-3.0-or-later
"""The pre-commit hook, as pre-commit installs and runs it in the repository of a user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "gitops"
REPOSITORY = "https://github.com/waldur/ansible-waldur-provider"
PACKAGES = ROOT / "build" / "pre-commit"
GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]


def commit(folder: Path) -> str:
    """Make a repository of a folder, and return its commit."""
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Test"]):
        subprocess.run([*GIT, *command], cwd=folder, check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example for GitOps, with the hook of this checkout. The other hooks of it need the network."""
    folder = tmp_path_factory.mktemp("pre-commit")
    hook, user = folder / "hook", folder / "user"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "plugins" / "module_utils", hook / "plugins" / "module_utils", ignore=ignored)
    for name in (".pre-commit-hooks.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, hook)
    shutil.copytree(EXAMPLE / "providers", user / "providers")
    configuration = yaml.safe_load((EXAMPLE / ".pre-commit-config.yaml").read_text())
    (ours,) = [one for one in configuration["repos"] if one["repo"] == REPOSITORY]
    ours |= {"repo": str(hook), "rev": commit(hook)}
    (user / ".pre-commit-config.yaml").write_text(yaml.safe_dump({**configuration, "repos": [ours]}))
    commit(user)
    return user


def pre_commit(repository: Path) -> tuple[int, str]:
    """Run the hook on all files, without the network; return the exit status, and what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PIP_"))}
    environment |= {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": PACKAGES.as_uri(),
        "PRE_COMMIT_HOME": str(repository.parent / "cache"),
    }
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"]
    done = subprocess.run(
        command, cwd=repository, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_hook_passes_valid_documents_and_reports_all_errors_of_others(repository: Path) -> None:
    status, printed = pre_commit(repository)
    assert (status, "Passed" in printed) == (0, True), printed
    document = repository / "providers" / "alpha.yml"
    document.write_text("service_providers:\n  - custmer: Alpha\n  - customer: 007\n")
    status, printed = pre_commit(repository)
    assert (status, "Failed" in printed) == (1, True), printed
    assert "providers/alpha.yml:2:5: service_providers[0]: 'custmer' is not known. Did you mean 'customer'?" in printed
    assert "providers/alpha.yml:3:15: service_providers[1].customer: 007 is read as a number" in printed


@pytest.mark.parametrize(
    ("message", "is_accepted"),
    [
        ("x" * 72 + "\n", True),
        ("x" * 73 + "\n", False),
        ("Subject\n\nBody that is longer than seventy-two characters, as nothing limits the lines of a body.\n", True),
        ("Subject\nBody without an empty line before it\n", False),
        ("Subject\n# A comment of git\n", True),
    ],
)
def test_the_subject_of_a_commit_message_has_at_most_72_characters(
    message: str, is_accepted: bool, tmp_path: Path
) -> None:
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    commit(tmp_path)
    (tmp_path / "message").write_text(message)
    command = ["run", "--hook-stage", "commit-msg", "--commit-msg-filename", "message", "commit-message"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["PRE_COMMIT_HOME"] = str(tmp_path / "cache")
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", *command], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert (done.returncode == 0) == is_accepted, done.stdout
