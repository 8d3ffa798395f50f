# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declarations of the playbooks and their variables, read from ``playbooks/vars/argument_specs.yml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_ROLES = Path(__file__).resolve().parents[3] / "roles"
PATH = Path(__file__).resolve().parents[3] / "playbooks" / "vars" / "argument_specs.yml"


@dataclass(frozen=True)
class Variable:
    """A variable of a playbook.

    ``spec`` is its argument spec, and ``values`` what it takes in words, where it is of the type raw. With
    ``may_be_empty``, an empty value means the same as leaving it out. ``misspelt`` are names that are often written
    instead. ``default`` is its default (None: it has none), ``without`` says what happens without it, and ``required``
    is the remedy if it must not be left out; both are empty where they don't apply. ``pattern`` is the regular
    expression that values must match, empty where any value is valid.
    """

    name: str
    spec: Mapping[str, Any]
    description: str
    values: str = ""
    may_be_empty: bool = False
    misspelt: tuple[str, ...] = ()
    default: Any = None
    without: str = ""
    required: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class Playbook:
    """A playbook and its variables.

    ``hosts`` is the variable that selects its hosts, empty where it runs on localhost, and ``hint`` the end of the
    message about ``--limit``. ``documents`` says whether it needs documents: ``required``, ``optional``, only ``files``
    of them, or empty for none. ``role`` is the role whose variables it takes too, which checks their values itself.
    """

    name: str
    variables: Mapping[str, Variable]
    hint: str
    hosts: str = ""
    documents: str = ""
    role: str = ""

    @property
    def role_variables(self) -> tuple[str, ...]:
        """The names of the role's variables."""
        return _read_role_variables(self.role) if self.role else ()


_SPEC_KEYS = ("type", "elements", "choices")


@cache
def load_playbooks() -> dict[str, Playbook]:
    """Return all playbooks by name, without the name of the collection."""
    content = _read_yaml(PATH)
    declared = content["variables"]
    return {name: _playbook(name, spec, declared) for name, spec in content["playbooks"].items()}


@cache
def _read_role_variables(role: str) -> tuple[str, ...]:
    content = _read_yaml(_ROLES / role / "meta" / "argument_specs.yml")
    return tuple(content["argument_specs"]["main"]["options"])


def _read_yaml(path: Path) -> Any:
    import yaml

    # The loader in C, where PyYAML has it, takes a tenth of the time.
    return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _playbook(name: str, spec: Mapping[str, Any], declared: Mapping[str, Any]) -> Playbook:
    variables = {key: _variable(key, declared[key], own or {}) for key, own in spec["variables"].items()}
    own = {key: spec[key] for key in ("hosts", "documents", "role") if key in spec}
    return Playbook(name, variables, spec["hint"], **own)


def _variable(name: str, declared: Mapping[str, Any], own: Mapping[str, Any]) -> Variable:
    return Variable(
        name,
        {key: declared[key] for key in _SPEC_KEYS if key in declared},
        declared["description"],
        declared.get("values", ""),
        declared.get("may_be_empty", False),
        tuple(declared.get("misspelt", ())),
        pattern=declared.get("pattern", ""),
        **own,
    )
