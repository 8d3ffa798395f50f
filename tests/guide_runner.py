# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the guides of docs/docsite/rst, and follow their steps in order, as their readers do.

- A ``code-block`` with a ``:caption:`` is a file: it is written below the reader's folder, or with ``~/`` below HOME.
- A ``console`` block holds commands, each after ``$ ``; a ``\\`` at the end continues it on the next line. What follows
  is what it prints: each of these lines must be found, in this order, in its output. ``...`` stands for anything, as a
  line or within one. A first line ``# exit code: N`` says how it ends, where that is not 0.
- ``.. simulator: 2024`` starts anew, from there on, with a Waldur of that year; 2025 where nothing is said.
- ``https://waldur.example.org`` and ``token-of-staff`` (or of anybody else) in files and commands are what a reader
  replaces; in what is printed the URL is replaced back.
- All other blocks are only shown.

``pytest tests/integration/test_guides.py -k NAME -rP`` shows what each command printed.

A guide that runs ``ansible-galaxy collection install`` finds a checkout of the collection in the reader's folder; the
others find it installed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "docsite" / "rst"
CHECKOUT = "ansible-waldur-provider"
INSTALL = "ansible-galaxy collection install"
EXAMPLE_URL = "https://waldur.example.org"
SECONDS = 120

# The commands that can run without a shell, which is faster.
COMMANDS = {"ansible": "adhoc", "ansible-inventory": "inventory", "ansible-playbook": "playbook"}
_BLOCK = re.compile(r"( *)\.\. (code-block|code|sourcecode|literalinclude|parsed-literal)::\s*(\S*)\s*$")
_CAPTION = re.compile(r"\s+:caption:\s*(\S.*?)\s*$")
_EDITION = re.compile(r"\s*\.\. simulator: (\d{4})\s*$")
_ENDS = re.compile(r"# exit code: (\d+)$")
_ASSIGNMENT = re.compile(r"[A-Z_]+=")
_TOKEN = re.compile(r"token-of-(\w+)")
# Keeps what a command changed of the environment for the next one, as a terminal does.
_SHELL = 'state=$2; trap \'env -0 >"$state"\' EXIT; eval "$1"'


class GuideError(Exception):
    """A guide that can't be run, or does not tell the truth; the message says where and why."""


@dataclass(frozen=True)
class File:
    """A file that the reader makes."""

    line: int
    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command, the code that it must end with, and the lines that it must print."""

    line: int
    text: str
    code: int = 0
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edition:
    """A fresh Waldur of that year."""

    line: int
    year: str


@dataclass(frozen=True)
class Guide:
    """A guide's name, and what is to be done in it."""

    name: str
    steps: tuple[File | Command | Edition, ...]

    @property
    def installs(self) -> bool:
        """Whether the reader installs the collection here."""
        return any(isinstance(step, Command) and INSTALL in step.text for step in self.steps)


# --- reading -------------------------------------------------------------------------------------------------------


def guides(folder: Path = FOLDER) -> list[Guide]:
    """All guides of the folder with something to run, by name. Raises ``GuideError``."""
    paths = sorted(folder.glob("guide_*.rst"))
    read = [parse(path.stem.removeprefix("guide_"), path.read_text(encoding="utf-8")) for path in paths]
    return [guide for guide in read if guide.steps]


def parse(name: str, text: str) -> Guide:
    """The guide of that name with that text. Raises ``GuideError`` where a block can't be understood."""
    lines = text.splitlines()
    steps: list[File | Command | Edition] = []
    for number, line in enumerate(lines):
        if edition := _EDITION.match(line):
            steps.append(Edition(number + 1, edition[1]))
        elif block := _BLOCK.match(line):
            steps += _of_block(name, lines, number, block)
    return Guide(name, tuple(steps))


def _of_block(name: str, lines: list[str], number: int, block: re.Match[str]) -> list[File] | list[Command]:
    where = f"guide {name}, line {number + 1}"
    if block[2] != "code-block" or not block[3]:
        raise GuideError(f"{where}: only code-block with a language is understood here.")
    indent, first = len(block[1]), number + 1
    caption = None
    while first < len(lines) and lines[first].strip().startswith(":"):
        found = _CAPTION.match(lines[first])
        caption, first = (found[1] if found else caption), first + 1
    last = first
    while last < len(lines) and (not lines[last].strip() or _indent(lines[last]) > indent):
        last += 1
    body = _dedented(lines[first:last])
    if block[3] == "console":
        return list(_commands(name, body, first + 1))
    if caption is None:
        return []
    if caption.startswith("/") or ".." in Path(caption).parts:
        raise GuideError(f"{where}: the file {caption} must lie in the reader's folder.")
    return [File(number + 1, caption, "\n".join(body).strip("\n") + "\n")]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _dedented(lines: list[str]) -> list[str]:
    least = min((_indent(line) for line in lines if line.strip()), default=0)
    return [line[least:].rstrip() for line in lines]


def _commands(name: str, body: list[str], first: int) -> Iterator[Command]:
    """The commands of a block whose first line has that number."""
    at = 0
    while at < len(body):
        line = first + at
        if not body[at].strip():
            at += 1
            continue
        if not body[at].startswith("$ "):
            raise GuideError(f"guide {name}, line {line}: a console block begins with a command, after '$ '.")
        parts = [body[at][2:]]
        while parts[-1].endswith("\\") and at + 1 < len(body):
            at += 1
            parts.append(body[at].strip())
        text = " ".join(part.removesuffix("\\").strip() for part in parts)
        printed = _until_the_next(body[at + 1 :])
        at += 1 + len(printed)
        ends = _ENDS.match(printed[0]) if printed else None
        wanted = tuple(line for line in printed[1 if ends else 0 :] if line.strip() not in ("", "..."))
        yield Command(line, text, int(ends[1]) if ends else 0, wanted)


def _until_the_next(lines: list[str]) -> list[str]:
    end = next((at for at, line in enumerate(lines) if line.startswith("$ ")), len(lines))
    return lines[:end]


# --- comparing -----------------------------------------------------------------------------------------------------


def missing(expected: tuple[str, ...], printed: str) -> str | None:
    """The first of the wanted lines that is not there, behind the one before it; None where all are."""
    lines = iter([_evenly(line) for line in printed.splitlines()])
    for want in expected:
        pattern = re.compile(".*".join(re.escape(part) for part in _evenly(want).split("...")))
        if not any(pattern.fullmatch(line) for line in lines):
            return want
    return None


def _evenly(line: str) -> str:
    """The line with single spaces within, and with those that it begins with."""
    return line[: _indent(line)] + " ".join(line.split())


# --- running -------------------------------------------------------------------------------------------------------


class Target(Protocol):
    """The simulator that a guide runs against."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def tokens(self) -> dict[str, str]:
        """The tokens that may be printed nowhere."""

    def token(self, alias: str) -> str:
        """The token of one user."""


# Runs one of Ansible's commands in a folder, with an environment; returns its code and all that it printed.
Ansible = Callable[[list[str], Path, Mapping[str, str]], tuple[int, str]]


@dataclass
class Reader:
    """Somebody who follows a guide: an own folder, an empty HOME, a terminal that remembers what was exported.

    ``fresh`` gives a Waldur of a year at its start, ``environment`` is what is there without any Waldur.
    """

    folder: Path
    environment: dict[str, str]
    fresh: Callable[[str], Target]
    ansible: Ansible
    secrets: set[str] = field(default_factory=set)
    written: set[Path] = field(default_factory=set)
    waldur: Target = field(init=False)

    @property
    def home(self) -> Path:
        """HOME."""
        return self.folder / "home"

    @property
    def place(self) -> Path:
        """The folder in which the reader begins."""
        return self.folder / "folder"

    def follow(self, guide: Guide) -> None:
        """Do all that is told in *guide*. Raises ``GuideError`` where what is told is not so, or a token gets out."""
        self._prepare(guide)
        self._meet("2025")
        for step in guide.steps:
            if isinstance(step, Edition):
                self._meet(step.year)
            elif isinstance(step, File):
                self._write(step)
            else:
                self._run(guide, step)
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path not in self.written and self._leaks(path.read_bytes().decode(errors="replace")):
                raise GuideError(f"guide {guide.name}: a token is in {path.relative_to(self.folder)} at its end.")

    def _prepare(self, guide: Guide) -> None:
        self.place.mkdir(parents=True)
        installed = self.home / ".ansible" / "collections" / "ansible_collections" / "waldur"
        link = self.place / CHECKOUT if guide.installs else installed / "provider"
        link.parent.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(exist_ok=True)
        link.symlink_to(ROOT)
        self.environment |= {"HOME": str(self.home), "PWD": str(self.place)}

    def _meet(self, year: str) -> None:
        self.waldur = self.fresh(year)
        self.secrets |= set(self.waldur.tokens.values())
        self.environment |= {"WALDUR_API_URL": self.waldur.url, "WALDUR_ACCESS_TOKEN": self.waldur.token("staff")}

    def _mine(self, text: str) -> str:
        """*text* with what a reader replaces."""
        tokens = {alias: self.waldur.token(alias) for alias in _TOKEN.findall(text)}
        self.secrets |= set(tokens.values())
        return _TOKEN.sub(lambda match: tokens[match[1]], text.replace(EXAMPLE_URL, self.waldur.url))

    def _write(self, file: File) -> None:
        path = self.home / file.path[2:] if file.path.startswith("~/") else self.place / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._mine(file.text), encoding="utf-8")
        self.written.add(path)

    def _run(self, guide: Guide, command: Command) -> None:
        code, printed = self._execute(self._mine(command.text))
        printed = printed.replace(self.waldur.url, EXAMPLE_URL)
        problem = None
        if self._leaks(printed):
            # The token must not come into the test's own output either.
            problem, printed = "A token was printed.", "(not repeated here)"
        elif code != command.code:
            problem = f"It ends with {code}, and the guide says {command.code}."
        elif (line := missing(command.wanted, printed)) is not None:
            problem = f"This line is not in what it printed, or not at its place:\n{line}"
        where = f"guide {guide.name}, line {command.line}: $ {command.text}"
        if problem:
            raise GuideError(f"{where}\n{problem}\n--- it printed:\n{printed}")
        print(f"{where}\n{printed}")

    def _leaks(self, text: str) -> bool:
        return any(secret in text for secret in self.secrets)

    def _execute(self, command: str) -> tuple[int, str]:
        folder = Path(self.environment["PWD"])
        if plain := split_ansible_command(command):
            settings, words = plain
            return self.ansible([COMMANDS[words[0]], *words[1:]], folder, {**self.environment, **settings})
        with tempfile.TemporaryDirectory(prefix="guide-") as scratch:
            state, printed = Path(scratch, "state"), Path(scratch, "printed")
            with printed.open("wb") as file:
                code = _in_a_shell(["sh", "-c", _SHELL, "sh", command, str(state)], folder, self.environment, file)
            pairs = (pair.partition("=") for pair in state.read_text(encoding="utf-8").split("\0") if pair)
            self.environment = {name: value for name, _equals, value in pairs}
            return code, printed.read_text(encoding="utf-8", errors="replace")


def split_ansible_command(command: str) -> tuple[dict[str, str], list[str]] | None:
    """Return the environment variables and the arguments of an Ansible command; None if the command needs a shell."""
    if set(command) & set("$`|&;<>()*?[~#!\n"):
        return None
    words = shlex.split(command)
    assigned = list(itertools.takewhile(_ASSIGNMENT.match, words))
    settings = {name: value for name, _equals, value in (word.partition("=") for word in assigned)}
    words = words[len(assigned) :]
    return (settings, words) if words and words[0] in COMMANDS else None


def _in_a_shell(command: list[str], folder: Path, environment: Mapping[str, str], printed: IO[bytes]) -> int:
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait(SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
