# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy in the file that ``policy_path`` names: rules in YAML, or a policy in Rego. Only reads the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .._common import input_files
from .._common.errors import LONGEST_PATH, InvalidInput, Problems, quote
from .._common.rules import Rule
from .._common.yaml_files import read_positions, read_text, read_yaml_with_errors
from .._plan.policy import Policy
from .._plan.policy_checks import RulePolicy
from .policy_rego import OPTION, parse_rego
from .policy_rules import parse_rules
from .schema import FREE_PREFIX

_REGO = ".rego"
# Thousands of rules take less, and Rego is compiled as a whole.
_LARGEST = input_files.MEGABYTE


def policy_name(path: str) -> str:
    """Return what messages call the policy file at ``path``."""
    return quote(os.path.basename(path) or path, LONGEST_PATH)


def read_policy(path: str) -> Policy:
    """Return the policy in the file at ``path``: Rego if its name ends in ``.rego``, else rules in YAML.

    Raises ``InvalidInput`` with all errors in it, and for a file that can't be read to its end.
    """
    if not path.strip():
        raise InvalidInput(f"{OPTION}: is empty: set it to the policy file, or leave it out.")
    name = policy_name(path)
    path = os.path.abspath(input_files.expand_path(OPTION, path))
    if path.endswith(_REGO):
        return parse_rego(name, read_text(path, name, OPTION, limit=_LARGEST))
    problems = Problems()
    problems.source = name
    content = problems.attempt(_read_rules, path, name, problems)
    checks = {} if content is None else parse_rules(name, content, problems)
    problems.raise_errors()
    positions = read_positions(path)
    return RulePolicy(name, checks, {rule: positions.find(rule, is_key=True)[0] for rule in checks})


def check_policy(path: str) -> None:
    """Raise ``InvalidInput`` as ``read_policy`` does, but do not evaluate Rego: its library may be elsewhere."""
    if path.endswith(_REGO):
        read_text(path, policy_name(path), OPTION, limit=_LARGEST)
    else:
        read_policy(path)


def _read_rules(path: str, name: str, problems: Problems) -> dict[Any, Any]:
    """Return the rules by key; top-level keys that begin with ``x-`` are left out. Raises ``InvalidInput``."""
    content = read_yaml_with_errors(path, name, OPTION, problems, limit=_LARGEST)
    if not isinstance(content, Mapping):
        raise InvalidInput(f"{name}: must be a mapping of rules, such as max_changes: 50.", rule=Rule.WRONG_TYPE)
    return {key: value for key, value in content.items() if not (isinstance(key, str) and key.startswith(FREE_PREFIX))}
