# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents in files and folders: what is joined, in which order, and how it is said that something is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from messages import matching, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document import images, loader
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.user_role import Grants


def folder(path: Path, **files: str) -> str:
    """A folder ``providers`` with these files; two underscores in a name are a slash."""
    for name, text in files.items():
        file = path / "providers" / f"{name.replace('__', '/')}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return str(path / "providers")


def loaded(path: str) -> dict[str, Any]:
    return {loaded.place: loaded.entry for loaded in loader.load_entries(path, SCHEMA)}


def refusal(path: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        loader.load_documents(path, images.read_image, SCHEMA)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_folder_is_read_by_path_whatever_order_its_files_were_made_in(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        b="service_providers: [{customer: B}]",
        eu__c="service_providers: [{customer: C}]",
        a="service_providers: [{customer: A1}, {customer: A2}]",
    )
    (tmp_path / "providers" / "d.yaml").write_text("service_providers: [{customer: D}]")
    (tmp_path / "providers" / ".hidden.yml").write_text("no: document")
    (tmp_path / "providers" / "README.md").write_text("no document")
    (tmp_path / "providers" / ".git").mkdir()
    (tmp_path / "providers" / ".git" / "x.yml").write_text("no: document")
    assert [(place, entry["customer"]) for place, entry in loaded(path).items()] == [
        ("providers/a.yml: service_providers[0]", "A1"),
        ("providers/a.yml: service_providers[1]", "A2"),
        ("providers/b.yml: service_providers[0]", "B"),
        ("providers/d.yaml: service_providers[0]", "D"),
        ("providers/eu/c.yml: service_providers[0]", "C"),
    ]


def test_a_single_file_is_a_document_too(tmp_path: Path) -> None:
    path = folder(tmp_path, a="service_providers: [{customer: A}]")
    assert list(loaded(os.path.join(path, "a.yml"))) == ["a.yml: service_providers[0]"]


def test_own_keys_win_over_defaults_of_the_file_and_those_over_defaults_for_all(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        all="defaults: {description: all, enable_notifications: true, account_options: {login_shell: /bin/sh}}",
        a="""
            defaults: {description: file, api_secret_code: {state: present}}
            service_providers:
              - {customer: A}
              - {customer: B, description: own, account_options: {homedir_prefix: /data/}}
              - {customer: C, description: null, enable_notifications: null}
              - {customer: D, state: absent}
        """,
    )
    common = {"enable_notifications": True, "api_secret_code": {"state": "present"}}
    assert list(loaded(path).values()) == [
        {"customer": "A", "description": "file", "account_options": {"login_shell": "/bin/sh"}, **common},
        {"customer": "B", "description": "own", "account_options": {"homedir_prefix": "/data/"}, **common},
        {
            "customer": "C",
            "description": None,
            "account_options": {"login_shell": "/bin/sh"},
            **common,
            "enable_notifications": None,
        },
        {"customer": "D", "state": "absent"},
    ]


def test_users_of_the_defaults_are_added_unless_the_entry_names_them_itself(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        defaults="""
            defaults:
              exclusive_users: true
              users: [{user: ops}, {user: boss, role: CUSTOMER.OWNER}, {user: gone, state: absent}]
              offering_usernames: [{user: ops, username: ops_all}]
        """,
        a="""
            service_providers:
              - customer: A
                users: [{user: own}, {user: ops, role: CUSTOMER.MANAGER, expiration_time: never}, {user: boss}]
                offering_usernames: [{user: ops, username: ops_a}, {user: own, username: own_a}]
              - {customer: B, users: null, offering_usernames: []}
        """,
    )
    first, second = loaded(path).values()
    assert first["users"] == [
        {"user": "own"},
        {"user": "ops", "role": "CUSTOMER.MANAGER", "expiration_time": "never"},
        {"user": "boss"},
        {"user": "boss", "role": "CUSTOMER.OWNER"},
        {"user": "gone", "state": "absent"},
    ]
    assert [entry["username"] for entry in first["offering_usernames"]] == ["ops_a", "own_a"]
    assert second["users"] is None
    assert second["offering_usernames"] == [{"user": "ops", "username": "ops_all"}]
    # Nobody is listed there, so nobody can be all there is.
    assert first["exclusive_users"] is True
    assert "exclusive_users" not in second
    assert [document.get(Grants) is None for document in loader.load_documents(path, images.read_image, SCHEMA)] == [
        False,
        True,
    ]


def test_anchors_and_merge_keys_of_a_file_work(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        a="""
            x-until: &until "2027-06-30"
            x-common: &common {enable_notifications: false, description: x}
            service_providers:
              - {<<: *common, customer: A, description: own, users: [{user: u, expiration_time: *until}]}
        """,
    )
    assert list(loaded(path).values()) == [
        {
            "enable_notifications": False,
            "description": "own",
            "customer": "A",
            "users": [{"user": "u", "expiration_time": "2027-06-30"}],
        }
    ]


def test_images_are_relative_to_their_file(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        all="defaults: {image: files/all.png}",
        eu__a="service_providers: [{customer: A, image: logo.png}, {customer: B}, {customer: C, image: ''}]",
        b=f"defaults: {{image: {tmp_path}/absolute.png}}\nservice_providers: [{{customer: D}}]",
    )
    base = tmp_path / "providers"
    assert {entry["customer"]: entry["image"] for entry in loaded(path).values()} == {
        "A": str(base / "eu" / "logo.png"),
        "B": str(base / "files" / "all.png"),
        "C": "",
        "D": f"{tmp_path}/absolute.png",
    }


def test_braces_are_text(tmp_path: Path) -> None:
    path = folder(tmp_path, a="service_providers: [{customer: '{{ 7 * 6 }}', description: '{% raw %}'}]")
    assert list(loaded(path).values()) == [{"customer": "{{ 7 * 6 }}", "description": "{% raw %}"}]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a": "service_provider: []"}, "providers/a.yml: 'service_provider' is not known. Did you mean"),
        (
            {"a": "service_providers: {customer: A}"},
            message("list_required", option="providers/a.yml: service_providers", kind="mapping"),
        ),
        ({"a": "- customer: A"}, message("document_invalid", place="providers/a.yml")),
        ({"a": ""}, message("document_invalid", place="providers/a.yml")),
        ({"a": "{}"}, "providers/a.yml: has no service_providers"),
        ({"a": "defaults: {description: x}"}, "providers/a.yml: has no service_providers"),
        ({"a": "service_providers: [{customer: A, usrs: []}]"}, "providers/a.yml: service_providers[0]: 'usrs' is not"),
        (
            {"a": "service_providers: [{customer: A, users: [{user: u, rolle: x}]}]"},
            "providers/a.yml: service_providers[0].users[0]: 'rolle' is not known. Did you mean 'role'?",
        ),
        (
            {"a": "service_providers: [7]"},
            message("provider_mapping_required", option="providers/a.yml: service_providers[0]"),
        ),
        ({"a": "service_providers: []\ndefaults: {customer: A}"}, "providers/a.yml: defaults: 'customer' is not known"),
        (
            {"a": "service_providers: []\ndefaults: {users: [{user: 7}]}"},
            "providers/a.yml: defaults.users[0].user: 7 is read as a number",
        ),
        (
            {"a": "service_providers: [{customer: A, users: [],\n  users: []}]"},
            "providers/a.yml: line 2: service_providers[0]: the key 'users' is given twice, first in line 1",
        ),
        ({"a": "service_providers: [{customer: A"}, "providers/a.yml: line "),
        ({"a": "service_providers: [{customer: !secret A}]"}, "providers/a.yml: line "),
        (
            {"b": "defaults: {description: x}", "a": "defaults: {}", "c": "service_providers: []"},
            message("documents_only_defaults", first="providers/a.yml", second="providers/b.yml"),
        ),
        (
            {"a": "service_providers: [{customer: A, image: no.png}]"},
            "providers/a.yml: service_providers[0].image: can't read ",
        ),
    ],
)
def test_an_error_names_its_file(tmp_path: Path, files: dict[str, str], message: str) -> None:
    assert refusal(folder(tmp_path, **files)).startswith(message)


def test_a_folder_without_documents_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert mentions(refusal(str(tmp_path / "empty")), "documents_missing", path=matching(".*empty"))
    assert refusal(str(tmp_path / "no.yml")).startswith("providers_path: can't read ")
    (tmp_path / "bytes.yml").write_bytes(b"a: \xff\xfe\x00")
    assert refusal(str(tmp_path / "bytes.yml")).startswith("bytes.yml: line 1: is not UTF-8 text")
