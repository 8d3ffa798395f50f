# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open HTTP sessions: authentication, certificates, proxies and retries."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from .connection import Connection
from .credential import Credential
from .pagination import PAGES_AT_ONCE
from .retry import retry_policy
from .transport import TimedAdapter

try:
    import requests
    import urllib3
    from requests import Session
    from requests.auth import AuthBase
except ImportError:  # reported with missing_required_lib where a module starts
    AuthBase = object  # type: ignore[assignment,misc]
    Session = object  # type: ignore[assignment,misc]


class _ClientSession(Session):
    """Leave redirects to the client, as requests reads and decompresses the body of a redirect whatever its size."""

    def get_redirect_target(self, resp: Any) -> str | None:
        """Return nothing."""
        return None


class _TokenAuth(AuthBase):
    """Set the token (api-behaviour: authentication); an entry of ``.netrc`` would replace a plain header."""

    def __init__(self, scheme: str, credential: Credential) -> None:
        self._scheme = scheme
        self._credential = credential

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"{self._scheme} {self._credential.token}"
        return request


def proxy_passwords(connection: Connection) -> set[str]:
    """Return the passwords of proxies, encoded as in a URL and decoded."""
    passwords = {urlsplit(url).password for _scheme, url in connection.proxies}
    return {text for password in passwords if password for text in (password, unquote(password))}


def open_authenticated_session(
    connection: Connection, credential: Credential, *, repeat_safe: bool
) -> requests.Session:
    """Return a session that sends the token of ``credential`` and the client certificate, through the proxies for
    ``api_url``."""
    session = open_session(connection, repeat_safe=repeat_safe)
    session.auth = _TokenAuth(connection.auth_scheme, credential)
    session.cert = connection.cert
    session.proxies = dict(connection.proxies)
    return session


def open_session(connection: Connection, *, repeat_safe: bool) -> requests.Session:
    """Return a session without credentials; ``repeat_safe`` decides what is repeated (see ``retry_policy``)."""
    session = _ClientSession()
    session.trust_env = False
    session.verify = connection.verify
    session.headers.update({"Accept": "application/json", "Accept-Language": "en", "Accept-Encoding": "gzip, deflate"})
    if connection.verify is False:
        # The user has set validate_certs; a warning at each request would hide other messages.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    policy = retry_policy(connection.retries, repeat_safe=repeat_safe)
    adapter = TimedAdapter(max_retries=policy, pool_maxsize=PAGES_AT_ONCE)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def skip_token(request: Any) -> Any:
    """Send the request without a token: an ``auth`` that replaces the session's own."""
    return request
