# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the declaration of a module."""

from __future__ import annotations

from .argument_specs import Module
from .write_modules import WRITE_MODULES


def find_module(name: str) -> Module:
    """Return the declaration of the module ``name``, without the collection's name.

    What reads, exports and validates is imported only for the modules that need it, as Ansible compiles each file that
    it imports again in every run.
    """
    if name in WRITE_MODULES:
        return WRITE_MODULES[name]
    from .modules import MODULES

    return MODULES[name]
