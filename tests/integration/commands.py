# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible's commands in forks of one process that has imported their libraries already: a third to a half of what
a run costs is importing the same 500 modules again, and these tests run Ansible more than a thousand times. What
Ansible compiles anew in every run is compiled beforehand, too (``read_beforehand``), and the documentation of plugins
is parsed once (``ParsedYaml``).

Nothing of Ansible that reads its configuration is imported beforehand, so each run reads it anew, from the environment
that it is given. What a run can't share (variables that Python itself reads when it starts) gets a process of its own.
"""

from __future__ import annotations

import ast
import atexit
import builtins
import contextlib
import functools
import gc
import hashlib
import importlib
import importlib.machinery
import json
import os
import pickle
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

TREE = Path(__file__).resolve().parents[2] / "build" / "ansible_collections" / "waldur" / "provider"
SECONDS = 120
COMMANDS = ("adhoc", "inventory", "playbook")
# Ansible imports it while it runs, or the collection does.
LATER = ("ansible.executor.task_executor", "ansible.plugins.strategy.linear", "requests")
CONFIGURATION = "ansible.constants"
# What reads the environment as soon as it is imported.
AT_ONCE = ("ansible.cli", CONFIGURATION)

DEPRECATED = re.compile(r"\[DEPRECATION WARNING\]|\w*DeprecationWarning: ")
# Of the machine that Ansible runs on, and of a callback whose files are searched for secrets as long as there is one:
# nothing that the collection uses, or could repair.
NOT_OURS = re.compile(r"Ansible will require Python|tree (?:has been|callback plugin is) deprecated")


def ansible(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    seconds: int = SECONDS,
    *,
    merged: bool = False,
) -> tuple[int, str]:
    """Runs ``command`` (``playbook``, ``inventory``, …, and its arguments) in ``folder``, with this environment alone.

    Returns its exit code and what it printed, errors behind the rest, or with ``merged`` where a terminal shows them.
    Raises `subprocess.TimeoutExpired` when it takes longer than ``seconds``; then it is ended, and the next can run.
    Raises `AssertionError` when Ansible or Python told of something that the collection uses and that will go away.
    """
    if any(name.startswith("PYTHON") and os.environ.get(name) != value for name, value in environment.items()):
        code, printed = in_a_new_process(command, folder, environment, merged=merged)
    else:
        code, printed = _server().run(command, folder, environment, seconds, merged=merged)
    if found := deprecations(printed):
        raise AssertionError("\n".join(["something that is used here will go away:", *found]))
    return code, printed


def deprecations(printed: str) -> list[str]:
    """Where in what was printed Ansible or Python tell of something of ours that will go away.

    Each begins with the line that says so; two more follow, as Ansible 2.18 and older break their lines.
    """
    lines = printed.splitlines()
    begin = [place for place, line in enumerate(lines) if DEPRECATED.search(line) and not NOT_OURS.search(line)]
    return [" ".join(lines[place : place + 3]) for place in begin]


def in_a_new_process(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], *, merged: bool = False
) -> tuple[int, str]:
    """The same as people start it: for what is measured."""
    done = subprocess.run(
        [sys.executable, "-m", f"ansible.cli.{command[0]}", *command[1:]],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout + (done.stderr or "")


class Server:
    """The process that forks, and what is said to it: a line of JSON for each run, answered by its exit code."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="commands-")
        command = [sys.executable, __file__, self._folder]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the process."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: int, *, merged: bool
    ) -> tuple[int, str]:
        """See `ansible`."""
        with tempfile.TemporaryDirectory(prefix="printed-") as scratch:
            out, err = Path(scratch, "out"), Path(scratch, "out" if merged else "err")
            asked = [*command], str(folder), dict(environment), str(out), str(err), seconds
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(f"{json.dumps(asked)}\n")
            self._process.stdin.flush()
            code: int | None = json.loads(self._process.stdout.readline())
            printed = "".join(path.read_text(encoding="utf-8") for path in dict.fromkeys((out, err)))
        if code is None:
            raise subprocess.TimeoutExpired([*command], seconds, output=printed)
        return code, printed


@functools.cache
def _server() -> Server:
    return Server()


class ParsedYaml:
    """Results of ``yaml.load`` for files of Ansible and documentation of plugins, shared by forks in *folder*.

    A run changes what it has parsed, so a result is used only once in a fork; the next call parses the text anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, Any] = {}
        self.names: set[str] = set()
        self._load = yaml.load
        self._paths = (str(Path(sys.prefix).resolve()), sys.prefix, str(TREE.parents[2]), str(TREE.resolve()))

    def read(self) -> None:
        """Read what forks have parsed since."""
        if new := {path.name for path in self.folder.iterdir() if not path.suffix} - self.names:
            self.names |= new
            for name in new:
                # Some classes can't be imported here, as they need the configuration.
                with contextlib.suppress(ImportError, AttributeError):
                    self.known[name] = pickle.loads((self.folder / name).read_bytes())
            gc.freeze()

    def load(self, stream: Any, Loader: Any) -> Any:  # noqa: N803 - the name is that of yaml.load
        """Return what ``yaml.load`` returns, tags of Ansible included."""
        tags = [*getattr(stream, "_ansible_tags_mapping", {}).values()]
        paths = [getattr(tag, "path", None) for tag in tags] or [os.fsdecode(getattr(stream, "name", ""))]
        if not any(path and path.startswith(self._paths) for path in paths):
            return self._load(stream, Loader)
        text = stream.read() if hasattr(stream, "read") else stream
        described = [str(text), *sorted(map(repr, tags)), *paths, Loader.__module__, Loader.__qualname__]
        name = hashlib.sha256(repr(described).encode()).hexdigest()
        if name in self.known:
            return self.known.pop(name)
        found = self._load(text, Loader)
        if name not in self.names:
            self.names.add(name)
            unfinished = self.folder / f"{name}.{os.getpid()}"
            unfinished.write_bytes(pickle.dumps(found))
            unfinished.rename(self.folder / name)
        return found


def import_beforehand() -> None:
    """Import all that Ansible's commands import, but for the configuration and what imports that."""
    # Python's own way to make an import fail.
    cast(dict[str, Any], sys.modules)[CONFIGURATION] = None
    for name in _imported_by_a_run():
        known = set(sys.modules)
        try:
            importlib.import_module(name)
        except ImportError:
            for half_done in set(sys.modules) - known:
                if half_done.partition(".")[0] == "ansible":
                    del sys.modules[half_done]
    del sys.modules[CONFIGURATION]
    read_beforehand()
    gc.collect()
    gc.freeze()


def read_beforehand() -> None:
    """Compile what every run compiles anew, and read where Ansible says its own plugins lie.

    Ansible's loader compiles the collection, and what makes a module of a task parses all that the module imports. What
    comes of a text is the same each time, and a text that has changed since is not found here and compiled anew.
    """
    import ansible
    from ansible.utils.collection_loader import _collection_finder as finder

    ours = [*(TREE / "plugins").rglob("*.py")]
    loaded = [module for name, module in sys.modules.items() if name.startswith("ansible.module_utils")]
    theirs = [Path(str(module.__file__)) for module in loaded if getattr(module, "__file__", None)]
    known: dict[tuple[bytes, str | int], Any] = {}
    for path in ours:
        known[path.read_bytes(), str(path)] = compile(path.read_bytes(), path, "exec", dont_inherit=True)
    for path in [*ours, *theirs]:
        known[path.read_bytes(), ast.PyCF_ONLY_AST] = compile(path.read_bytes(), path, "exec", ast.PyCF_ONLY_AST)
    compile_anew = compile

    def compile_once(source: Any, filename: Any, mode: str, flags: int = 0, *more: Any, **how: Any) -> Any:
        found = known.get((source, flags or filename)) if isinstance(source, bytes) else None
        return found or compile_anew(source, filename, mode, flags, *more, **how)

    vars(builtins)["compile"] = compile_once

    routing = (Path(ansible.__file__).parent / "config" / "ansible_builtin_runtime.yml").read_bytes()
    read = finder._meta_yml_to_dict
    routed = read(routing, ("ansible.builtin", "runtime.yml"))
    finder._meta_yml_to_dict = lambda text, name: routed if text == routing else read(text, name)


def _imported_by_a_run() -> list[str]:
    """The names of the modules that are there once Ansible's commands have been imported; a new process finds out."""
    imported = ", ".join((*LATER, *(f"ansible.cli.{command}" for command in COMMANDS)))
    program = f"import sys, json, {imported}; print(json.dumps(sorted(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [name for name in json.loads(found.splitlines()[-1]) if not name.startswith(("__main__", *AT_ONCE))]


def serve(parsed: ParsedYaml) -> list[str] | None:
    """Fork for each line that comes; returns the command in the forks, and None where no more lines come."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with open(os.devnull, encoding="utf-8") as nothing:
        lines = os.fdopen(os.dup(0), encoding="utf-8")
        os.dup2(nothing.fileno(), 0)
    command: list[str]
    for line in lines:
        command, *settings, seconds = json.loads(line)
        parsed.read()
        if (process := os.fork()) == 0:
            lines.close()
            answers.close()
            _become(*settings)
            return command
        print(json.dumps(_exit_code(process, seconds)), file=answers, flush=True)
    return None


def _become(folder: str, environment: dict[str, str], out: str, err: str) -> None:
    """Take over all that a process gets when it is started."""
    os.setpgid(0, 0)
    for number, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def _exit_code(process: int, seconds: int) -> int | None:
    """The code that ``process`` ends with; None if it took too long and was ended."""

    def too_long(*_signal: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    except TimeoutError:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return None
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    # Python puts this folder first, where the names of tests would hide those of libraries.
    del sys.path[0]
    shared = ParsedYaml(Path(sys.argv[1]))
    vars(yaml)["load"] = shared.load
    import_beforehand()
    # Python keeps them to itself, but for those of the program that was started.
    for category in (DeprecationWarning, PendingDeprecationWarning):
        warnings.filterwarnings("default", category=category, module=r"ansible_collections\.waldur\.")
    asked_for = serve(shared)
    if asked_for:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        sys.argv = [f"ansible-{asked_for[0]}", *asked_for[1:]]
        runpy.run_module(f"ansible.cli.{asked_for[0]}", run_name="__main__")
