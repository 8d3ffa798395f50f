# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents in files: what was written is read back as the same, and nothing is written by halves."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import fragment, matching, message, pattern, prefix
from PIL import Image

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import Forbidden, InvalidInput, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document import images, loader
from ansible_collections.waldur.provider.plugins.module_utils._engine.planner import plan_changes
from ansible_collections.waldur.provider.plugins.module_utils._export import files
from ansible_collections.waldur.provider.plugins.module_utils._export.output_folder import Folder
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES
from simulator_process import Simulator

from ...helpers.exports import account, session
from ...helpers.fixture_types import Connect

pytestmark = pytest.mark.usefixtures("sim")
PARTS = ["profile", "users", "offering_usernames"]
TRAPS = ("007", "no", "12:30:45", "1e3")


def written(here: Session, dest: Path, check: bool = False, **options: Any) -> dict[str, Any]:
    given_options = {"service_providers": "ALPHA", "parts": PARTS, "images": True, "dest": str(dest), **options}
    return files.export(here, given_options, check=check, diff=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def give_image(here: Session, content: bytes) -> None:
    target = here.references.resolve_target("service_provider", "x", "ALPHA")
    here.client.write("partial_update", target.uuid, files={"image": ("a.png", content, "image/png")})


def test_what_was_written_is_applied_without_a_change_and_a_second_export_writes_nothing(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    for number, trap in enumerate(TRAPS):
        account(sim, "Alpha VM", f"member{number + 1}", trap)
        account(sim, "Alpha Storage", f"member{number + 1}", trap)
    sim.change("Customer", {"name": "Beta HPC Centre"}, {"name": "{{ lookup('pipe', 'id') }}: #1"})
    give_image(session(sim), _picture())
    first = written(connect(), tmp_path / "all", service_providers=None)
    assert first["changed"]
    names = [os.path.relpath(file["path"], tmp_path / "all") for file in first["files"]]
    assert names[:2] == ["alpha-cl-1.yml", "beta-hpc-1.yml"]
    assert "files/alpha-cl-1.png" in names
    documents = loader.load_documents(str(tmp_path / "all"), images.read_image, SCHEMA)
    assert plan_changes(connect(), RESOURCES, documents).changes == ()
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
    _head, schema, comments = text.partition("\n---\n")[0].split("\n", 2)
    assert schema.startswith("# yaml-language-server: $schema=https://")
    assert comments.replace("\n#  ", "") == "\n".join(f"# - {note['text']}" for note in found["notes"])
    assert [(file["service_provider"], file["changed"]) for file in found["files"]] == [(None, True)]


def test_in_check_mode_the_difference_is_reported_and_nothing_is_written(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    give_image(session(sim), _picture())
    found = written(connect(), tmp_path / "all", check=True)
    assert found["changed"]
    assert not (tmp_path / "all").exists()
    document, image = found["diff"]
    assert document["before"] == ""
    assert "  - customer: Alpha Cloud Ltd\n    image: files/alpha-cl-1.png\n" in document["after"]
    assert image["after"].startswith("sha256:")
    assert not [note for note in found["notes"] if note["key"] == "image"]
    assert [file["service_provider"] for file in found["files"]] == ["Alpha Cloud Ltd"] * 2
    assert found["changed"] is True


def test_a_changed_image_is_shown_by_size_and_digest_even_where_it_could_pass_for_text(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    give_image(session(sim), _picture())
    written(connect(), tmp_path)
    (tmp_path / "files" / "alpha-cl-1.png").write_text("text")
    (tmp_path / "alpha-cl-1.yml").write_bytes(b"\xff old\n")
    document, image = written(connect(), tmp_path)["diff"]
    assert (document["before"], image["before"]) == (
        "\ufffd old\n",
        "sha256:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1, 4 bytes\n",
    )


def test_an_image_that_cannot_be_uploaded_again_is_left_out_with_a_note_and_one_that_is_gone_ends_it(
    sim: Simulator, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = session(sim)
    give_image(here, _picture())
    monkeypatch.setattr(images, "LIMIT", 3)
    found = written(connect(), tmp_path)
    assert [note["text"] for note in found["notes"] if note["key"] == "image"] == [
        message("export_image_unusable", provider="Alpha Cloud Ltd")
    ]
    assert "image" not in _entries(tmp_path / "alpha-cl-1.yml")[0]
    before = contents(tmp_path)
    other = connect()
    monkeypatch.setattr(other.client, "download", _gone)
    with pytest.raises(WaldurError, match=pattern("export_image_failed", note="Alpha Cloud Ltd: Gone.")):
        written(other, tmp_path)
    assert contents(tmp_path) == before


def test_without_images_the_document_names_none_and_a_note_says_so(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    give_image(session(sim), _picture())
    for options in ({"images": False}, {"parts": ["users", "profile"], "images": False}):
        found = written(connect(), tmp_path / "all", **options)
        assert [note["key"] for note in found["notes"]].count("image") == 1
        assert "image" not in _entries(tmp_path / "all" / "alpha-cl-1.yml")[0]


def test_a_name_is_safe_and_nobody_elses_whatever_slugs_there_are() -> None:
    uuids = [f"{number}" * 32 for number in range(8)]
    slugs = ["same", "../Same", "", None, f"same-{uuids[0]}", "x" * 300, "../../etc/.passwd", "Beta"]
    rows = {
        uuid: {"customer_slug": slug, "customer_name": "Häuser & Co"} for uuid, slug in zip(uuids, slugs, strict=True)
    }
    names = list(files._names(rows).values())
    assert names == [
        f"same-{uuids[0]}",
        f"same-{uuids[1]}",
        f"h-user-co-{uuids[2]}",
        f"h-user-co-{uuids[3]}",
        f"same-{uuids[0]}-{uuids[4]}",
        "x" * 100,
        "etc-passwd",
        "beta",
    ]
    assert files._names({uuids[0]: {}}) == {uuids[0]: uuids[0]}


def test_a_file_is_called_the_same_whichever_providers_are_exported(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    sim.change("Customer", {"name": "Beta HPC Centre"}, {"slug": "alpha-cl-1"})
    alone, both = (written(connect(), tmp_path, service_providers=names) for names in ("ALPHA", ["BETA", "ALPHA"]))
    assert alone["files"][0]["path"] in [file["path"] for file in both["files"]]
    assert len(contents(tmp_path)) == 2


def test_nothing_is_written_where_something_cannot_be_read(sim: Simulator, connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        written(connect("outsider"), tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_files_of_providers_that_cannot_be_read_stay_when_all_are_exported(
    sim: Simulator, connect: Connect, tmp_path: Path
) -> None:
    give_image(session(sim), _picture())
    first = written(connect(), tmp_path, service_providers=None)
    (tmp_path / "beta-hpc-1.yml").write_text("service_providers: [{customer: BETA}]\n")
    before = contents(tmp_path)
    again = written(connect("owner"), tmp_path, service_providers=None)
    assert (first["count"], again["count"]) == (12, 1)
    assert [os.path.basename(file["path"]) for file in again["files"]] == ["alpha-cl-1.yml", "alpha-cl-1.png"]
    assert {name: content for name, content in contents(tmp_path).items() if "alpha" not in name} == {
        name: content for name, content in before.items() if "alpha" not in name
    }
    left_out = [note["service_provider"] for note in again["notes"] if note["key"] == "service_providers"]
    assert len(left_out) == 11
    assert "Beta HPC Centre" in left_out


def test_a_document_that_would_lose_the_entry_of_a_provider_that_cannot_be_read_is_not_written(
    connect: Connect, tmp_path: Path
) -> None:
    dest = tmp_path / "all.yml"
    assert written(connect("owner"), dest, service_providers=None)["count"] == 1
    assert b"Beta HPC Centre: was left out" in dest.read_bytes().replace(b"\n#  ", b"")
    assert not written(connect("owner"), dest, service_providers=None)["changed"]
    for name in ("Beta HPC Centre", "BETA", "F339C6F3-3025-4F4E-8FD2-53B4FDA7F25E", "beta-hpc-1"):
        dest.write_text(f"service_providers: [{{customer: {name}}}]\n")
        before = contents(tmp_path)
        with pytest.raises(
            InvalidInput, match=prefix("dest_loses_entry", path=matching(r".*all\.yml"), provider="Beta HPC Centre")
        ):
            written(connect("owner"), dest, service_providers=None)
        assert contents(tmp_path) == before


@pytest.mark.parametrize("status", [403, 404])
def test_an_image_that_cannot_be_read_leaves_its_provider_out_and_its_files_as_they_are(
    sim: Simulator, connect: Connect, tmp_path: Path, status: int
) -> None:
    give_image(session(sim), _picture())
    written(connect(), tmp_path, service_providers=None)
    before = contents(tmp_path)
    sim.fault(path="*/media/*", times=None, status=status)
    found = written(connect(), tmp_path, service_providers=None)
    assert (found["count"], found["changed"], contents(tmp_path)) == (11, False, before)
    assert [note["text"] for note in found["notes"] if note["key"] == "service_providers"] == [
        message(
            "export_image_failed",
            note=message(
                "export_left_out", provider="Alpha Cloud Ltd", cause=message("image_request_failed", status=status)
            ),
        )
    ]
    with pytest.raises(WaldurError, match=f"Alpha Cloud Ltd: {fragment('image_unreadable')}"):
        written(connect(), tmp_path)


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_rest(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both: dict[str, Any] = {"service_providers": ["ALPHA", "BETA"]}
    monkeypatch.setattr(os, "replace", _full)
    with pytest.raises(
        InvalidInput,
        match=fragment(
            "dest_unwritable", path=matching(r".*alpha-cl-1\.yml"), reason=matching(r"No space left.*"), count=0
        ),
    ) as none:
        written(connect(), tmp_path, **both)
    assert (contents(tmp_path), none.value.details) == ({}, {"changed": False, "written": []})
    monkeypatch.undo()
    written(connect(), tmp_path)
    (tmp_path / "alpha-cl-1.yml").write_text("old")
    (tmp_path / "beta-hpc-1.yml").write_text("old")
    replace = os.replace
    monkeypatch.setattr(
        os, "replace", lambda part, path, **fds: (_full if "beta" in path else replace)(part, path, **fds)
    )
    with pytest.raises(
        InvalidInput, match=prefix("dest_unwritable", path=matching(r".*beta-hpc-1\.yml"), count=1)
    ) as one:
        written(connect(), tmp_path, **both)
    assert one.value.details == {"changed": True, "written": [str(tmp_path / "alpha-cl-1.yml")]}
    found = contents(tmp_path)
    assert (list(found), found["beta-hpc-1.yml"]) == (["alpha-cl-1.yml", "beta-hpc-1.yml"], b"old")


@pytest.mark.parametrize(
    ("dest", "why"), [("file/providers", "Not a directory"), ("folder.yml", "Is a directory"), ("file/x.yml", "Not a")]
)
def test_a_place_that_is_none_is_refused_before_anything_is_written(
    connect: Connect, tmp_path: Path, dest: str, why: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.yml").mkdir()
    with pytest.raises(InvalidInput, match=f"^dest: can't read .*: {why}"):
        written(connect(), tmp_path / dest)
    assert list(contents(tmp_path)) == ["file"]


def test_an_empty_dest_is_refused(connect: Connect) -> None:
    with pytest.raises(InvalidInput, match=pattern("dest_empty")):
        files.export(connect(), {"dest": " "}, check=False, diff=False)


def test_images_are_written_before_the_documents_that_name_them(
    sim: Simulator, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_image(session(sim), _picture())
    order: list[str] = []
    replace = os.replace

    def noted(part: str, path: str, **fds: int) -> None:
        order.append(os.path.basename(path))
        replace(part, path, **fds)

    monkeypatch.setattr(os, "replace", noted)
    written(connect(), tmp_path)
    assert order == ["alpha-cl-1.png", "alpha-cl-1.yml"]


def test_the_mode_of_a_file_stays(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "alpha.yml"
    path.write_text("old")
    path.chmod(0o640)
    written(connect(), path)
    assert (path.stat().st_mode & 0o777, path.read_text()[:10]) == (0o640, "# Exported")


def test_a_file_that_only_its_owner_may_read_is_never_readable_by_others_while_it_is_written(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alpha.yml").write_text("old")
    (tmp_path / "alpha.yml").chmod(0o600)
    modes = []
    opened = os.open

    def noted(path: str, flags: int, mode: int = 0o777, **more: Any) -> int:
        if flags & os.O_CREAT:
            modes.append(mode)
        return opened(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", noted)
    written(connect(), tmp_path / "alpha.yml")
    assert modes == [0o600]
    assert (tmp_path / "alpha.yml").stat().st_mode & 0o777 == 0o600


def test_a_new_file_gets_what_the_umask_leaves(connect: Connect, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        written(connect(), tmp_path / "new" / "alpha.yml")
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "alpha.yml").stat().st_mode & 0o777 == 0o640


def test_an_export_follows_the_symbolic_link_that_dest_is(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    found = written(connect(), tmp_path / "link")
    assert found["files"][0]["path"] == str(tmp_path / "link" / "alpha-cl-1.yml")
    assert list(contents(tmp_path / "real")) == ["alpha-cl-1.yml"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("kind", ["document", "document, dangling", "folder of images", "image", "dest"])
def test_an_export_never_writes_or_reads_through_a_symbolic_link_planted_in_dest(
    sim: Simulator, connect: Connect, tmp_path: Path, kind: str, check: bool
) -> None:
    give_image(session(sim), _picture())
    dest, outside = tmp_path / "providers", tmp_path / "outside"
    outside.mkdir()
    (outside / "alpha-cl-1.yml").write_text("secret of another folder")
    (outside / "alpha-cl-1.png").write_text("secret of another folder")
    (dest / ("x" if kind == "folder of images" else "files")).mkdir(parents=True)
    link, target = {
        "document": (dest / "alpha-cl-1.yml", outside / "alpha-cl-1.yml"),
        "document, dangling": (dest / "alpha-cl-1.yml", outside / "new.yml"),
        "folder of images": (dest / "files", outside),
        "image": (dest / "files" / "alpha-cl-1.png", outside / "alpha-cl-1.png"),
        "dest": (dest / "all.yml", outside / "alpha-cl-1.yml"),
    }[kind]
    link.symlink_to(target)
    before = contents(outside)
    with pytest.raises(
        InvalidInput, match=prefix("file_unreadable", option="dest", reason=matching(fragment("link_not_followed")))
    ) as told:
        written(connect(), link if kind == "dest" else dest, check=check)
    assert (contents(outside), link.is_symlink()) == (before, True)
    assert not [path for path in dest.rglob("*") if path.is_file() and not path.is_symlink()]
    assert str(dest) in told.value.message
    assert "secret" not in str(told.value.details)


@pytest.mark.parametrize("exchanged", ["alpha-cl-1.yml", "files"])
def test_a_link_planted_after_the_check_does_not_lead_out_of_dest(
    sim: Simulator, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanged: str
) -> None:
    give_image(session(sim), _picture())
    dest, outside = tmp_path / "providers", tmp_path / "outside"
    outside.mkdir()
    (outside / "alpha-cl-1.yml").write_text("untouched")
    dest.mkdir()
    write = Folder.write

    def planted(self: Folder, path: str, content: bytes) -> None:
        if not (dest / exchanged).is_symlink():
            (dest / exchanged).symlink_to(outside if exchanged == "files" else outside / exchanged)
        write(self, path, content)

    monkeypatch.setattr(Folder, "write", planted)
    with pytest.raises(InvalidInput, match=prefix("dest_unwritable", reason=matching(fragment("link_not_followed")))):
        written(connect(), dest)
    assert contents(outside) == {"alpha-cl-1.yml": b"untouched"}


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_an_export_refuses_to_replace_what_is_no_regular_file(connect: Connect, tmp_path: Path, kind: str) -> None:
    {"pipe": os.mkfifo, "folder": os.mkdir}[kind](tmp_path / "alpha-cl-1.yml")
    with pytest.raises(InvalidInput, match=r"^dest: can't read .*/alpha-cl-1.yml: (it is a|Is a directory)"):
        written(connect(), tmp_path)
    assert os.listdir(tmp_path) == ["alpha-cl-1.yml"]


@pytest.mark.parametrize("dest", ["a\0b", "out\n", "a\x1b[2Jb.yml", "a\udc80b", "\x7f"])
def test_a_dest_with_characters_that_only_a_mistake_puts_there_is_refused(connect: Connect, dest: str) -> None:
    with pytest.raises(InvalidInput, match=prefix("control_character", option="dest")) as told:
        written(connect(), Path(dest))
    assert told.value.message.isprintable()


def test_a_name_as_long_as_names_can_be_is_written(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 251}.yml"
    written(connect(), path)
    assert list(contents(tmp_path)) == [path.name]
    with pytest.raises(InvalidInput, match=pattern("file_unreadable", option="dest", reason="File name too long")):
        written(connect(), tmp_path / f"{'x' * 252}.yml")


SLUGS = st.one_of(
    st.none(),
    st.text(),
    st.sampled_from(
        ["con", "NUL", "com1", "Lpt9", "..", "/", "../..", "/etc/passwd", "-", ".git", "x" * 400, "ä" * 300]
    ),
    st.sampled_from(["Same", "same", "SAME ", "same-" + "0" * 32, "0" * 32, "\0", "\ud800", "\x1b[2J", "A\n", "a"]),
)


@given(st.lists(SLUGS, max_size=12))
def test_a_file_name_made_of_text_from_the_server_is_one_safe_component_that_no_other_has(slugs: list[Any]) -> None:
    rows = {f"{number:032x}": {"customer_slug": slug} for number, slug in enumerate(slugs)}
    names = files._names(rows)
    assert set(names) == set(rows)
    assert len({name.casefold() for name in names.values()}) == len(rows)
    for name in names.values():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", name)
        assert not re.fullmatch(r"con|prn|aux|nul|(com|lpt)\d", name)
        assert len(f"{name}.jpeg") <= 255


def test_providers_without_a_customer_are_not_taken_for_one_and_the_same(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = connect()
    read = here.client.rows

    def without_customer(name: str, *place: Any, **query: Any) -> list[dict[str, Any]]:
        return [
            {**row, "customer_uuid": None} if name == "service_providers" else row
            for row in read(name, *place, **query)
        ]

    monkeypatch.setattr(here.client, "rows", without_customer)
    with pytest.raises(WaldurError, match=fragment("row_value_invalid", field=matching(r"customer_uuid.*"))):
        written(here, tmp_path, service_providers=None)
    assert contents(tmp_path) == {}


def test_files_that_are_no_providers_are_left_alone(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "gone.yml").write_text("service_providers: [{customer: ALPHA}]\n")
    written(connect(), tmp_path)
    assert contents(tmp_path)["gone.yml"] == b"service_providers: [{customer: ALPHA}]\n"
    with pytest.raises(
        InvalidInput,
        match=fragment(
            "provider_twice",
            option="gone.yml",
            provider=matching(r".*: Alpha Cloud Ltd"),
            first=matching(r".*/alpha-cl-1\.yml: .*"),
        ),
    ):
        plan_changes(connect(), RESOURCES, loader.load_documents(str(tmp_path), images.read_image, SCHEMA))


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "PNG")
    return buffer.getvalue()


def _entries(path: Path) -> list[Any]:
    return [loaded.entry for loaded in loader.load_entries(str(path), SCHEMA)]


def _full(part: str, path: str, **_fds: int) -> None:
    raise OSError(28, "No space left on device")


def _gone(url: str) -> bytes:
    raise WaldurError("Gone.")
