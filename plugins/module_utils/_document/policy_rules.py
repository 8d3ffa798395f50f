# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a policy file: the key of each, its values, and its check. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from .._common.errors import InvalidInput, Problems, quote
from .._common.rules import Rule
from .._common.values import known_keys
from .._plan import policy_checks as checks
from .._plan.policy import ReviewedChange
from .._plan.policy_checks import Check
from .fields import DurationField, EntryReader, Field, ListField, NumberField, ReferenceField, TextField

Value = TypeVar("Value")
_DOMAIN = re.compile(r"(?:[^\s@.,/*]+\.)*[^\s@.,/*]+")


@dataclass(frozen=True)
class PolicyRule:
    """A rule: the field of its key, and ``bind``, which returns its check from a policy; None where it is not there."""

    field: Field[object]
    bind: Callable[[EntryReader], Check | None]


def _declare(field: Field[Value], explain: Callable[[Value, ReviewedChange, datetime], str]) -> PolicyRule:
    """Return a rule about single changes; ``explain`` returns why a change breaks it."""

    def bind(reader: EntryReader) -> Check | None:
        value = reader.get(field)
        return None if value is None else checks.for_each_change(value, explain)

    return PolicyRule(field, bind)


def _read_domain(where: str, value: str) -> str:
    domain = value.casefold().removeprefix("@").rstrip(".")
    if not _DOMAIN.fullmatch(domain):
        raise InvalidInput(f"{where}: '{quote(value)}' is not a domain: write it like example.org.")
    return domain


def _user_list(name: str, description: str) -> ListField[str]:
    item = ReferenceField("", "A user, by username, e-mail address, UUID or URL.", examples=("alice@example.org",))
    return ListField(name, description, item=item)


_MAX_ROLE_DURATION = DurationField(
    "max_role_duration",
    "How long after the plan a role that it grants or extends may end: a number of days, or a text such as 12h, 30d or"
    " 4w. A role that never ends is longer, unless permanent_role_users is set, which alone decides about those.",
    examples=("366d",),
)
_PERMANENT_ROLE_USERS = _user_list(
    "permanent_role_users", "The only users who may get a role that never ends. With an empty list, nobody may."
)
_FORBIDDEN_ROLES = ListField(
    "forbidden_roles",
    "Roles that a plan must neither grant nor extend.",
    item=ReferenceField("", "A role, by name or UUID.", examples=("CUSTOMER.OWNER",)),
)
_FORBIDDEN_EMAIL_DOMAINS = ListField(
    "forbidden_email_domains",
    "Domains of e-mail addresses, and their subdomains, whose users must get neither roles nor usernames.",
    item=TextField("", "A domain.", check=_read_domain, pattern=r"^\s*@?[^\s@]+\s*$", examples=("example.com",)),
)
_MAX_CHANGES = NumberField("max_changes", "How many changes a plan may have.", examples=(50,))
_PROTECTED_USERS = _user_list(
    "protected_users", "Users whose roles and usernames a plan must not change in any way, not even revoke."
)
_PROTECTED_PROVIDERS = ListField(
    "protected_providers",
    "Service providers that a plan must not change in any way.",
    item=ReferenceField(
        "", "A service provider: the name or the UUID of its customer, or its UUID.", examples=("Alpha Cloud Ltd",)
    ),
)


def _bind_duration(reader: EntryReader) -> Check | None:
    longest = reader.get(_MAX_ROLE_DURATION)
    is_permanence_decided = _PERMANENT_ROLE_USERS in reader
    explain = checks.explain_duration if is_permanence_decided else checks.explain_duration_or_permanence
    return None if longest is None else checks.for_each_change(longest, explain)


def _bind_number(reader: EntryReader) -> Check | None:
    most = reader.get(_MAX_CHANGES)
    return None if most is None else checks.for_plan(most, checks.explain_number)


RULES: tuple[PolicyRule, ...] = (
    PolicyRule(_MAX_ROLE_DURATION, _bind_duration),
    _declare(_PERMANENT_ROLE_USERS, checks.explain_permanence),
    _declare(_FORBIDDEN_ROLES, checks.explain_role),
    _declare(_FORBIDDEN_EMAIL_DOMAINS, checks.explain_domain),
    PolicyRule(_MAX_CHANGES, _bind_number),
    _declare(_PROTECTED_USERS, checks.explain_user),
    _declare(_PROTECTED_PROVIDERS, checks.explain_provider),
)
FIELDS: tuple[Field[object], ...] = tuple(rule.field for rule in RULES)


def parse_rules(name: str, rules: Mapping[Any, Any], problems: Problems) -> dict[str, Check]:
    """Return the checks of the file ``name`` by the keys of its rules; all errors in it are added to ``problems``."""
    names = tuple(field.name for field in FIELDS)
    known = known_keys(name, rules, names, problems)
    for key in names:
        if key in rules and key not in known:  # null would switch the rule off unnoticed
            message = f"{name}: {key}: has no value: give one, or remove the key."
            problems.add(InvalidInput(message, rule=Rule.MISSING_KEY))
    if not rules:
        message = f"{name}: has no rules: write one of {', '.join(names)}."
        problems.add(InvalidInput(message, rule=Rule.MISSING_KEY))
    reader = EntryReader("", known, FIELDS)
    bound = {rule.field.name: rule.bind(reader) for rule in RULES}
    for error in dict.fromkeys(reader.problems.errors):
        error.message = f"{name}: {error.message}"
        error.args = (error.message,)
        problems.add(error)
    return {key: check for key, check in bound.items() if check is not None}
