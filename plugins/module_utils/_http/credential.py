# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token of a client, which is read again after the server has rejected it."""

from __future__ import annotations

from threading import Lock

from .._common.errors import InvalidInput, Unauthorized
from .._common.redaction import Redactor
from .connection import Connection
from .token_sources import TokenSource


class Credential:
    """The token of a client. Threads share it: after a rejection, the first one reads the token again for all.

    ``redactor`` masks every token that was read.
    """

    def __init__(self, connection: Connection, redactor: Redactor) -> None:
        self._source = connection.token_source
        self._redactor = redactor
        self._lock = Lock()
        self._renewals = 0
        self.token = connection.with_token().access_token
        redactor.add(self.token)

    @property
    def option(self) -> str:
        """The option that the token comes from."""
        return self._source.option if self._source else "access_token"

    @property
    def renewals(self) -> int:
        """How often the token was read again, with success or not."""
        return self._renewals

    def renew(self, rejected: str, renewals: int, error: Unauthorized) -> None:
        """Read the token again after ``error`` (api-behaviour: access-errors), so that the request can be repeated.

        ``rejected`` and ``renewals`` are the values of ``token`` and ``renewals`` when the request was sent. Raises
        ``error`` where the token can't be read again, or is still the one that was rejected.
        """
        if self._source is None:
            raise error
        with self._lock:
            problem = ""
            if renewals == self._renewals:
                self._renewals += 1
                problem = self._read_again(self._source, rejected)
            if self.token == rejected:
                error.message += f" {problem or 'Reading it again gave the same token.'}"
                error.args = (error.message,)
                raise error

    def _read_again(self, source: TokenSource, rejected: str) -> str:
        """Replace the token; return why that was not possible, an empty text if it was."""
        try:
            self.token = source.renew(rejected)
        except InvalidInput as problem:
            return f"It could not be read again: {problem.message}"
        self._redactor.add(self.token)
        return ""
