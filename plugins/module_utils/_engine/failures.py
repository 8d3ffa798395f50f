# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a run continue after the failure of a service provider, and report all failures at its end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._common.errors import Interrupted, RequestNotSent, Unauthorized, WaldurError, WriteInCheckMode
from .._plan.changes import Change
from .._references.targets import Target

# A message names so many service providers; a result holds all of them.
_MOST_NAMED = 10
# What failed is the connection or the token, so the other service providers would fail in the same way.
_OF_ALL_PROVIDERS = (Interrupted, RequestNotSent, Unauthorized, WriteInCheckMode)
_LISTS = ("applied", "uncertain", "not_applied")


def concerns_one_provider(error: WaldurError) -> bool:
    """Return whether the other service providers can proceed after ``error``.

    A signal and a defect, which are the cause of an error, end the run.
    """
    return error.__cause__ is None and not isinstance(error, _OF_ALL_PROVIDERS)


@dataclass(frozen=True)
class ProviderFailure:
    """A service provider that failed: its target, the message, and what became of its changes, as in results.

    ``not_applied`` are its planned changes, if it failed before any of them.
    """

    target: Target
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
    not_applied: Sequence[Change[object]] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the failure as it is returned to users."""
        planned = [change.as_dict() for change in self.not_applied]
        return {
            "service_provider": self.target.name,
            "customer_uuid": self.target.customer_uuid or None,
            "uuid": self.target.uuid,
            "message": self.message,
            "failed_change": self.details.get("failed_change"),
            "applied": self.details.get("applied", []),
            "uncertain": self.details.get("uncertain", []),
            "not_applied": self.details.get("not_applied", planned),
        }


@dataclass
class Failures:
    """The failures of a run. Unless it ``continues``, an error is raised where it occurs."""

    continues: bool
    collected: list[ProviderFailure] = field(default_factory=list)

    @contextlib.contextmanager
    def of(self, target: Target, not_applied: Sequence[Change[object]] = ()) -> Iterator[None]:
        """Collect an error that concerns ``target`` alone. Raises any other ``WaldurError``."""
        try:
            yield
        except WaldurError as error:
            if not self.continues or not concerns_one_provider(error):
                raise
            self.collected.append(ProviderFailure(target, error.message, error.details, not_applied))

    def concern(self, target: Target) -> bool:
        """Return whether the provider has failed."""
        return any(failure.target is target for failure in self.collected)


def make_failure_error(
    failures: Sequence[ProviderFailure],
    applied: Sequence[Change[object]],
    total: int,
    warnings: Sequence[str],
    *,
    check: bool,
) -> WaldurError:
    """Return the error that ends a run in which some of ``total`` service providers failed.

    ``applied`` are the changes of the others, which are only planned with ``check``, and ``warnings`` those of the
    plan.
    """
    named = "; ".join(f"{failure.target.name}: {failure.message}" for failure in failures[:_MOST_NAMED])
    hidden = len(failures) - _MOST_NAMED
    more = f" And {hidden} more, listed in failed_providers." if hidden > 0 else ""
    done = "planned" if check else "applied"
    number = f"{len(applied)} {'change' if len(applied) == 1 else 'changes'}"
    listed = [failure.as_dict() for failure in failures]
    lists = {key: [change for failure in listed for change in failure[key]] for key in _LISTS}
    others = [change.as_dict() for change in applied]
    lists["applied"] = [] if check else others + lists["applied"]
    return WaldurError(
        f"{len(failures)} of {total} service providers failed, and {number} of the others"
        f" {'was' if len(applied) == 1 else 'were'} {done}. {named}{more}",
        changed=bool(others if check else lists["applied"] or lists["uncertain"]),
        failed_change=None,
        failed_providers=listed,
        warnings=list(warnings),
        **({"plan": others} if check else {}),
        **lists,
    )


def with_failures(
    error: WaldurError,
    failures: Sequence[ProviderFailure],
    applied: Sequence[Change[object]],
    remaining: Sequence[Change[object]],
) -> WaldurError:
    """Return ``error``, which ends a run before all service providers were tried, with what was done before it.

    ``applied`` are the changes of providers before it, ``remaining`` those of providers that were not tried.
    """
    listed = [failure.as_dict() for failure in failures]
    before = {key: [change for failure in listed for change in failure[key]] for key in _LISTS}
    details = error.details
    lists = {
        "applied": [change.as_dict() for change in applied] + before["applied"] + details.get("applied", []),
        "uncertain": before["uncertain"] + details.get("uncertain", []),
        "not_applied": before["not_applied"]
        + details.get("not_applied", [])
        + [change.as_dict() for change in remaining],
    }
    error.details = {**details, **lists, "failed_providers": listed}
    error.details["changed"] = bool(lists["applied"] or lists["uncertain"])
    return error
