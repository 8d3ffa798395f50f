# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample users, states and documents for tests of comparisons, which send no request and need no server."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from ansible_collections.waldur.provider.plugins.module_utils._context import Session
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile, ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._plan.changes import Change
from ansible_collections.waldur.provider.plugins.module_utils._references.references import References
from ansible_collections.waldur.provider.plugins.module_utils._references.targets import Target
from ansible_collections.waldur.provider.plugins.module_utils._references.users import UnresolvedUser, User
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import ACTIONS, KINDS

DesiredState = TypeVar("DesiredState")

CUSTOMER = "c" * 32
PROVIDER = "d" * 32

ALICE = User("a1" * 16, "alice", "alice@example.org", True)
BOB = User("b0" * 16, "bob", "bob@example.org", True)
CAROL = User("ca" * 16, "carol", "carol@example.org", True)
GONE = User("9e" * 16, "gone", None, False)

NOBODY = UnresolvedUser("nobody", "user 'nobody' not found, or not readable with this token")
DEACTIVATED = UnresolvedUser("gone", "the user 'gone' is deactivated", GONE)

PEOPLE: dict[str, User | UnresolvedUser] = {
    "alice": ALICE,
    "alice@example.org": ALICE,
    "bob": BOB,
    "carol": CAROL,
    "nobody": NOBODY,
    "gone": DEACTIVATED,
}


def session(missing_users: str = "fail") -> Session:
    """Return a session without a client: a comparison that sends a request fails."""
    return Session(cast(Client, None), cast(References, None), missing_users)


def target(uuid: str | None = PROVIDER) -> Target:
    """Return the service provider of all samples; without a UUID, it does not exist yet."""
    return Target(CUSTOMER, f"https://waldur.example.org/api/customers/{CUSTOMER}/", "ACME", uuid)


def planned_change(
    action: str, kind: str = "", provider: str = "ACME", name: str = "alice", **values: Any
) -> Change[None]:
    """Return a change as its resource declares it; by default, ``kind`` is the one that has the action."""
    found = KINDS[kind] if kind else next(one for one in KINDS.values() if one.action(action))
    values = {"before": None, "after": None, "id": {"customer": CUSTOMER}, **values}
    return Change(provider, found, name, found.action(action) or ACTIONS[action], payload=None, **values)


def no_image(where: str, path: str) -> ImageFile:
    """Fail, where no file may be read."""
    raise AssertionError(f"{where} must not be read from {path}")


def image(where: str, path: str) -> ImageFile:
    """Return an image file whose content is its path."""
    return ImageFile(path, path.encode())


def document(**keys: Any) -> list[dict[str, Any]]:
    """Return a document of one provider."""
    return [{"customer": "ACME", **keys}]


def state_of(document: ProviderDocument, desired_type: type[DesiredState]) -> DesiredState:
    """Return the desired state of this type in the document, which must have one."""
    state = document.get(desired_type)
    assert state is not None
    return state
