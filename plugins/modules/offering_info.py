#!/usr/bin/python
# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: offering_info
"""

from ansible_collections.waldur.provider.plugins.module_utils._run import run_module


def main() -> None:
    """Entry point."""
    run_module("offering_info")


if __name__ == "__main__":
    main()
