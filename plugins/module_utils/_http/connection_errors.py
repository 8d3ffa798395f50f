# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why no usable answer came, in words that name the option to look at.

requests and urllib3 fold several causes into one class; the text of the innermost error tells them apart.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from .._common.errors import quote
from .transport import BODY_LIMIT, Exchange

with suppress(ImportError):  # reported with missing_required_lib where a module starts
    import requests

# What OpenSSL says to bytes that are no TLS.
_NO_TLS = re.compile("WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE")
_NO_HTTP = re.compile("BadStatusLine|LineTooLong|more than \\d+ headers|InvalidChunkLength|InvalidHeader|ValueError")
_CUT = re.compile("IncompleteRead|InvalidChunk|ChunkedEncoding")
# The start of a TLS alert, where an answer in HTTP should begin.
_ALERT = re.compile(r"\\+x15\\+x03")
# What nginx, Apache and Go say to HTTP on a port of TLS.
_NEEDS_TLS = re.compile(
    r"plain HTTP request was sent to (?:an )?HTTPS port|speaking plain HTTP to an SSL|HTTP request to an HTTPS server"
)
_USE_TLS = "the server speaks only TLS on this port: use https:// in api_url"


def needs_tls(status: int, text: str) -> bool:
    """Whether an answer says that HTTP was spoken to a port of TLS."""
    return status in (400, 426, 497) and _NEEDS_TLS.search(text) is not None


def tls_needed() -> str:
    """Return the cause for an answer that ``needs_tls`` recognizes."""
    return _USE_TLS


def is_late(error: BaseException) -> bool:
    """Whether time ran out while an answer was waited for."""
    return isinstance(error, requests.exceptions.ReadTimeout) or "Timeout" in repr(error)


def cause(error: Exception, host: str, exchange: Exchange) -> str:
    """Return why no usable answer came from ``host``, without a full stop."""
    text = repr(error)
    if exchange.is_oversized:
        return f"the answer of {host} is larger than {BODY_LIMIT // 1024**2} MiB"
    if isinstance(error, requests.exceptions.ProxyError) or "ProxyError" in text or exchange.is_at_proxy:
        return _proxy_cause(text, host)
    if isinstance(error, requests.exceptions.SSLError) or "SSLError" in text:
        return _tls_cause(text, host, exchange)
    if is_late(error):
        return _late_cause(error, host, exchange)
    return _connection_cause(error, text, host)


def _proxy_cause(text: str, host: str) -> str:
    if "appears to only use HTTP" in text or _NO_TLS.search(text):
        return "the proxy does not speak TLS: use http:// in proxy"
    refused = re.search(r"Tunnel connection failed: ([^'\")]*)", text)
    if refused:
        reason = refused[1].replace("\\\\", "\\")  # escaped twice by the errors around it
        return f"the proxy refused to connect to {host} ({quote(reason)}): check proxy"
    return "the proxy did not answer: check proxy"


def _tls_cause(text: str, host: str, exchange: Exchange) -> str:
    if exchange.is_sent:
        return f"TLS with {host} broke after the request was sent: if {host} asks for a certificate, check client_cert"
    if _NO_TLS.search(text):
        return f"the server does not speak TLS on this port ({host}): use http:// or another port in api_url"
    return f"TLS with {host} failed: check ca_path, client_cert, validate_certs"


def _late_cause(error: Exception, host: str, exchange: Exchange) -> str:
    if exchange.is_sent and exchange.received:
        return f"{host} did not complete its answer in time: see timeout and retries"
    if exchange.is_sent or isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"no answer from {host} within {exchange.timeout:g} seconds: see timeout"
    if exchange.is_connected:
        return f"{host} took the connection and did not complete TLS in time: check the scheme and port of api_url"
    return f"no connection to {host} in time: check api_url and timeout"


def _connection_cause(error: Exception, text: str, host: str) -> str:
    causes: tuple[tuple[Any, str], ...] = (
        (
            "NameResolution" in text or "Name or service not known" in text,
            f"the host name {host} is unknown: check api_url",
        ),
        ("NewConnectionError" in text and "refused" not in text, f"no connection to {host}: check api_url"),
        ("refused" in text, f"{host} refused the connection: check api_url"),
        (_ALERT.search(text), _USE_TLS),
        (_NO_HTTP.search(text), f"{host} does not answer in HTTP: check api_url"),
        (_CUT.search(text), f"the answer of {host} was cut short"),
        ("DecodeError" in text or "ContentDecoding" in text, f"the answer of {host} can't be unpacked"),
        (isinstance(error, requests.exceptions.RetryError), f"{host} kept refusing"),
        (isinstance(error, requests.exceptions.ConnectionError), f"the connection to {host} broke"),
        ("Protocol" in text or "Connection" in text, f"the connection to {host} broke"),
    )
    return next((words for applies, words in causes if applies), f"the request failed: {type(error).__name__}")
