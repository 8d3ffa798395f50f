# SPDX-License-Identifier: GPL-3.0-or-later
"""What accounts have of POSIX numbers and groups (api-behaviour: account-numbers, account-groups,
account-identities)."""

from __future__ import annotations

from typing import Any

from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ..account_numbers import list_allocations, list_groups, list_identities
from ..fields import parse_uuid


class NumberActions:
    """The reads about numbers below the accounts; they are bare lists."""

    get_object: Any
    get_queryset: Any

    @action(detail=True, methods=["get"])
    def posix_allocations(self, request: Request, uuid: str) -> Response:
        """Show the numbers of an account, and where they come from."""
        return Response(list_allocations(self.get_object()))

    @action(detail=True, methods=["get"])
    def posix_groups(self, request: Request, uuid: str) -> Response:
        """Show the groups of projects to which the user of an account belongs."""
        return Response(list_groups(self.get_object(), request.user))

    @action(detail=False, methods=["get"])
    def posix_identities(self, request: Request) -> Response:
        """Show the numbers of all accounts of a user that the caller sees."""
        user = parse_uuid(request.query_params.get("user_uuid"))
        if user is None:
            raise ValidationError({"user_uuid": ["This parameter is required."]})
        return Response(list_identities(self.get_queryset().filter(user__uuid=user), request.user))
