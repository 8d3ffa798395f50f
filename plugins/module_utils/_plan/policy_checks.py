# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of the rules in a policy file: why a plan or a change breaks one. Pure.

The rules about roles and e-mail addresses are about changes that give access; a change that only takes access away,
such as an earlier expiry, never breaks them. A rule that can't be checked because the token does not see a user is
broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from .._common import timestamps, uuids
from .._common.errors import quote
from .._common.expiries import describe_duration
from .changes import Subject
from .policy import Policy, ReviewedChange, ReviewedPlan, Violation

Value = TypeVar("Value")
# What finds the changes that break a rule, each with the reason; None stands for the whole plan.
Check = Callable[[ReviewedPlan], Iterable[tuple["ReviewedChange | None", str]]]

_EXPIRY = "expiration_time"
_MOST_NAMED = 10


@dataclass(frozen=True)
class RulePolicy(Policy):
    """A policy of rules: the check of each rule by its key, and the ``lines`` of the keys in the file."""

    name: str
    checks: Mapping[str, Check]
    lines: Mapping[str, int] = field(default_factory=dict)

    def review(self, plan: ReviewedPlan) -> list[Violation]:
        """Return all violations: those of the whole plan, then by change, and of each change by rule."""
        violations = [
            Violation(rule, reason, reviewed, self.name, self.lines.get(rule, 0))
            for rule, check in self.checks.items()
            for reviewed, reason in check(plan)
        ]
        order = {id(reviewed): number for number, reviewed in enumerate(plan.changes, 1)}
        return sorted(violations, key=lambda violation: order[id(violation.reviewed)] if violation.reviewed else 0)


def for_each_change(value: Value, explain: Callable[[Value, ReviewedChange, datetime], str]) -> Check:
    """Return a check of single changes. ``explain`` returns why a change breaks the rule, or an empty text."""

    def check(plan: ReviewedPlan) -> Iterator[tuple[ReviewedChange | None, str]]:
        for reviewed in plan.changes:
            if reason := explain(value, reviewed, plan.now):
                yield reviewed, reason

    return check


def for_plan(value: Value, explain: Callable[[Value, ReviewedPlan], str]) -> Check:
    """Return a check of the whole plan. ``explain`` returns why it breaks the rule, or an empty text."""

    def check(plan: ReviewedPlan) -> Iterator[tuple[ReviewedChange | None, str]]:
        if reason := explain(value, plan):
            yield None, reason

    return check


def explain_duration(longest: timedelta, reviewed: ReviewedChange, now: datetime) -> str:
    """Return why a role that ends lasts too long."""
    expiry = _expiry(reviewed)
    if not _gives_role(reviewed) or expiry is None or expiry <= now + longest:
        return ""
    return f"the role ends at {timestamps.format_utc(expiry)}, and roles may last {describe_duration(longest)}"


def explain_duration_or_permanence(longest: timedelta, reviewed: ReviewedChange, now: datetime) -> str:
    """Return why a role lasts too long; one that never ends does."""
    if _gives_role(reviewed) and _expiry(reviewed) is None:
        return f"the role never ends, and roles may last {describe_duration(longest)}"
    return explain_duration(longest, reviewed, now)


def explain_permanence(allowed: Sequence[str], reviewed: ReviewedChange, _now: datetime) -> str:
    """Return why a role must not be permanent: only the users ``allowed`` may have such roles."""
    if not _gives_role(reviewed) or _expiry(reviewed) is not None:
        return ""
    if any(_is_user(reference, reviewed.change.subject) for reference in allowed):
        return ""
    names = ", ".join(map(quote, allowed[:_MOST_NAMED])) + (", …" if len(allowed) > _MOST_NAMED else "")
    return f"the role never ends, and only those of {names} may" if allowed else "the role never ends, and none may"


def explain_role(forbidden: Sequence[str], reviewed: ReviewedChange, _now: datetime) -> str:
    """Return why the role of a change must not be granted."""
    subject = reviewed.change.subject
    is_forbidden = _gives_role(reviewed) and any(_is_role(reference, subject) for reference in forbidden)
    return f"the role {quote(subject.role or subject.role_uuid)} is forbidden" if is_forbidden else ""


def explain_domain(domains: Sequence[str], reviewed: ReviewedChange, _now: datetime) -> str:
    """Return why the user of a change must not get access: their address is in one of ``domains``, or not known."""
    subject = reviewed.change.subject
    if not reviewed.change.action.gives_access or not subject.user_uuid or not domains:
        return ""
    if not subject.email:
        return f"the e-mail address of {quote(subject.user)} is not known: use a token that sees it"
    domain = subject.email.strip().rpartition("@")[2].casefold().rstrip(".")
    forbidden = next((name for name in domains if domain == name or domain.endswith(f".{name}")), None)
    return f"the e-mail address of {quote(subject.user)} is in the forbidden domain {forbidden}" if forbidden else ""


def explain_number(most: int, plan: ReviewedPlan) -> str:
    """Return why a plan has too many changes."""
    number = len(plan.changes)
    counted = "1 change" if number == 1 else f"{number:,} changes"
    return f"the plan has {counted}, and {most:,} are allowed" if number > most else ""


def explain_user(protected: Sequence[str], reviewed: ReviewedChange, _now: datetime) -> str:
    """Return why a change is about a protected user: the one that it is about, or one whose account it renames."""
    subjects = [reviewed.change.subject, *(rename.subject for rename in reviewed.change.renames)]
    for subject in (subject for subject in subjects if subject.user_uuid):
        if any(_is_user(reference, subject) for reference in protected):
            return f"the user {quote(subject.user)} is protected"
        if any(_is_unverifiable(reference, subject) for reference in protected):
            return (
                f"this token does not see whether {quote(subject.user)} is protected: give UUIDs in the policy, or use"
                " another token"
            )
    return ""


def explain_provider(protected: Sequence[str], reviewed: ReviewedChange, _now: datetime) -> str:
    """Return why a change is about a protected service provider."""
    change = reviewed.change
    known = {uuids.normalize(change.id.get("customer")), uuids.normalize(reviewed.provider_uuid)} - {None}
    is_protected = any(
        _uuid(reference) in known or reference.casefold() == change.service_provider.strip().casefold()
        for reference in protected
    )
    return f"the service provider {quote(change.service_provider)} is protected" if is_protected else ""


def _gives_role(reviewed: ReviewedChange) -> bool:
    return reviewed.change.action.gives_access and bool(reviewed.change.subject.role_uuid)


def _expiry(reviewed: ReviewedChange) -> datetime | None:
    return timestamps.parse_server_time((reviewed.change.after or {}).get(_EXPIRY))


def _uuid(reference: str) -> str | None:
    return uuids.normalize(reference) or uuids.normalize(reference.rstrip("/").rpartition("/")[2])


def _means(reference: str, uuid: str) -> bool:
    """Return whether a reference is that UUID, or a URL with it."""
    return _uuid(reference) is not None and _uuid(reference) == uuids.normalize(uuid)


def _is_user(reference: str, subject: Subject) -> bool:
    known = [name.casefold() for name in (subject.username, subject.email) if name]
    return _means(reference, subject.user_uuid) or reference.casefold() in known


def _is_unverifiable(reference: str, subject: Subject) -> bool:
    """Return whether a reference that matches nothing known of the user may still mean them."""
    is_email_hidden = "@" in reference and not subject.email
    return _uuid(reference) is None and (not subject.username or is_email_hidden)


def _is_role(reference: str, subject: Subject) -> bool:
    return _means(reference, subject.role_uuid) or (
        subject.role is not None and reference.casefold() == subject.role.casefold()
    )
