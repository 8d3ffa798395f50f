# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the guides of docs/docsite/rst, and run their steps in order, as a reader would.

- A ``code-block`` with a ``:caption:`` is a file: it is written below the working folder, or with ``~/`` below HOME.
- A ``console`` block holds commands, each after ``$ ``; a ``\\`` at the end continues it on the next line. The lines
  after a command are its expected output: each of them must occur in the real output, in this order. ``...`` stands for
  anything, as a line or within one. A first line ``# exit code: N`` is the expected exit code, if that is not 0.
- ``.. simulator: 2024`` starts a new simulator of that edition for the steps after it; the first one is of 2025.
- ``https://waldur.example.org`` and ``token-of-staff`` (or of another user) are placeholders. They are replaced in
  files and commands; in the output, the URL of the simulator is replaced by the placeholder.
- All other blocks are only shown.

``pytest tests/integration/test_guides.py -k NAME -rP`` shows the output of each command.

A guide that runs ``ansible-galaxy collection install`` starts with a checkout of the collection in the working folder;
the other guides start with the collection installed.
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
from importlib.metadata import version
from pathlib import Path
from typing import IO, Protocol

ROOT = Path(__file__).resolve().parent.parent
GUIDES_FOLDER = ROOT / "docs" / "docsite" / "rst"
CHECKOUT_FOLDER = "ansible-waldur-provider"
INSTALL_COMMAND = "ansible-galaxy collection install"
EXAMPLE_URL = "https://waldur.example.org"
FIRST_EDITION = "2025"
TIMEOUT_SECONDS = 120

# The commands that can run without a shell, which is faster, and the names of their modules in ansible.cli.
ANSIBLE_COMMANDS = {"ansible": "adhoc", "ansible-inventory": "inventory", "ansible-playbook": "playbook"}
_BLOCK = re.compile(r"( *)\.\. (code-block|code|sourcecode|literalinclude|parsed-literal)::\s*(\S*)\s*$")
_CAPTION = re.compile(r"\s+:caption:\s*(\S.*?)\s*$")
_EDITION = re.compile(r"\s*\.\. simulator: (\d{4})\s*$")
_EXIT_CODE = re.compile(r"# exit code: (\d+)$")
_ASSIGNMENT = re.compile(r"[A-Z_]+=")
_TOKEN = re.compile(r"token-of-(\w+)")
# Whether ansible-core prints in the format of before 2.19, in lines of at most this length where it is no terminal.
_IS_OLD = tuple(map(int, version("ansible-core").split(".")[:2])) < (2, 19)
_OLD_WIDTH = 79
_RESULT = re.compile(r"\[|\S+ \| |PLAY |TASK ")
# Saves the environment after a command for the next command, as in one session of a terminal.
_SHELL = 'state=$2; trap \'env -0 >"$state"\' EXIT; eval "$1"'


class GuideError(Exception):
    """A guide is invalid, or a step did not do what the guide says; the message names the line and the reason."""


@dataclass(frozen=True)
class File:
    """A file that the reader creates."""

    line: int
    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command, its expected exit code, and the lines that its output must contain."""

    line: int
    text: str
    exit_code: int = 0
    expected_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edition:
    """The start of a new simulator of this edition."""

    line: int
    year: str


@dataclass(frozen=True)
class Guide:
    """A guide: its name, without ``guide_``, and its steps."""

    name: str
    steps: tuple[File | Command | Edition, ...]

    @property
    def installs_collection(self) -> bool:
        """Return whether one of the commands installs the collection."""
        return any(isinstance(step, Command) and INSTALL_COMMAND in step.text for step in self.steps)


# --- parse -----------------------------------------------------------------------------------------------------------


def read_guides(folder: Path = GUIDES_FOLDER) -> list[Guide]:
    """Return all guides of the folder that have steps, sorted by name. Raises ``GuideError``."""
    paths = sorted(folder.glob("guide_*.rst"))
    guides = [parse_guide(path.stem.removeprefix("guide_"), path.read_text(encoding="utf-8")) for path in paths]
    return [guide for guide in guides if guide.steps]


def parse_guide(name: str, text: str) -> Guide:
    """Return the guide in a text. Raises ``GuideError`` if a block is invalid."""
    lines = text.splitlines()
    steps: list[File | Command | Edition] = []
    for index, line in enumerate(lines):
        if edition := _EDITION.match(line):
            steps.append(Edition(index + 1, edition[1]))
        elif block := _BLOCK.match(line):
            steps += _parse_block(name, lines, index, block)
    return Guide(name, tuple(steps))


def _parse_block(name: str, lines: list[str], index: int, block: re.Match[str]) -> list[File] | list[Command]:
    """Return the steps of the block that starts at ``lines[index]``: its commands, its file, or none."""
    where = f"guide {name}, line {index + 1}"
    if block[2] != "code-block" or not block[3]:
        raise GuideError(f"{where}: only code-block with a language is understood here.")
    indent, first = len(block[1]), index + 1
    caption = None
    while first < len(lines) and lines[first].strip().startswith(":"):
        option = _CAPTION.match(lines[first])
        caption, first = (option[1] if option else caption), first + 1
    last = first
    while last < len(lines) and (not lines[last].strip() or _count_indent(lines[last]) > indent):
        last += 1
    body = _remove_indent(lines[first:last])
    if block[3] == "console":
        return list(_parse_commands(name, body, first + 1))
    if caption is None:
        return []
    if caption.startswith("/") or ".." in Path(caption).parts:
        raise GuideError(f"{where}: the file {caption} must lie in the reader's folder.")
    return [File(index + 1, caption, "\n".join(body).strip("\n") + "\n")]


def _count_indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _remove_indent(lines: list[str]) -> list[str]:
    """Return the lines without the indentation that all of them have."""
    indent = min((_count_indent(line) for line in lines if line.strip()), default=0)
    return [line[indent:].rstrip() for line in lines]


def _parse_commands(name: str, body: list[str], first_line: int) -> Iterator[Command]:
    """Yield the commands of a console block whose first line has this number."""
    index = 0
    while index < len(body):
        line = first_line + index
        if not body[index].strip():
            index += 1
            continue
        if not body[index].startswith("$ "):
            raise GuideError(f"guide {name}, line {line}: a console block begins with a command, after '$ '.")
        parts = [body[index][2:]]
        while parts[-1].endswith("\\") and index + 1 < len(body):
            index += 1
            parts.append(body[index].strip())
        text = " ".join(part.removesuffix("\\").strip() for part in parts)
        output = _take_output(body[index + 1 :])
        index += 1 + len(output)
        exit_code = _EXIT_CODE.match(output[0]) if output else None
        expected = tuple(line for line in output[1 if exit_code else 0 :] if line.strip() not in ("", "..."))
        yield Command(line, text, int(exit_code[1]) if exit_code else 0, expected)


def _take_output(lines: list[str]) -> list[str]:
    """Return the lines before the next command."""
    end = next((index for index, line in enumerate(lines) if line.startswith("$ ")), len(lines))
    return lines[:end]


# --- compare ---------------------------------------------------------------------------------------------------------


def find_missing_line(expected_lines: tuple[str, ...], output: str) -> str | None:
    """Return the first expected line that does not follow the one before it in the output; None if all are there."""
    lines = iter([_collapse_spaces(line) for line in output.splitlines()])
    for expected in expected_lines:
        pattern = re.compile(".*".join(re.escape(text) for text in _collapse_spaces(expected).split("...")))
        if not any(pattern.fullmatch(line) for line in lines):
            return expected
    return None


def undo_old_format(output: str) -> str:
    """Return what ansible-core before 2.19 printed as newer versions print it: with warnings in one line, and without
    the backslashes of JSON in the results of tasks."""
    lines: list[str] = []
    is_warning = False
    for line in output.splitlines():
        first_word = line.split(" ", 1)[0]
        has_no_room = is_warning and len(lines[-1].rpartition("\n")[2]) + 1 + len(first_word) > _OLD_WIDTH
        if has_no_room and first_word and not _RESULT.match(line):
            lines[-1] += f"\n{line}"
        else:
            is_warning = line.startswith("[WARNING]: ")
            lines.append(line)
    return "\n".join(line.replace("\n", " ") for line in lines).replace('\\"', '"')


def _collapse_spaces(line: str) -> str:
    """Return the line with single spaces, except for its indentation, which stays."""
    return line[: _count_indent(line)] + " ".join(line.split())


# --- run -------------------------------------------------------------------------------------------------------------


class Target(Protocol):
    """The simulator that the commands of a guide connect to."""

    @property
    def url(self) -> str:
        """Return its URL."""

    @property
    def tokens(self) -> dict[str, str]:
        """Return the tokens by user; none of them may be printed."""

    def token(self, alias: str) -> str:
        """Return the token of one user."""


# Return the simulator of an edition, in its initial state.
StartSimulator = Callable[[str], Target]
# Run an Ansible command in a folder with an environment; return its exit code and its output.
RunAnsible = Callable[[list[str], Path, Mapping[str, str]], tuple[int, str]]


@dataclass
class GuideRunner:
    """Runs the steps of a guide in a temporary folder with an empty HOME, and keeps the environment between commands.

    ``environment`` are the variables at the start, without those of a Waldur.
    """

    folder: Path
    environment: dict[str, str]
    start_simulator: StartSimulator
    run_ansible: RunAnsible
    secrets: set[str] = field(default_factory=set)
    written_files: set[Path] = field(default_factory=set)
    simulator: Target = field(init=False)

    @property
    def home(self) -> Path:
        """Return the folder HOME."""
        return self.folder / "home"

    @property
    def working_folder(self) -> Path:
        """Return the folder in which the first command runs."""
        return self.folder / "folder"

    def run(self, guide: Guide) -> None:
        """Run all steps of a guide. Raises ``GuideError`` if a step fails, or if a token is printed or stored."""
        self._create_folders(guide)
        self._use_simulator(FIRST_EDITION)
        for step in guide.steps:
            if isinstance(step, Edition):
                self._use_simulator(step.year)
            elif isinstance(step, File):
                self._write_file(step)
            else:
                self._run_command(guide, step)
        for path in sorted(self.folder.rglob("*")):
            if not path.is_file() or path in self.written_files:
                continue
            if self._contains_secret(path.read_bytes().decode(errors="replace")):
                raise GuideError(f"guide {guide.name}: a token is in {path.relative_to(self.folder)} at its end.")

    def _create_folders(self, guide: Guide) -> None:
        """Create HOME and the working folder, with the collection installed or as a checkout."""
        self.working_folder.mkdir(parents=True)
        installed = self.home / ".ansible" / "collections" / "ansible_collections" / "waldur"
        link = self.working_folder / CHECKOUT_FOLDER if guide.installs_collection else installed / "provider"
        link.parent.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(exist_ok=True)
        link.symlink_to(ROOT)
        self.environment |= {"HOME": str(self.home), "PWD": str(self.working_folder)}

    def _use_simulator(self, edition: str) -> None:
        """Connect the next steps to the simulator of an edition, in its initial state."""
        self.simulator = self.start_simulator(edition)
        self.secrets |= set(self.simulator.tokens.values())
        self.environment |= {
            "WALDUR_API_URL": self.simulator.url,
            "WALDUR_ACCESS_TOKEN": self.simulator.token("staff"),
        }

    def _replace_placeholders(self, text: str) -> str:
        """Return the text with the URL and the tokens of the simulator in place of the placeholders."""
        tokens = {alias: self.simulator.token(alias) for alias in _TOKEN.findall(text)}
        self.secrets |= set(tokens.values())
        return _TOKEN.sub(lambda match: tokens[match[1]], text.replace(EXAMPLE_URL, self.simulator.url))

    def _write_file(self, file: File) -> None:
        path = self.home / file.path[2:] if file.path.startswith("~/") else self.working_folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._replace_placeholders(file.text), encoding="utf-8")
        self.written_files.add(path)

    def _run_command(self, guide: Guide, command: Command) -> None:
        """Run a command, and compare its exit code and output with what the guide says."""
        exit_code, output = self._execute(self._replace_placeholders(command.text))
        output = output.replace(self.simulator.url, EXAMPLE_URL)
        comparable = undo_old_format(output) if _IS_OLD else output
        problem = None
        if self._contains_secret(output):
            # The output of the test must not contain the token either.
            problem, output = "A token was printed.", "(not repeated here)"
        elif exit_code != command.exit_code:
            problem = f"It ends with {exit_code}, and the guide says {command.exit_code}."
        elif (line := find_missing_line(command.expected_lines, comparable)) is not None:
            problem = f"This line is not in what it printed, or not at its place:\n{line}"
        where = f"guide {guide.name}, line {command.line}: $ {command.text}"
        if problem:
            raise GuideError(f"{where}\n{problem}\n--- it printed:\n{output}")
        print(f"{where}\n{output}")

    def _contains_secret(self, text: str) -> bool:
        return any(secret in text for secret in self.secrets)

    def _execute(self, command: str) -> tuple[int, str]:
        """Run a command line, without a shell if possible; return its exit code and its output."""
        folder = Path(self.environment["PWD"])
        if split := split_ansible_command(command):
            variables, words = split
            arguments = [ANSIBLE_COMMANDS[words[0]], *words[1:]]
            return self.run_ansible(arguments, folder, {**self.environment, **variables})
        with tempfile.TemporaryDirectory(prefix="guide-") as scratch:
            state, output = Path(scratch, "state"), Path(scratch, "output")
            with output.open("wb") as file:
                arguments = ["sh", "-c", _SHELL, "sh", command, str(state)]
                exit_code = _run_process(arguments, folder, self.environment, file)
            pairs = (pair.partition("=") for pair in state.read_text(encoding="utf-8").split("\0") if pair)
            self.environment = {name: value for name, _equals, value in pairs}
            return exit_code, output.read_text(encoding="utf-8", errors="replace")


def split_ansible_command(command: str) -> tuple[dict[str, str], list[str]] | None:
    """Return the environment variables and the arguments of an Ansible command; None if the command needs a shell."""
    if set(command) & set("$`|&;<>()*?[~#!\n"):
        return None
    words = shlex.split(command)
    assignments = list(itertools.takewhile(_ASSIGNMENT.match, words))
    variables = {name: value for name, _equals, value in (word.partition("=") for word in assignments)}
    words = words[len(assignments) :]
    return (variables, words) if words and words[0] in ANSIBLE_COMMANDS else None


def _run_process(arguments: list[str], folder: Path, environment: Mapping[str, str], output: IO[bytes]) -> int:
    """Run a process with its output in a file, and return its exit code. Its child processes end with it."""
    process = subprocess.Popen(
        arguments,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait(TIMEOUT_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
