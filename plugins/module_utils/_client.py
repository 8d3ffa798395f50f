# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client: authentication, TLS, retries, pages, errors, redaction. No other room talks HTTP."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urljoin, urlsplit

from . import _moments
from ._answers import right_for, route_missing, without_secrets, words
from ._errors import (
    AnswerError,
    Forbidden,
    LostAnswer,
    NoAnswer,
    NotFound,
    RouteMissing,
    ServerDefect,
    Unauthorized,
    WaldurError,
)
from ._operations import Operation, operation
from ._pages import PAGES_AT_ONCE, Page, all_rows, first_rows
from ._parameters import Parameter
from ._patience import patience

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase

    REQUESTS_IMPORT_ERROR = None
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    AuthBase = object  # type: ignore[assignment,misc]

_REDIRECTS = 5
_IMAGE_LIMIT = 32 * 1024 * 1024

Row = dict[str, Any]


@dataclass(frozen=True)
class Connection:
    """Where Waldur is and how to reach it; every value resolved and checked (see ``_connection``).

    ``api_url`` is the base without ``/api/``; ``timeout`` is in seconds; ``proxies`` and ``verify`` are in the form
    that requests takes.
    """

    api_url: str
    access_token: str = field(repr=False)
    auth_scheme: str = "Token"
    verify: bool | str = True
    cert: str | tuple[str, str] | None = None
    proxies: tuple[tuple[str, str], ...] = ()
    timeout: float = 30.0
    retries: int = 4


class _TokenAuth(AuthBase):
    """Sets the token itself, because requests lets an entry of ``.netrc`` replace a plain header."""

    def __init__(self, connection: Connection) -> None:
        self._value = f"{connection.auth_scheme} {connection.access_token}"

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._value
        return request


class Client:
    """One connection to one Waldur. Safe to use from several threads for reading."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._repeating = self._session(repeat_safe=True)
        self._once = self._session(repeat_safe=False)
        self._server_time: datetime | None = None
        self._hidden = {connection.access_token}

    def _session(self, *, repeat_safe: bool) -> requests.Session:
        connection = self.connection
        session = requests.Session()
        session.trust_env = False
        session.auth = _TokenAuth(connection)
        session.verify = connection.verify
        session.cert = connection.cert
        session.proxies = dict(connection.proxies)
        session.headers.update({"Accept": "application/json", "Accept-Language": "en"})
        if connection.verify is False:
            # Asked for by validate_certs; a warning at each request would only hide what matters.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        rule = patience(connection.retries, connection.timeout, repeat_safe=repeat_safe)
        adapter = HTTPAdapter(max_retries=rule, pool_maxsize=PAGES_AT_ONCE)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def now(self) -> datetime:
        """The moment on the server's clock (its ``Date`` header), which decides what has expired; ours before that."""
        return self._server_time or datetime.now(timezone.utc)

    def hide(self, text: str) -> str:
        """``text`` with the token, and every secret code that passed through, masked."""
        for secret in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(secret, "********")
        return text

    @property
    def hidden(self) -> frozenset[str]:
        """The values that must appear in no output."""
        return frozenset(self._hidden)

    def get(self, name: str, uuid: str | None = None, /, **query: Any) -> Row:
        """One object. Raises ``NotFound``, ``Forbidden``, … (see ``_errors``)."""
        answer = self._send(operation(name), uuid, query=query)
        row: Row = _expect(without_secrets(self._json(answer, operation(name))), dict, operation(name))
        return row

    def rows(
        self,
        name: str,
        uuid: str | None = None,
        /,
        *,
        prepare: Callable[[Row], Row] | None = None,
        keep: Callable[[Row], bool] | None = None,
        limit: int | None = None,
        **query: Any,
    ) -> list[Row]:
        """Every row of a list, all pages, each row once (contract 1.5), or the first ``limit`` that ``keep`` takes.

        ``prepare`` sees each row before secrets are taken out of it. Raises ``WaldurError`` where the number of rows
        is not the one that the server announces (see ``_pages``).
        """
        listing = operation(name)

        def fetch(page: int, size: int) -> Page:
            paging = {"page_size": size} if page == 1 else {"page_size": size, "page": page}
            answer = self._send(listing, uuid, query={**query, **paging} if listing.paginated else query)
            total = answer.headers.get("X-Result-Count", "")
            found = _expect(self._json(answer, listing), list, listing)
            return Page(found, int(total) if total.isdigit() else None, "next" in answer.links)

        found = first_rows(fetch, listing, limit, keep) if limit else all_rows(fetch, listing)
        taken = [row for row in found if keep is None or keep(row)]
        return [without_secrets(prepare(row) if prepare else row) for row in taken]

    def count(self, name: str, uuid: str | None = None, /, **query: Any) -> int:
        """How many rows a list has (contract 1.5), by one small request."""
        listing = operation(name)
        answer = self._send(listing, uuid, query={**query, "page_size": 1})
        total = answer.headers.get("X-Result-Count", "")
        return int(total) if total.isdigit() else len(_expect(self._json(answer, listing), list, listing))

    def write(
        self,
        name: str,
        uuid: str | None = None,
        *,
        body: Row | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        telling: bool = True,
    ) -> Row:
        """The only function that changes anything. The answer's body without secrets; it may be empty unless *telling*.

        Raises ``LostAnswer`` where the outcome is unknown.
        """
        writing = operation(name)
        answer = self._send(writing, uuid, body=body, files=files)
        if not telling and not answer.content.strip():
            return {}
        row: Row = without_secrets(_expect(self._json(answer, writing), dict, writing))
        return row

    def secret_code(self, uuid: str) -> str | None:
        """The present API secret code in clear (contract 2.12); masked from now on wherever ``hide`` is used."""
        return self._secret(operation("api_secret_code"), uuid)

    def new_secret_code(self, uuid: str) -> str | None:
        """Replaces the API secret code and returns the new one (contract 2.13). Not idempotent, never repeated."""
        return self._secret(operation("generate_api_secret_code"), uuid)

    def _secret(self, secret: Operation, uuid: str) -> str | None:
        code = _expect(self._json(self._send(secret, uuid), secret), dict, secret).get("api_secret_code")
        if not code:
            return None
        self._hidden.add(str(code))
        return str(code)

    def download(self, url: str) -> bytes:
        """The bytes behind a media URL: below ``/api/`` from our own server with the token, else without it."""
        base = self.connection.api_url + "/"
        marker = urlsplit(url).path.find("/api/")
        if marker >= 0:
            target, session = urljoin(base, urlsplit(url).path[marker + 1 :]), self._repeating
        else:
            target, session = urljoin(base, url), self._session(repeat_safe=True)
            session.auth = None
        try:
            answer = session.get(target, timeout=self.connection.timeout, allow_redirects=False)
        except OSError as error:
            raise NoAnswer(f"Cannot download the present image: {self._cause(error)}.") from None
        if answer.status_code != 200 or len(answer.content) > _IMAGE_LIMIT:
            raise WaldurError(f"Cannot download the present image: the server answered {answer.status_code}.")
        return answer.content

    # --- private -----------------------------------------------------------------------------------------------------

    def _send(
        self,
        wanted: Operation,
        uuid: str | None,
        *,
        query: Mapping[str, Any] | None = None,
        body: Row | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> requests.Response:
        content: dict[str, Any] = {"data": body, "files": files} if files else {"json": body}
        url = self.connection.api_url + wanted.path.format(uuid=uuid)
        params: list[tuple[str, str]] | None = _wire(wanted.query, query or {})
        for _hop in range(_REDIRECTS):
            try:
                answer = self._request(wanted, url, params=params, **content)
            except OSError as error:  # every RequestException is one, and so is an unusable certificate file
                raise self._no_answer(wanted, error) from None
            self._server_time = _moments.from_http_date(answer.headers.get("Date")) or self._server_time
            if answer.status_code < 300:
                return answer
            if answer.status_code >= 400:
                raise self._refusal(wanted, answer)
            url, params = self._redirect(wanted, answer), None
        raise WaldurError(f"Cannot {wanted.title}: the server redirects in a circle; check api_url.")

    def _request(self, wanted: Operation, url: str, **content: Any) -> requests.Response:
        """One request. A cut body comes to light after urllib3's retries, so what may be repeated is repeated here."""
        session = self._repeating if wanted.repeat_safe else self._once
        options = {"timeout": self.connection.timeout, "allow_redirects": False, **content}
        for _again in range(self.connection.retries if wanted.repeat_safe else 0):
            with contextlib.suppress(requests.exceptions.ChunkedEncodingError):
                return session.request(wanted.method, url, **options)
        return session.request(wanted.method, url, **options)

    def _redirect(self, wanted: Operation, answer: requests.Response) -> str:
        target = urljoin(answer.url, answer.headers.get("Location", ""))
        here, there = urlsplit(answer.url), urlsplit(target)
        safe = here.hostname == there.hostname and (here.scheme, there.scheme) != ("https", "http")
        if wanted.writes or not safe:
            place = there.netloc.rpartition("@")[2]
            raise WaldurError(
                f"Cannot {wanted.title}: the server redirects to {there.scheme}://{place}{there.path}, and only"
                " reading is redirected, on the same host: set api_url to the address that Waldur itself uses."
            )
        return target

    def _no_answer(self, wanted: Operation, error: Exception) -> WaldurError:
        unsent = isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError)) or (
            "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
        )
        cause = self._cause(error)
        if wanted.writes and not unsent:
            late = ", and Waldur may still be at it" if "ReadTimeout" in repr(error) else ""
            return LostAnswer(f"The answer to the request to {wanted.title} was lost ({cause}){late}")
        return NoAnswer(f"Cannot {wanted.title}: {cause}.")

    def _cause(self, error: Exception) -> str:
        """Why no answer came, in words, naming the option to look at."""
        host = urlsplit(self.connection.api_url).netloc
        kinds: tuple[tuple[type[Exception], str], ...] = (
            (requests.exceptions.ProxyError, "the proxy did not answer: check proxy"),
            (
                requests.exceptions.SSLError,
                f"TLS with {host} failed: check ca_path, client_cert, validate_certs",
            ),
            (requests.exceptions.ConnectTimeout, f"no connection to {host} in time: check api_url and timeout"),
            (
                requests.exceptions.Timeout,
                f"no answer from {host} within {self.connection.timeout:g} seconds: see timeout",
            ),
            (requests.exceptions.ChunkedEncodingError, f"the answer of {host} was cut short"),
            (requests.exceptions.RetryError, f"{host} kept refusing"),
            (requests.exceptions.ConnectionError, _connection_cause(error, host, self.connection.timeout)),
        )
        return next(
            (text for kind, text in kinds if isinstance(error, kind)), f"the request failed: {type(error).__name__}"
        )

    def _refusal(self, wanted: Operation, answer: requests.Response) -> WaldurError:
        status, is_json = answer.status_code, "json" in answer.headers.get("Content-Type", "")
        # Hidden before it is cut, as half a token is too much. Pages of proxies name their status themselves.
        said = words(self.hide(answer.text)).removeprefix(str(status)).strip()
        told = f"Waldur refused to {wanted.title} ({status}{': ' + said if said else ''})"
        if status == 401:
            return Unauthorized(f"{told}: access_token is wrong, expired or not allowed here.", status)
        if status == 403:
            return Forbidden(f"{told}: {right_for(wanted)}.", status)
        if status == 404:
            return NotFound(f"{told}.", status) if is_json else RouteMissing(route_missing(wanted), status)
        if status == 429:
            wait = answer.headers.get("Retry-After")
            asks = f"it asks to wait {wait} seconds" if wait else "it gets too many requests"
            return AnswerError(f"{told}: {asks}, so run again later.", status)
        if status >= 500:
            broke = f"Waldur broke on the request to {wanted.title} ({status}{': ' + said if said else ''})"
            return LostAnswer(broke) if wanted.writes else ServerDefect(f"{broke}.", status)
        return AnswerError(f"{told}.", status)

    def _json(self, answer: requests.Response, wanted: Operation) -> Any:
        try:
            return answer.json()
        except ValueError:
            said = words(self.hide(answer.text)) or "empty"
            page, hint = f"{answer.status_code} without JSON", "does api_url name a Waldur, and no log-in page?"
            if wanted.writes:
                raise LostAnswer(f"The request to {wanted.title} was answered {page} ({said}: {hint})") from None
            raise WaldurError(f"Cannot {wanted.title}: the server answered {page} ({said}): {hint}") from None


def _connection_cause(error: Exception, host: str, timeout: float) -> str:
    """requests folds several causes into one class; the text of the innermost tells them apart."""
    text = repr(error)
    if "ReadTimeout" in text:
        return f"no answer from {host} within {timeout:g} seconds: see timeout"
    if "NameResolution" in text or "Name or service not known" in text:
        return f"the host name {host} is unknown: check api_url"
    if "refused" in text:
        return f"{host} refused the connection: check api_url"
    if "IncompleteRead" in text:
        return f"the answer of {host} was cut short"
    return f"the connection to {host} broke"


def _expect(value: Any, kind: type, wanted: Operation) -> Any:
    if isinstance(value, kind):
        return value
    form, hint = "in another form than Waldur's", "does api_url name a Waldur?"
    if wanted.writes:
        raise LostAnswer(f"The request to {wanted.title} was answered {form} ({hint})")
    raise WaldurError(f"Cannot {wanted.title}: the server answered {form}: {hint}")


def _wire(parameters: tuple[Parameter, ...], query: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Query values as they go into a URL: repeated or joined by commas as the operation's data say (contract 1.7)."""
    styles = {parameter.name: parameter.style for parameter in parameters}
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if value is None:
            continue
        values = [_text(item) for item in (value if isinstance(value, (list, tuple)) else [value])]
        pairs.extend([(name, ",".join(values))] if styles.get(name) == "comma" else [(name, text) for text in values])
    return pairs


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _moments.to_server(value) or ""
    return re.sub(r"[\r\n]+", " ", str(value))
