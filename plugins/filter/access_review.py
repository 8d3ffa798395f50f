# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter access_review; its documentation is in the YAML file of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.module_utils._common.expiries import describe_duration, parse_duration
from ansible_collections.waldur.provider.plugins.plugin_utils._connection_options import require_plain
from ansible_collections.waldur.provider.plugins.plugin_utils._filters import make_filter
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import parse_report_time
from ansible_collections.waldur.provider.plugins.plugin_utils._review import render
from ansible_collections.waldur.provider.plugins.plugin_utils._review.grants import make_review

_OUTPUTS = ("rows", "markdown", "csv", "html")


def access_review(
    results: Any,
    date: Any,
    desired_state: Any = None,
    expiring_within: Any = 30,
    output: str = "rows",
    title: str = render.DEFAULT_TITLE,
) -> list[dict[str, Any]] | str:
    """Return the review in one of the formats. Raises ``InvalidInput`` for invalid data."""
    if output not in _OUTPUTS:
        raise InvalidInput(f"output: {quote(output)} is not a valid format: use {', '.join(_OUTPUTS)}.")
    report_time = parse_report_time(_strip_tags(date), "date")
    within = parse_duration("expiring_within", _strip_tags(expiring_within))
    review = make_review(require_plain(results), report_time.timestamp, within, require_plain(desired_state))
    if output == "rows":
        return review.as_rows()
    if output == "csv":
        return render.render_csv(review)
    render_text = render.render_markdown if output == "markdown" else render.render_html
    return render_text(review, title=str(title), read_at=report_time.text, soon=describe_duration(within))


def _strip_tags(value: Any) -> Any:
    """Return a text without the tags of newer cores; a date, which YAML makes of an unquoted one, stays a date."""
    return str(value) if isinstance(value, str) else value


class FilterModule:
    """The filter of this file, as Ansible loads it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"access_review": make_filter("access_review", access_review)}
