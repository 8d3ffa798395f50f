# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the declaration of a module."""

from __future__ import annotations

from functools import cache

from .._resources.find_resource import find_resource
from .argument_specs import Module
from .resource_modules import resource_module


@cache
def find_module(name: str) -> Module:
    """Return the declaration of the module ``name``, without the collection's name.

    For the module of a resource, only that resource is imported. For any other module, all modules are.
    """
    resource = find_resource(name)
    if resource is not None:
        return resource_module(resource)
    from .modules import MODULES

    return MODULES[name]
