# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Typed fields: what a document and the options of a module may hold. The schema is a tree of them. Pure.

Argument specs, the validation of documents and the defaults of entries are derived from these declarations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from .._common import values
from .._common.errors import InvalidInput, Problems
from .._common.expiries import parse_duration
from .._common.rules import Rule
from .duplicates import find_duplicate_items

Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)


@dataclass(frozen=True)
class Field(ABC, Generic[Value_co]):
    """One field of a document, or one option of a module.

    ``hint`` says what to give where a ``required`` field is missing. ``needs`` names the field beside it without which
    it has no meaning. ``is_common`` says that entries can have its value in common, so that it may be a default.
    A key without a value (null) counts as left out, unless ``null_hint`` says what to give instead.
    """

    name: str
    description: str
    required: bool = field(default=False, kw_only=True)
    default: Value_co | None = field(default=None, kw_only=True)
    hint: str = field(default="", kw_only=True)
    examples: tuple[Any, ...] = field(default=(), kw_only=True)
    needs: str = field(default="", kw_only=True)
    is_common: bool = field(default=True, kw_only=True)
    null_hint: str = field(default="", kw_only=True)

    @abstractmethod
    def read(self, where: str, value: Any) -> Value_co:
        """Return the valid value; ``where`` names it in messages. Raises ``InvalidInput``."""


@dataclass(frozen=True)
class TextField(Field[str]):
    """Text, trimmed, of at most ``max_length`` characters. ``check`` returns the value, or raises ``InvalidInput``.

    ``pattern`` is the regular expression of what ``check`` accepts, for editors: with blanks around the text, and in
    the syntax that Python and ECMAScript have in common.
    """

    max_length: int | None = None
    pattern: str = ""
    check: Callable[[str, str], str] | None = None

    def read(self, where: str, value: Any) -> str:
        """Return the text, trimmed."""
        text = values.text(where, value)
        if self.max_length is not None and len(text) > self.max_length:
            message = f"{where}: has {len(text)} characters, and {self.max_length} are allowed: shorten it."
            raise InvalidInput(message, rule=Rule.TOO_LONG)
        return self.check(where, text) if self.check else text


class ReferenceField(Field[str]):
    """A reference to an object: a name, a UUID or a URL."""

    def read(self, where: str, value: Any) -> str:
        """Return the reference, trimmed."""
        return values.reference(where, value)


class FileField(Field[str]):
    """The path of a file; empty where the file is to be removed. In a document it is relative to that document."""

    def read(self, where: str, value: Any) -> str:
        """Return the path, trimmed."""
        return values.text(where, value)


class BooleanField(Field[bool]):
    """A boolean."""

    def read(self, where: str, value: Any) -> bool:
        """Return the boolean, which may be a word that Ansible takes for one."""
        return values.boolean(where, value)


@dataclass(frozen=True)
class NumberField(Field[int]):
    """A whole number from ``smallest`` to ``largest``."""

    smallest: int = 0
    largest: int = 2**63 - 1

    def read(self, where: str, value: Any) -> int:
        """Return the number."""
        return values.whole_number(where, value, self.smallest, self.largest)


@dataclass(frozen=True)
class ChoiceField(Field[str]):
    """One of ``choices``."""

    choices: tuple[str, ...] = ()

    def read(self, where: str, value: Any) -> str:
        """Return the choice."""
        return values.choice(where, value, self.choices)


class TimestampField(Field["datetime | None"]):
    """A date, a date-time or ``never`` (None)."""

    def read(self, where: str, value: Any) -> datetime | None:
        """Return the time in UTC."""
        return values.expiration(where, value)


class DurationField(Field[timedelta]):
    """A number of days, or text such as ``12h``, ``30d`` or ``4w``."""

    def read(self, where: str, value: Any) -> timedelta:
        """Return the duration."""
        return parse_duration(where, value)


@dataclass(frozen=True)
class MappingField(Field[Value]):
    """A mapping with known ``fields``, of which ``build`` makes the value.

    ``identity`` are the fields by which two entries of a list are about the same, in a document and in its defaults.
    ``keys_are_removable`` says that an empty text and null remove a key, whatever its field takes besides.
    """

    fields: tuple[Field[object], ...] = ()
    build: Callable[[EntryReader], Value] | None = None
    identity: tuple[str, ...] = ()
    keys_are_removable: bool = False

    def read(self, where: str, value: Any) -> Value:
        """Return what ``build`` makes of the mapping. Raises ``InvalidInput`` with all errors in it."""
        if self.build is None:
            raise TypeError(f"{self.name} is read by the resources")
        reader = EntryReader(where, value, self.fields, keys_are_removable=self.keys_are_removable)
        built = self.build(reader)
        reader.problems.raise_errors()
        return built

    def identity_of(self, value: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what a valid mapping has in the fields of ``identity``, or their defaults."""
        identifying = (field_ for field_ in self.fields if field_.name in self.identity)
        return tuple(str(value.get(field_.name) or field_.default) for field_ in identifying)


@dataclass(frozen=True)
class ListField(Field["tuple[Value, ...]"], Generic[Value]):
    """A list of ``item``."""

    item: Field[Value] = field(kw_only=True)

    def read(self, where: str, value: Any) -> tuple[Value, ...]:
        """Return the items. Raises ``InvalidInput`` with all errors of all items."""
        problems = Problems()
        items = {f"{where}[{index}]": item for index, item in enumerate(values.sequence(where, value))}
        results = {place: problems.attempt(self.item.read, place, item) for place, item in items.items()}
        valid = {place: item for place, item in results.items() if item is not None}
        if isinstance(self.item, MappingField) and self.item.identity:
            identity = self.item.identity_of
            for error in find_duplicate_items((place, identity(items[place])) for place in valid):
                problems.add(error)
        problems.raise_errors()
        return tuple(valid.values())


class EntryReader:
    """Read the fields of one mapping, and collect all ``problems``, so that they are reported at once.

    ``where`` names the mapping in messages; it is empty for the options of a task. Fields without a value (null) count
    as left out, except those with a ``null_hint``; with ``keys_are_removable`` they are among the names in ``removed``,
    and so are those with an empty text. Raises ``InvalidInput`` for what is not a mapping.
    """

    def __init__(
        self, where: str, value: Any, fields: Sequence[Field[object]], *, keys_are_removable: bool = False
    ) -> None:
        self.where = where
        self.problems = Problems()
        self.removed: frozenset[str] = frozenset()
        if keys_are_removable and isinstance(value, Mapping):
            self.removed = frozenset(key for key, item in value.items() if _is_blank(item))
            value = {key: None if key in self.removed else item for key, item in value.items()}
        self.values = values.known_keys(where, value, tuple(field_.name for field_ in fields), self.problems)
        has_unknown = bool(self.problems.errors)  # an unknown key may be the misspelt one
        for field_ in fields:
            if field_.required and field_.name not in self.values and not has_unknown:
                message = f"{self.option(field_.name)}: is missing: {field_.hint}."
                self.problems.add(InvalidInput(message, rule=Rule.MISSING_KEY))
            elif field_.null_hint and field_.name in value and value[field_.name] is None:
                message = f"{self.option(field_.name)}: has no value: {field_.null_hint}."
                self.problems.add(InvalidInput(message, rule=Rule.MISSING_KEY))

    def option(self, name: str) -> str:
        """Return what messages call a field."""
        return f"{self.where}.{name}" if self.where else name

    def add_conflict(self, message: str) -> None:
        """Add the error that keys contradict each other, or that a key lacks the one that it needs."""
        self.problems.add(InvalidInput(message, rule=Rule.CONFLICTING_KEYS))

    def __contains__(self, field_: Field[object]) -> bool:
        return field_.name in self.values

    def get(self, field_: Field[Value]) -> Value | None:
        """Return the value of a field, or its default; None where it has none or is not valid."""
        if field_.name not in self.values:
            return field_.default
        return self.problems.attempt(field_.read, self.option(field_.name), self.values[field_.name])


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def date_places(fields: Sequence[Field[Any]], prefix: str = "") -> list[str]:
    """Return the places that take a date as YAML makes it of unquoted text, such as ``users[].expiration_time``."""
    places = []
    for field_ in fields:
        item, place = (
            (field_.item, f"{prefix}{field_.name}[]")
            if isinstance(field_, ListField)
            else (field_, f"{prefix}{field_.name}")
        )
        if isinstance(item, TimestampField):
            places.append(place)
        elif isinstance(item, MappingField):
            places += date_places(item.fields, f"{place}.")
    return places
