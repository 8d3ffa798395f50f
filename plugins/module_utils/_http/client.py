# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client: authentication, TLS, retries, pages, errors, redaction. No other layer sends requests."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cached_property
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from .._api.editions import detect_edition
from .._api.operations import Operation, operation
from .._api.permissions import describe_refused_staff, is_personal
from .._common import timestamps
from .._common.errors import T, Unauthorized, WaldurError, WriteInCheckMode
from .._common.json_values import problems
from .._common.progress import Progress
from .._common.redaction import Redactor, remove_secret_keys
from .._common.types import Row
from .connection import Connection
from .credential import Credential
from .http_request import HttpResponse, send_request
from .media import download
from .pagination import Page, all_rows, first_rows
from .query_encoding import encode_query
from .redirects import redirect_target
from .request_errors import error_of_response, no_answer, unusable_answer
from .response_checks import list_length, parse_body, require_rows, require_type
from .sessions import open_authenticated_session, open_session, proxy_passwords
from .transport import BODY_LIMIT, Exchange, UnusableBody, begin_exchange

try:
    import requests
    import urllib3

    REQUESTS_IMPORT_ERROR = None
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()

_REDIRECTS = 5


class Client:
    """One connection to one Waldur. Safe to use from several threads for reading."""

    is_read_only = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        # What to mask in all output: tokens, proxy passwords, and every secret code that was read.
        self.redactor = Redactor(proxy_passwords(connection))
        self._credential = Credential(connection, self.redactor)
        self._retry_session: requests.Session = open_authenticated_session(
            connection, self._credential, repeat_safe=True
        )
        self._server_time: datetime | None = None
        self._edition: int | None = None  # for messages, once a whole row of the providers was seen
        self._staff: bool | None = None  # for messages, once a request was refused
        # Tells how far a long list is read; each run sets its own.
        self.progress = Progress()
        # How many requests that write were begun; it tells an error before the first from one after it.
        self.writes_sent = 0

    @cached_property
    def _write_session(self) -> requests.Session:
        """The session for requests that must not be repeated, opened for the first of them."""
        return open_authenticated_session(self.connection, self._credential, repeat_safe=False)

    @cached_property
    def _image_session(self) -> requests.Session:
        """The session for images on other hosts; it sends no credentials."""
        return open_session(self.connection, repeat_safe=True)

    def read_only(self) -> Client:
        """Return a view of this client that refuses to write, for one run in check mode; this client still writes.

        Both share the connections, the server's clock and the known secrets.
        """
        return _ReadOnlyClient(self)

    def now(self) -> datetime:
        """Return the time by the server's clock (its ``Date`` header), which decides what has expired; the local time
        before the first response."""
        return self._server_time or datetime.now(timezone.utc)

    @property
    def has_personal_token(self) -> bool:
        """Whether the token is a personal access token, which may have fewer permissions than its user."""
        return is_personal(self.connection.auth_scheme, self._credential.token)

    def get(self, name: str, uuid: str | None = None, /, **query: Any) -> Row:
        """Return one object. Raises ``NotFound``, ``Forbidden``, … (see ``_common/errors.py``)."""
        answer = self._send(operation(name), uuid, query=query)
        row: Row = require_type(parse_body(answer, operation(name), self.redactor), dict, operation(name))
        return dict(remove_secret_keys(row, operation(name).free_form))

    def rows(
        self,
        name: str,
        uuid: str | None = None,
        /,
        *,
        prepare: Callable[[Row], Row] | None = None,
        keep: Callable[[Row], bool] | None = None,
        limit: int | None = None,
        most_pages: int | None = None,
        **query: Any,
    ) -> list[Row]:
        """Return every row of a list, all pages, each row once (api-behaviour: pagination), or the first ``limit`` that
        ``keep`` takes.

        ``prepare`` sees each row before secrets are taken out of it. Raises ``WaldurError`` where the number of rows
        is not the one that the server announces, and where the list has more than ``most_pages`` (see ``pagination``).
        """
        listing = operation(name)

        def fetch(page: int, size: int) -> Page:
            paging = {"page_size": size} if page == 1 else {"page_size": size, "page": page}
            answer = self._send(listing, uuid, query={**query, **paging} if listing.paginated else query)
            rows = require_rows(parse_body(answer, listing, self.redactor), listing)
            return Page(rows, list_length(answer, listing, self.redactor), answer.has_next_page)

        phase = self.progress.begin("pages read", f"{listing.title[:1].upper()}{listing.title[1:]}")
        rows = first_rows(fetch, listing, limit, keep) if limit else all_rows(fetch, listing, phase.report, most_pages)
        if name == "service_providers" and rows and not query.get("field"):
            self._edition = detect_edition(rows[0])
        taken = [row for row in rows if keep is None or keep(row)]
        return [remove_secret_keys(prepare(row) if prepare else row, listing.free_form) for row in taken]

    def count(self, name: str, uuid: str | None = None, /, **query: Any) -> int:
        """Return how many rows a list has (api-behaviour: head-counts), by one small request."""
        listing = operation(name)
        total = list_length(self._send(listing, uuid, query={**query, "page_size": 1}), listing, self.redactor)
        return len(self.rows(name, uuid, **query)) if total is None else total

    def write(
        self,
        name: str,
        uuid: str | None = None,
        *,
        body: Row | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        expect_body: bool = True,
    ) -> Row:
        """Change something in Waldur; only this function, ``write_rows`` and ``new_secret_code`` do.

        Return the answer's body without secrets; it may be empty unless ``expect_body``. Raises ``OutcomeUnknown``
        where the outcome is unknown, and ``WriteInCheckMode`` on a client that is ``read_only``.
        """
        writing = operation(name)
        _check_body(writing, body)
        answer = self._send(writing, uuid, body=body, files=files)
        if not expect_body and not answer.content.strip():
            return {}
        row: Row = require_type(parse_body(answer, writing, self.redactor), dict, writing)
        return dict(remove_secret_keys(row, writing.free_form))

    def write_rows(self, name: str, *, body: Row) -> list[Row]:
        """Change several objects in Waldur by one request, and return their rows without secrets.

        Raises as ``write`` does.
        """
        writing = operation(name)
        _check_body(writing, body)
        rows = require_rows(parse_body(self._send(writing, None, body=body), writing, self.redactor), writing)
        return [remove_secret_keys(row, writing.free_form) for row in rows]

    def preview(self, name: str, uuid: str, *, body: Row) -> Row:
        """Return what a change would do, by a request that changes nothing (``Operation.is_safe``), in check mode
        too."""
        request = operation(name)
        _check_body(request, body)
        row: Row = require_type(parse_body(self._send(request, uuid, body=body), request, self.redactor), dict, request)
        return dict(remove_secret_keys(row, request.free_form))

    def preview_text(self, name: str, uuid: str, *, body: Row) -> str:
        """Return the text that a request answers with that changes nothing (``Operation.is_safe``)."""
        request = operation(name)
        _check_body(request, body)
        return self._send(request, uuid, body=body).text

    def secret_code(self, uuid: str) -> str | None:
        """Return the current API secret code in clear text (api-behaviour: secret-codes-read);
        ``redactor`` masks it from now on."""
        return self._secret(operation("api_secret_code"), uuid)

    def new_secret_code(self, uuid: str) -> str | None:
        """Replace the API secret code and return the new one (api-behaviour: secret-codes-rotate). Not idempotent,
        never repeated.

        Raises ``WriteInCheckMode`` on a client that is ``read_only``.
        """
        return self._secret(operation("generate_api_secret_code"), uuid)

    def _secret(self, secret: Operation, uuid: str) -> str | None:
        code = require_type(parse_body(self._send(secret, uuid), secret, self.redactor), dict, secret).get(
            "api_secret_code"
        )
        if not code:
            return None
        self.redactor.add(str(require_type(code, str, secret)))
        return str(code)

    def download(self, url: str) -> bytes:
        """Return the bytes behind a media URL (see ``media.download``)."""
        sessions, option = (self._retry_session, self._image_session), self._credential.option
        return self._repeat_after_renewal(lambda: download(self.connection, *sessions, url, option))

    def _send(
        self,
        request: Operation,
        uuid: str | None,
        *,
        query: Mapping[str, Any] | None = None,
        body: Row | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> HttpResponse:
        if request.writes and self.is_read_only:
            raise WriteInCheckMode(f"Cannot {request.title}: check mode only reads, so the request was not sent.")
        content: dict[str, Any] = {"data": body, "files": files} if files else {"json": body}
        self.writes_sent += request.writes
        return self._repeat_after_renewal(lambda: self._exchange(request, uuid, query or {}, content))

    def _repeat_after_renewal(self, send: Callable[[], T]) -> T:
        """Return what ``send`` returns. After a 401 it is called once more, if the token could be read again.

        The server carries out nothing that it answers with 401 (api-behaviour: access-errors), so a write may be
        repeated. Where an earlier try of the write may have arrived, the error is not ``Unauthorized``.
        """
        token, renewals = self._credential.token, self._credential.renewals
        try:
            return send()
        except Unauthorized as error:
            self._credential.renew(token, renewals, error)
        return send()

    def _exchange(
        self, request: Operation, uuid: str | None, query: Mapping[str, Any], content: Mapping[str, Any]
    ) -> HttpResponse:
        """Send a request, follow its redirects, and return the response. Raises ``WaldurError``."""
        url = self.connection.api_url + request.path.format(uuid=uuid)
        params: list[tuple[str, str]] | None = encode_query(request.query, query)
        session = self._retry_session if request.repeat_safe else self._write_session
        timeout = self.connection.timeout
        with begin_exchange(timeout, self.connection.retries) as exchange:
            for _hop in range(_REDIRECTS):
                try:
                    answer = send_request(
                        session, request.method, url, BODY_LIMIT, timeout=timeout, params=params, **content
                    )
                except (OSError, ValueError, HTTPException, urllib3.exceptions.HTTPError) as error:
                    raise no_answer(request, error, urlsplit(self.connection.api_url).netloc, exchange) from None
                except UnusableBody as error:
                    raise unusable_answer(request, self.redactor.redact_text(str(error))) from None
                self._server_time = timestamps.parse_http_date(answer.headers.get("Date")) or self._server_time
                if 200 <= answer.status < 300:
                    return answer
                if answer.status >= 400:
                    raise self._error(request, answer, exchange)
                url, params = redirect_target(request, answer, self.connection.api_url, self.redactor), None
        raise WaldurError(f"Cannot {request.title}: the server redirects in a loop: check api_url.")

    def _error(self, request: Operation, answer: HttpResponse, exchange: Exchange) -> WaldurError:
        """Return the error for a response of 400 and more."""
        is_personal_token = self.has_personal_token

        def describe_requirement() -> str:
            requirement = request.permission.describe(self._edition, is_personal_token=is_personal_token)
            if "staff" in requirement and self._is_staff():
                return describe_refused_staff(is_personal_token=is_personal_token)
            return requirement

        return error_of_response(
            request,
            answer,
            exchange,
            redactor=self.redactor,
            token_option=self._credential.option,
            is_personal_token=is_personal_token,
            describe_requirement=describe_requirement,
        )

    def _is_staff(self) -> bool:
        """Return whether the token belongs to staff, for messages: read once, and only after a refusal."""
        if self._staff is None:
            try:
                self._staff = bool(self.get("me", field=["uuid", "is_staff"]).get("is_staff"))
            except WaldurError:
                self._staff = False
        return self._staff


def _check_body(request: Operation, body: Row | None) -> None:
    """Raise ``WaldurError`` where JSON can't represent a value of the body."""
    for place, problem in problems("", body):
        raise WaldurError(f"Cannot {request.title}: {place}: {problem} The request was not sent.")


class _ReadOnlyClient(Client):
    """A view of a client on which every write raises ``WriteInCheckMode``."""

    is_read_only = True

    def __init__(self, client: Client) -> None:
        self.__dict__ = client.__dict__
