# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters that several modules have, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragments ``waldur.provider.filters.<section>``. A module adds the aliases that its API has for an option."""

    ROLE_GRANTS = r"""
options:
  user:
    description:
      - Only role grants of this user. By username (case-sensitive), e-mail address (case-insensitive), UUID or URL.
      - If the token may not read the user, use the UUID.
    type: raw
    aliases: [user_url]
  full_name:
    description: A part of the user's name (case-insensitive, ignoring accents).
    type: str
  user_slug:
    description: A part of the user's slug (case-insensitive).
    type: str
  role:
    description: Only role grants of this role, by name, exactly as written, or by UUID or URL.
    type: raw
notes:
  - Sorted by C(expiration_time), role grants that never expire are after those that do.
"""

    USERNAME = r"""
options:
  username:
    description: The exact username (case-sensitive). It is no error if there is no such user.
    type: str
"""

    NATIVE_NAME = r"""
options:
  native_name:
    description: A part of the name in the native language of the user (case-insensitive).
    type: str
"""

    DESCRIPTION = r"""
options:
  description:
    description: A part of the description (case-insensitive).
    type: str
"""

    PROJECT_ACCOUNTS = r"""
options:
  project:
    description:
      - Only accounts of this project, by its exact name within the service provider, or by UUID or URL.
    type: raw
    aliases: [project_uuid]
  email:
    description: A part of the e-mail address (case-insensitive).
    type: str
"""
