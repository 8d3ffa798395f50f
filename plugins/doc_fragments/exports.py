# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that say what of Waldur becomes a document."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.exports``, of the modules that return or write documents."""

    DOCUMENTATION = r"""
options:
  service_providers:
    description:
      - The service providers, a list of references or a single one. Each by its UUID (with or without dashes, in any
        case) or URL, or by the name, abbreviation, slug, UUID or URL of its customer.
      - Left out, all service providers are exported that the token may read. Any token sees the list of all of them,
        but most are only allowed to read the roles and usernames of their own. The others are left out as a whole, and
        a note says so of each. It is an error where a service provider that is named can't be read, and where none can.
      - Text is one reference, also with a comma in it. Quote references where YAML would make something else of them,
        such as C("007").
    type: raw
    aliases: [service_provider]
  parts:
    description:
      - What to export of each service provider. V(profile) is C(description), C(enable_notifications), and from 2026 on
        C(allowed_domains) and C(account_options). The others are the keys of the document.
      - Leave out what the token may not read.
    type: list
    elements: str
    choices: [profile, users, offering_usernames]
    default: [profile, users, offering_usernames]
"""
