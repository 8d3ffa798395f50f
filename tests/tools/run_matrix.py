# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test sanity, the unit tests and the integration tests on every ansible-core that is supported.

Each column is one ansible-core on one Python, in a virtual environment of its own under ``build/matrix``. What came of
it is kept there too, with the commit it was run at, so the table can be made of columns that were run one by one.
A column whose Python this machine lacks is skipped, and said to be. Only the standard library is needed here.

Usage: ``python tests/tools/run_matrix.py [--cores "2.17 2.21"] [--pythons 3.12] [--checks "unit integration"]
[--only "tests/unit -k grant"]``; with ``--only`` pytest gets these words in place of its folders, and nothing is kept.
Exits with 0 only if something was run and nothing failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "matrix"
# The newest patch of each ansible-core, and the Pythons that it is run on.
CORES = {
    "2.16.19": ("3.10",),
    "2.17.14": ("3.10",),
    "2.18.19": ("3.11",),
    "2.19.14": ("3.11",),
    "2.20.10": ("3.12", "3.13"),
    "2.21.5": ("3.12", "3.13"),
    "2.22.0rc1": ("3.13", "3.14"),
}
# No test of the matrix runs them, and each fits to few versions of ansible-core only.
LEFT_OUT = ("ansible-core", "molecule")
PYTEST = ("-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider", "--dist", "worksteal")
# Playbooks wait for servers and for each other: two of them keep a processor busy.
WAITING = str(2 * (os.cpu_count() or 1))
CHECKS = {
    "sanity": ("tests/tools/run_ansible_test.py", "sanity"),
    "unit": (*PYTEST, "-n", "auto", "tests/unit", "tests/properties", "tests/faults", "tests/api_reference"),
    "integration": (*PYTEST, "-n", WAITING, "tests/integration"),
}
ABOUT = "import sys; print(sys.base_prefix, *sys.version_info[:2], sep='\\n')"
SANITY_TEST = re.compile(r'^Running sanity test "', re.MULTILINE)
COUNT = re.compile(r"(\d+) (passed|failed|errors?)\b")
SHOWN = 40


@dataclass(frozen=True)
class Column:
    """One ansible-core on one Python."""

    core: str
    python: str

    @property
    def name(self) -> str:
        """Such as ``2.17-3.10``: that of its folder and of the file of its results."""
        return f"{minor(self.core)}-{self.python}"


@dataclass(frozen=True)
class Result:
    """What came of one check, and the commit it was run at."""

    ok: bool
    passed: int
    failed: int
    seconds: int
    commit: str


def minor(version: str) -> str:
    """``2.17`` of ``2.17.14``."""
    return ".".join(version.split(".")[:2])


def columns(cores: Sequence[str], pythons: Sequence[str]) -> list[Column]:
    """The columns with one of these versions; all where none is named. Exits with a sentence for an unknown one."""
    known = [Column(core, python) for core, run_on in CORES.items() for python in run_on]
    for wanted, there, what in (
        (cores, {minor(column.core) for column in known}, "ansible-core"),
        (pythons, {column.python for column in known}, "Python"),
    ):
        if unknown := sorted(set(wanted) - there):
            raise SystemExit(
                f"run_matrix.py: {what} {unknown[0]} is not in the matrix: it has {', '.join(sorted(there))}"
            )
    chosen = [
        column
        for column in known
        if (not cores or minor(column.core) in cores) and (not pythons or column.python in pythons)
    ]
    if not chosen:
        raise SystemExit(f"run_matrix.py: ansible-core {' '.join(cores)} is not run on Python {' '.join(pythons)}")
    return chosen


def requirements(path: Path, core: str) -> list[str]:
    """The lines of a file of requirements and of those that it includes, with this ansible-core in place of its own."""
    found = [] if core == "" else [f"ansible-core=={core}"]
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found += requirements(path.parent / line.removeprefix("-r "), "")
        elif line and not line.startswith("#") and re.split(r"[=<>~ ;]", line)[0] not in LEFT_OUT:
            found.append(line)
    return found


def candidates(python: str, path: str, pyenv: Path) -> Iterator[Path]:
    """Where an interpreter of that version may lie: on PATH, and among those of pyenv, the newest first."""
    for folder in path.split(os.pathsep):
        yield Path(folder, f"python{python}")
    found = pyenv.glob(f"versions/{python}.*/bin/python{python}")
    yield from sorted(found, key=lambda file: [int(part) for part in re.findall(r"\d+", file.parts[-3])], reverse=True)


def interpreter(python: str, path: str, pyenv: Path) -> Path | None:
    """An interpreter of that version that really runs, itself and not a shim or a virtual environment's; or None."""
    for candidate in candidates(python, path, pyenv):
        if not os.access(candidate, os.X_OK):
            continue
        told = subprocess.run([candidate, "-c", ABOUT], check=False, capture_output=True, text=True)
        prefix, *version = told.stdout.splitlines() or [""]
        if told.returncode == 0 and ".".join(version) == python:
            real = Path(prefix, "bin", f"python{python}")
            return real if real.exists() else candidate
    return None


def counted(check: str, printed: str) -> tuple[int, int]:
    """How many tests passed and how many failed, by what the check printed."""
    if check == "sanity":
        return len(SANITY_TEST.findall(printed)), 0
    summary = next((line for line in reversed(printed.splitlines()) if re.search(r" in [\d.]+s\b", line)), "")
    counts = {word: int(number) for number, word in COUNT.findall(summary)}
    return counts.pop("passed", 0), sum(counts.values())


def cell(result: Result | None) -> str:
    """A result in few words."""
    if result is None:
        return "not run"
    passed = f"{result.passed} passed, {result.seconds} s"
    if result.ok:
        return passed
    return f"FAILED: {result.failed} failed, {passed}" if result.failed else f"FAILED after {result.seconds} s"


def commits(results: Sequence[Result], now: str) -> str:
    """The commits that a column was run at; those that are not this one are marked."""
    found = dict.fromkeys(result.commit for result in results)
    return ", ".join(commit if commit == now else f"{commit} (another commit)" for commit in found) or "-"


def table(kept: Mapping[Column, Mapping[str, Result]], skipped: Mapping[Column, str], now: str) -> str:
    """All columns of the matrix as lines of a Markdown table."""
    rows = [["ansible-core", "Python", *CHECKS, "commit"]]
    for column in columns([], []):
        if column in skipped:
            cells = ["skipped"] * len(CHECKS) + [skipped[column]]
        else:
            results = kept.get(column, {})
            cells = [*(cell(results.get(check)) for check in CHECKS), commits(list(results.values()), now)]
        rows.append([column.core, column.python, *cells])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    return "".join(
        f"| {' | '.join(text.ljust(width) for text, width in zip(row, widths, strict=True))} |\n" for row in rows
    )


def current_commit() -> str:
    """The commit of the checkout, and whether something in it is changed."""
    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "rev-parse", "--short=9", "HEAD"], check=True, stdout=subprocess.PIPE, text=True)
    changed = subprocess.run([*git, "status", "--porcelain"], check=True, stdout=subprocess.PIPE, text=True)
    return commit.stdout.strip() + ("+changes" if changed.stdout else "")


def environment(binaries: Path) -> dict[str, str]:
    """This process's environment, with this checkout's collection alone and a column's commands first on PATH."""
    values = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "WALDUR_"))}
    return {
        **values,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_CONFIG": str(ROOT / "build" / "ansible.cfg"),
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def run(command: Sequence[str], log: Path, binaries: Path) -> tuple[int, str]:
    """Run a command with what it prints in a file; the end of that is shown if it fails. Returns its code and text."""
    with log.open("w", encoding="utf-8") as file:
        code = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(binaries),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            check=False,
        ).returncode
    printed = log.read_text(encoding="utf-8", errors="replace")
    if code:
        print("\n".join([*printed.splitlines()[-SHOWN:], f"   all of it: {log.relative_to(ROOT)}"]), flush=True)
    return code, printed


def install(column: Column, python: Path) -> bool:
    """Make the column's virtual environment, unless it is there with the same requirements; say whether it is there."""
    folder = KEPT / column.name
    wanted = "".join(f"{line}\n" for line in requirements(ROOT / "requirements" / "test.txt", column.core))
    listed, stamp = KEPT / f"{column.name}.txt", folder / "installed.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    listed.write_text(wanted, encoding="utf-8")
    quiet = ["--quiet", "--disable-pip-version-check"]
    for command in (
        [str(python), "-m", "venv", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", *quiet, "-r", str(listed)],
    ):
        if run(command, KEPT / f"{column.name}.install.log", folder / "bin")[0]:
            return False
    stamp.write_text(wanted, encoding="utf-8")
    return True


def run_check(column: Column, check: str, only: Sequence[str]) -> Result:
    """Run one check in the column's virtual environment."""
    binaries = KEPT / column.name / "bin"
    commit, started = current_commit(), time.monotonic()
    words = [word for word in CHECKS[check] if not (only and word.startswith("tests/") and check != "sanity")]
    words += only if check != "sanity" else []
    code, printed = run([str(binaries / "python"), *words], KEPT / f"{column.name}.{check}.log", binaries)
    return Result(code == 0, *counted(check, printed), round(time.monotonic() - started), commit)


def read_kept() -> dict[Column, dict[str, Result]]:
    """The results of earlier runs, of the versions that are still in the matrix."""
    kept = {}
    for column in columns([], []):
        file = KEPT / f"{column.name}.json"
        told = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if told.get("core") == column.core:
            kept[column] = {check: Result(**result) for check, result in told["checks"].items()}
    return kept


def keep(column: Column, results: Mapping[str, Result]) -> None:
    """Write a column's results down."""
    told = {"core": column.core, "checks": {check: asdict(result) for check, result in results.items()}}
    (KEPT / f"{column.name}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def run_column(
    column: Column, python: Path, checks: Sequence[str], only: Sequence[str]
) -> Iterator[tuple[str, Result]]:
    """Run the checks of one column, one after the other; each is told as soon as it ends."""
    title = f"ansible-core {column.core} on Python {column.python}"
    print(f"== {title}: installing", flush=True)
    installed = install(column, python)
    for check in checks:
        result = run_check(column, check, only) if installed else Result(False, 0, 0, 0, current_commit())
        print(f"== {title}: {check}: {cell(result)}", flush=True)
        yield check, result


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line; every option takes words in one string, as make hands them on."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    for name in ("cores", "pythons", "checks", "only"):
        parser.add_argument(f"--{name}", type=str.split, default=[], metavar="WORDS")
    found = parser.parse_args(argv)
    if unknown := sorted(set(found.checks) - set(CHECKS)):
        parser.error(f"there is no check {unknown[0]}: there are {', '.join(CHECKS)}")
    wanted = found.checks or (["unit"] if found.only else CHECKS)
    found.checks = [check for check in CHECKS if check in wanted]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for and show the table; 0 only if something was run and nothing of it failed."""
    asked = arguments(argv)
    KEPT.mkdir(parents=True, exist_ok=True)
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    kept = read_kept()
    skipped: dict[Column, str] = {}
    ran: list[Result] = []
    for column in columns(asked.cores, asked.pythons):
        python = interpreter(column.python, os.environ.get("PATH", os.defpath), pyenv)
        if python is None:
            skipped[column] = f"no python{column.python} on this machine"
            continue
        for check, result in run_column(column, python, asked.checks, asked.only):
            ran.append(result)
            if not asked.only:
                kept[column] = {**kept.get(column, {}), check: result}
                keep(column, kept[column])
    if not asked.only:
        shown = table(kept, skipped, current_commit())
        (KEPT / "table.md").write_text(shown, encoding="utf-8")
        print(f"\n{shown}")
    failed = sum(not result.ok for result in ran)
    print(f"== {len(ran)} checks run, {failed} failed; {len(skipped)} columns skipped", flush=True)
    return int(failed > 0 or not ran)


if __name__ == "__main__":
    sys.exit(main())
