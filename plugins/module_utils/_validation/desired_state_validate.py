# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validate documents as a task does: find all errors, write the reports, and fail if there are errors."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from .._common.errors import InvalidInput, combine_errors
from .._common.input_files import LARGEST_DOCUMENT
from .._common.shown_paths import quote_path
from .._document.model import ReadImage
from .._export.output_folder import Folder, require_plain_path
from .findings import ValidationResult, validate_documents, validate_policy
from .reports import render_code_quality, render_junit

# What writes the report that an option names.
REPORTS: dict[str, Callable[[ValidationResult], bytes]] = {
    "junit_file": render_junit,
    "code_quality_file": render_code_quality,
}


def validate(options: Mapping[str, Any], read_image: ReadImage, *, check: bool) -> dict[str, Any]:
    """Return the result for valid documents and a valid policy; reports are written in any case, but not in check mode.

    Raises ``InvalidInput`` with all errors of all documents, or for a report that can't be written.
    """
    validation = validate_documents(options["providers_path"], read_image)
    if options.get("policy_path") is not None:
        policy = validate_policy(options["policy_path"])
        files = tuple(dict.fromkeys((*validation.files, *policy.files)))
        findings = tuple(sorted({*validation.findings, *policy.findings}))
        validation = ValidationResult(files, findings, validation.entries)
    changed = write_reports(validation, options, check=check)
    result: dict[str, Any] = {
        "changed": changed,
        "files": list(validation.files),
        "findings": [finding.as_dict() for finding in validation.findings],
        "errors": [str(finding) for finding in validation.findings],
    }
    if validation.findings:
        message = combine_errors(result["errors"]).message
        raise InvalidInput(message, **result)
    return {**result, "count": validation.entries}


def write_reports(validation: ValidationResult, options: Mapping[str, Any], *, check: bool = False) -> bool:
    """Write the reports that ``options`` name where they differ, and return whether there is one that differs.

    Nothing is written in check mode. Raises ``InvalidInput``, which names the option.
    """
    differing = [
        _write(option, options[option], make(validation), check=check)
        for option, make in REPORTS.items()
        if options.get(option)
    ]
    return any(differing)


def _write(option: str, path: str, content: bytes, *, check: bool) -> bool:
    require_plain_path(option, path)
    folder = Folder(option, os.path.dirname(path))
    if folder.read(path, LARGEST_DOCUMENT) == content:
        return False
    if not check:
        try:
            folder.write(path, content)
        except OSError as error:
            raise InvalidInput(f"{option}: can't write {quote_path(path)}: {error.strerror}.") from None
    return True
