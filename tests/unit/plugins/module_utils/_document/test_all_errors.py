# SPDX-License-Identifier: GPL-3.0-or-later
"""All errors of a document are reported at once, each with its file and entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from messages import mentions

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, combine_errors
from ansible_collections.waldur.provider.plugins.module_utils._document import images, loader
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA

from ...helpers.samples import image


def errors_of(value: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        SCHEMA.read(value, image)
    found: list[str] = caught.value.details["errors"]
    assert found[0] in caught.value.message
    return found


def test_all_errors_of_all_entries_of_a_document_are_reported_at_once() -> None:
    found = errors_of(
        [
            {
                "customer": 7,
                "state": "gone",
                "descripton": "x",
                "enable_notifications": "maybe",
                "description": "x" * 2001,
                "allowed_domains": ["a", 7, ""],
                "account_options": [],
                "image": 1.5,
                "users": [{"user": 7, "role": True, "expiration_time": "soon"}, {"usr": "a"}, 3],
                "offering_usernames": [{"user": "", "username": "x" * 101}, {"user": "a"}],
                "api_secret_code": {"fingerprint": "x", "state": "rotated", "sate": 1},
            },
            "no mapping",
            {"customer": "C", "users": {}},
            {"description": "customer is missing"},
        ]
    )
    first = "service_providers[0]"
    assert [text.partition(": ")[0] for text in found] == [
        first,
        f"{first}.customer",
        f"{first}.state",
        f"{first}.description",
        f"{first}.enable_notifications",
        f"{first}.allowed_domains[1]",
        f"{first}.allowed_domains[2]",
        f"{first}.account_options",
        f"{first}.image",
        f"{first}.users[0].expiration_time",
        f"{first}.users[0].role",
        f"{first}.users[0].user",
        f"{first}.users[1]",
        f"{first}.users[2]",
        f"{first}.offering_usernames[0].username",
        f"{first}.offering_usernames[0].user",
        f"{first}.offering_usernames[1].username",
        f"{first}.api_secret_code",
        f"{first}.api_secret_code.fingerprint",
        "service_providers[1]",
        "service_providers[2].users",
        "service_providers[3].customer",
    ]


def test_errors_of_an_entry_that_is_to_be_absent_are_reported_too() -> None:
    found = errors_of([{"customer": 7, "state": "absent", "users": [{"user": 7}], "usrs": []}])
    assert [text.partition(": ")[0] for text in found] == [
        "service_providers[0]",
        "service_providers[0].customer",
        "service_providers[0]",
        "service_providers[0].users[0].user",
    ]
    assert mentions(found[2], "absent_excludes_keys", keys="users")


def test_an_unknown_key_is_reported_and_not_that_the_right_one_is_missing() -> None:
    for entry, nearest in (({"custmer": "A"}, "customer"), ({"customer": "A", "users": [{"usr": "a"}]}, "user")):
        (found,) = errors_of([entry])
        assert mentions(found, "suggestion", value=nearest)
        assert "missing" not in found


def test_all_errors_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    files = {
        "a": "service_providers: [{customer: 007}, {customer: B, state: absent, usrs: []}]",
        "b": "service_providers:\n  - customer: 2027-02-30\n  - {customer: x, customer: y}",
        "c": "service_provider: []",
        "d": "defaults: {users: [{user: no}], descripton: x, description: 1_000}\nservice_providers: [{customer: C}]",
        "e": "service_providers: [{customer: E, exclusive_users: true}, {image: none.png}]",
        "f": "service_providers: [",
        "g": "defaults: {users: [{user: ops}]}",
        "h": "service_providers: {}",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.yml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        loader.load_documents(str(tmp_path), images.read_image, SCHEMA)
    folder = tmp_path.name
    assert [text.removeprefix(f"{folder}/")[:25] for text in sorted(caught.value.details["errors"])] == [
        "a.yml: service_providers[",
        "a.yml: service_providers[",
        "b.yml: line 2: service_pr",
        "b.yml: line 3: service_pr",
        "c.yml: 'service_provider'",
        "d.yml: defaults.descripti",
        "d.yml: defaults.users[0].",
        "d.yml: defaults: 'descrip",
        "e.yml: service_providers[",
        f"e.yml: service_providers[1].image: can't read {tmp_path}"[:25],
        "f.yml: line 2: is not val",
        "h.yml: service_providers:",
    ]


def test_a_message_shows_ten_errors_and_says_how_many_more_there_are() -> None:
    error = combine_errors(f"place[{number}]: wrong." for number in range(25))
    assert error.message.startswith("25 errors: (1) place[0]: wrong. (2) place[1]: wrong. ")
    assert "place[9]: wrong." in error.message
    assert "place[10]" not in error.message
    assert error.message.endswith(" And 15 more, listed in errors.")
    assert len(error.details["errors"]) == 25
    assert combine_errors(["a.", "a."]).message == "a."


def test_the_message_of_a_single_error_is_that_error() -> None:
    assert combine_errors(["place: wrong."]).message == "place: wrong."
    assert combine_errors(["a.", "b."]).message == "2 errors: (1) a. (2) b."
