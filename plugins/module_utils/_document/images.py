# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check images before anything is written (api-behaviour: images)."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from .._common import input_files
from .._common.errors import LONGEST_PATH, InvalidInput, quote
from .._common.rules import Rule
from .model import ImageFile

# Waldur sets no limit of its own; web servers before it commonly refuse bodies over 10 MB.
LIMIT = 10 * 1000 * 1000

_TYPES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


@dataclass(frozen=True)
class Digest:
    """What tells two images apart: the SHA-256 of their bytes, and their size in bytes."""

    sha256: str
    size: int

    def as_dict(self) -> dict[str, object]:
        """Return the digest for plans and results."""
        return {"sha256": self.sha256, "size": self.size}


def digest(content: bytes) -> Digest:
    """Return the digest of ``content``."""
    return Digest(hashlib.sha256(content).hexdigest(), len(content))


def content_type(content: bytes) -> str | None:
    """Return the type of an image that Waldur takes (SVG it does not) by its first bytes, else None."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _TYPES if content.startswith(start)), None)


def read_image(where: str, path: str, written: str = "") -> ImageFile:
    """Return the image file at ``path``. Raises ``InvalidInput`` where it is missing, too big, or not an image.

    ``written`` is the path as messages show it, where ``path`` was made from another.
    """
    content = input_files.read_file(where, path, LIMIT, shown=written)
    shown = quote(written or path, LONGEST_PATH)
    if content_type(content) is None:
        message = f"{where}: {shown} is not an image that Waldur accepts (PNG, JPEG, GIF, WebP, BMP, TIFF)."
        raise InvalidInput(message, rule=Rule.UNREADABLE_FILE)
    return ImageFile(os.path.basename(path), content)
