# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages as bare arrays, with the total and the links in headers (api-behaviour: pagination)."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from . import editions


class Renderer(JSONRenderer):
    """JSON, with the charset that the edition names (api-behaviour: content-types)."""

    @property
    def charset(self) -> str | None:
        """What follows ``application/json``."""
        return editions.current().charset or None


def no_description(view: Any, html: bool = False) -> str:
    """What OPTIONS says of every view."""
    return ""


class LinkHeaderPagination(PageNumberPagination):
    """``page`` and ``page_size``; ``Link`` has first, prev, next and last, ``X-Result-Count`` the total."""

    page_size_query_param = "page_size"
    max_page_size = 300

    def get_paginated_response(self, data: Any) -> Response:
        here = self.request.build_absolute_uri()
        last = self.page.paginator.num_pages
        first_link = remove_query_param(here, self.page_query_param)
        links = {
            "first": first_link,
            "prev": self.get_previous_link(),
            "next": self.get_next_link(),
            "last": first_link if last == 1 else replace_query_param(here, self.page_query_param, last),
        }
        header = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items() if url)
        return Response(data, headers={"X-Result-Count": str(self.page.paginator.count), "Link": header})
