# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse the options of the event source. Sends nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import input_files, values
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.expiries import parse_duration
from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.plugin_utils._events.cursor_file import Owner
from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import KINDS, ROLE

NAME = "waldur.provider.changes"
FIRST_RUNS = ("silent", "replay")
# Options of ansible-rulebook for any source.
FEEDBACK = ("feedback", "eda_feedback_queue")
OPTIONS = (
    *connection_options.NAMES,
    "service_providers",
    "kinds",
    "cursor",
    "first_run",
    "interval",
    "max_interval",
    "overlap",
    "full_interval",
    "commit_delay",
    "expiring_within",
)


@dataclass(frozen=True)
class Settings:
    """The options of one event source, checked; all times but ``expiring_within`` are in seconds.

    ``service_providers`` and ``kinds`` are None where all are selected.
    """

    connection: Connection
    cursor: str
    service_providers: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    is_replayed: bool = False
    interval: int = 20
    max_interval: int = 300
    overlap: int = 60
    full_interval: int = 3600
    commit_delay: int = 0
    expiring_within: timedelta | None = None

    @property
    def owner(self) -> Owner:
        """What the cursor of the source belongs to."""
        return Owner(self.connection.api_url, self.service_providers, self.kinds)


def parse_settings(options: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Return the settings of the options of a source in a rulebook. Raises ``InvalidInput``, which names the option."""
    known = {key: value for key, value in options.items() if key not in FEEDBACK}
    options = {key: value for key, value in values.mapping(NAME, known, OPTIONS).items() if value != ""}
    connection = {name: options[name] for name in connection_options.NAMES if name in options}
    resolved = connection_options.resolve(connection, {}, environment, source_name="the event source")
    if "cursor" not in options:
        raise InvalidInput(
            "cursor: is missing: set it to the path of a file that survives a restart, where the source keeps what it"
            " has seen."
        )
    kinds = _choices("kinds", options.get("kinds"), tuple(KINDS))
    within = options.get("expiring_within")
    if within is not None and kinds is not None and ROLE not in kinds:
        raise InvalidInput(f"expiring_within: is about roles, and kinds leaves them out: add {ROLE} to kinds.")
    defaults = Settings
    interval = values.whole_number("interval", options.get("interval", defaults.interval), 1, 86_400)
    longest = values.whole_number("max_interval", options.get("max_interval", defaults.max_interval), 1, 86_400)
    return Settings(
        connection_options.connect(resolved, environment),
        os.path.abspath(input_files.expand_path("cursor", values.reference("cursor", options["cursor"]))),
        _references(options.get("service_providers")),
        kinds,
        values.choice("first_run", options.get("first_run", "silent"), FIRST_RUNS) == "replay",
        interval,
        max(interval, longest),
        values.whole_number("overlap", options.get("overlap", defaults.overlap), 1, 86_400),
        values.whole_number("full_interval", options.get("full_interval", defaults.full_interval), 1, 864_000),
        values.whole_number("commit_delay", options.get("commit_delay", defaults.commit_delay), 0, 86_400),
        None if within is None else parse_duration("expiring_within", within),
    )


def _list(option: str, value: Any) -> list[Any] | None:
    """Return the items of a list, None where it is not set; one text is a list of one. Raises ``InvalidInput``."""
    if value is None:
        return None
    references = [value] if isinstance(value, str) else values.sequence(option, value)
    if not references:
        raise InvalidInput(f"{option}: is empty: name at least one, or leave it out for all.")
    return references


def _choices(option: str, value: Any, choices: tuple[str, ...]) -> tuple[str, ...] | None:
    items = _list(option, value)
    if items is None:
        return None
    return tuple(dict.fromkeys(values.choice(f"{option}[{n}]", item, choices) for n, item in enumerate(items)))


def _references(value: Any) -> tuple[str, ...] | None:
    items = _list("service_providers", value)
    if items is None:
        return None
    return tuple(dict.fromkeys(values.reference(f"service_providers[{n}]", item) for n, item in enumerate(items)))
