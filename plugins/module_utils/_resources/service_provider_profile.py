# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired profile of a service provider, its fields in a document, and the current state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._common.json_values import to_plain
from .._common.types import Row
from .._document import images
from .._document.fields import (
    BooleanField,
    ChoiceField,
    EntryReader,
    Field,
    FileField,
    ListField,
    ReferenceField,
    TextField,
)
from .._document.model import CUSTOMER_REFERENCE, UNSET, ImageFile, ReadImage, Unset
from .account_options import ACCOUNT_OPTIONS, ACCOUNT_OPTIONS_KEY, SCOPE, SHARED
from .account_options_changes import AccountOptionsWrite, DesiredAccountOptions
from .account_options_state import AccountState
from .username_resolutions import RESOLUTIONS, ResolutionEntry

NEWER_SINCE = 2026
NEWER_KEYS = ("allowed_domains", ACCOUNT_OPTIONS_KEY)
_DESCRIPTION_LIMIT = 2000  # api-behaviour: providers-description


@dataclass(frozen=True)
class Profile:
    """The desired profile. ``fields`` holds only what the document names.

    ``where`` is the place of the entry, empty for the options of a task. ``resolutions`` are the usernames that users
    keep where their accounts become one.
    """

    state: str = "present"
    fields: Mapping[str, Any] = field(default_factory=dict)
    image: ImageFile | Unset = UNSET
    where: str = field(default="", compare=False)
    resolutions: tuple[ResolutionEntry, ...] = ()

    @property
    def account_options(self) -> DesiredAccountOptions:
        """The part of the profile that can change accounts."""
        return DesiredAccountOptions(self.fields.get(ACCOUNT_OPTIONS_KEY) or {}, self.resolutions, self.where)

    def option(self, name: str) -> str:
        """Return what messages call an option of this entry."""
        return f"{self.where}.{name}" if self.where else name


CUSTOMER = ReferenceField(
    CUSTOMER_REFERENCE,
    "The customer that is the service provider: a name, an abbreviation, a slug, a UUID or a URL.",
    required=True,
    hint="name the customer that is the service provider",
    examples=("University HPC",),
    is_common=False,
)
STATE = ChoiceField(
    "state",
    "Whether the customer is a service provider.",
    default="present",
    choices=("present", "absent"),
    is_common=False,
)
_IMAGE = FileField(
    "image",
    "The file of the image, relative to the document; empty text removes the image.",
    examples=("files/logo.png",),
)
_SENT: tuple[Field[object], ...] = (
    TextField(
        "description",
        "The description.",
        max_length=_DESCRIPTION_LIMIT,
        examples=("Compute and storage for research",),
    ),
    BooleanField("enable_notifications", "Whether Waldur sends notifications."),
    ListField(
        "allowed_domains",
        "The domains of e-mail addresses that may use the offerings (Waldur 2026).",
        item=ReferenceField("", "A domain.", examples=("example.org",)),
    ),
    ACCOUNT_OPTIONS,
)
PROFILE_FIELDS = (_SENT[0], _SENT[1], _IMAGE, *_SENT[2:], RESOLUTIONS)


def read_profile(entry: EntryReader, state: str, read_image: ReadImage) -> Profile:
    """Return the profile in an entry, or in the options of a task; errors are collected."""
    fields = {field_.name: to_plain(entry.get(field_)) for field_ in _SENT if field_ in entry}
    image: ImageFile | Unset | None = UNSET
    path = entry.get(_IMAGE)
    if path is not None:
        image = entry.problems.attempt(read_image, entry.option("image"), path) if path else ImageFile("", b"")
    resolutions = entry.get(RESOLUTIONS) or ()
    if resolutions and (fields.get(ACCOUNT_OPTIONS_KEY) or {}).get(SCOPE) != SHARED:
        entry.add_conflict(
            f"{entry.option(RESOLUTIONS.name)}: requires {ACCOUNT_OPTIONS_KEY}.{SCOPE}: {SHARED}, as usernames differ"
            " without harm while each offering has accounts of its own: set it, or leave the entries out."
        )
    return Profile(state, fields, UNSET if image is None else image, entry.where, resolutions)


@dataclass
class ProfileState:
    """The provider's row (None: there is no provider), the digest of its image, what would block its deletion, and the
    accounts that the desired options would change."""

    row: Row | None
    image: images.Digest | None = None
    live_offerings: list[str] = field(default_factory=list)
    newer: bool = True
    accounts: AccountState = field(default_factory=AccountState)

    @property
    def options(self) -> Row:
        """The account options that are stored."""
        return (self.row or {}).get(ACCOUNT_OPTIONS_KEY) or {}


@dataclass(frozen=True)
class ProfileWrite:
    """What a change sends: fields with their JSON values, and the image (UNSET: none is sent, empty: it is removed).

    ``account_options`` is what it sends of the options that can change accounts, alone.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    image: ImageFile | Unset = UNSET
    account_options: AccountOptionsWrite | None = None
