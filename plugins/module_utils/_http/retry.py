# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retries: urllib3's own ``Retry``, within the deadline of the request (api-behaviour: repeating-requests)."""

from __future__ import annotations

from typing import Any

from .transport import current_exchange

try:
    from urllib3.exceptions import InvalidHeader, MaxRetryError, ResponseError
    from urllib3.util.retry import Retry
except ImportError:  # reported with missing_required_lib where a module starts
    Retry = object  # type: ignore[assignment,misc]

_TOO_MANY_REQUESTS = 429


class DeadlineRetry(Retry):
    """A ``Retry`` that stops when the retries or the time of the current exchange are used up."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Return whether to repeat after ``status_code``: for the listed ones only.

        urllib3 would also repeat any 503 that carries Retry-After, writes included.
        """
        return bool(self.total) and status_code in self.status_forcelist

    def get_retry_after(self, response: Any) -> float | None:
        """Return the seconds to wait by the Retry-After header; None without one or for one that can't be read."""
        try:
            return super().get_retry_after(response)
        except (InvalidHeader, ValueError, TypeError, OverflowError, IndexError):
            return None

    def increment(
        self,
        method: Any = None,
        url: Any = None,
        response: Any = None,
        error: Any = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> DeadlineRetry:
        """Count a failure. Raises ``MaxRetryError`` when the tries or the time are used up."""
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        exchange = current_exchange()
        if exchange is None:
            return following
        wait = (self.get_retry_after(response) if response is not None else None) or following.get_backoff_time()
        if exchange.retries_left <= 0 or exchange.is_oversized or not exchange.has_time_for(wait):
            raise MaxRetryError(_pool, url or "", error or ResponseError("no retries or no time left"))
        exchange.begin_retry(is_refused=response is not None and response.status == _TOO_MANY_REQUESTS)
        if response is not None:
            # Old versions of urllib3 would read and unpack the whole body, which is not used.
            response.close()
        return following


def retry_policy(retries: int, *, repeat_safe: bool) -> DeadlineRetry:
    """Return the retry policy for one kind of request; ``retries`` is the number of tries after the first.

    A request that is safe to repeat is repeated after a failed connection, a lost response and 429, 502, 503, 504;
    another one only where it was certainly not carried out: no connection, or 429 (api-behaviour: repeating-requests).
    """
    return DeadlineRetry(
        total=retries,
        connect=retries,
        read=retries if repeat_safe else 0,
        status=retries,
        other=retries if repeat_safe else 0,
        redirect=0,
        status_forcelist=(_TOO_MANY_REQUESTS, 502, 503, 504) if repeat_safe else (_TOO_MANY_REQUESTS,),
        allowed_methods=None,
        backoff_factor=0.3,
        respect_retry_after_header=True,
        raise_on_status=False,
    )
