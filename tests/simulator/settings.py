# SPDX-License-Identifier: GPL-3.0-or-later
"""Django's settings, kept to what an API without sessions needs: each part left out is time saved."""

from __future__ import annotations

import logging
from typing import Any

import django
from django.conf import settings

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["simulator.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["simulator.pagination.Renderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "simulator.pagination.LinkHeaderPagination",
    "PAGE_SIZE": 10,
    # The language of messages must not depend on the content type, and 2025 servers send no charset.
    "UNAUTHENTICATED_USER": "simulator.authentication.AnonymousUser",
    "COMPACT_JSON": True,
    # OPTIONS of the real server describes nothing.
    "VIEW_DESCRIPTION_FUNCTION": "simulator.pagination.no_description",
}


def configure() -> None:
    """Set Django up once; calling it again changes nothing."""
    if settings.configured:
        return
    settings.configure(
        DEBUG=False,
        SECRET_KEY="the simulator signs nothing",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="simulator.urls",
        INSTALLED_APPS=["rest_framework", "django_filters", "simulator.apps.SimulatorConfig"],
        MIDDLEWARE=[
            "simulator.recorder.RecorderMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": ":memory:",
                "ATOMIC_REQUESTS": True,
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGGING_CONFIG=None,
        USE_TZ=True,
        TIME_ZONE="UTC",
        LANGUAGE_CODE="en",
        REST_FRAMEWORK=REST_FRAMEWORK,
        DATA_UPLOAD_MAX_MEMORY_SIZE=50 * 1024 * 1024,
    )
    # Every 4xx would be a line on standard error.
    logging.getLogger("django").addHandler(logging.NullHandler())
    logging.getLogger("django").propagate = False
    django.setup()
