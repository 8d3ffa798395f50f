# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake GitLab for tests: the comments of one merge request. Standard library only."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

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


@contextlib.contextmanager
def running_gitlab() -> Iterator[GitLab]:
    """Start a GitLab without comments, and stop it at the end."""
    gitlab = GitLab()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(gitlab))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    gitlab.url = f"http://127.0.0.1:{server.server_port}/api/v4"
    yield gitlab
    server.shutdown()
    server.server_close()
