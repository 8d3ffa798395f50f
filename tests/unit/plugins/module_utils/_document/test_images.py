# SPDX-License-Identifier: GPL-3.0-or-later
"""Images are checked before anything is written."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
from messages import begins, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
STARTS = [
    (PNG, "image/png"),
    (b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
    (b"GIF87a" + bytes(20), "image/gif"),
    (b"GIF89a" + bytes(20), "image/gif"),
    (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
    (b"BM" + bytes(20), "image/bmp"),
    (b"II*\x00" + bytes(20), "image/tiff"),
    (b"MM\x00*" + bytes(20), "image/tiff"),
]


@pytest.mark.parametrize(("content", "kind"), STARTS)
def test_an_image_is_recognized_by_its_first_bytes_and_not_by_its_name(
    content: bytes, kind: str, tmp_path: Path
) -> None:
    file = tmp_path / "logo.txt"
    file.write_bytes(content)
    assert images.content_type(content) == kind
    found = images.read_image("image", str(file))
    assert (found.name, found.content) == ("logo.txt", content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?><svg/>",
        b"%PDF-1.7",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"\x89PNG",
        b"\xff\xd8",
        b" " + PNG,
        b"hello",
    ],
)
def test_what_waldur_takes_for_no_image_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    file.write_bytes(content)
    with pytest.raises(InvalidInput) as told:
        images.read_image("service_providers[0].image", str(file))
    assert begins(told.value.message, "image_type_unknown", option="service_providers[0].image", path=file)


def test_a_missing_file_is_reported_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as told:
        images.read_image("image", str(tmp_path / "none.png"))
    assert told.value.message == message(
        "file_unreadable", option="image", path=tmp_path / "none.png", reason=os.strerror(errno.ENOENT)
    )


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"^image: can't read .*: Is a directory"):
        images.read_image("image", str(tmp_path))


def test_the_largest_image_is_taken_and_one_byte_more_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert images.LIMIT == 10_000_000
    monkeypatch.setattr(images, "LIMIT", len(PNG))
    file = tmp_path / "logo.png"
    file.write_bytes(PNG)
    assert images.read_image("image", str(file)).content == PNG
    file.write_bytes(PNG + b"\0")
    with pytest.raises(InvalidInput, match=r"^image: .* is larger than"):
        images.read_image("image", str(file))


def test_a_tilde_means_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "logo.png").write_bytes(PNG)
    assert images.read_image("image", "~/logo.png").content == PNG


def test_a_digest_is_the_sha_256_and_the_size_of_the_bytes() -> None:
    found = images.digest(PNG)
    assert found.as_dict() == {"sha256": hashlib.sha256(PNG).hexdigest(), "size": 28}
    assert found == images.digest(bytes(PNG))
    assert found != images.digest(PNG + b"\0")


def test_the_bytes_of_an_image_are_not_shown() -> None:
    assert "PNG" not in repr(ImageFile("logo", PNG))
