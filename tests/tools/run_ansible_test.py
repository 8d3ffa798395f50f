# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test on a copy of this checkout, and don't believe a success that tested nothing.

Three things keep ansible-test from running in a checkout as it is:

- It wants the folder to be called ``ansible_collections/waldur/provider`` and resolves links, and under a folder that
  git ignores it finds no files and is content. So it gets a copy in a temporary folder, with a git index of its own.
- Its virtual environments get pip from a script that it downloads. Networks that offer a package index often offer
  nothing else, so a script that does the same with the wheel of pip is put where ansible-test keeps the downloaded one.
- Version managers put shims on PATH that are there for every Python and work for few. The real ones go first.

Usage: ``python tests/tools/run_ansible_test.py sanity [further options of ansible-test]``
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages

ROOT = Path(__file__).resolve().parents[2]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
CACHE = Path("~/.ansible/test/cache").expanduser()
UNTESTED = re.compile(
    r"All targets skipped|Skipping (?:sanity test|tests)\b.*|No tests found\b.*"
    r'|Required program "shellcheck" not found'
)
PIP_TALK = re.compile(
    r" *(?:Collecting|Downloading|Installing|Looking in|Preparing|Requirement already|Successfully|Using cached|━+) "
    r"|WARNING: Location |\n"
)
BOOTSTRAP = '''"""Install pip {version} from the wheel beside this file, in place of the script that brings its own."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "pip-{version}-py3-none-any.whl"))

from pip._internal.cli.main import main

own = ("--no-setuptools", "--no-wheel")
sys.exit(main(["install", "--upgrade", "--force-reinstall"] + [word for word in sys.argv[1:] if word not in own]))
'''


def refuse(sentence: str) -> None:
    """End with a message and the exit code 1."""
    raise SystemExit(f"run_ansible_test.py: {sentence}")


def sources(root: Path) -> list[Path]:
    """Every file that git knows or would add, relative to ``root``; files deleted in the work tree are left out."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return sorted({Path(name) for name in listed.split("\0") if name and os.path.lexists(root / name)})


def copy_checkout(root: Path, target: Path) -> None:
    """Copy the sources into ``target`` and give them an index of their own, as ansible-test asks git for the files."""
    for path in sources(root):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, target / path, follow_symlinks=False)
    for arguments in (["init", "--quiet"], ["add", "--all", "--force"]):
        subprocess.run(["git", "-C", str(target), *arguments], check=True)


def offer_pip(cache: Path) -> None:
    """Put the bootstrap script for the pip that ansible-test wants into its cache, unless one is there already.

    A wheel that can't be had is no error: ansible-test then tries its own download.
    """
    version = get_venv_packages(SimpleNamespace(version=VERSION))["pip"]
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    if subprocess.run([*command, "--dest", str(cache), f"pip=={version}"], check=False).returncode == 0:
        script.write_text(BOOTSTRAP.format(version=version), encoding="utf-8")


def environment() -> dict[str, str]:
    """This process's environment without Ansible's variables, the interpreters in use first on PATH."""
    values = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    folders = [Path(sys.executable).parent, Path(sys.base_prefix, "bin")]
    values["PATH"] = os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])
    return values


def run(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Run ansible-test in ``folder``, pass on what it prints but for pip's talk; return its exit code and that text."""
    command = [str(Path(sys.executable).with_name("ansible-test")), *arguments]
    lines = []
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if not PIP_TALK.match(line):
                print(line, end="", flush=True)
                lines.append(line)
    return process.returncode, "".join(lines)


def main(arguments: list[str]) -> None:
    """Run the given command of ansible-test on a copy; exit 0 only when everything was tested and nothing found."""
    if not arguments:
        refuse("name a command of ansible-test, such as: sanity")
    excuses = sorted((ROOT / "tests/sanity").glob("ignore-*.txt"))
    if excuses:
        refuse(f"findings are repaired here, not ignored: remove {', '.join(path.name for path in excuses)}")
    offer_pip(CACHE)
    command, *options = arguments
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "ansible_collections/waldur/provider").resolve()
        folder.mkdir(parents=True)
        copy_checkout(ROOT, folder)
        code, printed = run([command, "--color", "no", "--local", "--python", VERSION, *options], folder)
    if code:
        refuse(f"ansible-test {command} ended with the exit code {code}")
    if untested := UNTESTED.findall(printed):
        refuse(f"not everything was tested: {'; '.join(untested)}")


if __name__ == "__main__":
    main(sys.argv[1:])
