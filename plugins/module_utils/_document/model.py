# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state as typed data; each resource declares the type of its desired state in its own file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

# What an entry or an option can refer to: a customer, which may lack a service provider, or a provider.
CUSTOMER_REFERENCE = "customer"
PROVIDER_REFERENCE = "service_provider"

DesiredState = TypeVar("DesiredState")


class Unset(Enum):
    """The one value that means: not in the document, leave as it is."""

    UNSET = 0


UNSET = Unset.UNSET


@dataclass(frozen=True)
class ImageFile:
    """An image to upload: its file's base name and bytes. No name and no bytes: remove the image."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class UserEntry:
    """An entry about a user; ``where`` is its place in a list, empty for the options of a task."""

    where: str
    user: str

    def option(self, name: str) -> str:
        """Return what messages call an option of this entry."""
        return f"{self.where}.{name}" if self.where else name

    @property
    def place(self) -> str:
        """What messages call the entry itself."""
        return self.where or "user"


@dataclass(frozen=True)
class ProviderDocument:
    """The desired state of one provider.

    ``reference`` is a reference of the kind ``reference_kind`` to a customer or a service provider. ``desired_states``
    are those of resources, each of a type of its own; resources without one are left alone.
    """

    where: str
    reference: str
    reference_kind: str = CUSTOMER_REFERENCE
    desired_states: tuple[object, ...] = ()

    def get(self, desired_type: type[DesiredState]) -> DesiredState | None:
        """Return the desired state of that type; None where the document has none."""
        return next((state for state in self.desired_states if isinstance(state, desired_type)), None)


ReadImage = Callable[[str, str], ImageFile]
