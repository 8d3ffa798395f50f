# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy files as rsync does, with the options that gitlab-ci-local uses, so that the tests do not require rsync."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path


def parse_arguments() -> argparse.Namespace:
    """Return the arguments. Any option of rsync that is not listed here is an error."""
    parser = argparse.ArgumentParser(prog="rsync")
    parser.add_argument("-a", action="store_true", required=True)
    parser.add_argument("-R", action="store_true", dest="keeps_paths")
    parser.add_argument("--delete", action="store_true")
    parser.add_argument("--delete-excluded", action="store_true")
    parser.add_argument("--exclude", action="append", default=[])
    parser.add_argument("--exclude-from")
    parser.add_argument("sources", nargs="+")
    parser.add_argument("target")
    return parser.parse_args()


def copy(source: Path, target: Path, excluded: set[Path]) -> None:
    """Copy a file, or the content of a folder, without the excluded paths, which are relative to the working folder."""
    if not source.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
        return

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if Path(folder, name) in excluded}

    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=ignored)


def main() -> int:
    """Copy each source, and return 23, as rsync does, if one does not exist."""
    arguments = parse_arguments()
    lines = Path(arguments.exclude_from).read_text().splitlines() if arguments.exclude_from else []
    excluded = {Path(pattern.strip("/").removesuffix("/**")) for pattern in [*lines, *arguments.exclude]}
    target = Path(arguments.target)
    if arguments.delete:
        shutil.rmtree(target, ignore_errors=True)
    missing = [source for source in arguments.sources if not Path(source).exists()]
    for source in arguments.sources:
        if source not in missing:
            copy(Path(source), target / source if arguments.keeps_paths else target, excluded)
    for source in missing:
        print(f"rsync: {source} does not exist", file=sys.stderr)
    return 23 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
