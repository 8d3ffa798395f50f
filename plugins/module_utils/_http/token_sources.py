# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a token comes from that no option holds: a file (``token_file``), or the output of a command
(``token_command``).

Such a token may expire while a task runs, so that it can be read again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from .._common import input_files
from .._common.errors import LONGEST_PATH, InvalidInput, quote

# The three options that set the token; a place may set one of them.
TOKEN_OPTIONS = ("access_token", "token_file", "token_command")
_MIN_TOKEN_LENGTH = 8
_FILE_LIMIT = 64 * 1000


class TokenSource(Protocol):
    """A place from which a token can be read again."""

    @property
    def option(self) -> str:
        """The option that names it."""

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells the source from others, with no token in it."""

    def read(self) -> str:
        """Return the token. Raises ``InvalidInput`` with no secret in its message."""

    def renew(self, rejected: str) -> str:
        """Return the token after the server rejected the token ``rejected``. Raises ``InvalidInput``."""


@dataclass(frozen=True)
class TokenFile:
    """A file that holds a token, at the absolute path ``path``; ``shown`` is the path in messages."""

    path: str
    shown: str = field(default="", compare=False)
    option: str = "token_file"

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells the source from others: its path."""
        return (self.option, self.path)

    def read(self) -> str:
        """Return the token in the file. Raises ``InvalidInput``."""
        shown = self.shown or self.path
        content = input_files.read_file(self.option, self.path, _FILE_LIMIT, shown=shown)
        return _parse_token(self.option, content, quote(shown, LONGEST_PATH))

    def renew(self, rejected: str) -> str:
        """Return the token that the file holds now; another program may have replaced it."""
        return self.read()


@dataclass(frozen=True)
class TokenCommand:
    """A command that prints a token: a program with its arguments, run in ``environment``, once in each process.

    ``settings`` are those variables of the environment that are not the process's own, as another task or item may set
    others. Ansible changes the environment of its processes while they run, which makes no other command.
    """

    command: tuple[str, ...] = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    settings: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)
    option: str = "token_command"

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells the source from others: the command."""
        return (self.option, *self.command)

    def read(self) -> str:
        """Return what the command printed when it was run last in this process; run it first where it was not."""
        with _STATE.lock:
            if self not in _STATE.tokens:
                _STATE.tokens[self] = self._run()
            return _STATE.tokens[self]

    def renew(self, rejected: str) -> str:
        """Run the command again, unless that was done since it printed the token ``rejected``; return the token."""
        with _STATE.lock:
            if _STATE.tokens.get(self, rejected) == rejected:
                _STATE.tokens[self] = self._run()
            return _STATE.tokens[self]

    def _run(self) -> str:
        from .token_command import run_command  # few tasks have a command

        output = run_command(self.command, self.environment)
        return _parse_token(self.option, output, f"the output of '{quote(self.command[0])}'")


class _State:
    """What the commands of this process printed."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.tokens: dict[TokenCommand, str] = {}

    def replace_lock(self) -> None:
        """Create a new lock, as another thread may have held the old one when Ansible forked."""
        self.lock = Lock()


_STATE = _State()
os.register_at_fork(after_in_child=_STATE.replace_lock)


def forget_tokens() -> None:
    """Forget what commands printed, so that they run again in this process."""
    _STATE.tokens.clear()


def find_source(values: Mapping[str, Any], environment: Mapping[str, str]) -> TokenSource | None:
    """Return the source that the connection options ``values`` name; None where they hold the token itself.

    A relative path starts at the working directory; ``environment`` is that of the command. Reads nothing. Raises
    ``InvalidInput``.
    """
    if values.get("token_command") not in (None, ""):
        from .token_command import parse_command

        settings = frozenset(item for item in environment.items() if os.environ.get(item[0]) != item[1])
        return TokenCommand(parse_command(values["token_command"]), environment, settings)
    if values.get("token_file") in (None, ""):
        return None
    path = str(values["token_file"])
    return TokenFile(os.path.abspath(input_files.expand_path("token_file", path)), path)


def check_token(value: Any, option: str = "access_token") -> str:
    """Return a token without spaces around it. Raises ``InvalidInput``, which never shows it."""
    token = str(value).strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput(
            f"{option}: contains characters that no token has (space, line end, umlaut): check the value."
        )
    if len(token) < _MIN_TOKEN_LENGTH:
        # Text that equals the token is masked in all output, and a few letters occur in any word.
        raise InvalidInput(
            f"{option}: is shorter than {_MIN_TOKEN_LENGTH} characters, and those of Waldur have 40 or more: check the"
            " value."
        )
    return token


def _parse_token(option: str, content: bytes, place: str) -> str:
    """Return the token that ``content`` holds; ``place`` names it in messages. Raises ``InvalidInput``."""
    lines = content.decode(errors="replace").strip().splitlines()
    if not lines:
        raise InvalidInput(f"{option}: {place} is empty: it must contain a token.")
    if len(lines) > 1:
        raise InvalidInput(f"{option}: {place} has {len(lines)} lines: it must contain only a token.")
    try:
        return check_token(lines[0])
    except InvalidInput as error:
        raise InvalidInput(f"{option}: {place} {error.message.partition(': ')[2]}") from None
