# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of the pages in Markdown lead to files that are there, also those that name the repository's address."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
import yaml
from tools.pictures import LARGEST

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = yaml.safe_load((ROOT / "galaxy.yml").read_text())["repository"]
PAGES = [
    path
    for folder in (".", "docs", "examples", "extensions", "roles", "tests")
    for path in sorted((ROOT / folder).glob("*.md" if folder == "." else "**/*.md"))
    if "expected" not in path.parts
]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
MODES = ("dark", "light")
# Pages of the site that hosts the repository.
_OF_THE_SITE = ("issues", "security/advisories/new", "")


def leads_nowhere(page: Path, link: str) -> bool:
    """Whether *link* names a file of ours that is not there."""
    if link.startswith(REPOSITORY):
        rest = link.removeprefix(REPOSITORY).strip("/")
        return rest not in _OF_THE_SITE and not (ROOT / rest.removeprefix("blob/main/").partition("#")[0]).exists()
    if re.match(r"[a-z]+:|#", link):
        return False
    return not (page.parent / link.partition("#")[0]).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_that_is_there(page: Path) -> None:
    assert [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if leads_nowhere(page, link)] == []


def test_the_pictures_of_the_readme_are_there_in_light_and_dark_and_have_a_text() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [picture] = re.findall(r"<picture>.*?</picture>", readme, re.DOTALL)
    [dark] = re.findall(r'media="\(prefers-color-scheme: dark\)" srcset="([^"]+)"', picture)
    [light] = re.findall(r'<img src="([^"]+)"', picture)
    assert light.replace("-light.", "-dark.") == dark != light
    assert all((ROOT / path).read_bytes().startswith(b"\x89PNG") for path in (dark, light))
    # It is what readers see where the pictures are not, as in an installed collection.
    assert len(re.findall(r'alt="([^"]{40,})"', picture)) == 1


def read_size(png: Path) -> tuple[int, int]:
    """Return the width and the height, which the first chunk of a PNG contains."""
    width, height = struct.unpack(">II", png.read_bytes()[16:24])
    return width, height


def test_each_picture_is_small_and_is_there_in_light_and_dark_in_one_size() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    names = {path.name.rpartition("-")[0] for path in pictures}
    assert [path.name for path in pictures] == sorted(f"{name}-{mode}.png" for name in names for mode in MODES)
    assert all(path.stat().st_size <= LARGEST for path in pictures)
    assert all(
        len({read_size(path) for path in pictures if path.name.rpartition("-")[0] == name}) == 1 for name in names
    )


def test_a_link_that_leads_nowhere_is_found() -> None:
    readme = ROOT / "README.md"
    assert leads_nowhere(readme, "docs/none.md")
    assert leads_nowhere(readme, f"{REPOSITORY}/blob/main/none.md#part")
    assert not leads_nowhere(readme, f"{REPOSITORY}/blob/main/README.md#part")
    assert not leads_nowhere(readme, "https://example.org")
