# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe the connection to a Waldur. Needs no requests, so that any plugin can import it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .token_sources import TokenSource


@dataclass(frozen=True)
class Connection:
    """Describe one Waldur and how to reach it; every value is resolved and checked (see ``connection_options``).

    ``api_url`` is the base without ``/api/``. ``auth_scheme`` is Token or Bearer (api-behaviour: authentication).
    ``verify``, ``cert`` and ``proxies`` have the form that requests takes; ``proxies`` are those for ``api_url``.
    ``timeout`` is in seconds and counts for each try; ``retries`` is the number of tries after the first. ``proxy`` is
    the option and ``proxy_variables`` are the variables of the environment that decide on the proxy of other hosts.
    ``access_token`` is empty until a token of ``token_source`` was read.
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
    token_source: TokenSource | None = None

    def with_token(self) -> Connection:
        """Return the connection with its token, read from ``token_source`` where there is none yet.

        Raises ``InvalidInput`` with no secret in its message.
        """
        if self.access_token or self.token_source is None:
            return self
        return replace(self, access_token=self.token_source.read())
