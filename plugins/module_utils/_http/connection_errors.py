# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe why no usable answer came, with the option to check.

requests and urllib3 report several causes by one class; the text of the innermost error distinguishes them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from .._common.errors import quote
from .transport import BODY_LIMIT, Exchange

with suppress(ImportError):  # reported with missing_required_lib where a module starts
    import requests

# How OpenSSL reports that the other side does not use TLS.
_NO_TLS = re.compile("WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE")
_NO_HTTP = re.compile("BadStatusLine|LineTooLong|more than \\d+ headers|InvalidChunkLength|InvalidHeader|ValueError")
_INCOMPLETE = re.compile("IncompleteRead|InvalidChunk|ChunkedEncoding")
# A TLS alert in place of the beginning of an HTTP response.
_TLS_ALERT = re.compile(r"\\+x15\\+x03")
# How nginx, Apache and Go answer HTTP on a port that uses TLS.
_TLS_REQUIRED_PAGE = re.compile(
    r"plain HTTP request was sent to (?:an )?HTTPS port|speaking plain HTTP to an SSL|HTTP request to an HTTPS server"
)
TLS_REQUIRED = "the server speaks only TLS on this port: use https:// in api_url"


def is_tls_required(status: int, text: str) -> bool:
    """Return whether an answer says that HTTP was sent to a port that uses TLS; ``TLS_REQUIRED`` is the cause then."""
    return status in (400, 426, 497) and _TLS_REQUIRED_PAGE.search(text) is not None


def is_timeout(error: BaseException) -> bool:
    """Return whether the time ran out while the client waited for an answer."""
    return isinstance(error, requests.exceptions.ReadTimeout) or "Timeout" in repr(error)


def describe_cause(error: Exception, host: str, exchange: Exchange) -> str:
    """Return why no usable answer came from ``host``, and what to check, as the end of a sentence without a full stop.

    ``host`` may include a port. ``error`` is one of requests, urllib3, ``http.client`` or the operating system;
    ``exchange`` tells how far the request got.
    """
    text = repr(error)
    if exchange.is_oversized:
        return f"the response of {host} is larger than {BODY_LIMIT // 1024**2} MiB"
    if isinstance(error, requests.exceptions.ProxyError) or "ProxyError" in text or exchange.is_at_proxy:
        return _describe_proxy_error(text, host)
    if isinstance(error, requests.exceptions.SSLError) or "SSLError" in text:
        return _describe_tls_error(text, host, exchange)
    if is_timeout(error):
        return _describe_timeout(error, host, exchange)
    return _describe_connection_error(error, text, host)


def _describe_proxy_error(text: str, host: str) -> str:
    if "appears to only use HTTP" in text or _NO_TLS.search(text):
        return "the proxy does not speak TLS: use http:// in proxy"
    refused = re.search(r"Tunnel connection failed: ([^'\")]*)", text)
    if refused:
        reason = refused[1].replace("\\\\", "\\")  # escaped twice by the errors around it
        return f"the proxy refused to connect to {host} ({quote(reason)}): check proxy"
    return "the proxy did not answer: check proxy"


def _describe_tls_error(text: str, host: str, exchange: Exchange) -> str:
    if exchange.is_sent:
        return (
            f"the TLS connection to {host} failed after the request was sent: if {host} asks for a certificate, check"
            " client_cert"
        )
    if _NO_TLS.search(text):
        return f"the server does not speak TLS on this port ({host}): use http:// or another port in api_url"
    return f"the TLS connection to {host} failed: check ca_path, client_cert, validate_certs"


def _describe_timeout(error: Exception, host: str, exchange: Exchange) -> str:
    if exchange.is_sent and exchange.received:
        return f"{host} did not complete its response in time: see timeout and retries"
    if exchange.is_sent or isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"no response from {host} within {exchange.timeout:g} seconds: increase timeout"
    if exchange.is_connected:
        return f"{host} accepted the connection and did not complete TLS in time: check the scheme and port of api_url"
    return f"no connection to {host} in time: check api_url and timeout"


def _describe_connection_error(error: Exception, text: str, host: str) -> str:
    descriptions: tuple[tuple[Any, str], ...] = (
        (
            "NameResolution" in text or "Name or service not known" in text,
            f"the host name {host} is unknown: check api_url",
        ),
        ("NewConnectionError" in text and "refused" not in text, f"no connection to {host}: check api_url"),
        ("refused" in text, f"{host} refused the connection: check api_url"),
        (_TLS_ALERT.search(text), TLS_REQUIRED),
        (_NO_HTTP.search(text), f"{host} does not answer in HTTP: check api_url"),
        (_INCOMPLETE.search(text), f"the response of {host} is incomplete"),
        ("DecodeError" in text or "ContentDecoding" in text, f"the response of {host} cannot be decompressed"),
        (isinstance(error, requests.exceptions.RetryError), f"{host} kept refusing"),
        (isinstance(error, requests.exceptions.ConnectionError), f"the connection to {host} was closed"),
        ("Protocol" in text or "Connection" in text, f"the connection to {host} was closed"),
    )
    return next((text for applies, text in descriptions if applies), f"the request failed: {type(error).__name__}")
