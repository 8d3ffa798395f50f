# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Render templates of HTML pages, in which every value is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

DEFAULT_TITLE = "Service provider report"
# Ansible would evaluate what looks like a template wherever the page goes through a variable.
_TEMPLATE = re.compile(r"\{(?=[{%#])")


def make_environment(*folders: Path) -> Environment:
    """Return an environment for the templates in *folders* and in this folder, which escapes every value."""
    return Environment(
        loader=FileSystemLoader([*folders, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_page(environment: Environment, template: str, context: Mapping[str, Any]) -> str:
    """Return the page that the template makes of the context, without text that Ansible takes for a template."""
    return _TEMPLATE.sub("&#123;", environment.get_template(template).render(context))
