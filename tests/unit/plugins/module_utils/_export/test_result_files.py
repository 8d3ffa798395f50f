# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a result: written as a whole where they differ, and never where a path is a mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from messages import prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._export.result_files import write_result_files


def write(check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
    return write_result_files(options, check=check, diff=diff)


def test_text_is_written_as_it_is_and_data_as_json(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "build"
    files = [{"path": "plan.md", "content": "ä{{ 1 }}"}, {"path": "plan.json", "content": {"b": "ä", "a": [1]}}]
    result = write(directory=str(folder), files=files)
    assert result == {"changed": True, "paths": [str(folder / "plan.md"), str(folder / "plan.json")]}
    assert (folder / "plan.md").read_text(encoding="utf-8") == "ä{{ 1 }}"
    text = (folder / "plan.json").read_text(encoding="utf-8")
    assert text == '{\n    "b": "ä",\n    "a": [\n        1\n    ]\n}\n'
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    assert write(directory=str(folder), files=files)["changed"] is False


def test_nothing_is_written_in_check_mode(tmp_path: Path) -> None:
    result = write(check=True, directory=str(tmp_path / "new"), files=[{"path": "a", "content": "x"}])
    assert result["changed"] is True
    assert not (tmp_path / "new").exists()


def test_an_entry_without_a_path_is_left_out_and_paths_start_where_ansible_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [{"path": "", "content": "x"}, {"path": None, "content": "x"}, {"path": "a", "content": "x"}]
    assert write(files=files)["paths"] == [str(tmp_path / "a")]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_folder_of_a_file_must_exist_unless_it_is_the_directory(tmp_path: Path) -> None:
    files = [{"path": str(tmp_path / "no" / "such" / "metrics.prom"), "content": "x"}]
    with pytest.raises(InvalidInput, match=prefix("result_folder_missing", option="files[0].path")):
        write(directory=str(tmp_path), files=files)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match=prefix("result_file_unreadable", option="files[0].path")):
        write(directory=str(tmp_path / "file"), files=[{"path": "a", "content": "x"}])


def test_the_difference_is_returned_unless_the_file_hides_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    files = [{"path": "a", "content": "new"}, {"path": "b", "content": "1", "show_diff": False}]
    (difference,) = write(diff=True, directory=str(tmp_path), files=files)["diff"]
    assert (difference["before"], difference["after"]) == ("old", "new")


def test_data_for_later_jobs_is_returned_as_ansible_collects_it() -> None:
    result = write(stats={"waldur_plan": {"plan": []}})
    assert json.loads(json.dumps(result["ansible_stats"])) == {
        "data": {"waldur_plan": {"plan": []}},
        "per_host": False,
        "aggregate": True,
    }


def test_a_wrong_path_leaves_no_file_of_the_result_written(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for wrong in ("none/b", "link"):
        files = [{"path": "a", "content": "x"}, {"path": wrong, "content": "x"}]
        with pytest.raises(InvalidInput, match=r"^files\[1\]\.path: "):
            write(directory=str(tmp_path), files=files)
        assert [path.name for path in tmp_path.iterdir()] == ["link"]
