# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema of a document: the fields of an entry, and what reads one. The resources declare both. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._common import values
from .._common.errors import Problems
from .duplicates import find_duplicate_providers
from .fields import Field, FileField, ListField, MappingField
from .model import ProviderDocument, ReadImage

# The list that holds the entries of a document.
ENTRIES = "service_providers"
# The mapping that holds what entries have in common.
DEFAULTS = "defaults"
# Top-level keys that begin so are ignored: they hold anchors.
FREE_PREFIX = "x-"


@dataclass(frozen=True)
class DocumentSchema:
    """The ``fields`` of an entry, and ``read_entry``, which makes the desired state of one.

    ``read_entry`` takes the entry's name in messages, the entry, and what reads an image. It raises ``InvalidInput``
    with all errors of the entry.
    """

    fields: tuple[Field[Any], ...]
    read_entry: Callable[[str, Any, ReadImage], ProviderDocument]

    @cached_property
    def default_keys(self) -> tuple[str, ...]:
        """The keys that entries can have in common."""
        return tuple(field.name for field in self.fields if field.is_common)

    @cached_property
    def keys_without_null(self) -> tuple[str, ...]:
        """The keys that entries can have in common and that are wrong without a value."""
        return tuple(field_.name for field_ in self.fields if field_.is_common and field_.null_hint)

    @cached_property
    def needed(self) -> dict[str, str]:
        """The fields that have no meaning without another one, each with the name of that one."""
        return {field.name: field.needs for field in self.fields if field.needs}

    @cached_property
    def sample(self) -> dict[str, Any]:
        """The least entry in which each field may stand."""
        required = {field.name: "any" for field in self.fields if field.required}
        return {**required, **{name: [] for name in self.needed.values()}}

    @cached_property
    def file_keys(self) -> tuple[str, ...]:
        """The keys that hold paths."""
        return tuple(field.name for field in self.fields if isinstance(field, FileField))

    @cached_property
    def merged_lists(self) -> dict[str, tuple[Field[Any], ...]]:
        """The lists that are joined with their defaults, each with the fields that identify an entry."""
        identities: dict[str, tuple[Field[Any], ...]] = {}
        for field in self.fields:
            if isinstance(field, ListField) and isinstance(field.item, MappingField):
                item = field.item
                identities[field.name] = tuple(inner for inner in item.fields if inner.name in item.identity)
        return identities

    def read(self, document: Any, read_image: ReadImage, where: str = ENTRIES) -> list[ProviderDocument]:
        """Return the desired states of a whole document. Raises ``InvalidInput`` with all errors of all entries."""
        problems = Problems()
        entries = enumerate(values.sequence(where, document))
        results = [
            problems.attempt(self.read_entry, f"{where}[{index}]", entry, read_image) for index, entry in entries
        ]
        documents = [entry for entry in results if entry is not None]
        for _document, error in find_duplicate_providers(documents):
            problems.add(error)
        problems.raise_errors()
        return documents

    def takes_defaults(self, entry: Any) -> bool:
        """Return whether an entry takes defaults: what is deleted has no other keys, and what is not a mapping is
        rejected with its place."""
        return isinstance(entry, Mapping) and entry.get("state") != "absent"
