# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state as typed data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

# What an entry or an option can refer to: a customer, which may lack a service provider, or a provider.
CUSTOMER_REFERENCE = "customer"
PROVIDER_REFERENCE = "service_provider"

DEFAULT_ROLE = "CUSTOMER.MANAGER"


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
class Profile:
    """What the provider itself should be. ``fields`` holds only what the document names.

    ``where`` is the place of the entry, empty for the options of a task.
    """

    state: str = "present"
    fields: Mapping[str, Any] = field(default_factory=dict)
    image: ImageFile | Unset = UNSET
    where: str = field(default="", compare=False)

    def option(self, name: str) -> str:
        """Return what an option of this entry is called in messages."""
        return f"{self.where}.{name}" if self.where else name


@dataclass(frozen=True)
class Entry:
    """An entry of a list of wishes, or the one wish of a task's own options (then ``where`` is empty)."""

    where: str
    user: str

    def option(self, name: str) -> str:
        """What an option of this entry is called in messages."""
        return f"{self.where}.{name}" if self.where else name

    @property
    def place(self) -> str:
        """What the entry itself is called in messages."""
        return self.where or "user"


@dataclass(frozen=True)
class GrantEntry(Entry):
    """One wish for one user and one role; ``expiration_time`` None means never."""

    role: str = DEFAULT_ROLE
    expiration_time: datetime | Unset | None = UNSET
    state: str = "present"


@dataclass(frozen=True)
class Grants:
    """The wishes for roles; ``single`` where they come from the options of one task, not from a list."""

    entries: tuple[GrantEntry, ...]
    exclusive: bool = False
    where: str = "exclusive"
    single: bool = False


@dataclass(frozen=True)
class UsernameEntry(Entry):
    """One wish for the name of one user's accounts."""

    username: str = ""


@dataclass(frozen=True)
class Usernames:
    """The wishes for account names."""

    entries: tuple[UsernameEntry, ...]
    single: bool = False


@dataclass(frozen=True)
class SecretCode:
    """The wish for the API secret code: there, or rotated (once per fingerprint, or always without one)."""

    where: str
    state: str = "present"
    fingerprint: str | None = None


@dataclass(frozen=True)
class Desired:
    """All wishes for one provider. ``reference_kind`` is customer or service_provider; None parts are left alone."""

    where: str
    reference: str
    reference_kind: str = CUSTOMER_REFERENCE
    profile: Profile | None = None
    grants: Grants | None = None
    usernames: Usernames | None = None
    secret_code: SecretCode | None = None


ReadImage = Callable[[str, str], ImageFile]
