# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trust in templates, by the rules of the ansible-core that runs."""

from __future__ import annotations

from typing import Any

from ansible import template as template_engine

# Before ansible-core 2.19 every text is a template unless it is marked as unsafe; since then only trusted texts are.
IS_OLD = not hasattr(template_engine, "is_trusted_as_template")


def is_trusted(value: Any) -> bool:
    """Return whether Ansible would evaluate ``value`` as a template."""
    return isinstance(value, str) if IS_OLD else bool(template_engine.is_trusted_as_template(value))


def trust(value: str) -> str:
    """Return a text of this collection as one that Ansible may evaluate."""
    template: str = value if IS_OLD else template_engine.trust_as_template(value)
    return template
