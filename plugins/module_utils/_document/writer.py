# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a document as text: the same text for the same content, which is read back as the same content."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._common.errors import InvalidInput

_HEAD = "# Exported from Waldur. Applying it changes nothing until Waldur or this file is changed."
# An address that does not change with the version, so that an export stays the same after an update.
SCHEMA_URL = "https://raw.githubusercontent.com/waldur/ansible-waldur-provider/main/schemas/document.schema.json"
# Editors with the YAML language server validate and complete the document by it.
_SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA_URL}"
_WIDTH = 110
# What PyYAML writes without quotes, and other readers of YAML take for a number or a boolean, such as 1e3, 0o17 or y.
_AMBIGUOUS = re.compile(r"[-+.]*\d|[yn]$", re.IGNORECASE)


def document_text(entries: Sequence[Mapping[str, Any]], notes: Iterable[str]) -> str:
    """Return the document of ``entries`` (JSON data) with ``notes`` (each on one line) as comments above it.

    Raises ``InvalidInput`` where PyYAML is missing.
    """
    comments = [line for note in notes for line in _comment(note)]
    return "\n".join([_HEAD, _SCHEMA_LINE, *comments, "---", _dumped({"service_providers": list(entries)})])


def _comment(note: str) -> list[str]:
    return textwrap.wrap(
        note,
        _WIDTH,
        initial_indent="# - ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


class _NoNodes(dict[Any, Any]):
    """What PyYAML remembers to write aliases: nothing, as there are none, and it would take more memory than the text.

    Each node is new, so none is found in it.
    """

    def __setitem__(self, node: Any, value: Any) -> None:
        pass

    def __missing__(self, node: Any) -> None:
        return None


def _dumped(content: Any) -> str:
    try:
        import yaml
    except ImportError:
        raise InvalidInput("dest: writing documents requires PyYAML where the task runs: install it there.") from None

    class Dumper(yaml.SafeDumper):
        """YAML as ansible-lint wants it, in which nothing is hidden."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.anchors = self.serialized_nodes = _NoNodes()

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            """Indent lists, too."""
            super().increase_indent(flow, False)

        def ignore_aliases(self, data: Any) -> bool:
            """Everything is written out."""
            return True

        def write_double_quoted(self, text: str, split: bool = True) -> None:
            """Escape what can't be seen; PyYAML writes some of it as it is, and reads some of that otherwise."""
            self.allow_unicode = False
            super().write_double_quoted(text, split)
            self.allow_unicode = True

    def represented(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, _style(value))

    Dumper.add_representer(str, represented)
    return str(yaml.dump(content, None, Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH))


def _style(text: str) -> str | None:
    """Return the style in which YAML is to write ``text``; None leaves it to PyYAML, which decides, too, where a style
    can't express the text."""
    lines = text.split("\n")
    if not all(line.isprintable() for line in lines):
        return '"'
    if len(lines) > 1:
        return "|" if max(map(len, lines)) < _WIDTH else None
    return "'" if _AMBIGUOUS.match(text) else None
