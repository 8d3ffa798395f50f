# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the command of the option ``token_command``: without a shell, and within limits of time and output."""

from __future__ import annotations

import os
import re
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from .._common.errors import InvalidInput, quote
from .._common.redaction import MASK, Redactor

_OPTION = "token_command"
TIME_LIMIT = 60.0
OUTPUT_LIMIT = 64 * 1000
_LONGEST_REASON = 200
# A process that has ended may leave others that keep its output open: what it wrote itself is read at once.
_POLL_INTERVAL = 0.1
_LEAST_SECRET = 6
_SECRET_NAME = re.compile(r"token|secret|pass|[_-]pwd?$|^pw$|^-[pw]$|credential|key|jwt|auth", re.IGNORECASE)
# These hold no secret but in arguments of the command.
_OWN_VARIABLES = ("WALDUR_TOKEN_COMMAND", "WALDUR_TOKEN_FILE")
# 20 or more characters of the alphabets of tokens look like one if letters and digits are among them. One expression
# for both would take a minute for a long line.
_LONG_WORD = re.compile(r"[\w.+/=~-]{20,}")
_LETTER_AND_DIGIT = (re.compile(r"[A-Za-z]"), re.compile(r"\d"))


def parse_command(value: Any) -> tuple[str, ...]:
    """Return the program and its arguments: those of a list, or the words of a text, split as a shell splits words.

    Raises ``InvalidInput``, which never shows the value, as it may hold a secret.
    """
    if isinstance(value, str):
        try:
            words: Sequence[Any] = shlex.split(value)
        except ValueError:
            raise InvalidInput(f"{_OPTION}: has a quotation mark without its counterpart: correct it.") from None
    elif isinstance(value, (list, tuple)):
        words = value
    else:
        raise InvalidInput(f"{_OPTION}: must be text, or a list of a program and its arguments: correct it.")
    for number, word in enumerate(words):
        if not isinstance(word, str):
            raise InvalidInput(f"{_OPTION}[{number}]: is not text: put it in quotes.")
        if "\0" in word:
            raise InvalidInput(f"{_OPTION}[{number}]: contains a null character: remove it.")
    if not words or not words[0].strip():
        raise InvalidInput(f"{_OPTION}: names no program: give one, and its arguments.")
    return tuple(str(word) for word in words)


def run_command(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """Return what ``command`` (a program and its arguments) prints, run in ``environment``.

    Raises ``InvalidInput`` where it can't be started, fails, prints nothing, takes longer than ``TIME_LIMIT`` seconds
    or prints more than ``OUTPUT_LIMIT`` bytes. No message shows its output, which may hold the token, or its arguments;
    the last line of its error output is shown without anything that may be a secret.
    """
    program = quote(command[0])
    try:
        # AnsibleModule.run_command is not available here.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            [os.path.expanduser(command[0]), *command[1:]],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise InvalidInput(f"{_OPTION}: there is no program '{program}' here: install it, or correct it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InvalidInput(f"{_OPTION}: can't run '{program}': {reason}.") from None
    with process:
        try:
            output, errors = _read_output(process, program)
        finally:
            _end(process)
    if process.returncode or not output.strip():
        reason = _describe_errors(errors, output, command, environment)
        raise InvalidInput(f"{_OPTION}: '{program}' {_describe_exit(process.returncode)}{reason}.")
    return output


def _read_output(process: subprocess.Popen[bytes], program: str) -> tuple[bytes, bytes]:
    """Return what a process printed, and its error output, once it has ended. Raises ``InvalidInput``."""
    deadline = time.monotonic() + TIME_LIMIT
    read = {stream.fileno(): bytearray() for stream in (process.stdout, process.stderr) if stream}
    with selectors.DefaultSelector() as selector:
        for stream in read:
            os.set_blocking(stream, False)
            selector.register(stream, selectors.EVENT_READ)
        while True:
            has_ended = process.poll() is not None
            ready = selector.select(0 if has_ended else _POLL_INTERVAL) if selector.get_map() else []
            for key, _events in ready:
                _read_available(selector, key.fd, read[key.fd], program)
            if has_ended and not ready:
                break
            if not selector.get_map() and not has_ended:
                time.sleep(_POLL_INTERVAL / 10)
            if time.monotonic() > deadline:
                raise InvalidInput(
                    f"{_OPTION}: '{program}' did not end within {TIME_LIMIT:g} seconds: it must ask for no input, and"
                    " the server that it talks to must answer."
                )
    output, errors = map(bytes, read.values())
    return output, errors


def _read_available(selector: selectors.BaseSelector, stream: int, content: bytearray, program: str) -> None:
    """Append to ``content`` what can be read from ``stream``. Raises ``InvalidInput`` for more than the limit."""
    piece = os.read(stream, OUTPUT_LIMIT)
    if not piece:
        selector.unregister(stream)
    content += piece
    if len(content) > OUTPUT_LIMIT:
        raise InvalidInput(
            f"{_OPTION}: '{program}' printed more than {OUTPUT_LIMIT // 1000} kB: it must print the token alone."
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, with those that it started."""
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _describe_exit(code: int) -> str:
    if code == 0:
        return "printed no token"
    if code > 0:
        return f"failed with exit status {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _describe_errors(errors: bytes, output: bytes, command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the last line of the error output in brackets, without what may be a secret; advice if there is none."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    if not lines:
        return " and no error message: run it yourself to see why"
    text = Redactor(_list_secrets(output, command, environment)).redact_text(lines[-1])
    return f" ({quote(_LONG_WORD.sub(_mask_token, text), _LONGEST_REASON)})"


def _mask_token(match: re.Match[str]) -> str:
    """Return the mask for a word that looks like a token, and any other word as it is."""
    return MASK if all(kind.search(match[0]) for kind in _LETTER_AND_DIGIT) else match[0]


def _list_secrets(output: bytes, command: Sequence[str], environment: Mapping[str, str]) -> Iterable[str]:
    """Return all that no message may show: words of the output, values in arguments, and those of secret variables."""
    texts = [output.decode(errors="replace"), *(value for name, value in environment.items() if _is_secret(name))]
    for option, argument in pairwise(command):
        texts += re.split(r"[=&:]", argument)[1:]
        if _is_secret(option):
            texts.append(argument)
    return {word for text in texts for word in (text, *text.split()) if len(word) >= _LEAST_SECRET}


def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None and name not in _OWN_VARIABLES
