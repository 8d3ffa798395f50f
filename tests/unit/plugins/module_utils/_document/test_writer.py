# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as text: read back as what they say, fit for yamllint, and with nothing hidden in them."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from messages import prefix
from yamllint import linter
from yamllint.config import YamlLintConfig

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document import loader
from ansible_collections.waldur.provider.plugins.module_utils._document.writer import SCHEMA_URL, document_text
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA

# What YAML takes for something else, ends a scalar, or begins a template, a comment or a list.
TRAPS = (
    *("007", "no", "12:30:45", "1e3", "0x1f", "0o17", "=", "~", "null", "<<", "y", "2027-06-30", "+.5", ".inf", "1_0"),
    *(
        "{{ 7 * 6 }}",
        "{% raw %}",
        "# x",
        "a #b",
        "a: b",
        "- a",
        " lead",
        "trail ",
        "'",
        '"',
        "''",
        "%TAG",
        "---",
        "...",
    ),
    *(
        "a\x85b",
        "a\u2028b",
        "a\u202eb",
        "\ufeffa",
        "\tb",
        "a\nb",
        "a\n b\n\n",
        "\na",
        "a \nb",
        "👩\u200d🔬",
        "🎉",
        "\x7f",
    ),
)
TEXTS = (
    st.sampled_from(TRAPS)
    | st.text(st.characters(codec="utf-8"), max_size=60)
    | st.text("ab \n\t:#-'\"{}[]|>&*!%@`,?\x85\u2028\u202e\r=~<👩\u200dü1e.", max_size=40)
    | st.lists(st.text("abc:#-'\" ", max_size=12), max_size=40).map(" ".join)
)
# As strict as it comes, but for the length of lines, which is that of ansible-lint.
YAMLLINT = YamlLintConfig("{extends: default, rules: {line-length: {max: 160}}}")


def parsed(text: str) -> Any:
    return yaml.safe_load(text)["service_providers"]


def entry(name: str, text: str) -> dict[str, Any]:
    return {
        "customer": name,
        "description": text,
        "account_options": {text: name, "more": [text, {"deep": text}]},
        "users": [{"user": name, "role": text, "expiration_time": "2027-06-30"}],
    }


@pytest.mark.parametrize("text", TRAPS)
def test_text_that_is_a_trap_is_read_from_a_file_as_it_is(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(document_text([entry(text, text)], []), encoding="utf-8", newline="")
    assert [loaded.entry for loaded in loader.load_entries(str(tmp_path), SCHEMA)] == [entry(text, text)]


@given(name=TEXTS, text=TEXTS)
def test_any_text_is_read_back_as_it_is_and_is_written_the_same_way_again(name: str, text: str) -> None:
    written = document_text([entry(name, text)], [])
    assert parsed(written) == [entry(name, text)]
    assert document_text(parsed(written), []) == written


@given(text=TEXTS)
def test_all_that_stands_in_a_document_can_be_seen(text: str) -> None:
    assert document_text([entry("x", text)], []).replace("\n", "").isprintable()


@given(text=TEXTS, note=st.lists(st.text("abcdefghij#:-'{} ü🎉", max_size=20), max_size=40).map(" ".join))
def test_yamllint_has_nothing_to_say(text: str, note: str) -> None:
    found = linter.run(document_text([entry("x", text)], [note]), YAMLLINT)
    assert [str(problem) for problem in found] == []


@pytest.mark.parametrize(
    "text", ["1e3", "0o17", "y", "N", "007", "2027-06-30", "+1", ".5", "12:30", "no", "~", "=", ""]
)
def test_what_any_reader_of_yaml_could_take_for_no_text_is_quoted(text: str) -> None:
    assert f"  - customer: '{text}'\n" in document_text([{"customer": text}], [])


def test_text_of_several_lines_stands_in_lines_and_long_text_is_folded() -> None:
    written = document_text([{"customer": "x", "description": "One\n- two\n"}, {"customer": "word " * 100 + "."}], [])
    assert "    description: |\n      One\n      - two\n" in written
    assert max(len(line) for line in written.splitlines() if SCHEMA_URL not in line) < 120


def test_notes_are_separate_folded_comments() -> None:
    written = document_text([], ["Alpha: " + "no name, " * 20, "--- second"])
    head, body = written.split("\n---\n")
    assert body == "service_providers: []\n"
    lines = head.splitlines()
    assert [line[:4] for line in lines] == ["# Ex", "# ya", "# - ", "#   ", "# - "]
    assert max(len(line) for line in lines if SCHEMA_URL not in line) <= 110


def test_where_pyyaml_is_missing_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InvalidInput, match=prefix("pyyaml_missing_to_write")):
        document_text([], [])
