# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens from files and commands: what is read, when, and that nothing of a token is in a message."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._http import token_command, token_sources
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import connect, read_token
from ansible_collections.waldur.provider.plugins.module_utils._http.token_sources import (
    TokenCommand,
    TokenFile,
    find_source,
)

TOKEN = "0123456789abcdef0123456789abcdef01234567"
URL = "https://waldur.example.org"
PATH = {"PATH": os.environ["PATH"]}


@pytest.fixture(autouse=True)
def _forget_tokens() -> Iterator[None]:
    token_sources.forget_tokens()
    yield
    token_sources.forget_tokens()


def error_of(function: Callable[[], Any]) -> str:
    with pytest.raises(InvalidInput) as raised:
        function()
    assert TOKEN[:8] not in raised.value.message
    return raised.value.message


def shell(script: str, **environment: str) -> TokenCommand:
    source = find_source({"token_command": ["sh", "-c", script]}, {**PATH, **environment})
    assert isinstance(source, TokenCommand)
    return source


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", " \n\n"])
def test_a_file_may_end_with_spaces_and_line_ends(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN + ending)
    assert TokenFile(str(path)).read() == TOKEN


def test_the_path_of_a_file_may_start_with_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_token({"api_url": URL, "token_file": "~/token"}, {}) == {"api_url": URL, "access_token": TOKEN}


def test_a_relative_path_starts_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.chdir(tmp_path)
    source = find_source({"token_file": "token"}, {})
    monkeypatch.chdir("/")
    assert source is not None
    assert source.read() == TOKEN


def test_a_link_is_followed_as_agents_replace_tokens_by_links(tmp_path: Path) -> None:
    (tmp_path / "first").write_text(TOKEN)
    (tmp_path / "token").symlink_to("first")
    assert TokenFile(str(tmp_path / "token")).read() == TOKEN


def test_a_file_is_read_each_time(tmp_path: Path) -> None:
    source = TokenFile(str(tmp_path / "token"))
    for token in (TOKEN, TOKEN[::-1]):
        (tmp_path / "token").write_text(token)
        assert source.read() == token


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666])
def test_a_file_that_others_can_read_is_accepted_as_agents_write_such_files(tmp_path: Path, mode: int) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(mode)
    assert TokenFile(str(tmp_path / "token")).read() == TOKEN


@pytest.mark.parametrize(
    ("content", "key", "values"),
    [
        (b"", "token_empty", {}),
        (b" \n\n", "token_empty", {}),
        (f"{TOKEN}\n{TOKEN}\n".encode(), "token_of_several_lines", {"lines": 2}),
        (f"\xef\xbb\xbf{TOKEN}".encode("latin-1"), "token_invalid", {}),
        (f"Token {TOKEN}".encode(), "token_invalid", {}),
        (b"\xff" * 40, "token_invalid", {}),
        (b"null\n", "token_short", {}),
        (b"0" * 64001, "token_file_too_large", {}),
    ],
)
def test_a_file_without_a_token_is_an_error(tmp_path: Path, content: bytes, key: str, values: dict[str, Any]) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    told = error_of(TokenFile(str(path)).read)
    place = {"path": path} if key == "token_file_too_large" else {"option": "token_file", "place": path}
    assert told == message(key, **place, **values)


def test_a_file_that_can_not_be_read_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reasons = {
        "missing": "No such file or directory",
        ".": "Is a directory",
        "pipe": message("not_a_regular_file", kind="a named pipe"),
    }
    for name, reason in reasons.items():
        path = tmp_path / name
        assert error_of(TokenFile(str(path)).read) == message(
            "file_unreadable", option="token_file", path=path, reason=reason
        )


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["printf", "%s\n", TOKEN], f"printf '%s\n' {TOKEN}", f'sh -c "printf {TOKEN}; printf noise >&2"']
)
def test_a_command_is_a_list_or_text_without_a_shell(command: Any) -> None:
    values = {"api_url": URL, "token_command": command}
    assert read_token(values, PATH) == {"api_url": URL, "access_token": TOKEN}


def test_text_is_not_interpreted_by_a_shell(tmp_path: Path) -> None:
    values = {"token_command": f"echo 0123456789 > {tmp_path}/file; echo $HOME"}
    assert error_of(lambda: read_token(values, PATH)).startswith("token_command: the output of 'echo' contains")
    assert not (tmp_path / "file").exists()


def test_a_command_gets_the_environment_of_the_task() -> None:
    values = {"token_command": ["sh", "-c", 'printf %s "$VAULT_TOKEN_FOR_TEST"']}
    assert read_token(values, {**PATH, "VAULT_TOKEN_FOR_TEST": TOKEN})["access_token"] == TOKEN


def test_a_command_can_not_wait_for_input() -> None:
    assert error_of(shell("cat").read) == message("command_printed_nothing", program="sh")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ([], "token_command: names no program: give one, and its arguments."),
        ("   ", "token_command: names no program: give one, and its arguments."),
        ("sh -c 'x", "token_command: has a quotation mark without its counterpart: correct it."),
        (["sleep", 5], "token_command[1]: is not text: put it in quotes."),
        (["a\0b"], "token_command[0]: contains a null character: remove it."),
        ({"a": TOKEN}, "token_command: must be text, or a list of a program and its arguments: correct it."),
        (7, "token_command: must be text, or a list of a program and its arguments: correct it."),
    ],
)
def test_a_command_of_another_form_is_an_error(command: Any, told: str) -> None:
    values = {"api_url": URL, "token_command": command}
    assert error_of(lambda: connect(values, PATH)) == told


def test_a_command_that_can_not_be_started_is_an_error(tmp_path: Path) -> None:
    missing, not_executable = str(tmp_path / "missing"), tmp_path / "file"
    not_executable.write_text("")
    told = error_of(lambda: read_token({"token_command": [missing, TOKEN]}, PATH))
    assert told == message("command_missing", program=missing)
    told = error_of(lambda: read_token({"token_command": [str(not_executable), TOKEN]}, PATH))
    assert told == message("command_not_startable", program=not_executable, reason="Permission denied")


def test_a_command_that_fails_shows_its_status_and_the_end_of_its_error_output() -> None:
    told = error_of(shell("echo first >&2; echo 'permission denied' >&2; exit 2").read)
    assert told == message("command_failed", program="sh", status=2, reason="permission denied")
    assert error_of(shell("exit 3").read) == message("command_failed_silently", program="sh", status=3)
    assert error_of(shell("kill -9 $$").read) == message("command_ended", program="sh", signal="SIGKILL")


@pytest.mark.parametrize(
    "line",
    [
        TOKEN,
        "$SITE_TOKEN",
        "Authorization: Bearer $SITE_TOKEN",
        "hunter",
        "client_secret=hunter",
        f"the token is {TOKEN[:24]}",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0In0.c2lnbmF0dXJl",
    ],
)
def test_no_secret_of_a_command_that_fails_is_shown(line: str) -> None:
    script = f'echo {TOKEN}; echo "wrong: {line}" >&2; exit 1'
    source = TokenCommand(("sh", "-c", script, "x", "--password", "hunter"), {**PATH, "SITE_TOKEN": "sesame-open"})
    told = error_of(source.read)
    assert told.startswith("token_command: 'sh' failed with exit status 1 (wrong:")
    assert "********" in told
    for secret in (TOKEN[:10], "sesame-open", "hunter", "eyJ"):
        assert secret not in told


@pytest.mark.parametrize("name", ["VAULT_PASS", "VAULT_PWD", "VAULT_PW", "PW"])
def test_a_variable_with_a_short_word_for_password_is_masked(name: str) -> None:
    told = error_of(shell(f'echo "not right: ${name}" >&2; exit 1', **{name: "hunter"}).read)
    assert told == message("command_failed", program="sh", status=1, reason="not right: ********")


@pytest.mark.parametrize("option", ["-p", "-w", "--pass", "--bind-pw"])
def test_an_argument_after_an_option_for_a_password_is_masked(option: str) -> None:
    source = TokenCommand(("sh", "-c", "echo 'not right: hunter' >&2; exit 1", "x", option, "hunter"), PATH)
    assert error_of(source.read) == message("command_failed", program="sh", status=1, reason="not right: ********")


def test_the_working_directory_is_not_masked() -> None:
    told = error_of(shell("echo 'not in /srv/site' >&2; exit 1", PWD="/srv/site", OLDPWD="/srv/site").read)
    assert told == message("command_failed", program="sh", status=1, reason="not in /srv/site")


@pytest.mark.parametrize("letter", ["a", "1"])
def test_a_long_line_of_the_error_output_takes_no_time(letter: str) -> None:
    length = 60_000
    source = shell(f"head -c {length} /dev/zero | tr '\\0' {letter} >&2; exit 1")
    start = time.monotonic()
    told = error_of(source.read)
    assert told == message("command_failed", program="sh", status=1, reason=letter * 199 + "…")
    assert time.monotonic() - start < 10


def test_the_command_in_the_environment_masks_nothing_of_its_error_output() -> None:
    told = error_of(shell("echo 'no file here.txt' >&2; exit 1", WALDUR_TOKEN_COMMAND="cat here.txt").read)
    assert told == message("command_failed", program="sh", status=1, reason="no file here.txt")


def test_error_output_is_cut_and_escaped() -> None:
    told = error_of(shell("printf '\\033[31m%0500d' 0 >&2; exit 1").read)
    assert len(told) < 300
    assert told.isprintable()


@pytest.mark.parametrize(
    ("script", "key", "values"),
    [
        (f"echo {TOKEN}; echo {TOKEN}; echo", "token_of_several_lines", {"lines": 2}),
        ("echo null", "token_short", {}),
        ("echo 'not found here'", "token_invalid", {}),
    ],
)
def test_output_that_is_no_token_is_an_error(script: str, key: str, values: dict[str, Any]) -> None:
    expected = message(key, option="token_command", place="the output of 'sh'", **values)
    assert error_of(shell(script).read) == expected


def test_a_command_that_prints_nothing_shows_the_end_of_its_error_output() -> None:
    told = error_of(shell("echo; echo 'error 403' >&2").read)
    assert told == message("command_printed_only_an_error", program="sh", reason="error 403")


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_endless_output_is_an_error_and_fills_no_memory(stream: str) -> None:
    assert error_of(shell(f"yes {stream}").read) == message("command_too_long", program="sh")


def test_a_command_that_does_not_end_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_command, "TIME_LIMIT", 0.3)
    told = error_of(shell(f"sleep 60 & echo $! > {tmp_path}/child; wait").read)
    assert told == message("command_too_slow", program="sh", seconds="0.3")
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not _is_running(child))


@pytest.mark.parametrize("child", ["sleep 30", "sh -c 'sleep 1; yes'"])
@pytest.mark.parametrize("is_endless", [False, True])
def test_a_process_that_left_the_group_of_its_command_keeps_nothing_waiting(
    child: str, is_endless: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, note = time.monotonic(), tmp_path / "child"
    start_child = f"setsid sh -c {shlex.quote(f'echo $$ > {note}; exec {child}')} & while [ ! -s {note} ]; do :; done"
    try:
        if is_endless:
            monkeypatch.setattr(token_command, "TIME_LIMIT", 0.5)
            told = error_of(shell(f"{start_child}; sleep 60").read)
            assert told == message("command_too_slow", program="sh", seconds="0.5")
        else:
            assert shell(f"{start_child}; echo {TOKEN}").read() == TOKEN
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(note.read_text()), signal.SIGKILL)
    assert time.monotonic() - start < 10


def test_a_process_that_stays_behind_delays_nothing() -> None:
    start = time.monotonic()
    source = shell(f"sleep 30 & echo {TOKEN}")
    assert source.read() == TOKEN
    assert time.monotonic() - start < 5


def _is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- once per process ------------------------------------------------------------------------------------------------


def counting(tmp_path: Path, *, delay: str = "0") -> TokenCommand:
    """Return a command that prints another token each time; each run is a line of ``runs``."""
    return shell(f"sleep {delay}; echo x >> {tmp_path}/runs; printf '%040d' $(wc -l < {tmp_path}/runs)")


def runs(tmp_path: Path) -> int:
    return len((tmp_path / "runs").read_text().splitlines())


def test_a_command_runs_once_in_a_process_whoever_asks(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _number: counting(tmp_path, delay="0.1").read(), range(8)))
    assert tokens == {f"{1:040}"}
    assert runs(tmp_path) == 1


def test_another_environment_is_another_command() -> None:
    script = 'printf "%s" "$WHO"'
    assert [shell(script, WHO=name * 10).read() for name in "ab"] == ["a" * 10, "b" * 10]


def test_a_change_of_the_environment_of_the_process_is_no_other_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"token_command": counting(tmp_path).command}
    first = read_token(values, dict(os.environ))
    monkeypatch.setenv("SET_BY_ANSIBLE", "1")
    assert read_token(values, dict(os.environ)) == first
    assert runs(tmp_path) == 1


def test_a_rejected_token_is_renewed_once_for_all_who_had_it(tmp_path: Path) -> None:
    source = counting(tmp_path)
    first = source.read()
    assert [source.renew(first) for _thread in range(3)] == [f"{2:040}"] * 3
    assert source.read() == f"{2:040}"
    assert runs(tmp_path) == 2


def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    source = shell(f"test -e {tmp_path}/ready && printf {TOKEN}")
    error_of(source.read)
    (tmp_path / "ready").touch()
    assert source.read() == TOKEN


def test_a_process_that_was_forked_while_a_command_ran_can_run_it_too(tmp_path: Path) -> None:
    source = counting(tmp_path, delay="0.3")
    thread = threading.Thread(target=source.read)
    thread.start()
    time.sleep(0.1)
    child = os.fork()
    if child == 0:
        os._exit(0 if len(source.read()) == len(TOKEN) else 1)
    thread.join()
    _process, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_child_starts_with_the_token_of_its_parent(tmp_path: Path) -> None:
    token = counting(tmp_path).read()
    child = os.fork()
    if child == 0:
        os._exit(0 if counting(tmp_path).read() == token else 1)
    _process, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert runs(tmp_path) == 1


# --- the connection --------------------------------------------------------------------------------------------------


def test_making_a_connection_reads_no_file_and_runs_no_command(tmp_path: Path) -> None:
    missing = {"api_url": URL, "token_file": str(tmp_path / "missing")}
    assert connect(missing, {}).access_token == ""
    command = {"api_url": URL, "token_command": ["touch", str(tmp_path / "file")]}
    assert connect(command, PATH).access_token == ""
    assert os.listdir(tmp_path) == []


def test_a_connection_shows_neither_token_nor_command_nor_environment() -> None:
    values = {"api_url": URL, "token_command": ["sh", "-c", f"echo {TOKEN}", "hunter"]}
    shown = repr(connect(values, {**PATH, "SECRET": "sesame"}).with_token())
    assert not [secret for secret in (TOKEN, "hunter", "sesame") if secret in shown]


def test_equal_options_give_equal_connections(tmp_path: Path) -> None:
    for values in ({"token_file": str(tmp_path)}, {"token_command": f"{sys.executable} -c pass"}):
        given = {"api_url": URL, **values}
        assert connect(given, PATH) == connect(given, PATH)
        assert hash(connect(given, PATH)) == hash(connect(given, PATH))
