# SPDX-License-Identifier: GPL-3.0-or-later
"""All errors of all documents are found, each with its file, line, column, rule and closest match."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.rules import Rule
from ansible_collections.waldur.provider.plugins.module_utils._validation.desired_state_validate import validate
from ansible_collections.waldur.provider.plugins.module_utils._validation.findings import validate_documents

from ...helpers.samples import image

FIRST = """\
defaults:
  descripton: x
service_providers:
  - customer: 007
    users:
      - user: alice
        rle: X
      - {user: bob, state: presnt}
      - expiration_time: 2027-02-30
    account_options: {account_scop: provider, "odd: key": 1}
  - description: &text [1]
    allowed_domains: *text
    customer: A
    customer: B
    image: missing.png
"""


def write(folder: Path, **files: str) -> str:
    (folder / "providers").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "providers" / f"{name}.yml").write_text(text, encoding="utf-8")
    return str(folder / "providers")


def located(path: str) -> list[tuple[str, int, int, str, str]]:
    return [
        (Path(found.file).name, found.line, found.column, found.rule, found.closest)
        for found in validate_documents(path).findings
    ]


def test_every_error_of_every_file_has_its_position_rule_and_closest_match(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        a=FIRST,
        b="service_providers:\n  - customer: [a\n",
        c="service_providers:\n  - {customer: C, users: {}}\n",
        d="é: [x]\n",
    )
    assert located(path) == [
        ("a.yml", 2, 3, "unknown-key", "description"),
        ("a.yml", 4, 15, "unquoted-value", ""),
        ("a.yml", 7, 9, "unknown-key", "role"),
        ("a.yml", 8, 28, "invalid-choice", "present"),
        ("a.yml", 9, 9, "missing-key", ""),
        ("a.yml", 9, 26, "invalid-date", ""),
        ("a.yml", 10, 23, "unknown-key", "account_scope"),
        ("a.yml", 10, 47, "unknown-key", ""),
        ("a.yml", 11, 18, "wrong-type", ""),
        ("a.yml", 12, 22, "unquoted-value", ""),
        ("a.yml", 14, 5, "duplicate-key", ""),
        ("a.yml", 15, 12, "unreadable-file", ""),
        ("b.yml", 3, 1, "yaml-syntax", ""),
        ("c.yml", 2, 26, "wrong-type", ""),
        ("d.yml", 1, 1, "unknown-key", ""),
    ]


def test_entries_about_the_same_object_are_found_at_the_second_one(tmp_path: Path) -> None:
    uuid = "0f5b6a1c-2d3e-4f50-8192-a3b4c5d6e7f8"
    upper = uuid.replace("-", "").upper()
    users = f"[{{user: al}}, {{user: al, role: X}}, {{user: al, state: absent}}, {{user: {uuid}}}, {{user: AL}}]"
    path = write(
        tmp_path,
        a=f"service_providers:\n  - customer: A\n    users: {users}\n  - {{customer: B, offering_usernames: []}}\n",
        b="service_providers:\n  - customer: C\n    offering_usernames:\n      - {user: b, username: x}\n"
        "      - {user: c, username: z}\n      - {user: b, username: y}\n",
        c=f"service_providers:\n  - customer: D\n    users: [{{user: {uuid}}}, {{user: {upper}}}]\n"
        "    project_groups: [{project: p, gid: 30001}, {project: p, gid: 30002}]\n",
    )
    assert located(path) == [
        ("a.yml", 3, 46, "duplicate-entry", ""),
        ("b.yml", 6, 9, "duplicate-entry", ""),
        ("c.yml", 3, 59, "duplicate-entry", ""),
        ("c.yml", 4, 48, "duplicate-entry", ""),
    ]


def test_a_customer_of_two_files_is_found_in_the_second_one(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        a="service_providers: [{customer: A}, {customer: B}]\n",
        b="service_providers:\n  - state: absent\n    customer: A\n",
    )
    (found,) = validate_documents(path).findings
    assert (Path(found.file).name, found.line, found.rule) == ("b.yml", 3, "duplicate-entry")
    first = "providers/a.yml: service_providers[0]"
    option = "service_providers[0].customer"
    assert found.message == message("provider_twice", option=option, provider="A", first=first)


def test_valid_documents_have_no_findings_and_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, a="service_providers: [{customer: A}, {customer: B}]", b="defaults: {description: x}")
    found = validate_documents(path)
    assert (found.findings, found.entries) == ((), 2)
    assert [Path(file).name for file in found.files] == ["a.yml", "b.yml"]


def test_a_value_that_yaml_rejects_is_reported_once(tmp_path: Path) -> None:
    path = write(tmp_path, a="service_providers:\n- customer: A\n  users: [{user: a, expiration_time: 2027-02-30}]\n")
    assert located(path) == [("a.yml", 3, 38, "invalid-date", "")]


@pytest.mark.parametrize(
    ("content", "position"),
    [
        (b"service_providers: [{customer: A}]\n# \xff\n", (2, 1)),
        (b"service_providers: [{customer: A}]\n# x\x07\n", (2, 4)),
        (b"\xff\xfea\x00", (1, 1)),
        (b"a: &a [*a]\n", (1, 8)),
        (b"--- {}\n--- {}\n", (2, 1)),
        (b"\n  service_providers: !x []\n", (2, 22)),
    ],
)
def test_files_that_are_no_plain_yaml_have_a_position_too(
    tmp_path: Path, content: bytes, position: tuple[int, int]
) -> None:
    path = Path(write(tmp_path)) / "a.yml"
    path.write_bytes(content)
    [found] = [found for found in validate_documents(str(path)).findings if found.rule.startswith("yaml-")]
    assert (found.line, found.column) == position


def test_a_message_names_no_file_and_no_line_as_the_finding_has_both(tmp_path: Path) -> None:
    path = write(tmp_path, a="service_providers:\n- customer: !x A\n- {}\n")
    assert [found.message.partition(": ")[0] for found in validate_documents(path).findings] == [
        "service_providers[0].customer",
        "service_providers[1].customer",
    ]


def test_an_error_of_a_default_is_found_in_the_file_of_the_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, a="service_providers: [{customer: A}]", z="defaults:\n  users:\n  - user: 7\n")
    assert located(path) == [("z.yml", 3, 11, "unquoted-value", "")]


def test_files_are_shown_relative_to_the_current_folder_or_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, a="x: 1")
    monkeypatch.chdir(tmp_path)
    assert validate_documents("providers").findings[0].file == "providers/a.yml"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert validate_documents(path).findings[0].file == str(tmp_path / "providers" / "a.yml")


def test_a_folder_without_documents_is_an_error_of_the_option(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"^providers_path: \S+ contains no file"):
        validate_documents(write(tmp_path))


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    assert located(str(tmp_path / "missing.yml")) == [("missing.yml", 1, 1, "unreadable-file", "")]


def test_the_task_fails_with_all_findings_and_a_count(tmp_path: Path) -> None:
    path = write(tmp_path, a="service_providers:\n- {customer: A, usrs: []}\n- {customer: 7}\n")
    with pytest.raises(InvalidInput) as caught:
        validate({"providers_path": path}, image, check=False)
    details = caught.value.details
    assert caught.value.message.startswith(f"2 errors: (1) {details['errors'][0]} (2) ")
    assert [finding["closest"] for finding in details["findings"]] == ["users", None]
    assert details["errors"][0].startswith(f"{details['files'][0]}:2:17: service_providers[0]: 'usrs' is not known.")
    assert details["errors"][0].endswith(" [unknown-key]")


def test_the_guide_lists_every_rule_with_its_description() -> None:
    guide = (Path(__file__).resolve().parents[5] / "docs" / "docsite" / "rst" / "guide_gitops.rst").read_text()
    section = guide.partition("The reports contain these rule ids")[2].partition("Edit documents with completion")[0]
    listed = re.findall(r"\* - ``([a-z-]+)``\n     - (.+)", section)
    assert listed == [(rule.id, rule.description) for rule in Rule]


def test_the_errors_of_a_policy_have_positions_and_stand_beside_those_of_documents(tmp_path: Path) -> None:
    documents = write(tmp_path, a="service_providers:\n  - customr: A\n")
    policy = tmp_path / "policy.yml"
    policy.write_text("# rules\nmax_chnges: 1\nforbidden_roles:\n  - CUSTOMER.OWNER\n  - 7\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as failed:
        validate({"providers_path": documents, "policy_path": str(policy)}, image, check=True)
    found = failed.value.details["findings"]
    assert [(Path(one["file"]).name, one["line"], one["column"], one["rule"]) for one in found] == [
        ("policy.yml", 2, 1, "unknown-key"),
        ("policy.yml", 5, 5, "unquoted-value"),
        ("a.yml", 2, 5, "unknown-key"),
    ]
    rego = tmp_path / "policy.rego"
    rego.write_text("package waldur\n\ndeny :=\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as failed:
        validate({"providers_path": documents, "policy_path": str(rego)}, image, check=True)
    assert (failed.value.details["findings"][0]["line"], failed.value.details["findings"][0]["place"]) == (3, "")
    policy.write_text("max_changes: 1\n", encoding="utf-8")
    write(tmp_path, a="service_providers: [{customer: A}]")
    result = validate({"providers_path": documents, "policy_path": str(policy)}, image, check=True)
    assert (result["count"], [Path(file).name for file in result["files"]]) == (1, ["a.yml", "policy.yml"])
