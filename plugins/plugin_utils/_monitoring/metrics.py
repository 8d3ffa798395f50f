# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drift as metrics for the textfile collector of Prometheus' node exporter. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, escape_invisible
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import KINDS
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import escape_block
from ansible_collections.waldur.provider.plugins.plugin_utils._monitoring.drift_report import (
    DriftReport,
    Provider,
    parse_report,
    parse_rows,
)

# The fields of a pool that hold how much of a range is in use, in percent.
_UTILIZATION = "_utilization"
_LARGEST_UTILIZATION = 10**6


@dataclass
class Metric:
    """A gauge, and its samples as labels with a value."""

    name: str
    text: str
    samples: list[tuple[Mapping[str, str], float]] = field(default_factory=list)

    def render(self) -> Iterator[str]:
        """Yield the lines of the metric; none without a sample."""
        if self.samples:
            yield f"# HELP {self.name} {self.text}"
            yield f"# TYPE {self.name} gauge"
        for labels, value in self.samples:
            shown = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
            yield f"{self.name}{{{shown}}} {value:.15g}" if shown else f"{self.name} {value:.15g}"


def render_metrics(
    drift: Any, service_providers: Any = None, *, timestamp: float, expiring: Any = None, pools: Any = None
) -> str:
    """Return drift as metrics, with the time of the check in seconds since 1970.

    ``expiring`` are the objects that end soon (None: they were not read), ``pools`` rows of POSIX ID pools. Where the
    check was not possible, only that and its time are known. Raises ``InvalidInput``.
    """
    if not math.isfinite(timestamp):
        raise InvalidInput("timestamp: must be a number of seconds since 1970.")
    report = parse_report(drift, service_providers)
    metrics = [
        Metric(
            "waldur_drift_check_success",
            "Whether Waldur could be compared with the document.",
            [({}, float(not report.has_failed))],
        ),
        Metric(
            "waldur_drift_last_check_timestamp_seconds",
            "When Waldur was last compared with the document.",
            [({}, timestamp)],
        ),
    ]
    if not report.has_failed:
        metrics += [*_count_changes(report), *_count_expiring(report, expiring)]
    metrics.append(_measure_pools(pools))
    return "".join(f"{line}\n" for metric in metrics for line in metric.render())


def _count_changes(report: DriftReport) -> Iterator[Metric]:
    drift = Metric("waldur_drift", "Whether the service provider differs from the document.")
    changes = Metric("waldur_drift_changes", "The number of changes that would repair the drift.")
    for provider, own in report.changes.items():
        drift.samples.append((_label(provider), float(bool(own))))
        numbers = Counter((change.kind.name, change.action.name) for change in own)
        changes.samples += [
            ({**_label(provider), "kind": kind, "action": action}, number)
            for (kind, action), number in sorted(numbers.items())
        ]
    yield drift
    yield changes


def _count_expiring(report: DriftReport, expiring: Any) -> Iterator[Metric]:
    """Yield how many objects of each kind that can end do so soon, 0 included."""
    if expiring is None:
        return
    source = "the list 'expiring' in the result of waldur.provider.desired_state"
    rows = parse_rows("expiring", expiring, ("service_provider", "kind", "id"), source)
    numbers = Counter((row["service_provider"], row["id"].get("customer"), row["kind"]) for row in rows)
    kinds = [kind.name for kind in KINDS.values() if kind.can_expire]
    yield Metric(
        "waldur_expiring_soon",
        "How many objects end within the time that the check looks ahead.",
        [
            ({**_label(provider), "kind": kind}, numbers[provider[0], provider[1], kind])
            for provider in report.changes
            for kind in kinds
        ],
    )


def _measure_pools(pools: Any) -> Metric:
    rows = parse_rows("pools", pools, ("uuid",), "rows of POSIX ID pools, each with its uuid")
    # Two samples with the same labels make the whole file invalid; a pool that is given twice counts once.
    rows = list({uuids.normalize(row["uuid"]) or str(row["uuid"]): row for row in rows}.values())
    return Metric(
        "waldur_posix_id_pool_utilization_ratio",
        "How much of a range of numbers is in use, from 0 to 1.",
        [
            ({**_label(_provider(row)), "pool": str(row["uuid"]), "range": str(key).removesuffix(_UTILIZATION)}, share)
            for row in rows
            for key, share in _utilization(row)
        ],
    )


def _provider(row: Mapping[str, Any]) -> Provider:
    return str(row.get("customer_name") or ""), str(row.get("customer_uuid") or "")


def _utilization(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the ranges of a pool that it manages, and how much of them is in use; nothing for an impossible number."""
    for key, percent in row.items():
        is_number = isinstance(percent, (int, float)) and not isinstance(percent, bool)
        if str(key).endswith(_UTILIZATION) and is_number and abs(percent) < _LARGEST_UTILIZATION:
            yield key, percent / 100


def _label(provider: Provider) -> dict[str, str]:
    name, uuid = provider
    return {"service_provider": name, "customer_uuid": uuid}


def _escape(text: str) -> str:
    """Return the value of a label, on one line, without the marks of a template."""
    return escape_block(escape_invisible(text).replace("\\", "\\\\").replace('"', '\\"'))
