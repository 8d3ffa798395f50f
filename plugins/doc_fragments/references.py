# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that name something in Waldur, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragments ``waldur.provider.references.service_provider`` and ``….missing_users``."""

    SERVICE_PROVIDER = r"""
options:
  service_provider:
    description:
      - The service provider, by its UUID (with or without dashes, in any case) or URL, or by the name, abbreviation,
        slug, UUID or URL of its customer.
      - These ways are tried in this order, and the first one that matches anything decides. Upper and lower case
        matter in names.
      - None is an error, and so are several, with the candidates and their UUIDs in the message. A customer that is
        no service provider gets a message of its own.
      - Quote it where YAML would make something else of it, such as C("007").
    type: raw
    required: true
"""

    MISSING_USERS = r"""
options:
  missing_users:
    description:
      - What to do about users whom Waldur doesn't know (people often appear with their first login), whom the token
        may not see, or who are deactivated.
      - V(fail) fails the task before anything is changed, and names them all.
      - V(warn) leaves their entries out with a warning.
      - A UUID counts as known even where the token may not see that user (a staff token sees everybody). Waldur itself
        then refuses one that nobody has.
    type: str
    choices: [fail, warn]
    default: fail
"""
