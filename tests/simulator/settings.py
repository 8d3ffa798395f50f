# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets Django up with ``settings.yaml``."""

from __future__ import annotations

import logging

import django
from django.conf import settings

from . import editions


def configure() -> None:
    """Set Django up once; calling it again changes nothing."""
    if settings.configured:
        return
    settings.configure(**editions.load("settings.yaml"))
    # Every 4xx would be a line on standard error.
    logging.getLogger("django").addHandler(logging.NullHandler())
    logging.getLogger("django").propagate = False
    django.setup()
