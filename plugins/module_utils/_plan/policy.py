# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies: what they review in a plan, and what they reject. Pure."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._common.errors import InvalidInput
from .changes import Change

# A message lists so many violations; a result holds all of them.
_MOST_LISTED = 10
_ADVICE = "Nothing was changed. Change the documents, or have the policy changed."
_FILE = re.compile(r"(?P<file>.+?): service_providers\[")


@dataclass(frozen=True)
class ReviewedChange:
    """A change of a plan. ``entry`` is the place of its provider's entry, ``provider_uuid`` the provider's UUID."""

    change: Change[object]
    entry: str = ""
    provider_uuid: str | None = None

    @property
    def place(self) -> str:
        """The place in the documents that asks for the change, as exactly as it is known."""
        return self.change.subject.place or self.entry


@dataclass(frozen=True)
class ReviewedPlan:
    """A plan as policies review it: its changes in order, the time of Waldur, and the content of plan.json."""

    changes: Sequence[ReviewedChange]
    now: datetime
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Violation:
    """What a policy rejects: the key of the rule, why, and the change; None where the rule is about the whole plan.

    ``policy`` is the file of the policy, and ``line`` that of the rule in it (0: not known). They are named where no
    entry of a document causes the violation.
    """

    rule: str
    reason: str
    reviewed: ReviewedChange | None = None
    policy: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """The place in the documents that causes the violation, empty where there is none."""
        return self.reviewed.place if self.reviewed else ""

    @property
    def message(self) -> str:
        """The violation as a sentence without its full stop: the place, the change, why it is rejected, the rule."""
        line = f"line {self.line}: " if self.line else ""
        place = f"{self.place}: " if self.place else f"{self.policy}: {line}"
        change = f"{self.reviewed.change}: " if self.reviewed else ""
        return f"{place}{change}{self.reason} [{self.rule}]"

    def as_dict(self) -> dict[str, Any]:
        """Return the violation as it is returned to users and pipelines; null where something is not known."""
        return {
            "rule": self.rule,
            "message": self.message,
            "file": file_of(self.place) if self.place else self.policy,
            "line": None if self.place else self.line or None,
            "place": self.place or None,
            "change": self.reviewed.change.as_dict() if self.reviewed else None,
        }


class Policy(ABC):
    """What decides whether a plan may be carried out. ``name`` is that of its file in messages."""

    name: str

    @abstractmethod
    def review(self, plan: ReviewedPlan) -> list[Violation]:
        """Return everything in the plan that the policy rejects."""


def file_of(place: str) -> str | None:
    """Return the file of a place in documents; None where the document is given as data."""
    match = _FILE.match(place)
    return match["file"] if match else None


def add_line(violation: Mapping[str, Any], line: int) -> dict[str, Any]:
    """Return a violation, as ``as_dict`` returns it, with the line of its place, in its message too."""
    start = f"{violation['file']}: "
    message = str(violation["message"])
    if message.startswith(start):
        message = f"{start}line {line}: {message.removeprefix(start)}"
    return {**violation, "line": line, "message": message}


def describe_rejection(policy: str, messages: Sequence[str]) -> str:
    """Return that the file ``policy`` rejects a plan, for the reasons in ``messages``, as a sentence for users."""
    listed = " ".join(f"({number}) {message}." for number, message in enumerate(messages[:_MOST_LISTED], 1))
    hidden = len(messages) - _MOST_LISTED
    more = f" And {hidden} more, listed in policy_violations." if hidden > 0 else ""
    count = "1 violation" if len(messages) == 1 else f"{len(messages)} violations"
    return f"policy_path: {policy} rejects the plan, with {count}: {listed}{more} {_ADVICE}"


def reject(policy: Policy, violations: Sequence[Violation]) -> None:
    """Raise ``InvalidInput`` with all violations, if there are any."""
    if violations:
        raise InvalidInput(
            describe_rejection(policy.name, [violation.message for violation in violations]),
            policy_violations=[violation.as_dict() for violation in violations],
        )
