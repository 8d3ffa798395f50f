# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents in files: what was written is read back as the same, and nothing is written by halves."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ansible_collections.waldur.provider.plugins.module_utils import _documents, _export_files, _images
from ansible_collections.waldur.provider.plugins.module_utils._engine import make_plan
from ansible_collections.waldur.provider.plugins.module_utils._errors import Forbidden, InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._export import Exported
from ansible_collections.waldur.provider.plugins.module_utils._references import Target
from ansible_collections.waldur.provider.plugins.module_utils._session import Session
from ansible_collections.waldur.provider.plugins.module_utils._written import Note
from simulation import Simulator

from .exporting import account, session
from .kinds import Connect

pytestmark = pytest.mark.usefixtures("sim")
PARTS = ["profile", "users", "offering_usernames"]
# What YAML takes for something else, ends a scalar, or begins a template or a comment.
TRAPS = [
    "007",
    "no",
    "12:30:45",
    "1e3",
    "0x1f",
    "=",
    "~",
    "null",
    "<<",
    "2027-06-30",
    "{{ 7 * 6 }}",
    "# x",
    "a: b",
    "- a",
]


def written(here: Session, dest: Path, check: bool = False, **options: Any) -> dict[str, Any]:
    given_options = {"service_providers": "ALPHA", "parts": PARTS, "images": True, "dest": str(dest), **options}
    return _export_files.export(here, given_options, check=check, diff=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def give_image(here: Session, content: bytes) -> None:
    target = here.references.target("service_provider", "x", "ALPHA")
    here.client.write("partial_update", target.uuid, files={"image": ("a.png", content, "image/png")})


def one(**entry: Any) -> Exported:
    return Exported(Target("c1", "", "A", "p1", {}), {"customer": "A", **entry}, [])


def test_what_was_written_is_applied_without_a_change_and_a_second_export_writes_nothing(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    for number, trap in enumerate(TRAPS[:4]):
        account(sim, "Alpha VM", f"member{number + 1}", trap)
        account(sim, "Alpha Storage", f"member{number + 1}", trap)
    sim.change("Customer", {"name": "Beta HPC Centre"}, {"name": "{{ lookup('pipe', 'id') }}: #1"})
    give_image(session(sim), _picture())
    first = written(connect(), tmp_path / "all", service_providers=None)
    assert first["changed"]
    names = [os.path.relpath(file["path"], tmp_path / "all") for file in first["files"]]
    assert names[:2] == ["alpha-cl-1.yml", "beta-hpc-1.yml"]
    assert "files/alpha-cl-1.png" in names
    wishes = _documents.wishes(str(tmp_path / "all"), _images.read_image)
    assert make_plan(connect(), wishes).changes == ()
    before = contents(tmp_path / "all")
    again = written(connect(), tmp_path / "all", service_providers=None)
    assert (again["changed"], again["diff"], contents(tmp_path / "all")) == (False, [], before)


def test_a_single_file_holds_all_and_notes_stand_above_as_comments(connect: Connect, tmp_path: Path) -> None:
    found = written(connect(), tmp_path / "deep" / "providers.yml", service_providers=["ALPHA", "BETA"])
    text = (tmp_path / "deep" / "providers.yml").read_text()
    assert [entry["customer"] for entry in _entries(tmp_path / "deep" / "providers.yml")] == [
        "Alpha Cloud Ltd",
        "Beta HPC Centre",
    ]
    comments = [line[2:] for line in text.partition("---")[0].splitlines()]
    assert comments[1:] == [note["text"] for note in found["notes"]]
    assert comments[1:]


def test_in_check_mode_the_difference_is_told_and_nothing_is_written(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    give_image(session(sim), _picture())
    found = written(connect(), tmp_path / "all", check=True)
    assert found["changed"]
    assert not (tmp_path / "all").exists()
    document, image = found["diff"]
    assert document["before"] == ""
    assert "    image: files/alpha-cl-1.png\n" in document["after"]
    assert image["after"].startswith("sha256:")
    assert not [note for note in found["notes"] if note["key"] == "image"]


def test_without_images_the_document_names_none_and_a_note_tells_of_it(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    give_image(session(sim), _picture())
    for options in ({"images": False}, {"parts": ["users", "profile"], "images": False}):
        found = written(connect(), tmp_path / "all", **options)
        assert [note["key"] for note in found["notes"]].count("image") == 1
        assert "image" not in _entries(tmp_path / "all" / "alpha-cl-1.yml")[0]


def test_files_of_one_name_all_get_a_part_of_the_uuid(tmp_path: Path) -> None:
    rows = [{"customer_slug": "same"}, {"customer_slug": "../Same"}, {"customer_slug": ""}, None]
    found = [Exported(Target(f"{n}" * 32, "", "Häuser & Co", "p", row), {}, []) for n, row in enumerate(rows)]
    assert list(_export_files._names(found).values()) == [
        "same-00000000",
        "same-11111111",
        "h-user-co-22222222",
        "h-user-co-33333333",
    ]


def test_nothing_is_written_where_something_cannot_be_read(sim: Simulator, connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        written(connect("outsider"), tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_rest(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "beta-hpc-1.yml.part").mkdir()
    with pytest.raises(InvalidInput, match=r"^dest: can't write .*beta-hpc-1\.yml: .*\. Files written before it: 1\.$"):
        written(connect(), tmp_path / "all", service_providers=["ALPHA", "BETA"])
    assert list(contents(tmp_path / "all")) == ["alpha-cl-1.yml"]


def test_the_mode_of_a_file_stays(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "alpha.yml"
    path.write_text("old")
    path.chmod(0o640)
    written(connect(), path)
    assert (path.stat().st_mode & 0o777, path.read_text()[:10]) == (0o640, "# Exported")


@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(TRAPS))
def test_any_text_is_read_back_as_it_is(text: str) -> None:
    entry = one(description=text, users=[{"user": text, "expiration_time": text}], account_options={text: text})
    content = _export_files._document([entry], {})
    assert _parsed(content) == [entry.entry]
    assert content == _export_files._document([entry], {})


@given(st.text(max_size=60))
def test_notes_stay_comments_whatever_they_hold(text: str) -> None:
    noted = Exported(one().target, {"customer": "A"}, [Note("users", None, f"x{text}")])
    assert _parsed(_export_files._document([noted], {})) == [{"customer": "A"}]


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "PNG")
    return buffer.getvalue()


def _entries(path: Path) -> list[Any]:
    return [placed.entry for placed in _documents.load(str(path))]


def _parsed(content: bytes) -> Any:
    return yaml.safe_load(content)["service_providers"]
