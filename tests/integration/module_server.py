# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules in forks of one Python that has imported the standard library and requests already.

Nine tenths of what a module costs is starting Python, importing requests, and compiling the same source that Ansible
packed into its archive again. A fork is a process of its own as well, and takes over arguments, environment, folder,
umask and streams. Where the environment holds variables that Python itself reads when it starts, and where there is no
file to run, a new Python takes the place of the fork.

Importing Ansible's module code and the collection is nine tenths of what remains. The server therefore imports both
once, from their sources. A module starts with these imports (``SharedImports``) if every file in its archive equals its
source, and it can't import a module of the collection that is not in the archive. Otherwise it imports everything from
its archive, and the server keeps only the compiled source, by the hash of its text.
"""

from __future__ import annotations

import array
import ast
import atexit
import contextlib
import functools
import gc
import hashlib
import importlib
import marshal
import os
import runpy
import select
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
import zipimport
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .shared_imports import SharedImports

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "plugins" / "module_utils"
# What Python reads when it starts, but for the warnings that it shows.
STARTUP = ("PYTHON", "LC_", "LANG")
WARNINGS = "PYTHONWARNINGS"


def write_interpreter(path: Path, *, is_shared: bool = True) -> None:
    """Write an executable to *path* that runs modules in forks; unless *is_shared*, one that starts a new Python."""
    command = [sys.executable]
    if is_shared:
        command += ["-I", "-S", str(HERE / "module_client.py"), _server_socket()]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)


@functools.cache
def _server_socket() -> str:
    """Start the server of this process, and return the path of its socket."""
    folder = tempfile.mkdtemp(prefix="modules-")
    environment = {name: value for name, value in os.environ.items() if name != WARNINGS}
    command = [sys.executable, __file__, folder]
    server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"

    def stop() -> None:
        server.communicate()
        shutil.rmtree(folder)

    atexit.register(stop)
    return str(Path(folder, "socket"))


class CompiledSource:
    """Code by the hash of its source, shared by forks as files in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, Any] = {}
        self._compile = vars(zipimport)["_compile_source"]

    def read(self) -> None:
        """Load the code that forks have compiled since the last call."""
        if new := {path.name for path in self.folder.iterdir() if not path.suffix} - set(self.known):
            self.known.update({name: marshal.loads((self.folder / name).read_bytes()) for name in new})
            gc.freeze()

    def compile(self, path: str, source: bytes, *more: Any) -> Any:
        """Compile *source*, unless that was done before."""
        name = hashlib.sha256(source + path.rpartition(".zip")[2].encode()).hexdigest()
        if name not in self.known:
            self.known[name] = self._compile(path, source, *more)
            unfinished = self.folder / f"{name}.{os.getpid()}"
            unfinished.write_bytes(marshal.dumps(self.known[name]))
            unfinished.rename(self.folder / name)
        return self.known[name]


def import_libraries() -> None:
    """Import requests, and what the sources of the collection import of the standard library."""
    importlib.import_module("requests")
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for name in names:
                if name.partition(".")[0] in sys.stdlib_module_names:
                    importlib.import_module(name)


def serve(folder: Path, shared: SharedImports) -> list[str] | None:
    """Fork for each connection until the standard input ends; return the arguments in the forks."""
    compiled = CompiledSource(folder / "compiled")
    compiled.folder.mkdir()
    vars(zipimport)["_compile_source"] = compiled.compile
    startup = _startup(os.environ)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen(64)
    print("ready", flush=True)
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _address = listener.accept()
        compiled.read()
        size, streams = _receive_streams(connection)
        with connection.makefile("rb") as file:
            request = marshal.loads(file.read(size))
        names = shared.names_in(request[0][0])
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork() == 0:
            listener.close()
            arguments = _run(connection, streams, request, startup)
            if names:
                shared.provide(names)
            return arguments
        for stream in streams:
            os.close(stream)
        connection.close()
    return None


def _run(
    connection: socket.socket, streams: list[int], request: Sequence[Any], startup: Mapping[str, str]
) -> list[str]:
    """Fork once more; answer with the number of the fork and its exit code, and return the arguments there."""
    arguments, folder, umask, environment = request
    if process := os.fork():
        for stream in streams:
            os.close(stream)
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(process.to_bytes(4, "big"))
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            connection.sendall(code.to_bytes(4, "big", signed=True))
        os._exit(0)
    connection.recv(1)
    connection.close()
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.umask(umask)
    if arguments[0].startswith("-") or _startup(environment) != startup:
        os.execve(sys.executable, [sys.executable, *arguments], environment)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    _show_warnings(environment.get(WARNINGS, ""))
    return list(arguments)


def _receive_streams(connection: socket.socket) -> tuple[int, list[int]]:
    """Return the size of the request that follows, and the three streams of the client."""
    streams = array.array("i")
    data, (ancillary,), _flags, _address = connection.recvmsg(4, socket.CMSG_SPACE(3 * streams.itemsize))
    streams.frombytes(ancillary[2])
    return int.from_bytes(data, "big"), list(streams)


def _startup(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what Python reads of *environment* when it starts."""
    return {name: text for name, text in environment.items() if name.startswith(STARTUP) and name != WARNINGS}


def _show_warnings(options: str) -> None:
    """Apply the value of PYTHONWARNINGS, as Python does when it starts."""
    sys.warnoptions[:] = [option for option in options.split(",") if option]
    vars(warnings)["_processoptions"](sys.warnoptions)


if __name__ == "__main__":
    shared_imports = importlib.import_module("shared_imports")
    # Python puts this folder first, where the names of tests would hide those of libraries.
    del sys.path[0]
    import_libraries()
    imports = shared_imports.SharedImports()
    gc.collect()
    gc.freeze()
    if arguments_of_module := serve(Path(sys.argv[1]), imports):
        sys.argv[:] = arguments_of_module
        sys.path.insert(0, str(Path(sys.argv[0]).parent))
        runpy.run_path(sys.argv[0], run_name="__main__")
