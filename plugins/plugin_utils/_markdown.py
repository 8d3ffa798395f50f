# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of others in Markdown, so that it stays text. Pure.

What others wrote is shown as inline code: there GitLab and GitHub see no markup, no link, no image, no mention of a
person and no reference to an issue, and what is copied is the text itself. Entities would not do, as both look for
mentions after they were decoded. In the summary of a folded block, which is HTML, it is in the element ``code``. No
line begins with such text, as a line that begins with a slash is a command to GitLab. Nothing that is made here holds
the marks of a template.
"""

from __future__ import annotations

import re
from html import escape

_BREAKS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# They join letters of some scripts, and emoji, and can't reorder text as other invisible characters can.
_JOINERS = "\u200c\u200d"
# Inline code can't hold these everywhere in a table: the rules for a pipe behind a backslash differ.
_SPLITTING = re.compile(r"([|`{])")
_TEMPLATE = re.compile(r"\{(?=[{%#])")
_PUNCTUATION = re.compile(r"[^\w\s,;:'()\-]|_")
_NOWHERE = "\u200b"


def split_lines(text: str) -> list[str]:
    """Return the lines of ``text``, of characters that can be printed and don't change the order of others."""
    return [line if line.isprintable() else "".join(map(_printable, line)) for line in _BREAKS.split(text)]


def format_code(text: str) -> str:
    """Return ``text`` on one line, as inline code that is safe in a table, a heading or a list; "" for an empty one."""
    pieces = _SPLITTING.split(" ↵ ".join(split_lines(text)).strip())
    return "".join(f"&#{ord(piece)};" if piece in "|`{" else f"`{piece}`" for piece in pieces if piece)


def format_html_code(text: str) -> str:
    """Return ``text`` on one line, as inline code in HTML, where Markdown is not read; "" for an empty one."""
    line = " ↵ ".join(split_lines(text)).strip()
    return f"<code>{escape(line).replace('{', '&#123;')}</code>" if line else ""


def escape_block(text: str) -> str:
    """Return lines for a fenced block of code. The caller puts a mark before each that is no backtick."""
    return _TEMPLATE.sub("{" + _NOWHERE, text)


def escape_prose(text: str) -> str:
    """Return ``text`` on one line as text among text: for what the author of a playbook writes, such as a title."""
    line = " ".join(" ".join(split_lines(text)).split())
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};{_NOWHERE}", line)


def shorten(text: str, longest: int) -> str:
    """Return ``text``, cut where it is longer than ``longest`` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def format_count(number: int, thing: str) -> str:
    """Return a count with its unit, such as ``3 changes`` or ``1 change``."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _printable(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    return " " if character.isspace() else "\ufffd"
