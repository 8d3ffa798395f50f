# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX is given: the credential type, rendered the way AWX renders it, and the project that it syncs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from awx_credential import FIELDS, FILES, PROJECT, TYPE, VARIABLES, injected
from jinja2 import StrictUndefined, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.waldur.provider.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import OPTIONS, connect, resolve

LEAST = {"api_url": "https://waldur.example.org/api/", "access_token": "0123456789abcdef0123456789abcdef01234567"}
ALL = {
    **LEAST,
    "auth_scheme": "Bearer",
    "validate_certs": "true",
    "ca_certificates": "-----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----",
    "client_cert": "-----BEGIN CERTIFICATE-----\nclient\n-----END CERTIFICATE-----",
    "client_key": "-----BEGIN PRIVATE KEY-----\nkey\n-----END PRIVATE KEY-----",
    "proxy": "http://user:password@proxy.example.org:3128",
    "timeout": "12.5",
    "retries": "0",
}


# --- the credential type ---------------------------------------------------------------------------------------------


def test_every_connection_option_is_injected_and_every_field_is_used() -> None:
    # A command would run with all other credentials of a job, so whoever creates a credential must not choose it. AWX
    # itself reads tokens from other systems.
    options = [name for name in OPTIONS if name not in ("token_file", "token_command")]
    assert list(VARIABLES) == [f"WALDUR_{name.upper()}" for name in options]
    templates = [*VARIABLES.values(), *FILES.values()]
    jinja = ImmutableSandboxedEnvironment()
    used = set().union(*(meta.find_undeclared_variables(jinja.parse(template)) for template in templates))
    assert used == {*FIELDS, "tower"}


def test_awx_takes_the_type() -> None:
    assert set(TYPE) == {"name", "description", "kind", "inputs", "injectors"}
    assert TYPE["kind"] == "cloud"
    assert len(FIELDS) == len(TYPE["inputs"]["fields"])
    assert set(TYPE["inputs"]["required"]) == set(LEAST)
    for name, field in FIELDS.items():
        assert field.keys() <= {"id", "label", "type", "help_text", "secret", "multiline", "choices", "default"}
        assert field["type"] == "string", name
        assert all(isinstance(text, str) for text in (field.get("default", ""), *field.get("choices", [])))
        assert field.get("default", "") in ("", *field.get("choices", [])), name
    assert all(template.isascii() for template in VARIABLES.values())


def test_awx_finds_no_undefined_name_in_the_templates() -> None:
    paths = SimpleNamespace(**{label.partition(".")[2]: "EXAMPLE_FILENAME" for label in FILES})
    names = {**dict.fromkeys(FIELDS, "EXAMPLE"), "tower": SimpleNamespace(filename=paths)}
    jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for template in (*VARIABLES.values(), *FILES.values()):
        assert jinja.from_string(template).render(names).startswith("EXAMPLE")


def test_choices_are_those_of_the_option() -> None:
    options = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert FIELDS["auth_scheme"]["choices"] == options["auth_scheme"]["choices"]


def test_what_may_hold_a_secret_is_a_secret_for_awx() -> None:
    secrets = {name for name, field in FIELDS.items() if field.get("secret")}
    assert secrets == {"access_token", "client_cert", "client_key", "proxy"}


def test_a_credential_with_all_fields_gives_the_whole_connection(tmp_path: Path) -> None:
    environment = injected(ALL, tmp_path)
    connection = connect(resolve({}, {}, environment), environment)
    files = {name: tmp_path / f"template.{name}" for name in ("ca_path", "client_cert", "client_key")}
    assert connection.api_url == "https://waldur.example.org"
    assert connection.access_token == LEAST["access_token"]
    assert connection.auth_scheme == "Bearer"
    assert connection.verify == str(files["ca_path"])
    assert connection.cert == (str(files["client_cert"]), str(files["client_key"]))
    assert dict(connection.proxies) == dict.fromkeys(("http", "https"), ALL["proxy"])
    assert (connection.timeout, connection.retries) == (12.5, 0)
    texts = [path.read_text(encoding="utf-8") for path in files.values()]
    assert texts == [ALL["ca_certificates"], ALL["client_cert"], ALL["client_key"]]


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(set(ALL) - set(LEAST), "")], ids=["left out", "empty"])
def test_fields_without_a_value_leave_the_option_out(empty: dict[str, str], tmp_path: Path) -> None:
    environment = injected({**LEAST, **empty}, tmp_path)
    assert resolve({}, {}, environment) == LEAST
    connection = connect(LEAST, environment)
    assert connection == connect(LEAST, {})
    assert connection.verify is True


def test_fields_without_a_value_leave_the_option_to_a_profile(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles.yml"
    others = {"auth_scheme": "Bearer", "ca_path": "/ca", "client_cert": "/cert", "timeout": 5, "retries": 7}
    profiles.write_text(yaml.safe_dump({"site": {**others, "api_url": "https://other.example.org"}}), encoding="utf-8")
    environment = {**injected(LEAST, tmp_path), "WALDUR_PROFILES_FILE": str(profiles), "WALDUR_PROFILE": "site"}
    assert resolve({}, {}, environment) == {**others, **LEAST}


@pytest.mark.parametrize(("given", "checked"), [("true", True), ("false", False), (True, True), (False, False)])
def test_certificates_are_checked_as_awx_writes_the_choice_or_a_boolean(
    given: Any, checked: bool, tmp_path: Path
) -> None:
    environment = injected({**LEAST, "validate_certs": given}, tmp_path)
    assert connect(resolve({}, {}, environment), environment).verify is checked


# --- the project -----------------------------------------------------------------------------------------------------


def read(name: str) -> Any:
    return yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))


def test_the_inventory_has_a_host_for_each_provider_and_the_collection_is_installed() -> None:
    assert read("inventory/fleet.waldur.yml") == {"plugin": "waldur.provider.inventory", "hosts": "service_providers"}
    assert read("collections/requirements.yml") == {"collections": [{"name": "waldur.provider"}]}


def test_ansible_reads_from_the_project_that_an_inventory_which_fails_ends_the_run() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    command = [str(Path(sys.executable).with_name("ansible-config")), "dump", "--only-changed", "--format", "yaml"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    changed = {entry["name"]: entry["value"] for entry in yaml.safe_load(done.stdout) if "origin" in entry}
    del changed["CONFIG_FILE"]
    assert changed == {"INVENTORY_ANY_UNPARSED_IS_FAILED": True}
