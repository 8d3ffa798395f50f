# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe the connection to a Waldur. Needs no requests, so that any plugin can import it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Connection:
    """Describe one Waldur and how to reach it; every value is resolved and checked (see ``connection_options``).

    ``api_url`` is the base without ``/api/``. ``auth_scheme`` is Token or Bearer (api-behaviour: authentication).
    ``verify``, ``cert`` and ``proxies`` have the form that requests takes; ``proxies`` are those for ``api_url``.
    ``timeout`` is in seconds and counts for each try; ``retries`` is the number of tries after the first. ``proxy`` is
    the option and ``proxy_variables`` are the variables of the environment that decide on the proxy of other hosts.
    """

    api_url: str
    access_token: str = field(repr=False)
    auth_scheme: str = "Token"
    verify: bool | str = True
    cert: str | tuple[str, str] | None = None
    proxies: tuple[tuple[str, str], ...] = ()
    timeout: float = 30.0
    retries: int = 4
    proxy: str | None = field(default=None, repr=False)
    proxy_variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
