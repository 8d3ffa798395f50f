# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the current state as files that can be kept in git: documents, and images beside them. Only reads Waldur."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._common import uuids
from .._common.errors import Forbidden, InvalidInput, NotFound, WaldurError
from .._common.input_files import LARGEST_DOCUMENT, RESERVED_NAMES
from .._common.shown_paths import quote_path
from .._common.types import Row
from .._common.yaml_files import read_yaml
from .._context import Session
from .._document import images
from .._document.exported import Note
from .._document.writer import document_text
from .._references.targets import Target
from .document import Export, ExportedProvider, export_providers
from .output_folder import Folder, require_plain_path

_ENDINGS = (".yml", ".yaml")
_IMAGES = "files"
_UNSAFE = re.compile(r"[^a-z0-9]+")
_LIKE_OURS = re.compile(r"[0-9a-f]{32}$")


@dataclass(frozen=True)
class _File:
    """What a file is to hold, and the name of the provider that it is about (None: of several)."""

    content: bytes
    name: str | None


def export(session: Session, options: Mapping[str, Any], *, check: bool, diff: bool) -> dict[str, Any]:
    """Write the files that differ; in check mode only return which. Everything is read before anything is written.

    Raises ``WaldurError``: what can't be read, or a folder or file that can't be written.
    """
    dest = options["dest"]
    if not dest.strip():
        raise InvalidInput("dest: is empty: give a folder, or a file that ends in .yml.")
    require_plain_path("dest", dest)
    is_named = options["service_providers"] is not None
    read = export_providers(session, options["service_providers"], options["parts"])
    rows = _rows_of_all(session, read)
    names = _names(rows)
    image_files: dict[str, bytes] = {}
    if options["images"] and "profile" in options["parts"]:
        read, image_files = _with_images(session, read, rows, names, is_named=is_named)
    _keep_unreadable(dest, [target for target, _error in read.unreadable], rows)
    folder = Folder("dest", os.path.dirname(dest) if dest.endswith(_ENDINGS) else dest)
    desired = _files(dest, read, names, image_files)
    current = {path: folder.read(path, LARGEST_DOCUMENT) for path in desired}
    differing = [path for path in sorted(desired) if desired[path].content != current[path]]
    result: dict[str, Any] = {
        "changed": bool(differing),
        "warnings": session.warnings,
        "files": [
            {"path": path, "service_provider": desired[path].name, "changed": path in differing}
            for path in sorted(desired)
        ],
        "notes": read.notes(),
        "count": len(read.providers),
    }
    if diff:
        result["diff"] = [_shown(path, current[path], desired[path].content) for path in differing]
    if not check:
        # Images first: a document never names one that is not there.
        ordered = sorted(differing, key=lambda path: path.endswith(_ENDINGS))
        for number, path in enumerate(ordered):
            _write(folder, path, desired[path].content, ordered[:number])
    return result


def _rows_of_all(session: Session, read: Export) -> dict[str, Row]:
    """Return the rows of all providers by customer, so that a file is called the same whichever are exported."""
    rows = {provider.target.customer_uuid: provider.target.row or {} for provider in read.providers}
    rows.update(
        {uuids.normalize(row.get("customer_uuid")) or "": row for row in session.references.provider_list.rows()}
    )
    return rows


def _names(rows: Mapping[str, Row]) -> dict[str, str]:
    """Return a name for each customer's files that no other customer has, whatever slugs there are: the slug, else made
    of the customer's name. Names that are the same, that could pass for one with a UUID, or that Windows reserves, get
    the customer's UUID."""
    names = {}
    for uuid, row in rows.items():
        slug = str(row.get("customer_slug") or row.get("customer_name") or "")
        names[uuid] = _UNSAFE.sub("-", slug.lower())[:100].strip("-")
    often = Counter(names.values())
    taken = {name for name in names.values() if often[name] > 1 or _LIKE_OURS.search(name)} | RESERVED_NAMES
    return {uuid: name if name and name not in taken else f"{name}-{uuid}".strip("-") for uuid, name in names.items()}


def _keep_unreadable(dest: str, targets: Sequence[Target], rows: Mapping[str, Row]) -> None:
    """Raise ``InvalidInput`` where writing one document for all would lose the entry of a provider that can't be read.

    In a folder each provider has files of its own, and those of providers that can't be read are left as they are.
    """
    if not targets or not dest.endswith(_ENDINGS) or not os.path.lexists(dest):
        return
    content = read_yaml(dest, dest, "dest", spelled=False)
    entries = content.get("service_providers") if isinstance(content, Mapping) else None
    listed = {str(entry["customer"]) for entry in entries or [] if isinstance(entry, Mapping) and entry.get("customer")}
    listed_uuids = {uuids.normalize(name) or uuids.from_url(name, "customers") for name in listed}
    for target in targets:
        row = rows[target.customer_uuid]
        names = {target.name, row.get("customer_abbreviation"), row.get("customer_slug")}
        if names & listed or target.customer_uuid in listed_uuids:
            raise InvalidInput(
                f"dest: {quote_path(dest)} has an entry for {target.name}, which can't be read, so writing the"
                " file would lose it: give a folder, or another file."
            )


def _with_images(
    session: Session, read: Export, rows: Mapping[str, Row], names: Mapping[str, str], *, is_named: bool
) -> tuple[Export, dict[str, bytes]]:
    """Return what was exported with its images named in the entries, and these by their paths beside a document."""
    whole: list[ExportedProvider] = []
    image_files: dict[str, bytes] = {}
    unreadable = list(read.unreadable)
    phase = session.progress.begin("images checked")
    for number, provider in enumerate(read.providers):
        if number:
            phase.report(number, len(read.providers))
        url, path = rows[provider.target.customer_uuid].get("image"), None
        content = _downloaded(session, provider.target.name, url, is_named=is_named) if url else b""
        if isinstance(content, WaldurError):
            unreadable.append((provider.target, content))
            continue
        kind = images.content_type(content)
        if kind and len(content) <= images.LIMIT:
            path = f"{_IMAGES}/{names[provider.target.customer_uuid]}.{kind.rpartition('/')[2]}"
            image_files[path] = content
        whole.append(_with_image(provider, path) if url else provider)
    return Export(whole, unreadable), image_files


def _downloaded(session: Session, name: str, url: str, *, is_named: bool) -> bytes | WaldurError:
    """Return an image, or why the token may not read that of a provider that no option names."""
    try:
        return session.client.download(url)
    except WaldurError as error:
        error.message = f"{name}: {error.message} Set images: false to leave images out."
        error.args = (error.message,)
        if is_named or not isinstance(error, (Forbidden, NotFound)):
            raise
        return error


def _with_image(provider: ExportedProvider, path: str | None) -> ExportedProvider:
    """Return ``provider`` with its image at ``path``; None: the image can't be uploaded again, and a note says so."""
    notes = [note for note in provider.notes if note.key != "image"]
    if path:
        entry = {"customer": provider.entry["customer"], "image": path, **provider.entry}
        return replace(provider, entry=entry, notes=notes)
    text = f"{provider.target.name}: its image is of a kind or size that can't be uploaded again, so it was left out."
    return replace(provider, notes=[Note("image", None, text), *notes])


def _files(dest: str, read: Export, names: Mapping[str, str], images: Mapping[str, bytes]) -> dict[str, _File]:
    providers = read.providers
    if dest.endswith(_ENDINGS):
        folder, files = os.path.dirname(dest), {dest: _File(_document(read), None)}
    else:
        folder = dest
        files = {
            os.path.join(folder, f"{names[provider.target.customer_uuid]}.yml"): _File(
                _document(Export([provider], [])), provider.target.name
            )
            for provider in providers
        }
    owners = {provider.entry.get("image"): provider.target.name for provider in providers}
    files.update({os.path.join(folder, path): _File(content, owners[path]) for path, content in images.items()})
    return files


def _document(read: Export) -> bytes:
    entries = [provider.entry for provider in read.providers]
    return document_text(entries, [note["text"] for note in read.notes()]).encode()


def _write(folder: Folder, path: str, content: bytes, before: Sequence[str]) -> None:
    try:
        folder.write(path, content)
    except OSError as error:
        raise InvalidInput(
            f"dest: can't write {quote_path(path)}: {error.strerror}. Files written before it: {len(before)}.",
            changed=bool(before),
            written=list(before),
        ) from None


def _shown(path: str, before: bytes | None, after: bytes) -> dict[str, str]:
    describe = _text if path.endswith(_ENDINGS) else _digest
    return {"before_header": path, "after_header": path, "before": describe(before), "after": describe(after)}


def _text(content: bytes | None) -> str:
    return (content or b"").decode(errors="replace")


def _digest(content: bytes | None) -> str:
    if content is None:
        return ""
    digest = images.digest(content)
    return f"sha256:{digest.sha256}, {digest.size} bytes\n"
