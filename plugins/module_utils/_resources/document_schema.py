# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema of the desired-state document, as the resources declare it. Pure."""

from __future__ import annotations

from typing import Any

from .._document.fields import EntryReader, Field, ListField, MappingField
from .._document.model import CUSTOMER_REFERENCE, ProviderDocument, ReadImage
from .._document.schema import ENTRIES, DocumentSchema
from .registry import RESOURCES
from .service_provider_profile import CUSTOMER

FIELDS: tuple[Field[Any], ...] = (CUSTOMER, *(field for resource in RESOURCES for field in resource.fields))


def read_entry(where: str, value: Any, read_image: ReadImage) -> ProviderDocument:
    """Return the desired state of one provider; ``where`` is what messages call the entry.

    Raises ``InvalidInput`` with all errors in it.
    """
    entry = EntryReader(where, value, FIELDS)
    customer = entry.get(CUSTOMER)
    desired_states = [resource.read_document(entry, read_image) for resource in RESOURCES]
    entry.problems.raise_errors()
    declared = tuple(state for state in desired_states if state is not None)
    return ProviderDocument(where, customer or "", CUSTOMER_REFERENCE, declared)


SCHEMA = DocumentSchema(FIELDS, read_entry)

# The whole document as a tree of fields with descriptions.
DOCUMENT: ListField[object] = ListField(
    ENTRIES,
    "The desired state of service providers.",
    item=MappingField[object]("", "The desired state of one service provider.", fields=FIELDS),
)
