# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of options that a module can't take, inside Ansible's process and as a module alike."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from messages import begins, ends, message

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS
from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_spelling import WrittenFloat, WrittenInt
from ansible_collections.waldur.provider.plugins.module_utils._module import argument_specs
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS
from ansible_collections.waldur.provider.plugins.plugin_utils._action import arguments

from ...helpers.action_plugin import TOKEN, replace_server, run_action_plugin

CONNECTION = {"api_url": "http://127.0.0.1:9", "access_token": TOKEN}
ways = pytest.mark.parametrize("is_remote", [False, True], ids=["in-process", "as a module"])


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_server(monkeypatch)


def refusal(name: str, options: dict[str, Any], folder: Path, *, is_remote: bool) -> str:
    found = run_action_plugin(name, options, folder, is_remote=is_remote)
    assert found["failed"]
    return str(found["msg"])


# --- types -----------------------------------------------------------------------------------------------------------


@ways
@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("user_role", {"users": WrittenInt(5)}, message("mappings_required", option="users", kind="number")),
        ("user_role", {"users": "member1"}, message("mappings_required", option="users", kind="text")),
        ("user_role", {"users": ["member1"]}, message("mapping_required", option="users[0]", value="a text")),
        ("user_role", {"users": [[{"user": "a"}]]}, message("mapping_required", option="users[0]", value="a list")),
        ("user_role", {"users": [WrittenFloat(1.5)]}, message("mapping_required", option="users[0]", value="a number")),
        (
            "offering_username",
            {"usernames": {"user": "a"}},
            message("list_of_one_required", option="usernames", kind="mapping"),
        ),
        (
            "user_role",
            {"user": "a", "exclusive": WrittenInt(2)},
            message("boolean_required", option="exclusive", value="'2'"),
        ),
        ("user_role", {"user": "a", "timeout": "abc"}, message("number_required", option="timeout", value="'abc'")),
        (
            "desired_state",
            {"service_providers": {"customer": "A"}},
            message("list_of_one_required", option="service_providers", kind="mapping"),
        ),
    ],
)
def test_a_value_of_another_type_is_named_without_a_class_of_python(
    tmp_path: Path, name: str, options: dict[str, Any], message: str, is_remote: bool
) -> None:
    provider = {} if name == "desired_state" else {"service_provider": "ALPHA"}
    assert refusal(name, {**CONNECTION, **provider, **options}, tmp_path, is_remote=is_remote).startswith(message)


@ways
def test_a_number_is_no_mapping_of_account_options(tmp_path: Path, is_remote: bool) -> None:
    options = {**CONNECTION, "customer": "ALPHA", "account_options": WrittenInt(5)}
    told = refusal("service_provider", options, tmp_path, is_remote=is_remote)
    assert told == message("mapping_required", option="account_options", value="a number")


# --- unknown options -------------------------------------------------------------------------------------------------


@ways
@pytest.mark.parametrize("connection", [CONNECTION, {}], ids=["connection", "no connection"])
def test_an_unknown_option_is_reported_before_a_missing_one(
    tmp_path: Path, connection: dict[str, Any], is_remote: bool
) -> None:
    told = refusal("user_role", {**connection, "servce_provider": "X", "user": "y"}, tmp_path, is_remote=is_remote)
    assert told.startswith(
        "Unsupported parameters for (waldur.provider.user_role) module: servce_provider. Did you mean"
        " 'service_provider'? Supported parameters include: access_token, "
    )
    assert "is missing" not in told
    assert "missing required" not in told


@ways
@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "user_role",
            {"users": [{"user": "a"}, {"usr": "b"}]},
            "users[1]: 'usr' is not known. Did you mean 'user'? Known are user, role, expiration_time, state.",
        ),
        (
            "offering_username",
            {"usernames": [{"user": "a", "user_name": "b"}]},
            "usernames[0]: 'user_name' is not known. Did you mean 'username'? Known are user, username.",
        ),
        (
            "desired_state",
            {"service_providers": [{"custmer": "A", "users": [{"usr": "a"}]}]},
            "service_providers[0]: 'custmer' is not known. Did you mean 'customer'? Known are customer, state",
        ),
    ],
)
def test_an_unknown_option_of_an_entry_is_reported_before_a_missing_one(
    tmp_path: Path, name: str, options: dict[str, Any], message: str, is_remote: bool
) -> None:
    told = refusal(name, {**CONNECTION, **options}, tmp_path, is_remote=is_remote)
    assert message in told
    assert "is missing" not in told
    assert "missing required" not in told


@ways
def test_all_unknown_options_are_reported_with_their_aliases(tmp_path: Path, is_remote: bool) -> None:
    told = refusal("desired_state_info", {**CONNECTION, "zzz": 1, "servic_provider": 2}, tmp_path, is_remote=is_remote)
    assert "module: zzz, servic_provider. Did you mean 'service_provider'? Supported" in told
    assert told.endswith(" validate_certs (service_provider).")


# --- documents -------------------------------------------------------------------------------------------------------


@ways
def test_a_task_reports_all_errors_of_a_document_of_its_own_and_of_files(tmp_path: Path, is_remote: bool) -> None:
    entries = [{"customer": 7}, {"customer": "B", "state": "absent", "usrs": []}, {"customer": "C", "image": "no.png"}]
    found = run_action_plugin(
        "desired_state", {**CONNECTION, "service_providers": entries}, tmp_path, is_remote=is_remote
    )
    assert [text.partition(": ")[0] for text in found["errors"]] == [
        "service_providers[0].customer",
        "service_providers[1]",
        "service_providers[2].image",
    ]
    assert all(text in found["msg"] for text in found["errors"])
    (tmp_path / "a.yml").write_text("service_providers: [{customer: 007}, {customer: x, usrs: []}]")
    found = run_action_plugin("desired_state", {**CONNECTION, "providers_path": "a.yml"}, tmp_path, is_remote=is_remote)
    assert [text[:47] for text in found["errors"]] == [
        "a.yml: service_providers[0].customer: 007 is re",
        "a.yml: service_providers[1]: 'usrs' is not know",
    ]


def test_a_module_gets_plain_values_of_a_document_file(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        "service_providers:\n  - customer: A\n    enable_notifications: no\n"
        "    account_options: {project_groups_enabled: off, login_shell: null, homedir_prefix: /data/}\n"
    )
    options = {**CONNECTION, "providers_path": "a.yml"}
    sent = run_action_plugin("desired_state", options, tmp_path, is_remote=True)["arguments"]
    assert sent["service_providers"] == [
        {
            "customer": "A",
            "enable_notifications": False,
            "account_options": {"project_groups_enabled": False, "login_shell": None, "homedir_prefix": "/data/"},
        }
    ]
    assert "providers_path" not in sent


def test_null_removes_a_key_of_the_account_options_though_ansible_drops_nulls(tmp_path: Path) -> None:
    given = {"login_shell": None, "account_scope": None, "homedir_prefix": "/data/", "project_groups_enabled": None}
    options = {**CONNECTION, "customer": "A", "account_options": given}
    sent = run_action_plugin("service_provider", options, tmp_path, is_remote=True)["arguments"]
    removed = {"login_shell": "", "account_scope": "", "homedir_prefix": "/data/", "project_groups_enabled": None}
    assert sent["account_options"] == removed


@ways
def test_an_empty_approved_plan_is_none_both_ways(tmp_path: Path, is_remote: bool) -> None:
    options = {**CONNECTION, "service_providers": [], "approved_plan": ""}
    assert "failed" not in run_action_plugin("desired_state", options, tmp_path, is_remote=is_remote)


# --- secrets ---------------------------------------------------------------------------------------------------------


@ways
@pytest.mark.parametrize(
    "options",
    [
        {"user": TOKEN},
        {"user": f"x{TOKEN}", "state": "absent"},
        {"user": "a", "state": TOKEN},
        {"user": "a", "role": TOKEN},
        {"user": "a", "expiration_time": TOKEN},
        {"user": "a", TOKEN: 1},
        {"users": [{"user": "a", TOKEN: 1}]},
        {"users": [{"user": {TOKEN: TOKEN}}]},
        {"user": "a", "service_provider": TOKEN},
        {"user": "a", "max_removals": TOKEN},
    ],
)
def test_a_token_that_was_written_into_another_option_is_not_shown(
    tmp_path: Path, options: dict[str, Any], is_remote: bool
) -> None:
    whole = {**CONNECTION, "service_provider": "ALPHA", **options}
    found = run_action_plugin("user_role", whole, tmp_path, is_remote=is_remote)
    found.pop("arguments", None)  # what a module is given must hold the token
    assert TOKEN not in json.dumps(found)


def test_a_token_that_is_a_word_of_ours_damages_neither_keys_nor_messages(tmp_path: Path) -> None:
    options = {**CONNECTION, "access_token": "service_provider", "service_provider": "service_provider", "user": "a"}
    found = run_action_plugin("user_role", options, tmp_path, is_remote=False)
    assert begins(found["msg"], "provider_not_found", option="service_provider", value="********")
    assert found["invocation"]["module_args"]["service_provider"] == "********"


# --- numbers ---------------------------------------------------------------------------------------------------------


@ways
@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("project_service_account_info", "project", [7]),
        ("project_service_account_info", "project", 7),
        ("statistics_info", "service_provider", 7),
        ("desired_state_info", "service_providers", ["ALPHA", 7]),
    ],
)
def test_a_number_where_a_module_reads_text_is_the_same_error_both_ways(
    tmp_path: Path, name: str, option: str, value: Any, is_remote: bool
) -> None:
    options = {**CONNECTION, **({} if name == "desired_state_info" else {"service_provider": "ALPHA"}), option: value}
    told = refusal(name, options, tmp_path, is_remote=is_remote)
    assert told == message("not_quoted", option=option, problem="the value is the number 7")


# --- dates -----------------------------------------------------------------------------------------------------------


@ways
def test_an_unquoted_expiry_needs_no_query_filter_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_remote: bool
) -> None:
    without = {
        name: one._replace(query=tuple(p for p in one.query if p.name != "expiration_time"))
        for name, one in OPERATIONS.items()
    }
    monkeypatch.setattr(argument_specs, "OPERATIONS", without)
    for options in (
        {"user": "a", "expiration_time": date(2099, 6, 30)},
        {"users": [{"user": "a", "expiration_time": date(2099, 6, 30)}]},
    ):
        whole = {**CONNECTION, "service_provider": "ALPHA", "missing_users": "warn", **options}
        assert "failed" not in run_action_plugin("user_role", whole, tmp_path, is_remote=is_remote)
    entry = {"customer": "ALPHA", "users": [{"user": "a", "expiration_time": date(2099, 6, 30)}]}
    whole = {**CONNECTION, "service_providers": [entry], "missing_users": "warn"}
    assert "failed" not in run_action_plugin("desired_state", whole, tmp_path, is_remote=is_remote)


@ways
@pytest.mark.parametrize(
    "options",
    [
        {"customer": "A", "account_options": {"expiration_time": date(2027, 6, 30)}},
        {"customer": "A", "account_options": {"created": [date(2027, 6, 30)]}},
    ],
)
def test_a_date_is_refused_where_only_the_name_of_a_key_is_that_of_a_date(
    tmp_path: Path, options: dict[str, Any], is_remote: bool
) -> None:
    told = refusal("service_provider", {**CONNECTION, **options}, tmp_path, is_remote=is_remote)
    assert told.startswith("account_options.")
    assert ends(told, "not_quoted", problem="the value is the date 2027-06-30")


def test_every_filter_that_is_a_date_takes_one_unquoted() -> None:
    for task in INFOS.values():
        filters: list[Parameter] = [one for name in task.operations for one in OPERATIONS[name].query]
        wanted = {one.option for one in filters if one.type in ("timestamp", "date")}
        assert wanted <= argument_specs.dates(task)


# --- spelling --------------------------------------------------------------------------------------------------------


class Origins:
    """Where Ansible says that values come from: by their type, as the values themselves can't be told apart here."""

    def __init__(self, path: Path, line: int, column: int) -> None:
        self.path, self.line_num, self.col_num = str(path), line, column

    def get_tag(self, _value: Any) -> Origins:
        return self


@ways
@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("user: 007", 7, "007 is read as a number"),
        ("user: 0x1F  # hex", 31, "0x1F is read as a number"),
        ("{a: b, user: 1_000}", 1000, "1_000 is read as a number"),
        ("user: 1.10", 1.1, "1.10 is read as a number"),
        ("user: 2027-06-30 12:00:00", date(2027, 6, 30), "the value is the date 2027-06-30"),
        ("user: 2027-06-30", date(2027, 6, 30), message("kind_of_spelling", value="2027-06-30", kind="date")),
        ("user: '{{ 3 + 4 }}'", 7, "the value is the number 7"),
        ("user: *seven", 7, "the value is the number 7"),
        ("user: 8", 7, "the value is the number 7"),
        ("", 7, "the value is the number 7"),
    ],
)
def test_a_number_is_shown_as_the_playbook_writes_it_and_no_other_spelling_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, value: Any, shown: str, is_remote: bool
) -> None:
    (tmp_path / "play.yml").write_text(f"---\n- {text}\n")
    column = text.find("user: ") + 9
    monkeypatch.setattr(arguments, "Origin", Origins(tmp_path / "play.yml", 2, column))
    options = {**CONNECTION, "service_provider": "ALPHA", "user": value}
    told = refusal("user_role", options, tmp_path, is_remote=is_remote)
    assert told == message("not_quoted", option="user", problem=shown)


@ways
@pytest.mark.parametrize(
    "url",
    [
        "https://bob:hunter2secret@waldur.example.org/api/",
        "https://hunter2secret@waldur.example.org/",
        "bob:hunter2secret@waldur.example.org",
        "https://waldur.example.org/?token=hunter2secret",
        "https://waldur.example.org/#hunter2secret",
        "https://waldur.example.org/@hunter2secret",
    ],
)
@pytest.mark.parametrize(
    "options",
    [
        {"service_provider": "ALPHA", "user": "y"},
        {"service_provider": "ALPHA", "user": "y", "timeout": "x"},
        {"service_provider": "ALPHA", "user": "y", "state": "z"},
        {"service_provider": "ALPHA", "user": "y", "access_token": None},
    ],
    ids=["nothing else", "timeout", "state", "no token"],
)
def test_a_password_or_token_in_api_url_is_not_shown_in_the_invocation(
    tmp_path: Path, url: str, options: dict[str, Any], is_remote: bool
) -> None:
    given = {key: value for key, value in {**CONNECTION, "api_url": url, **options}.items() if value is not None}
    found = run_action_plugin("user_role", given, tmp_path, is_remote=is_remote)
    shown = found.get("invocation", {}).get("module_args", {}).get("api_url", "")
    assert "hunter2secret" not in shown + str(found.get("msg"))


@ways
def test_a_plain_api_url_and_no_proxy_stay_in_the_invocation(tmp_path: Path, is_remote: bool) -> None:
    given = {**CONNECTION, "proxy": "http://bob:hunter2secret@proxy:1", "user": "y", "state": "z"}
    shown = run_action_plugin("user_role", given, tmp_path, is_remote=is_remote)["invocation"]["module_args"]
    assert shown["api_url"] == CONNECTION["api_url"]
    assert shown["proxy"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
