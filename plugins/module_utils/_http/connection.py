# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Waldur is and how to reach it. Needs no requests."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Connection:
    """Where Waldur is and how to reach it; every value resolved and checked (see ``_connection``).

    ``api_url`` is the base without ``/api/``; ``timeout`` is in seconds; ``proxies`` (those for ``api_url``) and
    ``verify`` are in the form that requests takes. ``proxy`` is the option and ``proxy_variables`` what the environment
    says of proxies: they decide for other hosts.
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
