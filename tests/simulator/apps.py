# SPDX-License-Identifier: GPL-3.0-or-later
"""The one Django application."""

from __future__ import annotations

from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    """Names the application, so that tables are called ``simulator_…``."""

    name = "simulator"
    label = "simulator"
