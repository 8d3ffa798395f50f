# SPDX-License-Identifier: GPL-3.0-or-later
"""The script of the GitOps example that comments on a merge request, against a small GitLab."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_gitlab import NOTES, TOKEN, GitLab, running_gitlab

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "gitops"


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with running_gitlab() as found:
        yield found


def comment(gitlab: GitLab, folder: Path, text: str, **more: str) -> tuple[int, str]:
    """Run the script as the pipeline does; returns its exit code and what it printed."""
    (folder / "plan.md").write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CI_", "GITLAB_"))}
    environment = {"GITLAB_TOKEN": TOKEN, "CI_API_V4_URL": gitlab.url, "CI_PROJECT_ID": "7", "CI_JOB_NAME": "plan"}
    done = subprocess.run(
        [sys.executable, EXAMPLE / "scripts" / "update_gitlab_comment.py", "plan.md"],
        cwd=folder,
        env={**kept, **environment, "CI_MERGE_REQUEST_IID": "3", **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert TOKEN not in printed
    assert "Traceback" not in printed
    return done.returncode, printed


def test_a_second_push_updates_the_comment_of_the_first(gitlab: GitLab, tmp_path: Path) -> None:
    assert comment(gitlab, tmp_path, "first ⚠") == (0, "The comment of the merge request was added.\n")
    assert comment(gitlab, tmp_path, "second") == (0, "The comment of the merge request was updated.\n")
    (note,) = gitlab.notes
    assert re.fullmatch(r"<!-- [^\n]+ -->\n\nsecond", note["body"])


@pytest.mark.parametrize("sends_next_page", [True, False])
def test_the_comment_is_found_on_a_later_page(gitlab: GitLab, tmp_path: Path, sends_next_page: bool) -> None:
    gitlab.sends_next_page = sends_next_page
    for number in range(230):
        gitlab.add(5, f"note {number}")
    comment(gitlab, tmp_path, "first")
    comment(gitlab, tmp_path, "second")
    assert len(gitlab.notes) == 231
    assert gitlab.notes[-1]["body"].endswith("second")
    assert gitlab.pages[-3:] == ["1", "2", "3"]


def test_comments_of_others_of_gitlab_and_of_other_jobs_are_left_alone(gitlab: GitLab, tmp_path: Path) -> None:
    comment(gitlab, tmp_path, "plan")
    marked = gitlab.notes[0]["body"]
    gitlab.notes.clear()
    gitlab.add(5, marked)
    gitlab.add(42, marked, system=True)
    gitlab.add(42, f"> {marked}")
    before = json.dumps(gitlab.notes)
    comment(gitlab, tmp_path, "plan of a test instance", CI_JOB_NAME="plan test --> x")
    comment(gitlab, tmp_path, "new plan")
    assert json.dumps(gitlab.notes[:3]) == before
    assert [note["body"].partition("\n\n")[2] for note in gitlab.notes[3:]] == ["plan of a test instance", "new plan"]
    assert "--> x" not in gitlab.notes[3]["body"]


@pytest.mark.parametrize(
    ("failing", "status", "message"),
    [
        ("GET /api/v4/user", 401, "read the token's user (401): .* GITLAB_TOKEN is wrong or has expired."),
        (f"GET {NOTES}", 404, "list the comments (404): .*or there is no such merge request."),
        (f"POST {NOTES}", 403, "add a comment (403): .*needs the scope api"),
        (f"POST {NOTES}", 500, "add a comment (500): "),
        (f"POST {NOTES}", 302, "add a comment (302): "),
    ],
)
def test_a_failure_of_gitlab_is_one_clear_sentence(
    gitlab: GitLab, tmp_path: Path, failing: str, status: int, message: str
) -> None:
    gitlab.failures[failing] = status
    code, printed = comment(gitlab, tmp_path, "plan")
    assert code == 1
    first, _dots, end = f"GitLab rejected the request to {message}".partition(".*")
    assert printed.startswith(first)
    assert end in printed
    assert printed.count("\n") == 1
    assert not gitlab.notes


def test_an_update_that_gitlab_rejects_adds_no_second_comment(gitlab: GitLab, tmp_path: Path) -> None:
    comment(gitlab, tmp_path, "plan")
    gitlab.failures[f"PUT {NOTES}/1"] = 403
    code, printed = comment(gitlab, tmp_path, "new plan")
    assert code == 1
    assert printed.startswith("GitLab rejected the request to update the comment (403): ")
    assert len(gitlab.notes) == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"GITLAB_TOKEN": ""}, "GITLAB_TOKEN: is required"),
        ({"CI_MERGE_REQUEST_IID": "", "CI_PROJECT_ID": ""}, "CI_PROJECT_ID, CI_MERGE_REQUEST_IID: is required"),
        ({"GITLAB_TOKEN": "two words"}, "GITLAB_TOKEN: is not a valid token"),
        ({"CI_API_V4_URL": "http://127.0.0.1:9/api/v4"}, "The request to read the token's user failed: "),
        ({"CI_API_V4_URL": "gitlab.example.org"}, "The request to read the token's user failed: "),
    ],
)
def test_a_wrong_environment_is_one_clear_sentence(
    gitlab: GitLab, tmp_path: Path, more: dict[str, str], message: str
) -> None:
    code, printed = comment(gitlab, tmp_path, "plan", **more)
    assert code == 1
    assert printed.startswith(message)
    assert printed.count("\n") == 1


@pytest.mark.parametrize("text", ["<html>Sign in</html>", "[]", "{}", "null"])
def test_what_is_no_answer_of_gitlab_is_one_clear_sentence(gitlab: GitLab, tmp_path: Path, text: str) -> None:
    gitlab.text = text
    code, printed = comment(gitlab, tmp_path, "plan")
    assert code == 1
    assert "Check CI_API_V4_URL." in printed
    assert printed.count("\n") == 1


def test_the_pipeline_runs_the_script_and_adds_no_comment_itself() -> None:
    text = (EXAMPLE / ".gitlab-ci.yml").read_text(encoding="utf-8")
    assert "python3 scripts/update_gitlab_comment.py build/plan.md" in text
    assert "curl" not in text
