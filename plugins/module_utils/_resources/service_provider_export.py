# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The profile of a service provider as values of a document."""

from __future__ import annotations

import json
from typing import Any

from .._common.errors import InvalidInput, quote
from .._common.types import Row
from .._context import Session
from .._document.exported import Note
from .._document.fields import EntryReader
from .._document.model import ImageFile
from .._references.targets import Target
from .account_options import ACCOUNT_OPTIONS_KEY, exported_options
from .service_provider_comparison import find_differences
from .service_provider_profile import PROFILE_FIELDS, ProfileState, read_profile


def notes_of_options(target: Target, row: Row) -> list[Note]:
    """Return a note for each account option that a document can't hold."""
    _valid, others = exported_options(row.get(ACCOUNT_OPTIONS_KEY) or {})
    text = "contains what a document can't express, so it was left out"
    return [Note(ACCOUNT_OPTIONS_KEY, key, f"{target.name}: its option '{quote(key)}' {text}.") for key in others]


def document_value(name: str, value: Any) -> Any:
    """Return a field's value in the document, whatever order the server gives it in; None: it is left out."""
    if name == "description" and isinstance(value, str):
        return value.strip()
    if name == "allowed_domains" and isinstance(value, list):
        return sorted(value)
    if name == ACCOUNT_OPTIONS_KEY:
        return exported_options(value or {})[0] or None
    return value


def is_stable(session: Session, current: ProfileState, name: str, value: Any) -> bool:
    """Return whether the document takes the value and plans nothing for it; a redacted value would be a change."""
    try:
        entry = EntryReader("", {name: value}, PROFILE_FIELDS)
        desired = read_profile(entry, "present", _no_image)
        entry.problems.raise_errors()
    except InvalidInput:
        return False
    text = json.dumps(value, ensure_ascii=False)
    return not find_differences(desired, current)[1] and session.client.redactor.redact_text(text) == text


def _no_image(where: str, path: str) -> ImageFile:
    raise InvalidInput(f"{where}: an export names no image.")
