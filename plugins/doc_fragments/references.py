# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that reference objects in Waldur, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragments ``waldur.provider.references.service_provider`` and ``….missing_users``."""

    SERVICE_PROVIDER = r"""
options:
  service_provider:
    description:
      - The service provider, by its UUID (with or without dashes, in any case) or URL, or by the name, abbreviation,
        slug, UUID or URL of its customer.
      - The references are tried in this order, and the first kind that matches is used. Names are case-sensitive.
      - It is an error if there is no match, or if there are several, with the candidates and their UUIDs in the
        message. A separate message reports a customer that is not a service provider.
      - Quote it if YAML would read it as another type, such as C("007").
    type: raw
    required: true
"""

    MISSING_USERS = r"""
options:
  missing_users:
    description:
      - What to do about users who do not exist in Waldur (users are often created at their first login), whom the token
        may not read, or who are deactivated.
      - With V(fail), the task fails before anything is changed, and lists all of them.
      - With V(warn), their entries are skipped with a warning.
      - A UUID counts as existing even if the token may not read that user (a staff token may read all users). Waldur
        then rejects a UUID that no user has.
    type: str
    choices: [fail, warn]
    default: fail
"""
