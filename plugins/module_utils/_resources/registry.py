# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of all resources, in the order in which they are read, and what follows from their declarations."""

from __future__ import annotations

from .._plan.changes import Action, ChangeKind, actions_by_name
from . import api_secret_code, offering_username, posix_id_pool, project_group, service_provider, user_role
from .base import AnyResource

RESOURCES: tuple[AnyResource, ...] = (
    service_provider.RESOURCE,
    user_role.RESOURCE,
    offering_username.RESOURCE,
    api_secret_code.RESOURCE,
    posix_id_pool.RESOURCE,
    project_group.RESOURCE,
)

KINDS: dict[str, ChangeKind] = {resource.kind.name: resource.kind for resource in RESOURCES}

ACTIONS: dict[str, Action] = actions_by_name(KINDS.values())

EXPORT_PARTS: dict[str, AnyResource] = {
    resource.export_part: resource for resource in RESOURCES if resource.export_part
}
