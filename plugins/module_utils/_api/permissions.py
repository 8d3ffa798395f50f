# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What callers need for an operation besides a staff token, and how messages describe it."""

from __future__ import annotations

from typing import NamedTuple

_UNKNOWN = "the token's user lacks the permission"
_PERSONAL_TOKEN = "; a personal access token must list that permission, and if it is bound, be bound to the customer"
_OWNER = "this needs a staff token, or the role CUSTOMER.OWNER on the provider's customer"


class Requirement(NamedTuple):
    """What an operation needs in every edition. ``text`` is the end of a sentence.

    ``refuses_personal_tokens`` tells that personal access tokens cannot be used, whatever their permissions, and
    ``is_permission`` that they must list the one permission in the text.
    """

    text: str
    refuses_personal_tokens: bool = False
    is_permission: bool = False

    def describe(self, edition: int | None = None, *, is_personal_token: bool = False) -> str:
        """Return what a caller needs, as the end of a sentence; see ``Permission.describe``."""
        if is_personal_token and self.refuses_personal_tokens:
            return f"{self.text}; personal access tokens are not accepted"
        return f"{self.text}{_PERSONAL_TOKEN}" if is_personal_token and self.is_permission else self.text


class Permission(NamedTuple):
    """The permission that an operation needs, by the edition of Waldur (api-behaviour: roles-shipped, operations,
    rights-by-operation).

    ``name`` follows ``prefix`` and a dot; a role on the provider's customer that carries it opens the operation since
    the edition ``since``. With ``on_provider`` a role on the provider does too since 2026, and with ``support`` a
    support token.
    ``owner_in_2024`` tells that Waldur of 2024, which has no such permissions, looks at the role CUSTOMER.OWNER.
    """

    name: str
    on_provider: bool = False
    support: bool = False
    owner_in_2024: bool = False
    prefix: str = "SERVICE_PROVIDER"
    since: int = 2025

    def describe(self, edition: int | None = None, *, is_personal_token: bool = False) -> str:
        """Return what a caller needs, as the end of a sentence.

        ``edition`` is the server's (a year), None while it is not known: then the text names every case.
        ``is_personal_token`` tells that the caller used a personal access token.
        """
        text = self._describe_in(edition) if edition else self._describe_in_all()
        if not is_personal_token:
            return text
        return f"{text}{_PERSONAL_TOKEN}"

    def _describe_in(self, edition: int) -> str:
        if edition < 2025:
            return _OWNER if self.owner_in_2024 else _UNKNOWN
        permission = f"this needs the permission {self.prefix}.{self.name} on the"
        if edition >= 2026 and self.on_provider:
            return f"{permission} service provider or its customer{', or a support token' if self.support else ''}"
        until = " before 2026" if self.on_provider else ""
        return f"{permission} provider's customer (a role on the service provider is not enough{until})"

    def _describe_in_all(self) -> str:
        newest, older = self._describe_in(2026), self._describe_in(2025)
        if self.since >= 2026:
            return newest
        cases = [f"on Waldur of 2025 and newer {newest}"]
        if newest != older:
            cases = [f"on Waldur of 2026 {newest}", f"on Waldur of 2025 {older}"]
        if self.owner_in_2024:
            cases.append(f"on Waldur of 2024 {_OWNER}")
        return "; ".join(cases)


UNKNOWN = Requirement(_UNKNOWN)
OWNER = Requirement(_OWNER)
REGISTER = Requirement("this needs a staff token, or the permission SERVICE_PROVIDER.REGISTER on the customer")
CHANGE_ROLES = Requirement("role changes need a staff token on most Waldur versions", refuses_personal_tokens=True)
RENAME_ACCOUNT = Requirement(
    "this needs the permission OFFERING.UPDATE_USER on the offering or the provider's customer (a role on the service"
    " provider is not enough)",
    is_permission=True,
)
RENAME_PROVIDER_ACCOUNT = Requirement(
    "this needs the permission OFFERING.UPDATE_USER on the service provider or its customer", is_permission=True
)
CREATE_ACCOUNT = Requirement(
    "this needs the permission OFFERING.CREATE_USER on the provider's customer (a role on the service provider is not"
    " enough)",
    is_permission=True,
)
VIEW_TEAM = Requirement(
    "this needs a staff or support token, a role on the service provider, or a role with CUSTOMER.VIEW_TEAM on its"
    " customer or PROJECT.VIEW_TEAM on a project of that customer"
)
VIEW_POOLS = Requirement("this needs a staff or support token, or a role on the provider's customer")


def is_personal(auth_scheme: str, token: str) -> bool:
    """Return whether a token is a personal access token (api-behaviour: personal-access-tokens)."""
    return auth_scheme == "Bearer" and token.startswith("w_")


def describe_refused_staff(*, is_personal_token: bool) -> str:
    """Return why a request of staff, who may do everything, can be refused, as the end of a sentence."""
    if is_personal_token:
        return "the token's user is staff, so the personal access token itself lacks the permission: use a normal one"
    return "the token's user is staff, so not a missing role but a proxy or a setting of this Waldur refuses it"


def describe_defect(permission: Permission | Requirement, *, is_personal_token: bool) -> str:
    """Return why a Waldur breaks (5xx) on an operation with that permission, as an addition to a sentence.

    Empty where no reason is known.
    """
    if is_personal_token and isinstance(permission, Requirement) and permission.refuses_personal_tokens:
        return ", as it does on role changes with a personal access token: use a normal staff token, auth_scheme: Token"
    return ""
