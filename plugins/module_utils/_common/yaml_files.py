# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read YAML files safely: any file gives data, or errors that name lines, in a time that depends on its size alone.

Only the events of PyYAML's parser are used, not what it constructs from them: that recurses, expands aliases, and
raises exceptions of its own for words that look like a number or a date and are none.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .errors import InvalidInput, Problems, quote
from .input_files import LARGEST_DOCUMENT, read_file
from .rules import Rule
from .yaml_spelling import WrittenBool, attach_spelling

DEEPEST = 100
_MOST_REPEATED = 1_000_000
_MOST_ERRORS = 100
LONGEST_NUMBER = 100
# What YAML allows in no file; half of a surrogate pair is no UTF-8 either.
CONTROLS = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
_KINDS = {"int": "number", "float": "number", "bool": "boolean", "timestamp": "date or time", "null": "null"}
_NO_KEY: Any = object()
_MERGE: Any = object()

Position = tuple[int, int]


@dataclass
class Positions:
    """Where a file has its keys and values: line and column, from 1, by their paths as messages show them.

    A path is such as ``service_providers[0].users[1].user``. Values that aliases repeat have the position of the alias.
    """

    keys: dict[str, Position] = field(default_factory=dict)
    values: dict[str, Position] = field(default_factory=dict)

    def find(self, path: str, *, is_key: bool = False) -> Position:
        """Return the position of a value, or of its key, or else of the closest value that contains it.

        The beginning of the file stands for a path of which nothing is known.
        """
        if is_key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.values.get(path, (1, 1))


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

    For messages, ``shown`` is the name of the file, ``option`` the option that names it, and ``advice`` the end of the
    sentence about a file that can't be read. ``spelled``: numbers, dates and booleans keep their spelling (see
    ``yaml_spelling``). ``quoting`` false: messages show no values, as the file holds secrets. Raises ``InvalidInput``
    with all errors.
    """
    builder, text = _open_builder(path, shown, option, spelled=spelled, quoting=quoting, limit=limit, advice=advice)
    content = builder.build(text)
    builder.problems.raise_errors()
    return content


def read_yaml_with_errors(
    path: str, shown: str, option: str, problems: Problems, *, limit: int = LARGEST_DOCUMENT
) -> Any:
    """Return the content of the YAML file at ``path`` as ``read_yaml`` does, also if some of its values are invalid.

    Their errors are added to ``problems``; invalid values are replaced by their text, and invalid keys left out. Raises
    ``InvalidInput`` where the file can't be read to its end.
    """
    builder, text = _open_builder(path, shown, option, limit=limit)
    content = builder.build(text)
    if not builder.is_complete:
        builder.problems.raise_errors()
    for error in builder.problems.errors:
        problems.add(error)
    return content


def _open_builder(
    path: str,
    shown: str,
    option: str,
    *,
    spelled: bool = True,
    quoting: bool = True,
    limit: int = LARGEST_DOCUMENT,
    advice: str = "",
) -> tuple[_Builder, str]:
    """Return a builder, and the text of the file for it; the parameters are those of ``read_yaml``."""
    try:
        builder = _Builder(shown, spelled=spelled, quoting=quoting)
    except ImportError:
        raise InvalidInput(f"{option}: reading YAML requires PyYAML where the task runs: install it there.") from None
    text = read_text(path, shown, option, limit=limit, advice=advice)
    control = CONTROLS.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise InvalidInput(
            f"{shown}: line {line}: contains the character {quote(control[0])}, which YAML does not allow: remove it.",
            rule=Rule.YAML_SYNTAX,
            position=(line, control.start() - text.rfind("\n", 0, control.start())),
        )
    return builder, text


def read_positions(path: str) -> Positions:
    """Return where the YAML file at ``path`` has its keys and values; those that could be read, if it has errors.

    They are read only when an error has to be located, as they take as long as the content. PyYAML is required.
    """
    positions = Positions()
    with contextlib.suppress(InvalidInput):
        builder = _Builder(path, spelled=False, quoting=False, positions=positions)
        builder.build(read_text(path, path, ""))
    return positions


def parse_yaml(text: str, shown: str) -> Any:
    """Return the data of a YAML text that may hold secrets; ``shown`` names it in messages, which show no values.

    Raises ``InvalidInput`` with all errors.
    """
    try:
        builder = _Builder(shown, spelled=False, quoting=False)
    except ImportError:
        raise InvalidInput(f"{shown}: reading YAML requires PyYAML where the task runs: install it there.") from None
    control = CONTROLS.search(text)
    if control:
        raise InvalidInput(f"{shown}: contains the character {quote(control[0])}, which YAML does not allow.")
    content = builder.build(text)
    builder.problems.raise_errors()
    return content


def scalar_spans(text: str) -> list[tuple[int, int]]:
    """Return where the values and keys of a valid YAML text stand that are plain or quoted, in their order."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    tokens = (token for token in yaml.scan(text, loader) if isinstance(token, yaml.ScalarToken))
    return [(token.start_mark.index, token.end_mark.index) for token in tokens if token.style not in ("|", ">")]


def read_text(path: str, shown: str, option: str, *, limit: int = LARGEST_DOCUMENT, advice: str = "") -> str:
    """Return the UTF-8 text of a file; the parameters are those of ``read_yaml``. Raises ``InvalidInput``."""
    content = read_file(option, path, limit, advice=advice)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = f"{shown}: is UTF-16 text, and UTF-8 is required: save it as UTF-8."
        raise InvalidInput(message, rule=Rule.YAML_SYNTAX)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{shown}: line {line}: is not UTF-8 text: save the file as UTF-8."
        raise InvalidInput(message, rule=Rule.YAML_SYNTAX, position=(line, 1)) from None


def check_depth(where: str, value: Any) -> None:
    """Raise ``InvalidInput``, which names ``where``, if ``value`` has more than ``DEEPEST`` levels of collections."""
    level = [value]
    for _level in range(DEEPEST + 1):
        # Each of them once, however often aliases repeat it.
        children = {
            id(item): item
            for holder in level
            if isinstance(holder, (dict, list, tuple))
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, (dict, list, tuple))
        }
        level = list(children.values())
        if not level:
            return
    raise InvalidInput(f"{where}: is nested deeper than {DEEPEST} levels: flatten it.")


@dataclass
class _Anchor:
    """A value that aliases can repeat.

    ``size`` is the number of values in it, with aliases expanded, and ``height`` its number of levels.
    """

    value: Any
    size: int
    height: int


@dataclass
class _OpenCollection:
    """A list or mapping whose end has not been read yet; it begins at ``mark`` (of PyYAML).

    ``size`` and ``height`` are as in ``_Anchor``. Of a mapping, ``key`` is the key whose value comes next, ``lines``
    holds the line of each key, and ``merged`` the items of mappings that ``<<`` merges.
    """

    value: Any
    anchor: str | None
    mark: Any
    size: int = 1
    height: int = 1
    key: Any = _NO_KEY
    key_position: Position = (1, 1)
    lines: dict[str, int] = field(default_factory=dict)
    merged: list[tuple[Any, Any]] = field(default_factory=list)


class _FatalError(Exception):
    """An error after which the rest of the file is not read."""


class _Builder:
    """Builds data from the events of one file, with a stack of open collections instead of recursion."""

    def __init__(self, shown: str, *, spelled: bool, quoting: bool, positions: Positions | None = None) -> None:
        import yaml

        self._yaml = yaml
        self._shown = shown
        self._spelled = spelled
        self._quoting = quoting
        self._positions = positions
        self.problems = Problems()
        self.is_complete = False
        self._open: list[_OpenCollection] = []
        self._anchors: dict[str, _Anchor | None] = {}  # None: the value is still open
        self._resolvers: Any = yaml.SafeLoader.yaml_implicit_resolvers
        self._constructor = yaml.constructor.SafeConstructor()
        self._root: Any = None
        self._written = 0

    def build(self, text: str) -> Any:
        """Return the data of ``text``; errors are collected. It is incomplete unless ``is_complete``."""
        yaml = self._yaml
        events = yaml.events
        handlers = {
            events.ScalarEvent: self._add_scalar,
            events.MappingStartEvent: lambda event: self._start_collection(event, {}, "map"),
            events.SequenceStartEvent: lambda event: self._start_collection(event, [], "seq"),
            events.MappingEndEvent: self._end_collection,
            events.SequenceEndEvent: self._end_collection,
            events.AliasEvent: self._add_alias,
            events.DocumentStartEvent: self._start_document,
        }
        # The parser in C, where PyYAML has it, is several times faster; a fleet reads its folder on each host.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        with contextlib.suppress(_FatalError):
            try:
                for event in yaml.parse(text, loader):
                    handler = handlers.get(event.__class__)
                    if handler:
                        handler(event)
                self.is_complete = True
            except yaml.YAMLError as error:
                mark = getattr(error, "problem_mark", None)
                problem = quote(getattr(error, "problem", None) or error)
                message = f"is not valid YAML{': ' + problem if self._quoting else ''}."
                self._add_error(mark, message, rule=Rule.YAML_SYNTAX)
        return self._root

    # --- errors ------------------------------------------------------------------------------------------------------

    def _add_error(self, mark: Any, message: str, place: str = "", *, rule: Rule = Rule.YAML_FEATURE) -> None:
        """Record an error at a mark of PyYAML (None: unknown). Raises ``_FatalError`` after ``_MOST_ERRORS``."""
        position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        text = f"{self._shown}: line {position[0]}: {place and place + ': '}{message}"
        self.problems.add(
            InvalidInput(text, rule=rule, place=f"{self._shown}{place and ': ' + place}", position=position)
        )
        if len(self.problems.errors) >= _MOST_ERRORS:
            raise _FatalError

    def _add_error_here(self, mark: Any, message: str, *, rule: Rule = Rule.YAML_FEATURE) -> None:
        """Record an error about the value that is being read."""
        self._add_error(mark, message, self._locate(), rule=rule)

    def _abort(self, mark: Any, message: str) -> NoReturn:
        """Record an error about the value that is being read, and raise ``_FatalError``."""
        self._add_error_here(mark, message)
        raise _FatalError

    def _locate(self) -> str:
        """Return the path of the value that is being read, as messages show it; empty below the deepest level."""
        return quote(self._path()) if len(self._open) < DEEPEST else ""

    def _path(self) -> str:
        """Return the path of the value that is being read, such as ``service_providers[0].users[1].user``."""
        place = ""
        for collection in self._open[:DEEPEST]:
            if isinstance(collection.value, list):
                place += f"[{len(collection.value)}]"
            elif isinstance(collection.key, str):
                place += f"{place and '.'}{quote(collection.key)}"
        return place

    def _note_position(self, mark: Any) -> None:
        """Note where the value begins that comes next, and where a key does that comes next."""
        if self._positions is None:
            return
        position = (mark.line + 1, mark.column + 1)
        holder = self._open[-1] if self._open else None
        if holder and isinstance(holder.value, dict) and holder.key is _NO_KEY:
            holder.key_position = position
            return
        path = self._path()
        self._positions.values.setdefault(path, position)
        if holder and isinstance(holder.value, dict):
            self._positions.keys.setdefault(path, holder.key_position)

    # --- values ------------------------------------------------------------------------------------------------------

    def _add_value(self, mark: Any, value: Any, word: str = "", size: int = 1, height: int = 0) -> None:
        """Add a complete value to the open collection: to a list as an item, to a mapping as a key or a key's value.

        ``word`` is how a scalar was written, ``size`` and ``height`` are as in ``_Anchor``.
        """
        if not self._open:
            self._root = value
            return
        holder = self._open[-1]
        holder.size += size
        holder.height = max(holder.height, height + 1)
        if holder.size > self._written + _MOST_REPEATED:
            self._abort(mark, f"aliases repeat more than {_MOST_REPEATED:,} values: write out fewer.")
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.key is _NO_KEY:
            holder.key = self._check_key(mark, holder, value, word)
        else:
            self._set_item(mark, holder, value)
            holder.key = _NO_KEY

    def _check_key(self, mark: Any, holder: _OpenCollection, value: Any, word: str) -> Any:
        """Return ``value`` if it can be a key, else None; record an error for one that can't, or that is repeated."""
        if value is _MERGE:
            return value
        if not isinstance(value, str):
            what = f"the key {word}" if word else "a list or mapping as key"
            message = f"{what} is not text: put it in quotes."
            self._add_error_here(mark, message, rule=Rule.UNQUOTED_VALUE)
            return None
        if value in holder.lines:
            message = (
                f"the key '{quote(value)}' is given twice, first in line {holder.lines[value]}: remove one of the two."
            )
            self._add_error_here(mark, message, rule=Rule.DUPLICATE_KEY)
        holder.lines[value] = mark.line + 1
        return value

    def _set_item(self, mark: Any, holder: _OpenCollection, value: Any) -> None:
        """Set the value of the mapping's current key, or merge it where the key is ``<<``."""
        if holder.key is None:  # an error was recorded
            return
        if holder.key is not _MERGE:
            holder.value[holder.key] = value
            return
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            self._add_error_here(mark, "<< requires a mapping or a list of mappings, such as <<: *name.")
            return
        for mapping in reversed(mappings):  # the first of them wins
            holder.merged.extend(mapping.items())

    def _start_document(self, event: Any) -> None:
        if self._written:
            self._abort(event.start_mark, "a second YAML document begins: put it into a file of its own.")

    def _start_collection(self, event: Any, value: Any, kind: str) -> None:
        mark = event.start_mark
        if len(self._open) >= DEEPEST:
            self._abort(mark, f"is nested deeper than {DEEPEST} levels: flatten it.")
        self._written += 1
        if event.tag not in (None, "!", _TAG + kind):
            self._add_error_here(mark, f"the tag {self._quote_name(event.tag)} is not supported: remove it.")
        if event.anchor:
            self._anchors[event.anchor] = None
        self._note_position(mark)
        self._open.append(_OpenCollection(value, event.anchor, mark))

    def _end_collection(self, _event: Any) -> None:
        done = self._open.pop()
        value = {**dict(done.merged), **done.value} if done.merged else done.value
        if done.anchor:
            self._anchors[done.anchor] = _Anchor(value, done.size, done.height)
        self._add_value(done.mark, value, size=done.size, height=done.height)

    def _add_alias(self, event: Any) -> None:
        mark, name = event.start_mark, self._quote_name(event.anchor)
        anchor = self._anchors.get(event.anchor, _NO_KEY)
        if anchor is _NO_KEY:
            self._abort(mark, f"the alias *{name} has no anchor &{name} before it: correct its name.")
        if anchor is None:
            self._abort(mark, f"the alias *{name} refers to the value that contains it: remove it.")
        if len(self._open) + anchor.height > DEEPEST:
            self._abort(mark, f"is nested deeper than {DEEPEST} levels by aliases: flatten it.")
        self._written += 1
        self._note_position(mark)
        self._add_value(mark, anchor.value, f"*{name}", anchor.size, anchor.height)

    def _add_scalar(self, event: Any) -> None:
        self._written += 1
        value = self._resolve_scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(value, 1, 0)
        self._note_position(event.start_mark)
        self._add_value(event.start_mark, value, self._quote_word(event))

    def _resolve_scalar(self, event: Any) -> Any:
        """Return the value of a scalar by its tag or, as YAML 1.1 defines it, by its form."""
        text = event.value
        tag = event.tag
        if tag in (None, "!"):
            if not event.implicit[0]:
                return text
            resolvers = self._resolvers.get(text[:1], ())
            tag = next((candidate for candidate, pattern in resolvers if pattern.match(text)), None)
            if tag is None:
                return text
        kind = str(tag).removeprefix(_TAG)
        if kind in ("str", "value"):
            return text
        if kind == "merge":
            holder = self._open[-1] if self._open else None
            return _MERGE if holder and isinstance(holder.value, dict) and holder.key is _NO_KEY else text
        if kind not in _KINDS:
            self._add_error_here(event.start_mark, f"the tag {self._quote_name(tag)} is not supported: remove it.")
            return text
        return None if kind == "null" else self._construct(event, tag, kind)

    def _construct(self, event: Any, tag: str, kind: str) -> Any:
        """Return the number, boolean or date of a scalar; its text, and record an error, if it only looks like one."""
        text = event.value
        make = getattr(self._constructor, f"construct_yaml_{kind}")
        try:
            # Thousands of digits would take long, and Python's newer versions refuse them.
            value = make(self._yaml.ScalarNode(tag, text if len(text) <= LONGEST_NUMBER else "?"))
        except (ValueError, LookupError, AttributeError, ArithmeticError, TypeError):
            word = self._quote_word(event)
            remedy = "correct it" if self._expects_time() else "correct it, or quote it if it is text"
            rule = Rule.INVALID_DATE if kind == "timestamp" else Rule.UNQUOTED_VALUE
            self._add_error_here(event.start_mark, f"{word} is not a valid {_KINDS[kind]}: {remedy}.", rule=rule)
            return text
        if not self._spelled or text in ("true", "false"):
            return value
        return WrittenBool(value, text) if kind == "bool" else attach_spelling(value, lambda: text)

    def _expects_time(self) -> bool:
        """Return whether the value belongs to a key such as expiration_time, for which quoting it is no remedy."""
        key = self._open[-1].key if self._open and isinstance(self._open[-1].value, dict) else None
        return isinstance(key, str) and key.endswith("_time")

    def _quote_word(self, event: Any) -> str:
        """Return a scalar for a message as it was written, unless the file holds secrets."""
        return quote(event.value) if self._quoting else "that is written there"

    def _quote_name(self, name: str) -> str:
        """Return an anchor or tag for a message; not in a file of secrets, as an unquoted secret may look like one."""
        return quote(name.replace(_TAG, "!!")) if self._quoting else "…"
