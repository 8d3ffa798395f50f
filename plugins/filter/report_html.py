# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters report_html, report_html_index and report_html_names, documented in the YAML files of the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common.expiries import parse_duration
from ansible_collections.waldur.provider.plugins.plugin_utils._connection_options import require_plain
from ansible_collections.waldur.provider.plugins.plugin_utils._filters import make_filter
from ansible_collections.waldur.provider.plugins.plugin_utils._report import render
from ansible_collections.waldur.provider.plugins.plugin_utils._report.index import render_index
from ansible_collections.waldur.provider.plugins.plugin_utils._report.templates import DEFAULT_TITLE


def report_html(
    data: Any,
    moment: Any,
    title: str = DEFAULT_TITLE,
    currency: str = "",
    warnings: Any = None,
    expiring_within: Any = 30,
    links: Any = None,
) -> str:
    """Return the report as HTML. Raises ``InvalidInput`` for invalid data."""
    return render.report_html(
        require_plain(data),
        moment=_strip_tags(moment),
        title=title,
        currency=currency,
        warnings=require_plain(warnings),
        expiring_within=parse_duration("expiring_within", _strip_tags(expiring_within)),
        links=require_plain(links),
    )


def report_html_index(
    reports: Any,
    moment: Any,
    title: str = DEFAULT_TITLE,
    currency: str = "",
    expiring_within: Any = 30,
    links: Any = None,
) -> str:
    """Return the page that links to reports. Raises ``InvalidInput``."""
    return render_index(
        require_plain(reports),
        moment=_strip_tags(moment),
        title=title,
        currency=currency,
        expiring_within=parse_duration("expiring_within", _strip_tags(expiring_within)),
        links=require_plain(links),
    )


def report_html_names(profiles: Any) -> list[str]:
    """Return a file name for each profile. Raises ``InvalidInput``."""
    return render.report_names(require_plain(profiles))


def _strip_tags(value: Any) -> Any:
    """Return a text without the tags of newer cores; a date, which YAML makes of an unquoted one, stays a date."""
    return str(value) if isinstance(value, str) else value


class FilterModule:
    """The filters of this file, as Ansible loads them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by their names."""
        functions = (report_html, report_html_index, report_html_names)
        return {function.__name__: make_filter(function.__name__, function) for function in functions}
