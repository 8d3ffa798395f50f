# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that select what is exported into a document."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.exports``, of the modules that return or write documents."""

    DOCUMENTATION = r"""
options:
  service_providers:
    description:
      - The service providers, as a list or a single one. Name each by its UUID (with or without dashes, in any case) or
        URL, or by the name, abbreviation, slug, UUID or URL of its customer.
      - If omitted, all service providers that the token may read are exported. Any token can list all service
        providers, but most tokens may only read the role grants and usernames of their own. The others are skipped,
        with a note for each. It is an error if a service provider that you name can't be read, or if none can be read.
      - A string is one reference, even if it contains a comma. Quote references that YAML would read as another type,
        such as C("007").
    type: raw
    aliases: [service_provider]
  parts:
    description:
      - What to export of each service provider. V(profile) contains C(description), C(enable_notifications), and since
        Waldur 2026 C(allowed_domains) and C(account_options). The others are the keys of the document.
      - Leave out the parts that the token may not read.
    type: list
    elements: str
    choices: [profile, users, offering_usernames, posix_id_pool, project_groups]
    default: [profile, users, offering_usernames, posix_id_pool, project_groups]
"""
