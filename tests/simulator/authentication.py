# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is calling: user tokens, their lifetime, and staff acting as somebody (api-behaviour: authentication)."""

from __future__ import annotations

import copy
import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from . import clock, editions
from .database import MEMORY
from .fields import parse_uuid
from .models import PersonalAccessToken, User
from .permissions import Access


class AnonymousUser:
    """Nobody: what views see without an Authorization header."""

    is_authenticated = False
    is_anonymous = True
    is_staff = False
    is_support = False
    pk = None
    username = ""


class TokenAuthentication(authentication.TokenAuthentication):
    """``Authorization: Token <key>``; a scheme word that the edition lacks counts as no login."""

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        result = self._authenticate_header(request)
        wanted = request.META.get("HTTP_X_IMPERSONATED_USER_UUID")
        if result and wanted and result[0].is_staff:
            other = User.objects.filter(uuid=parse_uuid(wanted), is_active=True).first()
            return (other, result[1]) if other else result
        return result

    def _authenticate_header(self, request: Request) -> tuple[User, str] | None:
        word, *rest = authentication.get_authorization_header(request).split() or [b""]
        if word.lower() not in (keyword.lower().encode() for keyword in editions.current().scheme_words):
            return None
        if not rest:
            raise exceptions.AuthenticationFailed(_("Invalid token. No credentials provided."))
        if len(rest) > 1:
            raise exceptions.AuthenticationFailed(_("Invalid token. Token string should not contain spaces."))
        key = rest[0].decode("latin-1")
        return self.authenticate_limited(key) if key.startswith("w_") else self.authenticate_credentials(key)

    def authenticate_limited(self, key: str) -> tuple[Any, str]:
        """The owner of a personal access token, with the rights that its scopes leave
        (api-behaviour: personal-access-tokens).

        A user's own token with ``w_`` before it is one with all scopes.
        """
        found = PersonalAccessToken.objects.select_related("user").filter(token=key).first()
        if found is None:
            user = copy.copy(self.authenticate_credentials(key.removeprefix("w_"))[0])
            user.access = Access(None, frozenset(), user.is_staff)
            return user, key
        if not found.user.is_active or (found.expires_at is not None and found.expires_at < clock.now()):
            raise exceptions.AuthenticationFailed(_("Invalid token."))
        user, scopes = found.user, frozenset(found.scopes)
        bound_to = frozenset(one["uuid"].replace("-", "").lower() for one in found.allowed_scopes)
        user.access = Access(scopes, bound_to, user.is_staff)
        user.is_support = user.is_support and bool(scopes & {"STAFF.ACCESS", "SUPPORT.ACCESS"})
        user.is_staff = user.is_staff and "STAFF.ACCESS" in scopes
        return user, key

    def authenticate_credentials(self, key: str) -> tuple[Any, str]:
        # A run asks a thousand times with the same token, so its holder is read once between two writes.
        if key not in MEMORY:
            MEMORY[key] = User.objects.filter(token=key).first()
        user = MEMORY[key]
        if user is None:
            raise exceptions.AuthenticationFailed(_("Invalid token."))
        if not user.is_active:
            raise exceptions.AuthenticationFailed(_("User inactive or deleted."))
        if user.token_lifetime is not None:
            self._use(user)
        return user, key

    @staticmethod
    def _use(user: User) -> None:
        # Each use pushes the expiry forward; a token never used starts its life now.
        used = user.token_used or clock.now()
        if used + datetime.timedelta(seconds=user.token_lifetime) < clock.now():
            raise exceptions.AuthenticationFailed(_("Token has expired."))
        user.token_used = clock.now()
        User.objects.filter(pk=user.pk).update(token_used=user.token_used)
