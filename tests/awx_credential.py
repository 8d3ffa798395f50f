# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential type for AWX, and what a job gets of a credential of that type."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

AWX = Path(__file__).resolve().parents[1] / "extensions" / "awx"
PROJECT = AWX / "project"
TYPE: dict[str, Any] = yaml.safe_load((AWX / "credential_type.yml").read_text(encoding="utf-8"))
FIELDS: dict[str, dict[str, Any]] = {field["id"]: field for field in TYPE["inputs"]["fields"]}
FILES: dict[str, str] = TYPE["injectors"]["file"]
VARIABLES: dict[str, str] = TYPE["injectors"]["env"]


def injected(inputs: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """The environment of a job with such a credential.

    As AWX does it: only fields that are not empty are known to the templates, fields of type boolean always, and the
    files are written whether their fields are empty or not.
    """
    known: dict[str, Any] = {name: value for name, value in inputs.items() if value or value is False}
    known |= {name: False for name, field in FIELDS.items() if field["type"] == "boolean" and name not in inputs}
    jinja = ImmutableSandboxedEnvironment()
    paths = {label.partition(".")[2]: folder / label for label in FILES}
    known["tower"] = SimpleNamespace(filename=SimpleNamespace(**{name: str(path) for name, path in paths.items()}))
    for label, template in FILES.items():
        (folder / label).write_text(jinja.from_string(template).render(known), encoding="utf-8")
    return {name: jinja.from_string(template).render(known) for name, template in VARIABLES.items()}
