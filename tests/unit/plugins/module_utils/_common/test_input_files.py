# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that options name: regular ones only, up to a size, and nothing that waits or has no end."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from messages import fragment, matching, mentions, message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common import input_files
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document import images, loader
from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA

REQUIRED = {"api_url": "https://waldur.example.org", "access_token": "t" * 40}


def connect(name: str) -> Callable[[str], Any]:
    return lambda path: connection_options.connect({**REQUIRED, "client_cert": __file__, name: path}, {})


# Everything that reads a file which an option, or a variable of the environment, names.
READERS: dict[str, Callable[[str], Any]] = {
    "providers_path": lambda path: loader.load_entries(path, SCHEMA),
    "approved_plan": loader.plan_file,
    "image": lambda path: images.read_image("image", path),
    "profile": lambda path: connection_options.resolve({"profile": "x"}, {}, {"WALDUR_PROFILES_FILE": path}),
    "ca_path": connect("ca_path"),
    "client_cert": connect("client_cert"),
    "client_key": connect("client_key"),
    "REQUESTS_CA_BUNDLE": lambda path: connection_options.connect(REQUIRED, {"REQUESTS_CA_BUNDLE": path}),
    "CURL_CA_BUNDLE": lambda path: connection_options.connect(REQUIRED, {"CURL_CA_BUNDLE": path}),
}
each_reader = pytest.mark.parametrize("option", READERS)


@pytest.fixture(autouse=True)
def _deadline() -> Iterator[None]:
    """Whatever waits for ever fails instead."""

    def end(*_signal: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def refusal(option: str, path: Path | str) -> str:
    with pytest.raises(InvalidInput) as caught:
        READERS[option](str(path))
    assert caught.value.message.startswith(f"{option}: "), caught.value.message
    assert "\n" not in caught.value.message
    return caught.value.message


@each_reader
def test_a_named_pipe_is_refused_and_does_not_hang_the_run(option: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    reason = "it is a named pipe, and only regular files are read"
    assert f"can't read {tmp_path}/pipe.yml: {reason}" in refusal(option, tmp_path / "pipe.yml")


@each_reader
def test_a_device_without_end_is_refused_and_does_not_fill_the_memory(option: str) -> None:
    assert "can't read /dev/zero: it is a device" in refusal(option, "/dev/zero")


@each_reader
def test_a_socket_is_refused(option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a socket may not be long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.yml")
        assert "it is a socket" in refusal(option, tmp_path / "s.yml")


@each_reader
def test_a_symbolic_link_to_itself_is_refused(option: str, tmp_path: Path) -> None:
    (tmp_path / "loop.yml").symlink_to("loop.yml")
    assert "Too many levels of symbolic links" in refusal(option, tmp_path / "loop.yml")


@each_reader
@pytest.mark.parametrize("path", ["a\0b", "~a\0b", "\ud800.yml", "~\ud800"])
def test_a_path_that_no_file_can_have_is_refused(option: str, path: str) -> None:
    assert mentions(refusal(option, path), "path_malformed")


@each_reader
def test_a_file_that_is_too_large_is_refused_before_it_is_in_memory(option: str, tmp_path: Path) -> None:
    with (tmp_path / "large.yml").open("wb") as file:
        file.truncate(10**12)  # takes no space on the disk
    assert "large.yml is larger than " in refusal(option, tmp_path / "large.yml")


@each_reader
def test_messages_name_the_path_as_it_is_written(option: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if option == "providers_path":  # the action plugin makes it absolute, and puts what was written into its message
        return
    monkeypatch.setenv("HOME", str(tmp_path))
    assert " ~/none.yml" in refusal(option, "~/none.yml")


def test_a_link_to_a_regular_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"content")
    (tmp_path / "link").symlink_to("real")
    assert input_files.read_file("x", str(tmp_path / "link"), 7) == b"content"


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(input_files.MEGABYTE + 3))
    assert len(input_files.read_file("x", str(tmp_path / "file"), input_files.MEGABYTE + 3)) == input_files.MEGABYTE + 3
    with pytest.raises(
        InvalidInput, match=prefix("image_too_large", option="x", path=matching(r".*file"), limit="1 MB")
    ):
        input_files.read_file("x", str(tmp_path / "file"), input_files.MEGABYTE + 2)


@pytest.fixture
def exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A named pipe that looks like a regular file until it is opened."""
    regular = os.stat(__file__)
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "stat", lambda *_path, **_options: regular)
    return tmp_path / "pipe"


def test_a_file_exchanged_for_a_named_pipe_before_it_is_opened_is_refused_and_closed(exchanged: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _number in range(3):
        with pytest.raises(InvalidInput, match=fragment("not_a_regular_file", kind="a named pipe")):
            input_files.read_file("x", str(exchanged), 9)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_of_documents_with_links_that_lead_in_a_circle_is_read_once(tmp_path: Path) -> None:
    documents = tmp_path / "providers"
    (documents / "eu").mkdir(parents=True)
    (documents / "eu" / "a.yml").write_text("service_providers: [{customer: A}]")
    (documents / "eu" / "up").symlink_to("..")
    (documents / "folder.yml").symlink_to("eu")
    assert [loaded.place for loaded in loader.load_entries(str(documents), SCHEMA)] == [
        "providers/eu/a.yml: service_providers[0]"
    ]


@pytest.mark.parametrize("name", ["a.yml", "eu/b.yaml"])
def test_a_named_pipe_in_a_folder_of_documents_is_refused_by_its_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "providers" / "eu").mkdir(parents=True)
    os.mkfifo(tmp_path / "providers" / name)
    os.mkfifo(tmp_path / "providers" / "other.txt")
    assert f"providers/{name}: it is a named pipe" in refusal("providers_path", tmp_path / "providers")


def test_a_folder_of_documents_may_be_nested_as_deep_as_paths_can_be(tmp_path: Path) -> None:
    deepest = str(tmp_path)
    while len(deepest) < 3000:
        deepest += "/d"
        os.mkdir(deepest)
    Path(deepest, "a.yml").write_text("service_providers: [{customer: A}]")
    assert len(loader.load_entries(str(tmp_path), SCHEMA)) == 1
    # Not left to pytest, which removes folders recursively.
    os.remove(f"{deepest}/a.yml")
    while deepest != str(tmp_path):
        os.rmdir(deepest)
        deepest = os.path.dirname(deepest)


def test_an_image_of_a_document_with_an_invalid_path_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text('service_providers: [{customer: A, image: "~a\\0b"}]')
    with pytest.raises(InvalidInput) as caught:
        loader.load_entries(str(tmp_path / "a.yml"), SCHEMA)
    assert caught.value.message == message(
        "path_malformed", option="a.yml: service_providers[0].image", path=r"'~a\x00b'"
    )


def test_brackets_in_texts_do_not_count_as_nesting(tmp_path: Path) -> None:
    entries = "".join(f"  - {{customer: A{number}, description: '[[['}}\n" for number in range(300))
    (tmp_path / "a.yml").write_text(f"service_providers:\n{entries}")
    assert len(loader.load_entries(str(tmp_path / "a.yml"), SCHEMA)) == 300


@pytest.mark.parametrize("text", ["x: 2027-02-30", "[" * 5000, f"x: {'9' * 5000}", "x: \ud800"])
def test_a_profiles_file_that_can_not_be_parsed_is_refused_without_its_content(tmp_path: Path, text: str) -> None:
    (tmp_path / "profiles.yml").write_bytes(text.encode(errors="surrogatepass"))
    message = refusal("profile", tmp_path / "profiles.yml")
    assert "profiles.yml: line 1: " in message
    assert not any(part in message for part in ("9999", "2027"))


@pytest.mark.parametrize("name", [["x"], {"x": 1}])
def test_a_profile_that_is_no_name_is_refused(tmp_path: Path, name: Any) -> None:
    (tmp_path / "profiles.yml").write_text("x: {}")
    with pytest.raises(InvalidInput, match=prefix("profile_not_text")):
        connection_options.resolve({"profile": name}, {}, {"WALDUR_PROFILES_FILE": str(tmp_path / "profiles.yml")})


def test_a_stale_bundle_of_the_environment_does_no_harm_without_tls() -> None:
    without_tls = {**REQUIRED, "api_url": "http://waldur.example.org"}
    assert connection_options.connect(without_tls, {"REQUESTS_CA_BUNDLE": "/nowhere.pem"}).verify == "/nowhere.pem"
