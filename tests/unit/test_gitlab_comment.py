# SPDX-License-Identifier: GPL-3.0-or-later
"""The script of the GitOps example that comments on a merge request, against a small GitLab."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "gitops"
TOKEN = "glpat-must-not-be-seen"
NOTES = "/api/v4/projects/7/merge_requests/3/notes"


@dataclass
class GitLab:
    """What GitLab holds, and how it answers: with a status for a method where ``failures`` say so."""

    notes: list[dict[str, Any]] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    sends_next_page: bool = True
    text: str | None = None
    url: str = ""

    def add(self, author: int, body: str, **more: Any) -> dict[str, Any]:
        note = {"id": len(self.notes) + 1, "author": {"id": author}, "system": False, "body": body, **more}
        self.notes.append(note)
        return note


class Handler(BaseHTTPRequestHandler):
    gitlab: GitLab

    def answer(self, status: int, body: Any, **headers: str) -> None:
        content = (self.gitlab.text or json.dumps(body)).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def handle_one(self) -> None:
        url = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        if self.command != "GET":
            self.gitlab.writes.append(f"{self.command} {url.path}")
        if status := self.gitlab.failures.get(f"{self.command} {url.path}"):
            self.answer(status, {"message": f"out of order {TOKEN}"}, Location="/elsewhere")
        elif self.headers["PRIVATE-TOKEN"] != TOKEN:
            self.answer(401, {"message": "401 Unauthorized"})
        elif url.path == "/api/v4/user":
            self.answer(200, {"id": 42})
        elif self.command == "GET":
            self.list_notes(parse_qs(url.query))
        elif self.command == "POST":
            self.answer(201, self.gitlab.add(42, body["body"]))
        else:
            note = next(note for note in self.gitlab.notes if url.path == f"{NOTES}/{note['id']}")
            note.update(body)
            self.answer(200, note)

    def list_notes(self, query: dict[str, list[str]]) -> None:
        page, size = int(query["page"][0]), min(int(query["per_page"][0]), 100)
        self.gitlab.pages.append(query["page"][0])
        following = str(page + 1) if page * size < len(self.gitlab.notes) else ""
        headers = {"X_Next_Page": following} if self.gitlab.sends_next_page else {}
        self.answer(200, self.gitlab.notes[(page - 1) * size : page * size], **headers)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def handler(gitlab: GitLab) -> type[BaseHTTPRequestHandler]:
    methods = dict.fromkeys(("do_GET", "do_POST", "do_PUT"), Handler.handle_one)
    return type("Handler", (Handler,), {**methods, "gitlab": gitlab})


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    found = GitLab()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(found))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}/api/v4"
    yield found
    server.shutdown()
    server.server_close()


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
