# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of playbooks: declared once, used by the playbooks that take them, and checked before anything else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from messages import message, pattern, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.declarations import PATH, load_playbooks
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.documents import (
    check_approved_plan,
    check_documents,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.target_hosts import check_target_hosts
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.variables import (
    check_names,
    check_required,
    check_values,
    list_ineffective,
)

ROOT = Path(__file__).resolve().parents[5]
PLAYBOOKS = load_playbooks()
NAMES = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
ALL = {name for playbook in PLAYBOOKS.values() for name in playbook.variables}


# --- the declarations ------------------------------------------------------------------------------------------------


def test_every_playbook_declares_its_variables_and_every_variable_has_a_playbook() -> None:
    assert sorted(PLAYBOOKS) == NAMES
    assert set(yaml.safe_load(PATH.read_text(encoding="utf-8"))["variables"]) == ALL


def test_the_module_takes_every_playbook() -> None:
    text = (ROOT / "plugins" / "modules" / "validate_playbook.py").read_text(encoding="utf-8")
    options = yaml.safe_load(text.partition('DOCUMENTATION = r"""')[2].partition('"""')[0])["options"]
    assert options["playbook"]["choices"] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_playbook_validates_itself_first_and_uses_each_of_its_variables(name: str) -> None:
    text = (ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8")
    plays = yaml.safe_load(text)
    assert [task["waldur.provider.validate_playbook"] for task in plays[0]["tasks"]] == [{"playbook": name}]
    code = re.sub(r"^ *#.*$", "", text, flags=re.MULTILINE)
    role = ROOT / "roles" / name / "meta" / "argument_specs.yml"
    # A variable that is one of the role reaches it without the playbook.
    code += role.read_text(encoding="utf-8") if role.exists() else ""
    unused = [one for one in PLAYBOOKS[name].variables if not re.search(rf"(?<![\w.]){one}\b", code)]
    assert unused == []


@pytest.mark.parametrize("name", NAMES)
def test_a_playbook_has_no_undeclared_variable_with_a_default(name: str) -> None:
    text = (ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8")
    used = set(re.findall(r"(?<![\w.'])(\w+) \| default\(", text))
    own = {"waldur_uuid", "desired_state_result", "first"}
    assert {one for one in used - own if not one.startswith(("review_", "providers_validated"))} <= set(
        PLAYBOOKS[name].variables
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_are_those_that_the_playbook_applies(name: str) -> None:
    text = (ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8")
    for variable in PLAYBOOKS[name].variables.values():
        for written in re.findall(rf"(?<![\w.]){variable.name} \| default\(([^,()]+)(?:, true)?\)", text):
            value = yaml.safe_load(written)
            if value not in ("", []) and variable.default is not None:
                assert value == variable.default, variable.name


def test_a_misspelt_name_is_no_variable_of_a_playbook() -> None:
    misspelt = [name for playbook in PLAYBOOKS.values() for one in playbook.variables.values() for name in one.misspelt]
    assert set(misspelt) & ALL == set()


# --- the names of variables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("playbook", "name", "meant"),
    [
        ("plan", "provider_path", "providers_path"),
        ("plan", "Providers-Path", "providers_path"),
        ("plan", "max_removal", "max_removals"),
        ("plan", "output_dir", "output_directory"),
        ("apply", "approve_plan", "approved_plan"),
        ("drift", "drift_when_found", "when_drift"),
        ("validate", "code_quality_files", "code_quality_file"),
        # Variables of the role: without the offerings, people of all offerings would get accounts.
        ("linux_accounts", "linux_accounts_offering", "linux_accounts_offerings"),
        ("linux_accounts", "linux_accounts_uidmap", "linux_accounts_uid_map"),
        ("linux_accounts", "Linux-accounts-max-removal", "linux_accounts_max_removals"),
    ],
)
def test_a_likely_misspelling_is_reported_with_the_variable_that_is_meant(playbook: str, name: str, meant: str) -> None:
    with pytest.raises(InvalidInput, match=pattern("variable_misspelt", name=name, playbook=playbook, known=meant)):
        check_names(PLAYBOOKS[playbook], ["waldur_api_url", name], ALL)


@pytest.mark.parametrize(
    "name",
    ["providers", "path", "gitlab_file", "service_provider", "my_providers_path", "desired_state_title", "paths"],
)
def test_a_name_that_may_mean_something_else_is_accepted(name: str) -> None:
    check_names(PLAYBOOKS["validate"], [name], ALL)


@pytest.mark.parametrize("name", ["linux_accounts_root", "linux_accounts_hosts", "linux_accounts_mode", "offering"])
def test_variables_of_a_role_and_others_that_begin_like_them_are_accepted(name: str) -> None:
    check_names(PLAYBOOKS["linux_accounts"], [name], ALL)


# --- the values of variables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("playbook", "values", "start"),
    [
        ("plan", {"max_removals": "many"}, ("option_number_required", {"option": "max_removals"})),
        ("plan", {"missing_users": "ignore"}, ("variable_choice", {"name": "missing_users"})),
        ("plan", {"output_directory": ["a"]}, ("text_required", {"option": "output_directory", "kind": "list"})),
    ],
)
def test_a_value_of_the_wrong_type_is_rejected(
    playbook: str, values: dict[str, Any], start: tuple[str, dict[str, Any]]
) -> None:
    with pytest.raises(InvalidInput, match=prefix(start[0], **start[1])):
        check_values(PLAYBOOKS[playbook], values)


@pytest.mark.parametrize(
    ("playbook", "values", "missing"),
    [
        ("rotate_api_secret_code", {}, "service_provider"),
        ("rotate_api_secret_code", {"service_provider": ""}, "service_provider"),
        ("rotate_api_secret_code", {"service_provider": "A"}, "destinations"),
        ("linux_accounts", {"service_provider": "A"}, "accounts_hosts"),
    ],
)
def test_a_required_variable_without_a_value_is_an_error(playbook: str, values: dict[str, str], missing: str) -> None:
    with pytest.raises(InvalidInput, match=prefix("variable_required", name=missing)):
        check_required(PLAYBOOKS[playbook], values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"max_removals": "20", "max_renames": 3, "missing_users": "warn"},
        {"output_directory": "", "gitlab_file": None},
        {"providers_path": "providers", "service_providers": [{"customer": "A"}]},
    ],
)
def test_values_of_the_right_type_and_empty_ones_that_mean_none_are_accepted(values: dict[str, Any]) -> None:
    check_values(PLAYBOOKS["plan"], values)


@pytest.mark.parametrize("plan", ["", "  ", None])
def test_an_empty_approved_plan_is_rejected(plan: Any) -> None:
    with pytest.raises(InvalidInput, match=pattern("approved_plan_empty")):
        check_approved_plan({"approved_plan": plan})


def test_an_approved_plan_may_be_left_out_or_given_as_its_content() -> None:
    check_approved_plan({})
    check_approved_plan({"approved_plan": {"plan": []}})


# --- documents and hosts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("needed", "values", "key"),
    [
        ("required", {}, "documents_required"),
        ("files", {"service_providers": []}, "documents_files_only"),
        ("required", {"providers_path": "a", "service_providers": []}, "documents_both"),
        ("optional", {"providers_path": " "}, "documents_path_empty"),
        ("required", {"providers_path": 5}, "documents_path_wrong_type"),
        ("required", {"service_providers": {"customer": "A"}}, "documents_not_a_list"),
        ("required", {"service_providers": ["A"]}, "documents_not_a_list"),
        ("required", {"providers_path": "/no/such"}, "documents_path_missing"),
    ],
)
def test_variables_that_name_no_usable_documents_are_rejected(needed: str, values: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidInput, match=prefix(key)):
        check_documents(needed, values)


def test_documents_can_be_left_out_where_they_are_optional(tmp_path: Path) -> None:
    check_documents("optional", {})
    check_documents("required", {"providers_path": str(tmp_path)})
    check_documents("required", {"service_providers": [{"customer": "A"}]})


@pytest.mark.parametrize(
    ("pattern_of_hosts", "matching", "key"),
    [
        ("fleet", [], "hosts_no_match"),
        ("fleet", ["b"], "hosts_limited"),
        ("localhost", ["localhost"], "hosts_no_localhost"),
    ],
)
def test_a_playbook_without_a_host_is_an_error(pattern_of_hosts: str, matching: list[str], key: str) -> None:
    with pytest.raises(InvalidInput, match=prefix(key)):
        check_target_hosts(PLAYBOOKS["apply"], pattern_of_hosts, matching, ["a"])


def test_a_host_that_the_limit_leaves_is_enough() -> None:
    check_target_hosts(PLAYBOOKS["apply"], "fleet", ["a", "b"], ["b", "c"])


def test_a_variable_of_another_playbook_is_a_warning() -> None:
    names = ["service_provider", "policy_path", "waldur_api_url"]
    expected = [message("variable_without_effect", name="service_provider", playbook="apply")]
    assert list_ineffective(PLAYBOOKS["apply"], names, ALL) == expected


@pytest.mark.parametrize("value", ["ten", "0", -3, "5 %", "1.5"])
def test_a_batch_is_a_number_or_a_percentage(value: object) -> None:
    expected = pattern("variable_not_valid", name="providers_serial", value=value, kind="number or percentage")
    with pytest.raises(InvalidInput, match=expected):
        check_values(PLAYBOOKS["apply"], {"providers_serial": value})
    check_values(PLAYBOOKS["apply"], {"providers_serial": "20%"})
    check_values(PLAYBOOKS["apply"], {"providers_serial": ""})
