# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of all resources, in the order in which they are read, and what follows from their declarations."""

from __future__ import annotations

from .._plan.changes import Action, ChangeKind
from .api_secret_code import ApiSecretCode
from .base import AnyResource
from .offering_username import OfferingUsername
from .posix_id_pool import PosixIdPool
from .project_group import ProjectGroup
from .service_provider import ServiceProvider
from .user_role import UserRole

RESOURCES: tuple[AnyResource, ...] = (
    ServiceProvider(),
    UserRole(),
    OfferingUsername(),
    ApiSecretCode(),
    PosixIdPool(),
    ProjectGroup(),
)

KINDS: dict[str, ChangeKind] = {resource.kind.name: resource.kind for resource in RESOURCES}


def _actions() -> dict[str, Action]:
    """Return all actions by name, as they are declared; of several resources' actions of one name the first."""
    actions: dict[str, Action] = {}
    for action in (action for kind in KINDS.values() for action in kind.actions):
        actions.setdefault(action.name, action)
    return actions


ACTIONS: dict[str, Action] = _actions()

EXPORT_PARTS: dict[str, AnyResource] = {
    resource.export_part: resource for resource in RESOURCES if resource.export_part
}
