# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake client that responds from tables and records its requests, so that tests can check what a resource sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import NotFound, WaldurError
from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References

from .grant_samples import NOW

Row = dict[str, Any]
# A recorded request: the operation, the UUID of the object, and the query or the body.
Asked = tuple[str, str | None, dict[str, Any]]


@dataclass
class AskedClient:
    """``tables`` has the rows of each operation, whatever the query, and ``objects`` the single ones or an error."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    objects: dict[str, Row | WaldurError] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connection: Connection = field(default_factory=lambda: Connection("https://waldur.example.org", "token"))

    def rows(
        self, name: str, uuid: str | None = None, /, *, prepare: Callable[[Row], Row] | None = None, **query: Any
    ) -> list[Row]:
        """Return all rows of a list, or raise its error; like the real client, it removes secrets after ``prepare``."""
        self.asked.append((name, uuid, query))
        if isinstance(error := self.objects.get(name), WaldurError):
            raise error
        rows = [prepare(row) if prepare else row for row in self.tables.get(name, [])]
        return [{key: value for key, value in row.items() if key != "secret_options"} for row in rows]

    def count(self, name: str, uuid: str | None = None, /, **query: Any) -> int:
        """Return the number of rows."""
        self.asked.append((f"count of {name}", uuid, query))
        return len(self.tables.get(name, []))

    def get(self, name: str, uuid: str | None = None, /, **query: Any) -> Row:
        """Return one object, or raise its error."""
        self.asked.append((name, uuid, query))
        found = self.objects.get(name, NotFound("not found", 404))
        if isinstance(found, WaldurError):
            raise found
        return found

    def write(self, name: str, uuid: str | None = None, **content: Any) -> Row:
        """Return the response to a write; several writes of one operation have the same response."""
        self.asked.append((name, uuid, content))
        found = self.objects.get(name, {})
        if isinstance(found, WaldurError):
            raise found
        return found

    def write_rows(self, name: str, **content: Any) -> list[Row]:
        """Return the rows of the response to a write, or raise its error."""
        self.asked.append((name, None, content))
        if isinstance(error := self.objects.get(name), WaldurError):
            raise error
        return self.tables.get(name, [])

    def preview(self, name: str, uuid: str, *, body: Row) -> Row:
        """Return the response to a preview, which changes nothing."""
        self.asked.append((name, uuid, {"body": body}))
        return self._get_object(name)

    def secret_code(self, uuid: str) -> str | None:
        """Return the current secret code."""
        self.asked.append(("api_secret_code", uuid, {}))
        code: str | None = self._get_object("api_secret_code")["code"]
        return code

    def new_secret_code(self, uuid: str) -> str | None:
        """Return the response to a rotation."""
        self.asked.append(("generate_api_secret_code", uuid, {}))
        code: str | None = self._get_object("generate_api_secret_code")["code"]
        return code

    def download(self, url: str) -> bytes:
        """Return the URL as the content of the image."""
        self.asked.append(("download", None, {"url": url}))
        return url.encode()

    def _get_object(self, name: str) -> Row:
        found = self.objects[name]
        if isinstance(found, WaldurError):
            raise found
        return found

    def now(self) -> datetime:
        """Return the time of all samples."""
        return NOW

    def session(self, missing_users: str = "fail") -> Session:
        """Return a session with this client."""
        return Session(cast(Client, self), References(cast(Client, self)), missing_users)


def staff(**flags: bool) -> Row:
    """Return the user of the token."""
    return {"uuid": "5a" * 16, "username": "me", "is_staff": True, "is_support": False, **flags}
