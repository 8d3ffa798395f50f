# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find entries of a document that are about the same object, as far as that is known without Waldur. Pure.

Two different references can still mean the same object, such as a username and an e-mail address: the resources compare
the objects once the references are resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._common import uuids
from .._common.errors import InvalidInput, quote
from .._common.rules import Rule
from .model import ProviderDocument


def find_duplicate_items(items: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[InvalidInput]:
    """Yield an error for each item of a list that has the same identity as an earlier one.

    ``items`` are places, each with the values that identify its item, such as a user and a role.
    """
    first: dict[tuple[str, ...], str] = {}
    for place, identity in items:
        earlier = first.setdefault(tuple(map(_comparable, identity)), place)
        if earlier != place:
            shown = " as ".join(quote(value.strip()) for value in identity)
            yield InvalidInput(
                f"{place}: {shown} duplicates {earlier}: keep one of the two.", rule=Rule.DUPLICATE_ENTRY
            )


def find_duplicate_providers(documents: Iterable[ProviderDocument]) -> Iterator[tuple[ProviderDocument, InvalidInput]]:
    """Yield each entry of a document whose provider an earlier one has, with the error."""
    first: dict[str, str] = {}
    for document in documents:
        earlier = first.setdefault(_comparable(document.reference), document.where)
        if earlier != document.where:
            place = f"{document.where}.{document.reference_kind}"
            shown = quote(document.reference.strip())
            message = f"{place}: {shown} duplicates {earlier}: make one entry of the two."
            yield document, InvalidInput(message, rule=Rule.DUPLICATE_ENTRY)


def _comparable(reference: str) -> str:
    return uuids.normalize(reference) or reference.strip()
