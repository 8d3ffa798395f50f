# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that a document must follow. Their ids are stable, so that reports can be compared and filtered by them."""

from __future__ import annotations

from enum import Enum


class Rule(Enum):
    """A rule, by its id; ``description`` says what breaks it."""

    YAML_SYNTAX = "yaml-syntax", "The file is not valid YAML, or not UTF-8 text."
    YAML_FEATURE = "yaml-feature", "A YAML feature that documents can't use, such as a tag or too deep nesting."
    DUPLICATE_KEY = "duplicate-key", "A mapping has the same key twice."
    UNKNOWN_KEY = "unknown-key", "A key that is not known, such as a misspelt one."
    MISSING_KEY = "missing-key", "A required key is missing, or has no value."
    UNQUOTED_VALUE = "unquoted-value", "YAML reads an unquoted word as a number, boolean or date: quote it."
    WRONG_TYPE = "wrong-type", "A value has the wrong type, such as a list instead of a mapping."
    INVALID_CHOICE = "invalid-choice", "A value is not one of those that the key takes."
    INVALID_DATE = "invalid-date", "A value is not a valid date or time."
    TOO_LONG = "too-long", "A text is longer than Waldur stores."
    OUT_OF_RANGE = "out-of-range", "A number is too small or too large."
    INVALID_VALUE = "invalid-value", "A value is empty, or has a form that Waldur does not accept."
    CONFLICTING_KEYS = "conflicting-keys", "Keys that contradict each other, or a key without the one that it needs."
    DUPLICATE_ENTRY = "duplicate-entry", "Two entries are about the same object, such as the same user and role."
    UNREADABLE_FILE = "unreadable-file", "A file is missing, unreadable, too large, or not an image."

    def __init__(self, identifier: str, description: str) -> None:
        self.id = identifier
        self.description = description
