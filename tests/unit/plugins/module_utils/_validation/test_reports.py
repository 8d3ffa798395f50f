# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports, as other programs read them: a parser of JUnit XML, and the format that GitLab documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from junitparser import Failure, JUnitXml, TestCase, TestSuite

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._validation.desired_state_validate import validate

from ...helpers.samples import image

BAD = "service_providers:\n- {customer: A, usrs: []}\n- {customer: 7}\n- {customer: A, 'x<&\"\\u2028': 1}\n"
GOOD = "service_providers: [{customer: A}]\n"
# What GitLab documents for the report artifact codequality.
_GITLAB: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^[^./]"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a repository, which is the current folder."""
    (tmp_path / "providers").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / "providers" / f"{name}.yml").write_text(text, encoding="utf-8")


def report(folder: Path, option: str, *, check: bool = False) -> bool:
    """Validate the documents, and return whether the report differed."""
    options = {"providers_path": "providers", option: str(folder / "out" / "report")}
    try:
        return bool(validate(options, image, check=check)["changed"])
    except InvalidInput as error:
        return bool(error.details["changed"])


def test_the_junit_report_has_a_test_case_for_each_file(folder: Path) -> None:
    write(folder, bad=BAD, good=GOOD)
    report(folder, "junit_file")
    read = JUnitXml.fromfile(str(folder / "out" / "report"))
    [suite] = read
    assert isinstance(suite, TestSuite)
    assert (suite.tests, suite.failures, suite.errors) == (2, 1, 0)
    failed, passed = suite
    assert isinstance(failed, TestCase)
    assert isinstance(passed, TestCase)
    assert (failed.name, passed.name, passed.is_passed) == ("providers/bad.yml", "providers/good.yml", True)
    [failure] = failed.result
    assert isinstance(failure, Failure)
    assert (failure.message, failure.type) == ("3 errors", "unknown-key")
    assert [line.partition(": ")[0] for line in str(failure.text).splitlines()] == [
        "providers/bad.yml:2:17",
        "providers/bad.yml:3:14",
        "providers/bad.yml:4:17",
    ]


def test_the_code_quality_report_has_the_form_that_gitlab_documents(folder: Path) -> None:
    write(folder, bad=BAD, good=GOOD)
    report(folder, "code_quality_file")
    read = json.loads((folder / "out" / "report").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(_GITLAB)
    Draft202012Validator(_GITLAB).validate(read)
    assert [(item["check_name"], item["location"]["lines"]["begin"]) for item in read] == [
        ("unknown-key", 2),
        ("unquoted-value", 3),
        ("unknown-key", 4),
    ]
    assert len({item["fingerprint"] for item in read}) == len(read)


def test_fingerprints_do_not_change_when_lines_are_added_above(folder: Path) -> None:
    found = []
    for text in (BAD, f"# A comment\n{BAD}"):
        write(folder, bad=text)
        report(folder, "code_quality_file")
        found.append([item["fingerprint"] for item in json.loads((folder / "out" / "report").read_bytes())])
    assert found[0] == found[1]


@pytest.mark.parametrize("option", ["junit_file", "code_quality_file"])
def test_a_report_is_written_once_and_not_in_check_mode(folder: Path, option: str) -> None:
    write(folder, good=GOOD)
    assert report(folder, option, check=True) is True
    assert not (folder / "out").exists()
    assert report(folder, option) is True
    assert report(folder, option) is False


def test_a_report_of_valid_documents_has_no_failure(folder: Path) -> None:
    write(folder, good=GOOD)
    report(folder, "junit_file")
    assert JUnitXml.fromfile(str(folder / "out" / "report")).failures == 0
    report(folder, "code_quality_file")
    assert json.loads((folder / "out" / "report").read_bytes()) == []


def test_a_report_that_cannot_be_written_is_an_error_of_its_option(folder: Path) -> None:
    write(folder, good=GOOD)
    (folder / "out").write_text("a file")
    with pytest.raises(InvalidInput, match=r"^junit_file: can't (read|write)"):
        validate({"providers_path": "providers", "junit_file": str(folder / "out" / "report")}, image, check=False)
