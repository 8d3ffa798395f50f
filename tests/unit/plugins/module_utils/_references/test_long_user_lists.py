# SPDX-License-Identifier: GPL-3.0-or-later
"""Look-ups of many users by name: the URLs that the client really sends are short enough for a real server."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser

from ...helpers.scripted_server import Answer, ScriptedServer

LIMIT = 3500
# A list of 300,000 users is dearer to read whole than any number of names here.
MANY = Answer(body=[{}], headers={"X-Result-Count": "300000"})


def requested(names: list[str]) -> list[str]:
    """The URLs of the lists that the client asks for to resolve *names*, none of which exists."""
    with ScriptedServer(MANY, Answer(body=[])) as server:
        references = References(Client(Connection(server.url, "token")))
        found = references.users.resolve(names)
        assert all(isinstance(found[name], UnresolvedUser) for name in names)
        return [f"{server.url}{path}" for _method, path, _headers in server.requests if "username_list" in path]


@pytest.mark.parametrize(
    "letter",
    ["a", "ü", "漢", "😀", "%", " ", "+", "~"],
    ids=["plain", "two", "three", "four", "percent", "blank", "plus", "tilde"],
)
def test_batches_of_usernames_are_measured_after_percent_encoding(letter: str) -> None:
    names = [f"x{letter * 60}{number:03}" for number in range(120)]
    urls = requested(names)
    assert max(map(len, urls)) <= LIMIT
    asked = [name for url in urls for name in parse_qs(urlsplit(url).query)["username_list"][0].split(",")]
    assert asked == names
    # Few requests: no batch could have taken the first name of the next one.
    assert all(len(url) + len(names[0]) * 12 > LIMIT for url in urls[:-1])


@pytest.mark.parametrize("number", [1, 5])
def test_a_name_longer_than_a_url_is_unknown_and_never_an_empty_list(number: int) -> None:
    long = [f"{n}" + "漢" * 2000 for n in range(number)]
    with ScriptedServer(MANY, Answer(body=[])) as server:
        references = References(Client(Connection(server.url, "token")))
        assert all(isinstance(found, UnresolvedUser) for found in references.users.resolve(long).values())
        assert all(len(path) <= LIMIT for _method, path, _headers in server.requests)
        assert not [path for _method, path, _headers in server.requests if path.endswith("username_list=")]


def test_a_name_longer_than_a_url_does_not_hide_the_others() -> None:
    names = ["漢" * 2000, *(f"user{number}" for number in range(6))]
    [url] = requested(names)
    assert parse_qs(urlsplit(url).query)["username_list"] == [",".join(names[1:])]
