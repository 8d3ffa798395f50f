# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Share what the resolvers cache between threads, and find cached rows by the value of a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from .._common import uuids
from .._common.types import Row

# A reentrant lock.
Lock = AbstractContextManager[bool]


class _HasLock(Protocol):
    lock: Lock


_Resolver = TypeVar("_Resolver", bound=_HasLock)
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

# A value, and the key of the rows that may hold it.
Criterion = tuple[str, str]


def synchronized(
    method: Callable[Concatenate[_Resolver, _Parameters], _Result],
) -> Callable[Concatenate[_Resolver, _Parameters], _Result]:
    """Let one thread at a time run any of the methods that use ``lock``, requests included.

    Providers are read in parallel, and all of them resolve the same references: the second thread finds them in the
    cache instead of sending the request again. All resolvers of a connection share one reentrant lock.
    """

    @wraps(method)
    def locked(self: _Resolver, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        with self.lock:
            return method(self, *args, **kwargs)

    return locked


class RowIndex:
    """The rows of a list, found by the value of a key without a search through all of them."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self._by_key: dict[str, dict[str, list[Row]]] = {}

    def find(self, key: str, value: str) -> list[Row]:
        """Return the rows whose ``key`` holds ``value`` (a UUID in its normal form); none for an empty value."""
        if key not in self._by_key:
            index: dict[str, list[Row]] = {}
            self._by_key[key] = index
            for row in self.rows:
                held = uuids.normalize(row.get(key)) if key.endswith("uuid") else row.get(key)
                if isinstance(held, str):
                    index.setdefault(held, []).append(row)
        return self._by_key[key].get(value, []) if value else []

    def find_first(self, criteria: Iterable[Criterion]) -> list[Row]:
        """Return the rows that match the first of ``criteria`` that any row matches."""
        return next((rows for value, key in criteria if (rows := self.find(key, value))), [])
