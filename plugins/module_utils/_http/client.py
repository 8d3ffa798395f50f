# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client: authentication, TLS, retries, pages, errors, redaction. No other layer sends requests."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from .._api.editions import detect_edition
from .._api.operations import Operation, operation
from .._api.permissions import describe_defect, describe_refused_staff, is_personal
from .._common import timestamps
from .._common.errors import (
    LONGEST_PATH,
    ErrorResponse,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RequestNotSent,
    RouteMissing,
    ServerDefect,
    Unauthorized,
    WaldurError,
    WriteInCheckMode,
    quote,
)
from .._common.json_values import problems
from .._common.redaction import redact_text, remove_secret_keys
from .._common.types import Row
from . import connection_errors
from .connection import Connection
from .pagination import PAGES_AT_ONCE, Page, all_rows, first_rows
from .query_encoding import encode_query
from .responses import LONGEST_PAGE, decode_text, error_text, parse_count, parse_json
from .retry import retry_policy
from .transport import BODY_LIMIT, Exchange, TimedAdapter, UnusableBody, begin_exchange, choose_proxies, read_body

try:
    import requests
    import urllib3
    from requests import Session
    from requests.auth import AuthBase
    from requests.utils import parse_header_links

    REQUESTS_IMPORT_ERROR = None
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    AuthBase = object  # type: ignore[assignment,misc]
    Session = object  # type: ignore[assignment,misc]

_REDIRECTS = 5

# These say that the request must be made elsewhere; after another 3xx nobody knows whether it was carried out.
_MOVED = (301, 302, 307, 308)

_IMAGE_LIMIT = 32 * 1024 * 1024

# What of the body of an error is read.
_ERROR_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class _Answer:
    """A response that was read whole; of an error, its beginning. The keys of ``headers`` are in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str

    @property
    def text(self) -> str:
        return decode_text(self.content, self.headers.get("Content-Type", ""))

    @property
    def has_next_page(self) -> bool:
        links = parse_header_links(self.headers.get("Link", ""))
        return any(link.get("rel") == "next" for link in links)


class _Session(Session):
    """Leaves redirects to the client: requests reads, and unpacks, the body of one whatever its size."""

    def get_redirect_target(self, resp: Any) -> str | None:
        """Return nothing."""
        return None


class _TokenAuth(AuthBase):
    """Sets the token itself, because requests lets an entry of ``.netrc`` replace a plain header."""

    def __init__(self, connection: Connection) -> None:
        self._value = f"{connection.auth_scheme} {connection.access_token}"

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._value
        return request


def _proxy_passwords(connection: Connection) -> set[str]:
    """Return the passwords of proxies, encoded as in a URL and decoded."""
    passwords = {urlsplit(url).password for _scheme, url in connection.proxies}
    return {text for password in passwords if password for text in (password, unquote(password))}


class Client:
    """One connection to one Waldur. Safe to use from several threads for reading."""

    is_read_only = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._repeating = self._session(repeat_safe=True)
        self._once = self._session(repeat_safe=False)
        self._foreign = self._open_session(repeat_safe=True)
        self._server_time: datetime | None = None
        self._edition: int | None = None  # for messages, once a whole row of the providers was seen
        self._staff: bool | None = None  # for messages, once a request was refused
        self._secrets = {connection.access_token, *_proxy_passwords(connection)}
        # How many requests that write were begun; by it, an error before the first is told from one after it.
        self.writes_sent = 0

    def _session(self, *, repeat_safe: bool) -> requests.Session:
        connection = self.connection
        session = self._open_session(repeat_safe=repeat_safe)
        session.auth = _TokenAuth(connection)
        session.cert = connection.cert
        session.proxies = dict(connection.proxies)
        return session

    def _open_session(self, *, repeat_safe: bool) -> requests.Session:
        """Return a session without credentials."""
        session = _Session()
        session.trust_env = False
        session.verify = self.connection.verify
        session.headers.update(
            {"Accept": "application/json", "Accept-Language": "en", "Accept-Encoding": "gzip, deflate"}
        )
        if self.connection.verify is False:
            # Asked for by validate_certs; a warning at each request would only hide what matters.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        rule = retry_policy(self.connection.retries, repeat_safe=repeat_safe)
        adapter = TimedAdapter(max_retries=rule, pool_maxsize=PAGES_AT_ONCE)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def read_only(self) -> Client:
        """Return a view of this client that refuses to write, for one run in check mode; this client still writes.

        Both share the connections, the server's clock and the known secrets.
        """
        return _ReadOnlyClient(self)

    def now(self) -> datetime:
        """Return the time by the server's clock (its ``Date`` header), which decides what has expired; the local time
        before the first response."""
        return self._server_time or datetime.now(timezone.utc)

    def redact(self, text: str) -> str:
        """Return text from the server with the token, and every secret code that was read, masked."""
        return redact_text(text, self.secrets)

    @property
    def secrets(self) -> frozenset[str]:
        """Return the values to redact in all output: token, proxy passwords, and every secret code that was read."""
        return frozenset(self._secrets)

    def get(self, name: str, uuid: str | None = None, /, **query: Any) -> Row:
        """Return one object. Raises ``NotFound``, ``Forbidden``, … (see ``_common/errors.py``)."""
        answer = self._send(operation(name), uuid, query=query)
        row: Row = _expect(self._json(answer, operation(name)), dict, operation(name))
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
        **query: Any,
    ) -> list[Row]:
        """Return every row of a list, all pages, each row once (api-behaviour: pagination), or the first ``limit`` that
        ``keep`` takes.

        ``prepare`` sees each row before secrets are taken out of it. Raises ``WaldurError`` where the number of rows
        is not the one that the server announces (see ``_pages``).
        """
        listing = operation(name)

        def fetch(page: int, size: int) -> Page:
            paging = {"page_size": size} if page == 1 else {"page_size": size, "page": page}
            answer = self._send(listing, uuid, query={**query, **paging} if listing.paginated else query)
            found = _expect_rows(self._json(answer, listing), listing)
            return Page(found, self._count(answer, listing), answer.has_next_page)

        found = first_rows(fetch, listing, limit, keep) if limit else all_rows(fetch, listing)
        if name == "service_providers" and found and not query.get("field"):
            self._edition = detect_edition(found[0])
        taken = [row for row in found if keep is None or keep(row)]
        return [remove_secret_keys(prepare(row) if prepare else row, listing.free_form) for row in taken]

    def count(self, name: str, uuid: str | None = None, /, **query: Any) -> int:
        """Return how many rows a list has (api-behaviour: head-counts), by one small request."""
        listing = operation(name)
        total = self._count(self._send(listing, uuid, query={**query, "page_size": 1}), listing)
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
        """Change something in Waldur; only this function and ``new_secret_code`` do.

        Return the answer's body without secrets; it may be empty unless ``expect_body``. Raises ``OutcomeUnknown``
        where the outcome is unknown, and ``WriteInCheckMode`` on a client that is ``read_only``.
        """
        writing = operation(name)
        for place, problem in problems("", body):
            raise WaldurError(f"Cannot {writing.title}: {place}: {problem} The request was not sent.")
        answer = self._send(writing, uuid, body=body, files=files)
        if not expect_body and not answer.content.strip():
            return {}
        row: Row = _expect(self._json(answer, writing), dict, writing)
        return dict(remove_secret_keys(row, writing.free_form))

    def secret_code(self, uuid: str) -> str | None:
        """Return the current API secret code in clear text (api-behaviour: secret-codes-read); ``redact`` masks it from
        now on."""
        return self._secret(operation("api_secret_code"), uuid)

    def new_secret_code(self, uuid: str) -> str | None:
        """Replace the API secret code and return the new one (api-behaviour: secret-codes-rotate). Not idempotent,
        never repeated.

        Raises ``WriteInCheckMode`` on a client that is ``read_only``.
        """
        return self._secret(operation("generate_api_secret_code"), uuid)

    def _secret(self, secret: Operation, uuid: str) -> str | None:
        code = _expect(self._json(self._send(secret, uuid), secret), dict, secret).get("api_secret_code")
        if not code:
            return None
        self._secrets.add(str(_expect(code, str, secret)))
        return str(code)

    def download(self, url: str) -> bytes:
        """Return the bytes behind a media URL: below ``/api/`` from our own server with the token, else without it.

        Another host gets no client certificate either, and is reached by the proxy that is set for it.
        """
        target, is_own, is_api = self._media(url)
        session = self._repeating if is_own else self._foreign
        options: dict[str, Any] = {}
        if not is_own:
            proxies = choose_proxies(target, self.connection.proxy, dict(self.connection.proxy_variables))
            options["proxies"] = dict(proxies)
        elif not is_api:
            options["auth"] = _send_no_token
        with begin_exchange(self.connection.timeout, self.connection.retries) as exchange:
            try:
                answer = self._receive(session, "GET", target, _IMAGE_LIMIT, **options)
            except (OSError, ValueError, HTTPException, urllib3.exceptions.HTTPError) as error:
                cause = connection_errors.describe_cause(error, quote(_place(target)), exchange)
                raise RequestNotSent(f"Cannot download the present image: {cause}.") from None
            except UnusableBody as error:
                raise WaldurError(f"Cannot download the present image: the answer {error}.") from None
        if answer.status != 200:
            kind = {403: Forbidden, 404: NotFound}.get(answer.status, ErrorResponse)
            raise kind(f"Cannot download the present image: the server answered {answer.status}.", answer.status)
        return answer.content

    # --- private -----------------------------------------------------------------------------------------------------

    def _media(self, url: Any) -> tuple[str, bool, bool]:
        """Where a media URL is fetched from, whether that is our own server, and whether it is below ``/api/``."""
        base = self.connection.api_url + "/"
        try:
            parts, target = urlsplit(url), urljoin(base, url)
            prefix = urlsplit(base).path
            for start in ("/api/", f"{prefix}api/"):
                if parts.path.startswith(start):
                    path = parts.path[len(start) - len("api/") :] + (f"?{parts.query}" if parts.query else "")
                    return base + path, True, True
            return target, _origin(target) == _origin(base), False
        except (ValueError, TypeError, AttributeError):
            raise WaldurError("Cannot download the present image: its URL is not valid.") from None

    def _send(
        self,
        wanted: Operation,
        uuid: str | None,
        *,
        query: Mapping[str, Any] | None = None,
        body: Row | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> _Answer:
        if wanted.writes and self.is_read_only:
            raise WriteInCheckMode(f"Cannot {wanted.title}: check mode only reads, so the request was not sent.")
        content: dict[str, Any] = {"data": body, "files": files} if files else {"json": body}
        self.writes_sent += wanted.writes
        url = self.connection.api_url + wanted.path.format(uuid=uuid)
        params: list[tuple[str, str]] | None = encode_query(wanted.query, query or {})
        session = self._repeating if wanted.repeat_safe else self._once
        with begin_exchange(self.connection.timeout, self.connection.retries) as exchange:
            for _hop in range(_REDIRECTS):
                try:
                    answer = self._receive(session, wanted.method, url, BODY_LIMIT, params=params, **content)
                except (OSError, ValueError, HTTPException, urllib3.exceptions.HTTPError) as error:
                    raise self._no_answer(wanted, error, exchange) from None
                except UnusableBody as error:
                    raise _unusable(wanted, self.redact(str(error))) from None
                self._server_time = timestamps.from_http_date(answer.headers.get("Date")) or self._server_time
                if 200 <= answer.status < 300:
                    return answer
                if answer.status >= 400:
                    raise self._refusal(wanted, answer, exchange)
                url, params = self._redirect(wanted, answer), None
        raise WaldurError(f"Cannot {wanted.title}: the server redirects in a circle; check api_url.")

    def _receive(self, session: requests.Session, method: str, url: str, limit: int, **content: Any) -> _Answer:
        """One answer. A cut body comes to light after urllib3's retries, so the rule is asked again here."""
        options = {"timeout": self.connection.timeout, "allow_redirects": False, "stream": True, **content}
        while True:
            response = session.request(method, url, **options)
            body, status = b"", response.status_code
            try:
                if status >= 400:
                    body = read_body(response, _ERROR_LIMIT, truncate=True)
                elif 200 <= status < 300:
                    body = read_body(response, limit)
                else:
                    response.close()
            except (OSError, ValueError, HTTPException, urllib3.exceptions.HTTPError, UnusableBody) as error:
                response.close()
                # The status of an error says what is to be known, also without its words.
                if status < 400:
                    if isinstance(error, UnusableBody):
                        raise
                    _await_retry(response.raw.retries, method, url, error)
                    continue
            return _Answer(status, response.headers, body, response.url)

    def _redirect(self, wanted: Operation, answer: _Answer) -> str:
        """Where reading goes on. Only to the same scheme, host and port, as the token goes along."""
        base, location = self.connection.api_url, answer.headers.get("Location", "")
        if not location or (wanted.writes and answer.status not in _MOVED):
            raise _unusable(wanted, f"is {answer.status} without a place to go on")
        try:
            there = urlsplit(urljoin(answer.url, location))
            is_safe, place = _origin(there.geturl()) == _origin(base), _place(there.geturl())
        except ValueError:
            raise _unusable(wanted, f"is {answer.status} to an address that is not valid") from None
        if is_safe and not wanted.writes:
            origin = urlsplit(base)
            return there._replace(netloc=origin.netloc, fragment="").geturl()
        target = quote(self.redact(f"{there.scheme}://{place}{there.path}"), LONGEST_PATH)
        own = wanted.path.split("{uuid}")[0]
        prefix = there.path.partition(own)[0] if own in there.path else ""
        site = quote(self.redact(f"{there.scheme}://{place}{prefix}"), LONGEST_PATH)
        remedy = (
            "set api_url to the address that Waldur itself uses"
            if site == base
            else f"if that is your Waldur, set api_url to {site}"
        )
        raise WaldurError(
            f"Cannot {wanted.title}: the server redirects to {target}, and only reading is redirected, to the same"
            f" scheme, host and port: {remedy}."
        )

    def _no_answer(self, wanted: Operation, error: Exception, exchange: Exchange) -> WaldurError:
        cause = connection_errors.describe_cause(error, urlsplit(self.connection.api_url).netloc, exchange)
        if wanted.writes and exchange.may_have_arrived:
            late = ", and Waldur may still be at it" if connection_errors.is_timeout(error) else ""
            return OutcomeUnknown(f"The answer to the request to {wanted.title} was lost ({cause}){late}")
        return RequestNotSent(f"Cannot {wanted.title}: {cause}.")

    def _refusal(self, wanted: Operation, answer: _Answer, exchange: Exchange) -> WaldurError:
        status, is_json = answer.status, "json" in answer.headers.get("Content-Type", "")
        text = answer.text
        if connection_errors.is_tls_required(status, text):
            return RequestNotSent(f"Cannot {wanted.title}: {connection_errors.TLS_REQUIRED}.")
        # Pages of proxies name their status themselves.
        reason = error_text(text, self.redact, wanted.free_form).removeprefix(str(status)).strip()
        is_pat = is_personal(self.connection.auth_scheme, self.connection.access_token)
        told = f"Waldur refused to {wanted.title} ({status}{': ' + reason if reason else ''})"
        if wanted.writes and exchange.is_doubtful and status < 500 and status != 404:
            return OutcomeUnknown(f"The answer to the request to {wanted.title} was lost, and after that {told}")
        if status == 403:
            right = wanted.permission.describe(self._edition, is_personal_token=is_pat)
            if "staff" in right and self._is_staff():
                right = describe_refused_staff(is_personal_token=is_pat)
            return Forbidden(f"{told}: {right}.", status)
        if status == 404:
            return NotFound(f"{told}.", status) if is_json else RouteMissing(wanted.missing_route, status)
        if status >= 500:
            failure = f"Waldur failed on the request to {wanted.title} ({status}{': ' + reason if reason else ''})"
            failure += describe_defect(wanted.permission, is_personal_token=is_pat)
            return OutcomeUnknown(failure) if wanted.writes else ServerDefect(f"{failure}.", status)
        return _rejection(wanted, status, told, self.redact(answer.headers.get("Retry-After", "")))

    def _count(self, answer: _Answer, listing: Operation) -> int | None:
        header = answer.headers.get("X-Result-Count")
        try:
            return parse_count(header)
        except ValueError:
            raise WaldurError(
                f"Cannot {listing.title}: the server announced '{quote(self.redact(header or ''))}' rows, which is not"
                " a number: does api_url name a Waldur?"
            ) from None

    def _is_staff(self) -> bool:
        """Whether the token is staff's, for messages: asked once, and only after a refusal."""
        if self._staff is None:
            try:
                self._staff = bool(self.get("me", field=["uuid", "is_staff"]).get("is_staff"))
            except WaldurError:
                self._staff = False
        return self._staff

    def _json(self, answer: _Answer, wanted: Operation) -> Any:
        try:
            return parse_json(answer.content)
        except ValueError:
            reason = error_text(self.redact(answer.text)[:LONGEST_PAGE], self.redact) or "empty"
            page, hint = f"{answer.status} without JSON", "does api_url name a Waldur, and no log-in page?"
            if wanted.writes:
                raise OutcomeUnknown(f"The request to {wanted.title} was answered {page} ({reason}: {hint})") from None
            raise WaldurError(f"Cannot {wanted.title}: the server answered {page} ({reason}): {hint}") from None


class _ReadOnlyClient(Client):
    """A view of a client on which every write raises ``WriteInCheckMode``."""

    is_read_only = True

    def __init__(self, client: Client) -> None:
        self.__dict__ = client.__dict__


def _rejection(wanted: Operation, status: int, told: str, wait: str) -> ErrorResponse:
    """The error for a request that was not carried out; ``wait`` is what the server says of trying again."""
    if status == 401:
        return Unauthorized(f"{told}: access_token is wrong, expired or not allowed here.", status)
    if status == 429:
        asks = f"it asks to wait {quote(wait)} seconds" if wait else "it gets too many requests"
        return ErrorResponse(f"{told}: {asks}, so run again later.", status)
    return ErrorResponse(f"{told}.", status)


def _send_no_token(request: Any) -> Any:
    """An ``auth`` in place of the session's own."""
    return request


def _await_retry(rule: Any, method: str, url: str, error: Exception) -> None:
    """Count a body that was cut as a failed try, and wait for the next. Raises an error of urllib3 if there is none."""
    if not isinstance(error, urllib3.exceptions.HTTPError):
        error = urllib3.exceptions.ProtocolError(f"Connection broken: {error!r}", error)
    rule.increment(method, url, error=error).sleep()


def _unusable(wanted: Operation, reason: str) -> WaldurError:
    """The error for an answer that ``reason`` makes unusable; what a write did is unknown then."""
    if wanted.writes:
        return OutcomeUnknown(f"The answer to the request to {wanted.title} {reason}")
    return WaldurError(f"Cannot {wanted.title}: the answer {reason}: does api_url name a Waldur?")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port. Raises ``ValueError``."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _place(url: str) -> str:
    """Host and port, without a user and password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _expect_rows(value: Any, listing: Operation) -> list[Row]:
    return [_expect(row, dict, listing) for row in _expect(value, list, listing)]


def _expect(value: Any, kind: type, wanted: Operation) -> Any:
    if isinstance(value, kind):
        return value
    form, hint = "in another form than Waldur's", "does api_url name a Waldur?"
    if wanted.writes:
        raise OutcomeUnknown(f"The request to {wanted.title} was answered {form} ({hint})")
    raise WaldurError(f"Cannot {wanted.title}: the server answered {form}: {hint}")
