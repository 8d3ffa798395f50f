# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML files read with care: any file gives data or errors that name its lines, and costs time for its size alone.

PyYAML's parser gives the events; what it makes of them is not used, as that recurses, writes out what aliases repeat,
and lets exceptions through where a word looks like a number or a date and is none.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .errors import InvalidInput, Problems, quote
from .input_files import LARGEST_DOCUMENT, read_file
from .yaml_spelling import WrittenBool, with_spelling

DEEPEST = 100
_MOST_REPEATED = 1_000_000
_MOST_ERRORS = 100
LONGEST_NUMBER = 100
# What YAML allows in no file; half of a surrogate pair is no UTF-8 either.
_CONTROLS = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
_KINDS = {"int": "number", "float": "number", "bool": "boolean", "timestamp": "date or time", "null": "null"}
_NO_KEY: Any = object()
_MERGE: Any = object()


def read_yaml(
    path: str,
    shown: str,
    option: str,
    *,
    spelled: bool = True,
    quoting: bool = True,
    limit: int = LARGEST_DOCUMENT,
    advice: str = "",
) -> Any:
    """Return the content of the YAML file at ``path``, a regular file of at most ``limit`` bytes.

    ``shown`` is what messages call the file, ``option`` the option that names it, and ``advice`` what to do where it
    can't be read, as the end of a sentence. With ``spelled``, numbers, dates and booleans know how they were written
    (see ``yaml_spelling``). Without ``quoting``, messages show no values, as the file holds secrets. Raises
    ``InvalidInput`` with all errors.
    """
    try:
        builder = _Builder(shown, spelled=spelled, quoting=quoting)
    except ImportError:
        raise InvalidInput(f"{option}: reading YAML takes PyYAML where the task runs: install it there.") from None
    text = read_text(path, shown, option, limit=limit, advice=advice)
    control = _CONTROLS.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise InvalidInput(
            f"{shown}: line {line}: holds the character {quote(control[0])}, which YAML does not allow: remove it."
        )
    return builder.build(text)


def read_text(path: str, shown: str, option: str, *, limit: int = LARGEST_DOCUMENT, advice: str = "") -> str:
    """Return the UTF-8 text of a file; the parameters are those of ``read_yaml``. Raises ``InvalidInput``."""
    content = read_file(option, path, limit, advice=advice)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput(f"{shown}: is UTF-16 text, and UTF-8 is required: save it as UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"{shown}: line {line}: is not UTF-8 text: save the file as UTF-8.") from None


def check_depth(where: str, value: Any) -> None:
    """Raise ``InvalidInput`` where ``value`` has more than ``DEEPEST`` levels of lists and mappings."""
    level = [value]
    for _level in range(DEEPEST + 1):
        # Each of them once, however often aliases repeat it.
        found = {
            id(item): item
            for holder in level
            if isinstance(holder, (dict, list, tuple))
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, (dict, list, tuple))
        }
        level = list(found.values())
        if not level:
            return
    raise InvalidInput(f"{where}: is nested deeper than {DEEPEST} levels: flatten it.")


@dataclass
class _Anchor:
    """A value that aliases can repeat: how many values it holds, written out, and how many levels."""

    value: Any
    size: int
    height: int


@dataclass
class _Open:
    """A list or mapping that is being read."""

    value: Any
    anchor: str | None
    line: int
    size: int = 1
    height: int = 1
    key: Any = _NO_KEY
    lines: dict[str, int] = field(default_factory=dict)
    merged: list[tuple[Any, Any]] = field(default_factory=list)


class _FatalError(Exception):
    """An error after which the rest of the file is not worth reading."""


class _Builder:
    """Makes data of the events of one file; a list of what is open instead of recursion."""

    def __init__(self, shown: str, *, spelled: bool, quoting: bool) -> None:
        import yaml

        self._yaml = yaml
        self._shown = shown
        self._spelled = spelled
        self._quoting = quoting
        self._problems = Problems()
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchor | None] = {}  # None: the value is still open
        self._resolvers: Any = yaml.SafeLoader.yaml_implicit_resolvers
        self._constructor = yaml.constructor.SafeConstructor()
        self._root: Any = None
        self._written = 0

    def build(self, text: str) -> Any:
        """Return the data of ``text``. Raises ``InvalidInput`` with all errors in it."""
        yaml = self._yaml
        events = yaml.events
        handlers = {
            events.ScalarEvent: self._scalar,
            events.MappingStartEvent: lambda event: self._start(event, {}, "map"),
            events.SequenceStartEvent: lambda event: self._start(event, [], "seq"),
            events.MappingEndEvent: self._end,
            events.SequenceEndEvent: self._end,
            events.AliasEvent: self._alias,
            events.DocumentStartEvent: self._document,
        }
        # The parser in C, where PyYAML has it, is several times faster; a fleet reads its folder on each host.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        with contextlib.suppress(_FatalError):
            try:
                for event in yaml.parse(text, loader):
                    handler = handlers.get(event.__class__)
                    if handler:
                        handler(event)
            except yaml.YAMLError as error:
                mark = getattr(error, "problem_mark", None)
                problem = quote(getattr(error, "problem", None) or error)
                self._add(mark.line + 1 if mark else 1, f"is not valid YAML{': ' + problem if self._quoting else ''}.")
        self._problems.raise_errors()
        return self._root

    # --- errors ------------------------------------------------------------------------------------------------------

    def _add(self, line: int, message: str, place: str = "") -> None:
        self._problems.add(f"{self._shown}: line {line}: {place and place + ': '}{message}")
        if len(self._problems.messages) >= _MOST_ERRORS:
            raise _FatalError

    def _fail(self, line: int, message: str) -> None:
        self._add(line, message, self._place())

    def _stop(self, line: int, message: str) -> NoReturn:
        self._fail(line, message)
        raise _FatalError

    def _place(self) -> str:
        """Return where in the data the reader is, such as ``service_providers[0].users[1].user``."""
        place = ""
        for one in self._open[:DEEPEST]:
            if isinstance(one.value, list):
                place += f"[{len(one.value)}]"
            elif isinstance(one.key, str):
                place += f"{place and '.'}{quote(one.key)}"
        return quote(place) if len(self._open) < DEEPEST else ""

    # --- values ------------------------------------------------------------------------------------------------------

    def _put(self, line: int, value: Any, word: str = "", size: int = 1, height: int = 0) -> None:
        """Put a complete value where it belongs; at first in a mapping it is a key. ``word``: how it was written."""
        if not self._open:
            self._root = value
            return
        holder = self._open[-1]
        holder.size += size
        holder.height = max(holder.height, height + 1)
        if holder.size > self._written + _MOST_REPEATED:
            self._stop(line, f"aliases repeat more than {_MOST_REPEATED:,} values: write out fewer.")
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.key is _NO_KEY:
            holder.key = self._key(line, holder, value, word)
        else:
            self._put_item(line, holder, value)
            holder.key = _NO_KEY

    def _key(self, line: int, holder: _Open, value: Any, word: str) -> Any:
        if value is _MERGE:
            return value
        if not isinstance(value, str):
            what = f"the key {word}" if word else "a list or mapping as key"
            self._fail(line, f"{what} is not text: quote it as it is written.")
            return None
        if value in holder.lines:
            first = holder.lines[value]
            self._fail(line, f"the key '{quote(value)}' is given twice, first in line {first}: remove one of the two.")
        holder.lines[value] = line
        return value

    def _put_item(self, line: int, holder: _Open, value: Any) -> None:
        if holder.key is not _MERGE:
            holder.value[holder.key] = value
            return
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            self._fail(line, "<< requires a mapping or a list of mappings, such as <<: *name.")
            return
        for part in reversed(parts):  # the first of them wins
            holder.merged.extend(part.items())

    def _document(self, event: Any) -> None:
        if self._written:
            self._stop(event.start_mark.line + 1, "a second YAML document begins: put it into a file of its own.")

    def _start(self, event: Any, value: Any, kind: str) -> None:
        line = event.start_mark.line + 1
        if len(self._open) >= DEEPEST:
            self._stop(line, f"is nested deeper than {DEEPEST} levels: flatten it.")
        self._written += 1
        if event.tag not in (None, "!", _TAG + kind):
            self._fail(line, f"the tag {self._name(event.tag)} is not supported: remove it.")
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(value, event.anchor, line))

    def _end(self, _event: Any) -> None:
        done = self._open.pop()
        value = {**dict(done.merged), **done.value} if done.merged else done.value
        if done.anchor:
            self._anchors[done.anchor] = _Anchor(value, done.size, done.height)
        self._put(done.line, value, size=done.size, height=done.height)

    def _alias(self, event: Any) -> None:
        line, name = event.start_mark.line + 1, self._name(event.anchor)
        found = self._anchors.get(event.anchor, _NO_KEY)
        if found is _NO_KEY:
            self._stop(line, f"the alias *{name} has no anchor &{name} before it: correct its name.")
        if found is None:
            self._stop(line, f"the alias *{name} refers to the value that contains it: remove it.")
        if len(self._open) + found.height > DEEPEST:
            self._stop(line, f"is nested deeper than {DEEPEST} levels by aliases: flatten it.")
        self._written += 1
        self._put(line, found.value, f"*{name}", found.size, found.height)

    def _scalar(self, event: Any) -> None:
        self._written += 1
        value = self._value(event)
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(value, 1, 0)
        self._put(event.start_mark.line + 1, value, self._word(event))

    def _value(self, event: Any) -> Any:
        text = event.value
        tag = event.tag
        if tag in (None, "!"):
            if not event.implicit[0]:
                return text
            resolvers = self._resolvers.get(text[:1], ())
            tag = next((found for found, pattern in resolvers if pattern.match(text)), None)
            if tag is None:
                return text
        kind = str(tag).removeprefix(_TAG)
        if kind in ("str", "value"):
            return text
        if kind == "merge":
            holder = self._open[-1] if self._open else None
            return _MERGE if holder and isinstance(holder.value, dict) and holder.key is _NO_KEY else text
        if kind not in _KINDS:
            self._fail(event.start_mark.line + 1, f"the tag {self._name(tag)} is not supported: remove it.")
            return text
        return None if kind == "null" else self._constructed(event, tag, kind)

    def _constructed(self, event: Any, tag: str, kind: str) -> Any:
        """Return what PyYAML makes of a number, boolean or date; some words only look like one."""
        text = event.value
        make = getattr(self._constructor, f"construct_yaml_{kind}")
        try:
            # Thousands of digits would take long, and Python's newer versions refuse them.
            value = make(self._yaml.ScalarNode(tag, text if len(text) <= LONGEST_NUMBER else "?"))
        except (ValueError, LookupError, AttributeError, ArithmeticError, TypeError):
            line, word = event.start_mark.line + 1, self._word(event)
            remedy = "correct it" if self._expects_time() else "correct it, or quote it if it is text"
            self._fail(line, f"{word} is not a valid {_KINDS[kind]}: {remedy}.")
            return text
        if not self._spelled or text in ("true", "false"):
            return value
        return WrittenBool(value, text) if kind == "bool" else with_spelling(value, lambda: text)

    def _expects_time(self) -> bool:
        """Return whether the value belongs to a key of a time, such as expiration_time, where text is no remedy."""
        key = self._open[-1].key if self._open and isinstance(self._open[-1].value, dict) else None
        return isinstance(key, str) and key.endswith("_time")

    def _word(self, event: Any) -> str:
        return quote(event.value) if self._quoting else "that is written there"

    def _name(self, name: str) -> str:
        """Return an anchor or tag; in a file that holds secrets it may be one that was not quoted."""
        return quote(name.replace(_TAG, "!!")) if self._quoting else "…"
