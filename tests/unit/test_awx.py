# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential type for AWX, as it is declared; tests/contract gives it to AWX's own code."""

from __future__ import annotations

from types import SimpleNamespace

import yaml
from awx_credential import FIELDS, FILES, TYPE, VARIABLES
from jinja2 import StrictUndefined, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.waldur.provider.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import OPTIONS


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
    assert TYPE["inputs"]["required"] == ["api_url", "access_token"]
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
