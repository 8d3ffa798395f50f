# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is there as files that can be kept in git: documents, and the images beside them. Nothing of Waldur changes."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _images
from ._errors import LONGEST_PATH, InvalidInput, said
from ._export import Exported, exported
from ._session import Session

_ENDINGS = (".yml", ".yaml")
_IMAGES = "files"
_HEAD = "# Exported from Waldur. Applying it changes nothing until somebody changes Waldur, or this file."
_UNSAFE = re.compile(r"[^a-z0-9]+")
_WIDTH = 110


def export(session: Session, options: Mapping[str, Any], *, check: bool, diff: bool) -> dict[str, Any]:
    """Writes the files that differ; in check mode only says which. Everything is read before anything is written.

    Raises ``WaldurError``: what can't be read, or a folder or file that can't be written.
    """
    found = exported(session, options["service_providers"], options["parts"])
    names = _names(found)
    images = _downloaded(session, found, names) if options["images"] and "profile" in options["parts"] else {}
    wanted = _files(options["dest"], found, names, images)
    there = {path: _content(path) for path in wanted}
    differing = [path for path in sorted(wanted) if wanted[path] != there[path]]
    result: dict[str, Any] = {
        "changed": bool(differing),
        "warnings": session.warnings,
        "files": [{"path": path, "changed": path in differing} for path in sorted(wanted)],
        "notes": [note.as_dict(one.target) for one in found for note in _kept(one, images)],
        "count": len(found),
    }
    if diff:
        result["diff"] = [_shown(path, there[path], wanted[path]) for path in differing]
    if not check:
        for number, path in enumerate(differing):
            _write(path, wanted[path], differing[:number])
    return result


def _names(found: Iterable[Exported]) -> dict[str, str]:
    """A name for each customer's files: its slug, else made of its name; those that are the same all get a UUID."""
    names = {}
    for one in found:
        slug = (one.target.row or {}).get("customer_slug") or one.target.name
        names[one.target.customer_uuid] = _UNSAFE.sub("-", str(slug).lower()).strip("-")[:100]
    often = Counter(names.values())
    return {
        uuid: name if name and often[name] == 1 else f"{name}-{uuid[:8]}".strip("-") for uuid, name in names.items()
    }


def _downloaded(session: Session, found: Iterable[Exported], names: Mapping[str, str]) -> dict[str, tuple[str, bytes]]:
    """The images by customer, each with the path by which a document beside it names it."""
    images = {}
    for one in found:
        row = one.target.row or session.client.get("service_provider", one.target.uuid)
        if row.get("image"):
            content = session.client.download(row["image"])
            kind = _images.content_type(content)
            # What a document could not upload again stays a note.
            if kind and len(content) <= _images.LIMIT:
                name = f"{names[one.target.customer_uuid]}.{kind.rpartition('/')[2]}"
                images[one.target.customer_uuid] = f"{_IMAGES}/{name}", content
    return images


def _files(
    dest: str, found: Sequence[Exported], names: Mapping[str, str], images: Mapping[str, tuple[str, bytes]]
) -> dict[str, bytes]:
    if dest.endswith(_ENDINGS):
        folder, files = os.path.dirname(dest), {dest: _document(found, images)}
    else:
        folder = dest
        files = {
            os.path.join(folder, f"{names[one.target.customer_uuid]}.yml"): _document([one], images) for one in found
        }
    files.update({os.path.join(folder, path): content for path, content in images.values()})
    return files


def _document(found: Iterable[Exported], images: Mapping[str, tuple[str, bytes]]) -> bytes:
    """The text of a document; the same for the same state, byte by byte."""
    try:
        import yaml
    except ImportError:
        raise InvalidInput("dest: writing documents takes PyYAML where the task runs: install it there.") from None

    class Dumper(yaml.SafeDumper):
        """YAML whose lists are indented, as ansible-lint wants them."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            """One level more."""
            super().increase_indent(flow, False)

        def ignore_aliases(self, data: Any) -> bool:
            """Everything is written out."""
            return True

    found = list(found)
    entries = []
    for one in found:
        image = images.get(one.target.customer_uuid)
        entries.append({**one.entry, **({"image": image[0]} if image else {})})
    notes = [f"# {note.as_dict(one.target)['text']}" for one in found for note in _kept(one, images)]
    body = yaml.dump({"service_providers": entries}, None, Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return "\n".join([_HEAD, *notes, "---", body]).encode()


def _kept(one: Exported, images: Mapping[str, Any]) -> list[Any]:
    """The notes; an image that lies beside the document is told by it."""
    return [note for note in one.notes if note.key != "image" or one.target.customer_uuid not in images]


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidInput(f"dest: can't read {said(path, LONGEST_PATH)}: {error.strerror}.") from None


def _write(path: str, content: bytes, before: Sequence[str]) -> None:
    """Whole or not at all, with the mode that the file has."""
    part = f"{path}.part"
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(part, "wb") as file:
            file.write(content)
        if os.path.exists(path):
            shutil.copymode(path, part)
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(part)
        raise InvalidInput(
            f"dest: can't write {said(path, LONGEST_PATH)}: {error.strerror}. Files written before it: {len(before)}.",
            written=list(before),
        ) from None


def _shown(path: str, before: bytes | None, after: bytes) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": _text(before), "after": _text(after)}


def _text(content: bytes | None) -> str:
    if content is None:
        return ""
    try:
        return content.decode()
    except UnicodeDecodeError:
        digest = _images.digest(content)
        return f"sha256:{digest.sha256}, {digest.size} bytes\n"
