# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a lookup or an inventory gets its connection from: the same places, order and words as modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from messages import fragment, matching

from ansible_collections.waldur.provider.plugins.doc_fragments.connection import ModuleDocFragment as OfModules
from ansible_collections.waldur.provider.plugins.doc_fragments.plugin_connection import ModuleDocFragment as OfPlugins
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES
from ansible_collections.waldur.provider.plugins.plugin_utils._connection_options import read_connection

HERE = {"api_url": "https://here.example.org/api/", "access_token": "token-here"}
THERE = {"api_url": "https://there.example.org", "access_token": "token-there"}


def as_it_is(value: Any) -> Any:
    return value


def found(
    direct: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    template: Callable[[Any], Any] = as_it_is,
) -> Connection:
    return read_connection(direct or {}, variables or {}, template, place="the lookup")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "api_token", "profiles_file"):
        monkeypatch.delenv(f"WALDUR_{name.upper()}", raising=False)


@pytest.fixture
def there_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in THERE.items():
        monkeypatch.setenv(f"WALDUR_{name.upper()}", value)


def test_an_option_comes_before_a_variable() -> None:
    variables = {f"waldur_{name}": value for name, value in THERE.items()}
    assert found(HERE, variables).access_token == "token-here"


@pytest.mark.usefixtures("there_in_environment")
def test_a_variable_comes_before_the_environment() -> None:
    variables = {f"waldur_{name}": value for name, value in HERE.items()}
    assert found({}, variables).api_url == "https://here.example.org"


@pytest.mark.usefixtures("there_in_environment")
def test_the_environment_counts_where_nothing_else_is_set() -> None:
    assert found().access_token == "token-there"


@pytest.mark.usefixtures("there_in_environment")
@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_profile_that_is_named_comes_before_the_environment(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump({"home": {**HERE, "timeout": 7}}), encoding="utf-8")
    monkeypatch.setenv("WALDUR_PROFILES_FILE", str(tmp_path / "profiles.yml"))
    asked = found({"profile": "home"}) if way == "option" else found({}, {"waldur_profile": "home"})
    assert (asked.api_url, asked.access_token, asked.timeout) == ("https://here.example.org", "token-here", 7)


@pytest.mark.usefixtures("there_in_environment")
def test_a_token_never_goes_to_the_url_of_another_place() -> None:
    with pytest.raises(
        InvalidInput,
        match=fragment("token_of_another_place", token_place="the environment", other=matching(r"another URL.*")),
    ) as refused:
        found({"api_url": HERE["api_url"]})
    assert "the lookup" in refused.value.message
    assert "token-there" not in refused.value.message


def test_a_missing_token_is_reported_with_the_places_where_it_can_be_set() -> None:
    with pytest.raises(InvalidInput, match=fragment("option_missing_for_plugin", option="access_token")):
        found({"api_url": HERE["api_url"]})


def test_variables_of_the_connection_are_evaluated_and_nothing_else_is() -> None:
    seen: list[Any] = []

    def template(value: Any) -> Any:
        seen.append(value)
        return "token-here"

    connection = found(
        {"api_url": HERE["api_url"], "username": "{{ never }}"},
        {"waldur_api_url": HERE["api_url"], "waldur_access_token": "{{ token }}", "other": "{{ never }}"},
        lambda value: template(value) if "{{" in value else value,
    )
    assert connection.access_token == "token-here"
    assert seen == ["{{ token }}"]


def test_text_of_a_special_kind_becomes_plain_text() -> None:
    class Marked(str):
        __slots__ = ()

    connection = found({"api_url": Marked(HERE["api_url"]), "access_token": Marked("token-here")})
    assert connection.access_token.__class__ is str


def test_a_vault_is_opened_by_asking_for_its_text() -> None:
    class Vault:
        def __str__(self) -> str:
            return "token-here"

    assert found({**HERE, "access_token": Vault()}).access_token == "token-here"


def test_every_option_of_the_connection_is_documented_with_its_variable_and_environment() -> None:
    documented = yaml.safe_load(OfPlugins.DOCUMENTATION)["options"]
    of_modules = yaml.safe_load(OfModules.DOCUMENTATION)["options"]
    assert tuple(documented) == tuple(of_modules) == (*connection_options.OPTIONS, "profile")
    for name, option in documented.items():
        assert (option["type"], option.get("choices")) == (of_modules[name]["type"], of_modules[name].get("choices"))
        assert option["vars"] == [{"name": f"waldur_{name}"}]
        assert option["env"][0] == {"name": f"WALDUR_{name.upper()}"}
        assert "default" not in option
