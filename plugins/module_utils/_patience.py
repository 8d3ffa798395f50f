# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retries: urllib3's own ``Retry`` with an end in time (contract 1.13)."""

from __future__ import annotations

import time
from typing import Any

try:
    from urllib3.exceptions import MaxRetryError, ResponseError
    from urllib3.util.retry import Retry
except ImportError:  # reported with missing_required_lib where a module starts
    Retry = object  # type: ignore[assignment,misc]


class Patience(Retry):
    """A ``Retry`` that gives up when ``seconds`` have passed since its first failure, or would pass while waiting."""

    def __init__(self, *args: Any, seconds: float = 0.0, until: float | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.seconds = seconds
        self.until = until

    def new(self, **options: Any) -> Patience:
        """A copy with other values, as urllib3 makes for each attempt; the end in time goes along."""
        return super().new(seconds=self.seconds, until=self.until, **options)

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Only the listed statuses: urllib3 would also repeat any 503 that carries Retry-After, writes included."""
        return bool(self.total) and status_code in self.status_forcelist

    def increment(
        self,
        method: Any = None,
        url: Any = None,
        response: Any = None,
        error: Any = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Patience:
        """Counts a failure. Raises ``MaxRetryError`` when the tries or the time are used up."""
        now = time.monotonic()
        until = self.until if self.until is not None else now + self.seconds
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        wait = (self.get_retry_after(response) if response is not None else None) or following.get_backoff_time()
        if now + wait > until:
            raise MaxRetryError(_pool, url or "", error or ResponseError("no time left to try again"))
        following.until = until
        return following


def patience(retries: int, timeout: float, *, repeat_safe: bool) -> Patience:
    """The rule for one kind of request. What may be repeated is repeated after a failed connection, a lost answer and
    429, 502, 503, 504; what may not is repeated only where it was surely not carried out: no connection, or 429."""
    return Patience(
        total=retries,
        connect=retries,
        read=retries if repeat_safe else 0,
        status=retries,
        other=retries if repeat_safe else 0,
        redirect=0,
        status_forcelist=(429, 502, 503, 504) if repeat_safe else (429,),
        allowed_methods=None,
        backoff_factor=0.3,
        respect_retry_after_header=True,
        raise_on_status=False,
        seconds=timeout * (retries + 1),
    )
