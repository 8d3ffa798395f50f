# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that forks for each of Ansible's commands (`commands.py`), after it has imported their libraries: a third
to a half of what a run costs is importing the same 500 modules again. What Ansible compiles anew in every run is
compiled beforehand, too (``read_beforehand``), and the documentation of plugins is parsed once (``ParsedYaml``).

Nothing of Ansible that reads its configuration is imported beforehand, so each run reads it anew, from the environment
that it is given. Only runs that have the configuration of most tests or no configuration file, and nothing else in
their environment that could change it, are forks of a process that has read it and has imported the sources of the
collection (``Configured``): that is more than half of what such a run costs.
"""

from __future__ import annotations

import ast
import atexit
import builtins
import contextlib
import gc
import hashlib
import importlib
import importlib.machinery
import json
import os
import pickle
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

import yaml

TREE = Path(__file__).resolve().parents[2] / "build" / "ansible_collections" / "waldur" / "provider"
COMMANDS = ("adhoc", "inventory", "playbook")
# Ansible imports it while it runs, or the collection does.
LATER = ("ansible.executor.task_executor", "ansible.plugins.strategy.linear", "requests")
# Plugins of Ansible that every run imports, where this version has them.
PLUGINS = """
    become.su become.sudo cache.memory connection.local connection.paramiko_ssh connection.psrp connection.ssh
    connection.winrm callback.default callback.junit callback.minimal callback.oneline callback.tree inventory.auto
    inventory.host_list inventory.ini inventory.script inventory.toml inventory.yaml shell.cmd shell.powershell shell.sh
    vars.host_group_vars
""".split()
CONFIGURATION = "ansible.constants"
# The setting that makes a folder when it is read.
TEMPORARY = "DEFAULT_LOCAL_TMP"
# How the name of that folder begins.
TEMPORARY_PREFIX = "ansible-local-"
# The folder in it with the archives that Ansible makes of modules and what they import, which are the same in each run.
ARCHIVES = "ansiballz_cache"
IMPORTING = """
import contextlib, importlib, json, sys
for name in sys.argv[1:]:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""
# What reads the environment as soon as it is imported.
AT_ONCE = ("ansible.cli", CONFIGURATION)

# The configuration of most tests: its file, and the settings that may be in the environment beside it, with full paths.
CONFIGURATION_FILE = Path(__file__).resolve().parent / "plugins" / "ansible.cfg"
SETTINGS = frozenset(
    f"ANSIBLE_{name}"
    for name in (
        "CALLBACKS_ENABLED",
        "CALLBACK_PLUGINS",
        "COLLECTIONS_PATH",
        "COLLECTIONS_SCAN_SYS_PATH",
        "CONFIG",
        "CONNECTION_PLUGINS",
        "HOME",
        "NOCOLOR",
        "RETRY_FILES_ENABLED",
    )
)
# What Ansible does not read before a run starts, and what a shell sets for each command.
READ_LATER = ("WALDUR_", "RESULTS_", "PYTEST_")
SET_BY_SHELL = ("OLDPWD", "PWD", "SHLVL", "_")


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


def import_beforehand() -> list[str]:
    """Import all that Ansible's commands import, but for the configuration and what imports that; return the rest."""
    # Python's own way to make an import fail.
    cast(dict[str, Any], sys.modules)[CONFIGURATION] = None
    imported = _imported_by_a_run()
    for name in imported:
        if name.startswith(AT_ONCE):
            continue
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
    return [*AT_ONCE, *(name for name in imported if name not in sys.modules and not name.startswith(AT_ONCE))]


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
        known[path.read_bytes(), _in_collection(path)] = compile(path.read_bytes(), path, "exec", dont_inherit=True)
    for path in [*ours, *theirs]:
        tree = ast.parse(path.read_bytes(), path)
        known[path.read_bytes(), ast.PyCF_ONLY_AST] = imports_of(tree) if "module_utils" in path.parts else tree
    compile_anew = compile

    def compile_once(source: Any, filename: Any, mode: str, flags: int = 0, *more: Any, **how: Any) -> Any:
        found = known.get((source, flags or _in_collection(filename))) if isinstance(source, bytes) else None
        return found or compile_anew(source, filename, mode, flags, *more, **how)

    vars(builtins)["compile"] = compile_once

    routing = (Path(ansible.__file__).parent / "config" / "ansible_builtin_runtime.yml").read_bytes()
    read = finder._meta_yml_to_dict
    routed = read(routing, ("ansible.builtin", "runtime.yml"))
    finder._meta_yml_to_dict = lambda text, name: routed if text == routing else read(text, name)


def imports_of(tree: ast.Module) -> ast.Module:
    """Return a syntax tree with only the imports of *tree*, those that are not at its top level in one block.

    Ansible goes through the whole tree of each file that a module imports, and looks for these alone.
    """
    top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    nested = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) and node not in top]
    block: list[ast.stmt] = [ast.If(ast.Constant(True), [*nested], [])]
    return ast.Module([*top, *block], [])


def _in_collection(path: Any) -> str:
    """Return the part of a path below the folder of collections, as the collection can be installed anywhere."""
    return os.fsdecode(path).rpartition("ansible_collections/")[2]


def _imported_by_a_run() -> list[str]:
    """The names of the modules that are there once Ansible's commands have been imported; a new process finds out."""
    commands = [f"ansible.cli.{command}" for command in COMMANDS]
    command = [sys.executable, "-c", IMPORTING, *commands, *LATER, *(f"ansible.plugins.{name}" for name in PLUGINS)]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [name for name in json.loads(found.splitlines()[-1]) if not name.startswith("__main__")]


class Configured:
    """A fork that reads the configuration from an environment, and then forks the runs that have it, too.

    It imports *names*. What Ansible prints meanwhile is printed in each run.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        (self._its_lines, self._lines), (self._answers, self._its_answers) = _pipe(), _pipe()

    def forked(self) -> None:
        """Close what is the fork's own."""
        self._its_lines.close()
        self._its_answers.close()

    def close(self) -> None:
        """Close what is the server's own."""
        self._lines.close()
        self._answers.close()

    def run(self, line: str) -> str:
        """Hand on a line of `Server`; return the answer, empty where the fork could not read the configuration."""
        with contextlib.suppress(BrokenPipeError):
            # Not through the buffer: if the fork has ended, each later process would try to write the rest of it.
            os.write(self._lines.fileno(), line.encode())
        return self._answers.readline()

    def serve(self, parsed: ParsedYaml, environment: dict[str, str]) -> list[str] | None:
        """Do in the fork what `serve` does."""
        self.close()
        paths = [parsed.folder / f"{os.getpid()}.{name}" for name in ("out", "err")]
        _become(str(parsed.folder), environment, *map(str, paths), is_run=False)
        for name in self._names:
            importlib.import_module(name)
        if _collection_in_use(environment) == TREE.resolve():
            import_collection(_folder_of_collections(environment))
        # Ansible would remove it at the end of each fork, and each run makes its own.
        remove = vars(sys.modules["ansible.config.manager"])["cleanup_tmp_file"]
        atexit.unregister(remove)
        remove(vars(sys.modules[CONFIGURATION])[TEMPORARY])
        gc.collect()
        gc.freeze()
        printed = [path.read_text(encoding="utf-8") for path in paths]
        command = serve(parsed, self._its_lines, self._its_answers, None)
        if command:
            self._begin(printed, _folder_of_archives(parsed.folder, environment))
        return command

    def _begin(self, printed: Sequence[str], archives: Path) -> None:
        """Prepare a run: it prints what reading the configuration printed, and shares *archives* of modules."""
        for stream, text in zip((sys.stdout, sys.stderr), printed, strict=True):
            stream.write(text)
        constants = vars(sys.modules[CONFIGURATION])
        constants[TEMPORARY] = constants["config"].get_config_value(TEMPORARY, variables=constants)
        Path(constants[TEMPORARY], ARCHIVES).symlink_to(archives)


def import_collection(collections: Path) -> None:
    """Import the sources that plugins share from a folder of collections; each run loads the collection itself."""
    finder = vars(sys.modules["ansible.utils.collection_loader._collection_finder"])["_AnsibleCollectionFinder"]
    finder([str(collections)], scan_sys_paths=False)._install()
    for path in sorted((TREE / "plugins").glob("*_utils/**/*.py")):
        name = ".".join(path.relative_to(TREE.parents[2]).with_suffix("").parts)
        importlib.import_module(name.removesuffix(".__init__"))
    finder._remove()
    for name in [name for name in sys.modules if name.startswith("ansible_collections") and name.count(".") < 4]:
        del sys.modules[name]


def share_archives(archives: Path) -> None:
    """Let the run that reads its configuration from now on use the archives of modules in the folder *archives*."""
    make_folder = tempfile.mkdtemp

    def make(suffix: str | None = None, prefix: str | None = None, dir: str | None = None) -> str:  # noqa: A002
        folder = make_folder(suffix, prefix, dir)
        if (prefix or "").startswith(TEMPORARY_PREFIX):
            Path(folder, ARCHIVES).symlink_to(archives)
        return folder

    vars(tempfile)["mkdtemp"] = make


def _folder_of_collections(environment: Mapping[str, str]) -> Path:
    """Return the folder in which a run with this environment looks for collections."""
    return Path(environment.get("ANSIBLE_COLLECTIONS_PATH") or f"{environment.get('HOME')}/.ansible/collections")


def _collection_in_use(environment: Mapping[str, str]) -> Path:
    """Return the folder of the collection that a run with this environment uses."""
    return (_folder_of_collections(environment) / "ansible_collections" / "waldur" / "provider").resolve()


def _folder_of_archives(folder: Path, environment: Mapping[str, str]) -> Path:
    """Return a folder below *folder* for the archives of modules: runs that use the same collection share them.

    A collection of another path than this checkout's may change between two runs, so its archives are not shared.
    """
    is_ours = _collection_in_use(environment) == TREE.resolve()
    archives = folder / f"{'shared' if is_ours else os.getpid()}.modules"
    archives.mkdir(exist_ok=True)
    return archives


def configuration(folder: str, environment: Mapping[str, str]) -> str | None:
    """Return all that the configuration of a run in *folder* can depend on; None where no other run has the same.

    That of most tests is their own file; that of guides and examples is what Ansible does without any file.
    """
    if any(name.startswith("ANSIBLE_") and name not in SETTINGS for name in environment):
        return None
    files = (
        Path(folder, "ansible.cfg"),
        Path(environment.get("HOME", "/"), ".ansible.cfg"),
        Path("/etc/ansible/ansible.cfg"),
    )
    if "ANSIBLE_CONFIG" not in environment:
        if "HOME" not in environment or any(os.path.lexists(file) for file in files):
            return None
    elif environment["ANSIBLE_CONFIG"] != str(CONFIGURATION_FILE):
        return None
    read = {name: text for name, text in environment.items() if name not in SET_BY_SHELL}
    return json.dumps(sorted(item for item in read.items() if not item[0].startswith(READ_LATER)))


def serve(parsed: ParsedYaml, lines: Iterable[str], answers: TextIO, names: Sequence[str] | None) -> list[str] | None:
    """Fork for each line that comes; returns the command in the forks, and None where no more lines come.

    The configuration needs *names* to be imported; None where it has been read.
    """
    configured: dict[str, Configured] = {}
    command: list[str]
    for line in lines:
        command, *settings, seconds = json.loads(line)
        parsed.read()
        key = None if names is None else configuration(*settings[:2])
        if names is not None and key and key not in configured:
            configured[key] = Configured(names)
            if os.fork() == 0:
                answers.close()
                return configured.pop(key).serve(parsed, settings[1])
            configured[key].forked()
        if key and (answer := configured[key].run(line)):
            print(answer, end="", file=answers, flush=True)
        elif (process := os.fork()) == 0:
            answers.close()
            _become(*settings)
            if names is not None:
                share_archives(_folder_of_archives(parsed.folder, settings[1]))
            return command
        else:
            print(json.dumps(_exit_code(process, seconds)), file=answers, flush=True)
    return None


def _pipe() -> tuple[TextIO, TextIO]:
    reading, writing = os.pipe()
    return os.fdopen(reading, encoding="utf-8"), os.fdopen(writing, "w", encoding="utf-8")


def _requests() -> TextIO:
    """Return the standard input, in whose place nothing can be read."""
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    with open(os.devnull, encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 0)
    return lines


def _become(folder: str, environment: dict[str, str], out: str, err: str, *, is_run: bool = True) -> None:
    """Take over all that a process gets when it is started; only a run is ended without this process."""
    if is_run:
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
    not_imported = import_beforehand()
    # Python keeps them to itself, but for those of the program that was started.
    for category in (DeprecationWarning, PendingDeprecationWarning):
        warnings.filterwarnings("default", category=category, module=r"ansible_collections\.waldur\.")
    answers_to_tests = os.fdopen(os.dup(1), "w", encoding="utf-8")
    asked_for = serve(shared, _requests(), answers_to_tests, not_imported)
    if asked_for:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        sys.argv = [f"ansible-{asked_for[0]}", *asked_for[1:]]
        runpy.run_module(f"ansible.cli.{asked_for[0]}", run_name="__main__")
