# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the resource of a module, without importing the others."""

from __future__ import annotations

from importlib import import_module

from .base import AnyResource


def find_resource(module: str) -> AnyResource | None:
    """Return the resource whose module is ``module``; None for the other modules.

    A resource's file has the name of its module, and holds the resource as ``RESOURCE``. Only this file is imported,
    as Ansible compiles each file that it imports again in every run.
    """
    try:
        declared = import_module(f".{module}", __package__)
    except ModuleNotFoundError:
        return None
    resource: AnyResource | None = getattr(declared, "RESOURCE", None)
    return resource
