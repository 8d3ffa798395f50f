# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the links of a page: to the page of all reports, and to Waldur's web interface. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote as encode_path
from urllib.parse import urlsplit, urlunsplit

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import check_keys, format_name


@dataclass(frozen=True)
class WebLink:
    """An address that a page links to, and its host as the text of the link."""

    address: str
    host: str


@dataclass(frozen=True)
class Links:
    """Where a page leads: to the page that links to all reports, and to Waldur; empty or None where there is none."""

    index: str
    waldur: WebLink | None


def make_links(value: Any, api_url: Any) -> Links:
    """Return the links of the mapping *value* of ``index``, a file beside the page, and ``waldur``, an address.

    Without ``waldur``, it is the address below which the API of *api_url* is. Raises ``InvalidInput``.
    """
    targets = check_keys("links", value or {}, ("index", "waldur"))
    return Links(
        encode_path(format_name(targets.get("index")), safe=""), _find_web_link(targets.get("waldur"), api_url)
    )


def _find_web_link(value: Any, api_url: Any) -> WebLink | None:
    text = str(value or "").strip()
    link = _parse(text or str(api_url or "").partition("/api/")[0])
    if text and link is None:
        raise InvalidInput(
            f"links.waldur: {quote(text)} is not the address of a web interface: write one like"
            " https://waldur.example.org."
        )
    return link


def _parse(text: str) -> WebLink | None:
    """Return an address as a link, without a login in it; None if a browser would do anything but open it."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or text != format_name(text):
        return None
    network_location = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    address = urlunsplit((parts.scheme, network_location, parts.path or "/", parts.query, ""))
    return WebLink(address, host)
