# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter drift_metrics; its documentation is in the YAML file of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._monitoring.metrics import render_metrics


def drift_metrics(
    drift: Any, service_providers: Any = None, timestamp: Any = None, expiring: Any = None, pools: Any = None
) -> str:
    """Return drift as metrics. Raises ``AnsibleFilterError`` with one sentence for invalid data."""
    try:
        seconds = _parse_timestamp(timestamp)
        return render_metrics(drift, service_providers, timestamp=seconds, expiring=expiring, pools=pools)
    except InvalidInput as error:
        raise AnsibleFilterError(f"waldur.provider.drift_metrics: {error.message}") from error


def _parse_timestamp(value: Any) -> float:
    """Return a number; older versions of Ansible pass one that comes from a variable as text."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput("timestamp: must be a number of seconds since 1970.") from error


class FilterModule:
    """The filter of this file, as Ansible loads it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"drift_metrics": drift_metrics}
