# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service provider, or the customer without one, that a reference means."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .._common import uuids
from .._common.errors import InvalidInput, quote
from .._common.types import Row
from .cache import Criterion

# Longer names would not fit into the URL of a request.
_LONGEST_NAME = 1000


@dataclass
class Target:
    """A service provider, or the customer that is to become one (then ``uuid`` is None until it is created)."""

    customer_uuid: str
    customer_url: str
    name: str
    uuid: str | None = None
    row: Row | None = None


class UnreadTarget(Target):
    """A service provider of which only the UUID is known; its customer is read where it is first used.

    ``read`` returns the provider that the UUID means, which may be that of a customer. Its errors are raised by
    ``load``, and where the name or the customer is used.
    """

    def __init__(self, uuid: str, read: Callable[[], Target]) -> None:
        self.uuid = uuid
        self._read = read

    def load(self) -> None:
        """Read the provider. Raises ``InvalidInput`` where it does not exist."""
        vars(self).update(vars(self._read()))

    def __getattr__(self, name: str) -> Any:
        if name not in ("customer_uuid", "customer_url", "name"):
            raise AttributeError(name)
        self.load()
        return vars(self)[name]


def target_of_provider(row: Row) -> Target:
    """Return the target for ``row``, a checked row of the list of service providers."""
    customer = uuids.normalize(row.get("customer_uuid")) or ""
    name = row.get("customer_name") or customer
    return Target(customer, row.get("customer") or "", name, uuids.normalize(row["uuid"]), row)


def customer_criteria(value: str, prefix: str) -> list[Criterion]:
    """Return how a customer reference is matched, in order; ``prefix`` is what the keys of the rows begin with."""
    uuid = uuids.normalize(value) or uuids.from_url(value, "customers")
    return [
        (uuid or "", f"{prefix}uuid"),
        (value, f"{prefix}name"),
        (value, f"{prefix}abbreviation"),
        (value, f"{prefix}slug"),
    ]


def customer_spellings(rows: Iterable[Row], prefix: str) -> list[str]:
    """Return the names, abbreviations and slugs of customers, names first."""
    keys = [f"{prefix}{key}" for key in ("name", "abbreviation", "slug")]
    return [row[key] for key in keys for row in rows if isinstance(row.get(key), str) and row[key]]


def check_length(option: str, value: str) -> None:
    """Raise ``InvalidInput`` where the reference is longer than any name or URL."""
    if len(value) > _LONGEST_NAME:
        raise InvalidInput(f"{option}: '{quote(value)}' is longer than any name or URL: check it.")
