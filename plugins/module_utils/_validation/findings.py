# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find all errors of documents in files, with their positions. Only reads files: no URL, no token, no network."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from .._common.errors import InvalidInput, quote
from .._common.yaml_files import Positions, read_positions
from .._document import images, loader
from .._document.model import ReadImage
from .._document.policy_file import policy_name, read_policy
from .._document.policy_rules import FIELDS as POLICY_FIELDS
from .._document.schema import DEFAULTS, ENTRIES
from .._resources.document_schema import SCHEMA

# No system opens a longer path.
_LONGEST_PATH = 4097
# What messages about a value in a document begin with.
_PLACE = re.compile(rf"(?:{'|'.join((ENTRIES, DEFAULTS, *(field.name for field in POLICY_FIELDS)))})(?![\w-])")


@dataclass(frozen=True, order=True)
class Finding:
    """One error: where it is, the id of the rule that is broken, and what to do.

    ``file`` is relative to the current folder where it is below that. ``line`` and ``column`` count from 1. ``place``
    is the path in the document, empty for the file itself. ``closest`` is the known name that is closest to an unknown
    one, else empty.
    """

    file: str
    line: int
    column: int
    place: str
    rule: str
    message: str
    closest: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} [{self.rule}]"

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as a task returns it; null where there is no ``closest``."""
        return {**asdict(self), "closest": self.closest or None}


@dataclass(frozen=True)
class ValidationResult:
    """The outcome: the files that were read, in their order, and the findings by file and position.

    ``entries`` is the number of entries; 0 where there are findings.
    """

    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    entries: int


def validate_documents(path: str, read_image: ReadImage = images.read_image) -> ValidationResult:
    """Return all errors of the file ``path``, or of the documents in that folder.

    Raises ``InvalidInput`` where there is nothing to validate: no such file or folder, or no document in it.
    """
    sources: loader.Sources = {}
    entries = 0
    errors: tuple[InvalidInput, ...] = ()
    try:
        entries = len(loader.load_checked(path, read_image, SCHEMA, sources))
    except InvalidInput as error:
        errors = error.errors or (error,)
        if not all(single.source in sources for single in errors):
            raise
    read_once = cache(read_positions)
    findings = {_finding(single, sources[single.source], read_once) for single in errors}
    return ValidationResult(tuple(map(_shown_path, sources.values())), tuple(sorted(findings)), entries)


def validate_policy(path: str) -> ValidationResult:
    """Return all errors of the policy file at ``path``. Raises ``InvalidInput`` where it can't be opened."""
    errors: tuple[InvalidInput, ...] = ()
    try:
        read_policy(path)
    except InvalidInput as error:
        errors = error.errors or (error,)
        if not os.path.isfile(path):
            raise
    for single in errors:
        single.source = policy_name(path)
    absolute = os.path.abspath(path)
    findings = {_finding(single, absolute, cache(read_positions)) for single in errors}
    return ValidationResult((_shown_path(absolute),), tuple(sorted(findings)), 0)


def _finding(error: InvalidInput, path: str, read_positions: Callable[[str], Positions]) -> Finding:
    message = error.message.removeprefix(f"{error.source}: ")
    line, column = error.line, error.column
    if line:
        message = message.removeprefix(f"line {line}: ")
        place = error.place.removeprefix(error.source).removeprefix(": ")
    else:
        begin = error.place.removeprefix(f"{error.source}: ").removeprefix(f"{error.source}.")
        place = begin or message.partition(": ")[0]
        place = place if begin or _PLACE.match(place) else ""
        line, column = read_positions(path).find(place, is_key=bool(begin))
    return Finding(_shown_path(path), line, column, place, error.rule.id, message, error.closest)


def _shown_path(path: str) -> str:
    """Return a path as findings show it: relative to the current folder, or absolute where it is elsewhere."""
    relative = os.path.relpath(path)
    return quote(path if relative.startswith(os.pardir) else relative, _LONGEST_PATH)
