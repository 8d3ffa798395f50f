# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is there as files that can be kept in git: documents, and the images beside them. Nothing of Waldur changes."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import _images, _uuids
from ._client import Row
from ._document_text import document_text
from ._errors import LONGEST_PATH, InvalidInput, WaldurError, said
from ._export import Exported, exported
from ._files import LARGEST_DOCUMENT
from ._folder import Folder, require_plain_path
from ._session import Session
from ._written import Note

_ENDINGS = (".yml", ".yaml")
_IMAGES = "files"
_UNSAFE = re.compile(r"[^a-z0-9]+")
# Names without a letter, with a UUID at their end, and those of devices on Windows, where a repository could not be
# checked out any more.
_TAKEN = re.compile(r"|.*[0-9a-f]{32}|con|prn|aux|nul|(com|lpt)[0-9]")


@dataclass(frozen=True)
class _File:
    """What a file is to hold, and the name of the provider that it is about (None: of several)."""

    content: bytes
    name: str | None


def export(session: Session, options: Mapping[str, Any], *, check: bool, diff: bool) -> dict[str, Any]:
    """Writes the files that differ; in check mode only says which. Everything is read before anything is written.

    Raises ``WaldurError``: what can't be read, or a folder or file that can't be written.
    """
    dest = options["dest"]
    if not dest.strip():
        raise InvalidInput("dest: is empty: give a folder, or a file that ends in .yml.")
    require_plain_path("dest", dest)
    found = exported(session, options["service_providers"], options["parts"])
    # Of all of them, so that a file is called the same whichever of them are exported.
    rows = {one.target.customer_uuid: one.target.row or {} for one in found}
    rows.update({_uuids.normal(row.get("customer_uuid")) or "": row for row in session.references.providers()})
    names = _names(rows)
    images: dict[str, bytes] = {}
    if options["images"] and "profile" in options["parts"]:
        found, images = _with_images(session, found, rows, names)
    folder = Folder("dest", os.path.dirname(dest) if dest.endswith(_ENDINGS) else dest)
    wanted = _files(dest, found, names, images)
    there = {path: folder.read(path, LARGEST_DOCUMENT) for path in wanted}
    differing = [path for path in sorted(wanted) if wanted[path].content != there[path]]
    result: dict[str, Any] = {
        "changed": bool(differing),
        "warnings": session.warnings,
        "files": [
            {"path": path, "service_provider": wanted[path].name, "changed": path in differing}
            for path in sorted(wanted)
        ],
        "notes": [note.as_dict(one.target) for one in found for note in one.notes],
        "count": len(found),
    }
    if diff:
        result["diff"] = [_shown(path, there[path], wanted[path].content) for path in differing]
    if not check:
        # Images first: a document never names one that is not there.
        ordered = sorted(differing, key=lambda path: path.endswith(_ENDINGS))
        for number, path in enumerate(ordered):
            _write(folder, path, wanted[path].content, ordered[:number])
    return result


def _names(rows: Mapping[str, Row]) -> dict[str, str]:
    """Return a name for each customer's files that no other customer has, whatever slugs there are: the slug, else made
    of the customer's name. Names that are the same, that could pass for one with a UUID, or that Windows reserves, get
    the customer's UUID."""
    names = {}
    for uuid, row in rows.items():
        slug = str(row.get("customer_slug") or row.get("customer_name") or "")
        names[uuid] = _UNSAFE.sub("-", slug.lower())[:100].strip("-")
    often = Counter(names.values())
    return {
        uuid: name if often[name] == 1 and not _TAKEN.fullmatch(name) else f"{name}-{uuid}".strip("-")
        for uuid, name in names.items()
    }


def _with_images(
    session: Session, found: Iterable[Exported], rows: Mapping[str, Row], names: Mapping[str, str]
) -> tuple[list[Exported], dict[str, bytes]]:
    """What was exported with its images named in the entries, and these by their paths beside a document."""
    whole, images = [], {}
    for one in found:
        url, path = rows[one.target.customer_uuid].get("image"), None
        if url:
            content = _downloaded(session, one.target.name, url)
            kind = _images.content_type(content)
            if kind and len(content) <= _images.LIMIT:
                path = f"{_IMAGES}/{names[one.target.customer_uuid]}.{kind.rpartition('/')[2]}"
                images[path] = content
        whole.append(_with_image(one, path) if url else one)
    return whole, images


def _downloaded(session: Session, name: str, url: str) -> bytes:
    try:
        return session.client.download(url)
    except WaldurError as error:
        error.message = f"{name}: {error.message} Set images: false to leave images out."
        error.args = (error.message,)
        raise


def _with_image(one: Exported, path: str | None) -> Exported:
    """``one`` with its image at ``path``; None: it is none that a document could upload again, and a note says so."""
    notes = [note for note in one.notes if note.key != "image"]
    if path:
        return replace(one, entry={"customer": one.entry["customer"], "image": path, **one.entry}, notes=notes)
    text = f"{one.target.name}: its image is of a kind or size that can't be uploaded again, so it was left out."
    return replace(one, notes=[Note("image", None, text), *notes])


def _files(
    dest: str, found: Sequence[Exported], names: Mapping[str, str], images: Mapping[str, bytes]
) -> dict[str, _File]:
    if dest.endswith(_ENDINGS):
        folder, files = os.path.dirname(dest), {dest: _File(_document(found), None)}
    else:
        folder = dest
        files = {
            os.path.join(folder, f"{names[one.target.customer_uuid]}.yml"): _File(_document([one]), one.target.name)
            for one in found
        }
    owners = {one.entry.get("image"): one.target.name for one in found}
    files.update({os.path.join(folder, path): _File(content, owners[path]) for path, content in images.items()})
    return files


def _document(found: Iterable[Exported]) -> bytes:
    found = list(found)
    notes = [note.as_dict(one.target)["text"] for one in found for note in one.notes]
    return document_text([one.entry for one in found], notes).encode()


def _write(folder: Folder, path: str, content: bytes, before: Sequence[str]) -> None:
    try:
        folder.write(path, content)
    except OSError as error:
        raise InvalidInput(
            f"dest: can't write {said(path, LONGEST_PATH)}: {error.strerror}. Files written before it: {len(before)}.",
            changed=bool(before),
            written=list(before),
        ) from None


def _shown(path: str, before: bytes | None, after: bytes) -> dict[str, str]:
    told = _text if path.endswith(_ENDINGS) else _digest
    return {"before_header": path, "after_header": path, "before": told(before), "after": told(after)}


def _text(content: bytes | None) -> str:
    return (content or b"").decode(errors="replace")


def _digest(content: bytes | None) -> str:
    if content is None:
        return ""
    digest = _images.digest(content)
    return f"sha256:{digest.sha256}, {digest.size} bytes\n"
