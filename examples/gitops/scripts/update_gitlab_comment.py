# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the plan on a merge request of GitLab: update the comment of an earlier push, or add one.

Usage: python3 scripts/update_gitlab_comment.py build/plan.md

GITLAB_TOKEN is a token with the scope api. GitLab sets CI_API_V4_URL, CI_PROJECT_ID and CI_MERGE_REQUEST_IID. The
comment is recognized by a hidden first line and by its author, so other comments are not changed.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PER_PAGE = 100
SECONDS = 30


class Failure(Exception):
    """The comment could not be written; the message says why."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Reject redirects: a write would become a read, and the token would reach another site."""

    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""


class GitLab:
    """The API of GitLab, for one merge request."""

    def __init__(self, environment: dict[str, str]) -> None:
        values = [environment.get(name, "").strip() for name in NEEDED]
        missing = [name for name, value in zip(NEEDED, values, strict=True) if not value]
        if missing:
            raise Failure(f"{', '.join(missing)}: is required to write the comment: set it in the environment.")
        self.token, url, project, number = values
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise Failure("GITLAB_TOKEN: is not a valid token: it contains spaces or non-ASCII characters.")
        self.url = url.rstrip("/")
        quoted = urllib.parse.quote(project, safe="")
        self.notes = f"/projects/{quoted}/merge_requests/{urllib.parse.quote(number, safe='')}/notes"
        self.opener = urllib.request.build_opener(NoRedirect)

    def call(self, what: str, method: str, path: str, body: dict[str, str] | None = None) -> tuple[Any, Any]:
        """Return the JSON and the headers of the response. Raise Failure, whose message contains ``what``."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"PRIVATE-TOKEN": self.token, "Content-Type": "application/json", "Accept": "application/json"}
        try:
            request = urllib.request.Request(f"{self.url}{path}", content, headers, method=method)
            with self.opener.open(request, timeout=SECONDS) as response:
                return json.loads(response.read()), response.headers
        except urllib.error.HTTPError as error:
            detail = " ".join(error.read(2000).decode(errors="replace").split()).replace(self.token, "…")[:300]
            hint = HINTS.get(error.code, "")
            raise Failure(f"GitLab rejected the request to {what} ({error.code}): {detail}{hint}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = str(getattr(error, "reason", error)).replace(self.token, "…")
            raise Failure(f"The request to {what} failed: {reason}. Check CI_API_V4_URL.") from error

    def all_notes(self) -> Iterator[dict[str, Any]]:
        """Return the comments of the merge request, oldest first, from all pages."""
        page, is_last = 0, False
        while not is_last:
            page += 1
            query = f"sort=asc&order_by=created_at&per_page={PER_PAGE}&page={page}"
            rows, headers = self.call("list the comments", "GET", f"{self.notes}?{query}")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise Failure("GitLab did not return a list of comments. Check CI_API_V4_URL.")
            yield from rows
            # A proxy may remove the header.
            following = headers.get("X-Next-Page", "more" if len(rows) == PER_PAGE else "")
            is_last = not rows or not following.strip()


NEEDED = ("GITLAB_TOKEN", "CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID")
HINTS = {
    401: ". GITLAB_TOKEN is wrong or has expired.",
    403: ". GITLAB_TOKEN needs the scope api, and its user the role Reporter or more in the project.",
    404: ". GITLAB_TOKEN may not read the project, or there is no such merge request.",
}


def is_ours(note: dict[str, Any], user: Any, marker: str) -> bool:
    """Return whether an earlier run wrote the comment, by its author and its first line."""
    author = note.get("author") or {}
    return author.get("id") == user and not note.get("system") and str(note.get("body", "")).startswith(marker)


def comment(gitlab: GitLab, text: str, job: str) -> str:
    """Write the comment. Return "added" or "updated"."""
    # Each job has its own comment, for example one for a test instance and one for production.
    marker = f"<!-- waldur.provider.plan {urllib.parse.quote(job)} -->"
    body = {"body": f"{marker}\n\n{text.strip()}"}
    user, _headers = gitlab.call("read the token's user", "GET", "/user")
    if not isinstance(user, dict) or not user.get("id"):
        raise Failure("GitLab did not return the user of the token. Check CI_API_V4_URL.")
    earlier = next((note for note in gitlab.all_notes() if is_ours(note, user["id"], marker)), None)
    if earlier is None:
        gitlab.call("add a comment", "POST", gitlab.notes, body)
        return "added"
    gitlab.call("update the comment", "PUT", f"{gitlab.notes}/{earlier['id']}", body)
    return "updated"


def main() -> int:
    """Write the comment, and print one line with the result or the error."""
    path = sys.argv[1] if len(sys.argv) > 1 else "build/plan.md"
    try:
        text = Path(path).read_text(encoding="utf-8")
        done = comment(GitLab(dict(os.environ)), text, os.environ.get("CI_JOB_NAME", "plan"))
    except OSError as error:
        print(f"{path} can't be read: {error.strerror}.", file=sys.stderr)
        return 1
    except Failure as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The comment of the merge request was {done}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
