# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML files of any content give data or errors with file, line and key: never a traceback, never an endless run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from messages import ends, fragment, matching, mentions, message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common import yaml_files
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document import images, loader
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import resolve
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA

USER = "service_providers:\n  - customer: A\n    users:\n      - user: {}\n"
PLACE = "a.yml: line 4: service_providers[0].users[0].user: "
BOMB = "x-a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"x-{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
CHAIN = "x-0: &a0 [x]\n" + "".join(f"x-{number}: &a{number} [*a{number - 1}]\n" for number in range(1, 200))


def read(tmp_path: Path, content: str | bytes) -> Any:
    file = tmp_path / "a.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return yaml_files.read_yaml(str(file), "a.yml", "providers_path")


def errors(tmp_path: Path, content: str | bytes) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path, content)
    found: list[str] = caught.value.details.get("errors", [caught.value.message])
    assert all(text.isprintable() and len(text) < 400 for text in found)
    return found


@pytest.fixture(params=["parser in C", "parser in Python"])
def _each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "parser in Python":
        monkeypatch.delattr(yaml, "CSafeLoader")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("2027-02-30", "date or time"),
        ("2027-06-30T25:00:00Z", "date or time"),
        ("2027-06-30T12:00:00+99:00", "date or time"),
        ("9999-12-31T23:59:59-23:00:00", None),
        ("0x_", "number"),
        ("0b_", "number"),
        ("9" * 5000, "number"),
        ("1:" * 200 + "1", "number"),
        ("!!int foo", "number"),
        ("!!int ''", "number"),
        ("!!float x", "number"),
        ("!!bool perhaps", "boolean"),
        ("!!timestamp foo", "date or time"),
    ],
)
def test_a_word_that_python_cannot_make_a_value_of_is_an_error_with_file_line_and_key(
    tmp_path: Path, word: str, kind: str | None
) -> None:
    if kind is None:  # only looks like one to people
        assert read(tmp_path, USER.format(word))["service_providers"][0]["users"][0]["user"] == word
        return
    (message,) = errors(tmp_path, USER.format(word))
    assert message.startswith(PLACE)
    assert ends(message, "yaml_value_invalid", kind=kind)


@pytest.mark.parametrize("word", ["2026-13-45", "2026-02-30 10:00:00", "!!timestamp foo"])
def test_an_impossible_date_as_expiration_time_is_not_to_be_quoted(tmp_path: Path, word: str) -> None:
    (message,) = errors(tmp_path, USER.format(f"a\n        expiration_time: {word}"))
    assert ".expiration_time: " in message
    assert ends(message, "yaml_date_invalid")


@pytest.mark.parametrize(
    "word", ["!!binary aGk=", "!!set {a}", "!!omap [a: b]", "!vault x", "!!python/name:os.system x"]
)
def test_a_tag_that_is_not_supported_is_an_error_with_file_line_and_key(tmp_path: Path, word: str) -> None:
    (message,) = errors(tmp_path, USER.format(word))
    assert message.startswith(f"{PLACE}the tag !")
    assert message.endswith(" is not supported: remove it.")


@pytest.mark.usefixtures("_each_parser")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 100_000, "nested deeper than 100 levels"),
        ("{a: " * 100_000, "nested deeper than 100 levels"),
        ("- " * 100_000, "nested deeper than 100 levels"),
        ("? " * 100_000, "nested deeper than 100 levels"),
        (CHAIN, "nested deeper than 100 levels by aliases"),
        (BOMB, message("yaml_too_many_aliases", place="line 6: x-f[9]", count="1,000,000")),
        ("a: &x [1, *x]", message("yaml_alias_of_itself", place="line 1: a[1]", alias="x")),
        ("a: &x {b: *x}", message("yaml_alias_of_itself", place="line 1: a.b", alias="x")),
        ("a: &x {<<: *x}", message("yaml_alias_of_itself", place="line 1: a", alias="x")),
        ("a: *x", "line 1: a: the alias *x has no anchor &x before it"),
        ("a: {<<: 7}", message("yaml_merge_invalid", place="line 1: a")),
        ("a: {<<: [{b: 1}, x]}", message("yaml_merge_invalid", place="line 1: a")),
        ("a: 1\n---\nb: 2", message("yaml_second_document", place="line 2")),
        ("a: 1\nb: {c: 2,\n  c: 3}", "line 3: b: the key 'c' is given twice, first in line 2"),
        ("a: {b", "line "),
        ("2027-06-30: x", "line 1: the key 2027-06-30 is not text: put it in quotes"),
        ("a: {007: x}", "line 1: a: the key 007 is not text: put it in quotes"),
        ("on: x", "line 1: the key on is not text: put it in quotes"),
        ("~: x", "line 1: the key ~ is not text: put it in quotes"),
        ("? [a, b]\n: x", message("yaml_key_not_text", place="line 1")),
        ("a: 1\n{b: c}: x", message("yaml_key_not_text", place="line 2")),
        ("a: \x07", message("yaml_character", place="line 1", character="\\x07")),
        (b"a: 1\nb: caf\xe9", "line 2: is not UTF-8 text"),
        ("a: 1".encode("utf-16"), "a.yml: is UTF-16 text, and UTF-8 is required"),
    ],
)
def test_a_file_that_yaml_or_python_chokes_on_is_an_error_with_its_line(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    (found,) = errors(tmp_path, content)
    assert found.startswith("a.yml: ")
    assert message in found


def test_all_errors_of_a_file_are_reported_at_once_up_to_a_hundred(tmp_path: Path) -> None:
    found = errors(tmp_path, "a: 2027-02-30\nb: [0x_, {c: !!int x}]\nb: 1\n7: x\n")
    assert [text.split(": ")[1] for text in found] == ["line 1", "line 2", "line 2", "line 3", "line 4"]
    assert len(errors(tmp_path, "".join(f"- 2027-02-3{number % 10}x\n- 2027-02-30\n" for number in range(500)))) == 100


@pytest.mark.usefixtures("_each_parser")
@pytest.mark.parametrize(
    "content",
    [
        "",
        "# nothing\n",
        "a: {<<: {b: 1, c: 2}, b: 3}",
        "a: {<<: [{b: 1}, {b: 2, c: 3}], d: 4}",
        "x: &x {b: 1}\ny: {<<: *x, c: *x}\nz: [*x, *x]",
        "- &a text\n- {*a : x}",
        "[1_000, 0x1F, 0o7, 017, 1e3, 1.10, .5, -3, 0, 12:30:45, 1:30.5, .inf]",
        "[yes, no, on, Off, TRUE, null, ~, '', \"on\", ! 7, !!str 7, y]",
        "[2027-06-30, 2027-06-30 12:00:00, 2027-06-30T12:00:00+02:00, 2027-06-30T12:00:00.5Z]",
        "a: |\n  text\n  more\nb: >-\n  folded\n  text\nc: 'it''s'",
        "\ufeffa: caf\u00e9 \U0001f986",
        "%YAML 1.1\n---\na: !!map {b: !!seq [c]}\n...\n",
    ],
)
def test_other_files_mean_what_they_mean_to_pyyaml(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == yaml.safe_load(content)


def test_a_file_of_many_repeated_values_is_read(tmp_path: Path) -> None:
    content = f"x-users: &users [{', '.join(['{user: a}'] * 100)}]\na: [{', '.join(['*users'] * 3000)}]"
    assert len(read(tmp_path, content)["a"]) == 3000


@pytest.mark.parametrize(
    "word", ["007", "0x1F", "1_000", "1.10", "-0", "12:30:45", "yes", "NO", "2027-06-30 12:00:00 +02:00"]
)
def test_a_word_that_must_be_quoted_is_shown_as_it_is_written_in_the_document(tmp_path: Path, word: str) -> None:
    for content in (USER.format(word), f"service_providers: [{{customer: A}}]\ndefaults: {{users: [user: {word}]}}"):
        (tmp_path / "a.yml").write_text(content)
        with pytest.raises(InvalidInput) as caught:
            loader.load_documents(str(tmp_path / "a.yml"), images.read_image, SCHEMA)
        problem = matching(fragment("kind_of_spelling", value=word))
        assert mentions(caught.value.message, "not_quoted", option="users[0].user", problem=problem)


def test_a_key_that_is_written_as_a_number_is_never_taken_for_another(tmp_path: Path) -> None:
    (message,) = errors(tmp_path, "service_providers: [{customer: A, account_options: {007: x}}]")
    assert message.startswith("a.yml: line 1: service_providers[0].account_options: the key 007 is not text")


# --- the other files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: {api_url: 2027-02-30}", message("yaml_value_hidden", place="line 1: a.api_url", kind="date or time")),
        ("a: {access_token: 0123456701234567}", "access_token in 'a' of "),
        ("a: {access_token: !!int geheim00}", "line 1: a.access_token: "),
        ("a: {access_token: geheim00, access_token: geheim00}", "line 1: a: the key 'access_token' is given twice"),
        ("[" * 100_000, "nested deeper than 100 levels"),
        ("a: &x [*x]", message("yaml_alias_hidden")),
        ("a: {timeout: 3}\n---\nb: {}", message("yaml_second_document", place="line 2")),
        ("a: 'geheim00", message("yaml_syntax_error", place="line 1")),
    ],
)
def test_a_profile_that_yaml_cannot_read_is_an_error_that_shows_no_value_of_it(
    tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "profiles.yml"
    file.write_text(content)
    with pytest.raises(InvalidInput) as caught:
        resolve({"profile": "a"}, {}, {"WALDUR_PROFILES_FILE": str(file)})
    assert caught.value.message.startswith("profile: ")
    assert message in caught.value.message
    assert not any(secret in caught.value.message for secret in ("geheim00", "0123456701234567", "2027-02-30"))


@pytest.mark.parametrize("name", [["a"], {"a": 1}, 7, True])
def test_the_name_of_a_profile_that_is_not_text_is_an_error(tmp_path: Path, name: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^profile: .* is not text"):
        resolve({"profile": name}, {}, {"WALDUR_PROFILES_FILE": str(tmp_path / "none.yml")})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 100_000, "nested too deep"),
        ("[" * 500 + "]" * 500, "nested deeper than 100 levels"),
        ('{"a":' * 100_000, "nested too deep"),
        ('{"plan": [NaN]}', message("json_word", word="NaN")),
        ('{"plan": [-Infinity]}', message("json_word", word="-Infinity")),
        ('{"plan": [], "plan": []}', message("json_key_twice", key_name="plan")),
        ('{"plan": [' + "9" * 5000 + "]}", message("json_number_too_long", count="5000")),
        ('{"plan": [1.' + "9" * 5000 + "]}", message("json_number_too_long", count="5002")),
        ('{\n"plan": [}', "line 2 is not JSON"),
        ("", "line 1 is not JSON"),
        (b'{"plan": "caf\xe9"}', "line 1: is not UTF-8 text"),
        ("[]".encode("utf-16"), "is UTF-16 text"),
    ],
)
def test_an_approved_plan_that_json_cannot_hold_is_an_error_with_its_file(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidInput) as caught:
        loader.plan_file(str(file))
    assert caught.value.message.startswith(f"approved_plan: {file}: ")
    assert message in caught.value.message


def test_a_path_with_a_nul_and_a_file_that_never_ends_are_errors() -> None:
    with pytest.raises(InvalidInput, match=prefix("path_malformed", option="approved_plan", path=r"'a\x00b'")):
        loader.plan_file("a\0b")
    with pytest.raises(
        InvalidInput,
        match=prefix("file_unreadable", option="approved_plan", path="/dev/zero", reason=matching(r"it is a device.*")),
    ):
        loader.plan_file("/dev/zero")
