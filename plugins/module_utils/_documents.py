# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents in files: one file, or a folder of them with defaults for all. Only reads files."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import _desired_state as document
from . import _files
from ._desired_state import Desired, ReadImage
from ._errors import LONGEST_PATH, InvalidInput, said

_OPTION = "providers_path"
_ENDINGS = (".yml", ".yaml")
_KEYS = ("service_providers", "defaults")
# The parser in C ends the process where a document is nested some ten thousand levels deep.
_DEEPEST = 200
_NESTING = re.compile(r"[\[\]{}]|^[ ?:-]+", re.MULTILINE)
_FREE = "x-"  # top-level keys for anchors


@dataclass(frozen=True)
class Placed:
    """An entry of the document, its defaults filled in, and where it stands: file and place in it."""

    place: str
    entry: Any


@dataclass(frozen=True)
class _File:
    name: str
    defaults: dict[str, Any]
    entries: list[Any] | None


def wishes(path: str, read_image: ReadImage) -> list[Desired]:
    """The documents at ``path`` as wishes, as ``parse`` gives them for data. Raises ``InvalidInput``."""
    return [document.provider(placed.place, placed.entry, read_image) for placed in load(path)]


def load(path: str) -> list[Placed]:
    """All entries of the file ``path``, or of the YAML files below that folder by path; hidden ones are left out.

    Image paths are made absolute, as they are relative to their file. Raises ``InvalidInput`` that names the file.
    """
    written = path
    path = os.path.abspath(_files.expand_path(_OPTION, path))
    files = [_read(*found) for found in _paths(path, written)]
    shared = [file for file in files if file.entries is None]
    if len(shared) > 1:
        raise InvalidInput(
            f"{_OPTION}: {shared[0].name} and {shared[1].name} both hold nothing but defaults for all: make one file"
            " of them."
        )
    if len(shared) == len(files):
        raise InvalidInput(f"{shared[0].name}: has no service_providers, the list of what each of them should be.")
    general = shared[0].defaults if shared else {}
    return [placed for file in files for placed in _entries(file, general)]


def plan_file(path: str) -> Any:
    """The content of a file such as ``plan.json``. Raises ``InvalidInput``."""
    shown = said(path, LONGEST_PATH)
    content = _files.read_file("approved_plan", path, _files.LARGEST_DOCUMENT)
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError):
        raise InvalidInput(f"approved_plan: {shown} is not JSON: give the file plan.json as it was written.") from None


def _paths(path: str, written: str) -> Iterator[tuple[str, str]]:
    """Yield each file with the name by which messages call it; the one file that the option names, as it is written."""
    if not os.path.isdir(path):
        yield path, os.path.basename(path) or written
        return
    found = sorted(_files_below(path))
    if not found:
        raise InvalidInput(f"{_OPTION}: {said(written, LONGEST_PATH)} holds no file that ends in .yml or .yaml.")
    for name in found:
        yield name, os.path.relpath(name, os.path.dirname(path))


def _files_below(path: str) -> Iterator[str]:
    """Yield the documents in a folder and its subfolders. A symbolic link to a folder is not followed, so that no link
    leads in a circle."""
    pending = [path]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            shown = said(folder, LONGEST_PATH)
            raise InvalidInput(f"{_OPTION}: can't read the folder {shown}: {error.strerror}.") from None
        pending += [entry.path for entry in visible if entry.is_dir(follow_symlinks=False)]
        yield from (entry.path for entry in visible if entry.name.endswith(_ENDINGS) and not os.path.isdir(entry.path))


def _read(path: str, name: str) -> _File:
    shown = said(name, LONGEST_PATH)
    content = _parsed(path, shown)
    if not isinstance(content, Mapping):
        raise InvalidInput(f"{shown}: must be a mapping with the list service_providers, or with defaults for others.")
    given = {key: value for key, value in content.items() if not (isinstance(key, str) and key.startswith(_FREE))}
    known = document.mapping(shown, given, _KEYS)
    entries = known.get("service_providers")
    if not known:
        raise InvalidInput(f"{shown}: has no service_providers, the list of what each of them should be.")
    folder = os.path.dirname(path)
    defaults = _here(f"{shown}: defaults", _defaults(shown, known.get("defaults", {})), folder)
    if entries is None:
        return _File(shown, defaults, None)
    place = f"{shown}: service_providers"
    listed = document.sequence(place, entries)
    here = [_here(f"{place}[{number}]", entry, folder) for number, entry in enumerate(listed)]
    return _File(shown, defaults, here)


def _parsed(path: str, shown: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise InvalidInput(
            f"{_OPTION}: reading documents takes PyYAML where the task runs: install it there."
        ) from None

    def construct(own: Any, node: Any) -> Iterator[dict[Any, Any]]:
        _refuse_twice(node, shown)
        yield from yaml.SafeLoader.construct_yaml_map(own, node)

    # The parser in C, where PyYAML has it, is eight times faster; a fleet reads its folder on each host.
    loader: Any = type("Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
    loader.add_constructor("tag:yaml.org,2002:map", construct)
    content = _files.read_file(_OPTION, path, _files.LARGEST_DOCUMENT)
    try:
        text = content.decode()
        if _nesting_bound(text) > _DEEPEST and _is_too_deep(yaml.parse(text, loader)):
            raise InvalidInput(f"{shown}: is nested more than {_DEEPEST} levels deep, and a document has four.")
        return yaml.load(text, loader)
    except UnicodeDecodeError:
        raise InvalidInput(f"{shown}: is not UTF-8 text; write it anew.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = said(getattr(error, "problem", None) or error)
        raise InvalidInput(f"{shown}: {where}is not valid YAML: {problem}.") from None
    except ValueError as error:  # such as the unquoted date 2027-02-30
        raise InvalidInput(f"{shown}: holds a value that can't be: {said(error)}: quote or correct it.") from None


def _nesting_bound(text: str) -> int:
    """Return a depth that ``text`` does not exceed, found in a fraction of the time that parsing takes."""
    depth = deepest = block = 0
    for match in _NESTING.finditer(text):
        mark = match.group()
        if mark in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif mark in ("]", "}"):
            depth = max(0, depth - 1)
        else:
            block = max(block, len(mark))
    return deepest + block


def _is_too_deep(events: Iterator[Any]) -> bool:
    """Return whether the mappings and lists of a document are nested deeper than ``_DEEPEST``."""
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name in ("MappingStartEvent", "SequenceStartEvent")
        depth -= name in ("MappingEndEvent", "SequenceEndEvent")
        if depth > _DEEPEST:
            return True
    return False


def _refuse_twice(node: Any, shown: str) -> None:
    """A key that stands twice in one mapping: YAML would lose one of the two."""
    seen: set[str] = set()
    for key, _value in node.value:
        text = key.value if isinstance(key.value, str) else ""
        if text in seen and text != "<<":
            line = key.start_mark.line + 1
            raise InvalidInput(f"{shown}: line {line}: the key '{said(text)}' stands there twice: remove one.")
        seen.add(text)


def _defaults(name: str, value: Any) -> dict[str, Any]:
    """Defaults are checked by themselves, so that what is wrong in them is said once, and of them."""
    where = f"{name}: defaults"
    given = document.mapping(where, value, document.DEFAULT_KEYS)
    whole = {"customer": "any", **given}
    if "exclusive_users" in given:
        whole.setdefault("users", [])  # the entries bring them
    document.provider(where, whole, lambda _where, path: document.ImageFile(path, b""))
    return given


def _here(where: str, entry: Any, folder: str) -> Any:
    image = entry.get("image") if isinstance(entry, Mapping) else None
    if not isinstance(image, str) or not image.strip():
        return entry
    return {**entry, "image": os.path.join(folder, _files.expand_path(f"{where}.image", image.strip()))}


def _entries(file: _File, general: Mapping[str, Any]) -> Iterator[Placed]:
    defaults = _joined(general, file.defaults)
    for index, entry in enumerate(file.entries or []):
        place = f"{file.name}: service_providers[{index}]"
        # What is to be deleted has no other keys, and what is no mapping is refused with its place.
        takes_defaults = isinstance(entry, Mapping) and entry.get("state") != "absent"
        yield Placed(place, _filled(defaults, entry) if takes_defaults else entry)


def _filled(defaults: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """``entry`` with its defaults; that its users are all there are is a default for those who list any."""
    found = _joined(defaults, entry)
    if found.get("users") is None and "exclusive_users" not in entry:
        found.pop("exclusive_users", None)
    return found


def _joined(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``own`` with what it does not name from ``defaults``; of lists of people the own entries first."""
    joined = {**own, **{key: value for key, value in defaults.items() if key not in own}}
    for key, identity in (("users", ("user", "role")), ("offering_usernames", ("user",))):
        both = own.get(key), defaults.get(key)
        if isinstance(both[0], list) and isinstance(both[1], list):
            taken = [_identity(entry, identity) for entry in both[0]]
            joined[key] = both[0] + [entry for entry in both[1] if _identity(entry, identity) not in taken]
    return joined


def _identity(entry: Any, keys: tuple[str, ...]) -> Any:
    if not isinstance(entry, Mapping):
        return None
    usual = {"role": document.DEFAULT_ROLE}
    return tuple(str(entry.get(key) or usual.get(key)) for key in keys)
