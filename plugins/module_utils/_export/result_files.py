# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the result of a run into files on the controller, all of them in one task, and pass data to later jobs."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._common import input_files
from .._common.errors import InvalidInput
from .._common.input_files import LARGEST_DOCUMENT
from .._common.shown_paths import quote_path
from .output_folder import Folder, require_plain_path

# Everybody may read the files, as no result holds a secret.
_MODE = 0o644


@dataclass(frozen=True)
class _File:
    """A file to write; ``option`` is what messages call its path, and ``show_diff`` false hides its content."""

    option: str
    path: str
    content: bytes
    show_diff: bool


def write_result_files(options: Mapping[str, Any], *, check: bool, diff: bool) -> dict[str, Any]:
    """Write the files that ``options`` list where they differ, and return the result of the task.

    Nothing is written in check mode. Raises ``InvalidInput``, which names the option.
    """
    folder = _absolute("directory", options.get("directory") or ".")
    files = [
        _file(f"files[{number}]", item, folder)
        for number, item in enumerate(options.get("files") or [])
        if item.get("path")
    ]
    result: dict[str, Any] = {"changed": False, "paths": [file.path for file in files], "diff": []}
    made_folder = folder if options.get("directory") else None
    # All of them are checked first, so that a wrong path leaves none of them written.
    for file in files:
        _check(file, made_folder)
    for file in files:
        before = _write(file, check=check)
        if before != file.content:
            result["changed"] = True
            result["diff"] += [_diff(file, before)] if diff and file.show_diff else []
    if not diff:
        del result["diff"]
    if options.get("stats"):
        result["ansible_stats"] = {"data": options["stats"], "per_host": False, "aggregate": True}
    return result


def _absolute(option: str, path: str) -> str:
    """Return a path as an absolute one; a relative path starts at the folder that Ansible was started in."""
    require_plain_path(option, path)
    return os.path.abspath(input_files.expand_path(option, path))


def _file(place: str, item: Mapping[str, Any], folder: str) -> _File:
    option = f"{place}.path"
    require_plain_path(option, item["path"])
    path = os.path.normpath(os.path.join(folder, input_files.expand_path(option, item["path"])))
    return _File(option, path, _encode(item["content"]), item.get("show_diff") is not False)


def _encode(content: Any) -> bytes:
    """Return text as it is, and anything else as JSON."""
    if isinstance(content, str):
        return content.encode()
    return json.dumps(content, indent=4, ensure_ascii=False).encode() + b"\n"


def _check(file: _File, made_folder: str | None) -> None:
    """Raise ``InvalidInput`` where the file can't be written; only ``made_folder`` may be missing."""
    name = os.path.dirname(file.path)
    Folder(file.option, name).read(file.path, LARGEST_DOCUMENT)
    if name != made_folder and not os.path.isdir(name):
        raise InvalidInput(f"{file.option}: there is no folder {quote_path(name)}: create it, or give another path.")


def _write(file: _File, *, check: bool) -> bytes | None:
    """Write a file unless it has its content already, and return what it held before; None if it did not exist."""
    folder = Folder(file.option, os.path.dirname(file.path))
    before = folder.read(file.path, LARGEST_DOCUMENT)
    if check or (before == file.content and stat.S_IMODE(os.stat(file.path).st_mode) == _MODE):
        return before
    try:
        folder.write(file.path, file.content, _MODE)
    except OSError as error:
        raise InvalidInput(f"{file.option}: can't write {quote_path(file.path)}: {error.strerror}.") from None
    return before


def _diff(file: _File, before: bytes | None) -> dict[str, str]:
    texts = {"before": before or b"", "after": file.content}
    return {
        "before_header": file.path,
        "after_header": file.path,
        **{side: content.decode(errors="replace") for side, content in texts.items()},
    }
