# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters report_html, report_html_index and report_html_names, documented in the YAML files of the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ansible.errors import AnsibleFilterError

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._connection_options import to_plain
from ansible_collections.waldur.provider.plugins.plugin_utils._report import render

NAME = "waldur.provider.report_html"
Made = TypeVar("Made")


def report_html(
    data: Any, moment: Any, title: str = render.DEFAULT_TITLE, currency: str = "", warnings: Any = None
) -> str:
    """The report as HTML. Raises ``AnsibleFilterError`` with one sentence for data that is none of a report."""
    return _made(
        NAME,
        lambda: render.report_html(
            to_plain(data), moment=_moment(moment), title=title, currency=currency, warnings=to_plain(warnings)
        ),
    )


def report_html_index(reports: Any, moment: Any, title: str = render.DEFAULT_TITLE) -> str:
    """The page that links to reports. Raises ``AnsibleFilterError``."""
    return _made(f"{NAME}_index", lambda: render.report_index(to_plain(reports), moment=_moment(moment), title=title))


def report_html_names(profiles: Any) -> list[str]:
    """A name of a file for each profile. Raises ``AnsibleFilterError``."""
    return _made(f"{NAME}_names", lambda: render.report_names(to_plain(profiles)))


def _moment(value: Any) -> Any:
    """A text loses the tags that newer cores put on it; the date that YAML makes of an unquoted one stays one."""
    return str(value) if isinstance(value, str) else value


def _made(name: str, make: Callable[[], Made]) -> Made:
    try:
        return make()
    except InvalidInput as error:
        raise AnsibleFilterError(f"{name}: {error.message}") from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by their names."""
        return {
            "report_html": report_html,
            "report_html_index": report_html_index,
            "report_html_names": report_html_names,
        }
