# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents in files: one file, or a folder of them with defaults for all. Only reads files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._common import input_files, values
from .._common.errors import LONGEST_PATH, InvalidInput, Problems, quote
from .._common.shown_paths import quote_path
from .._common.yaml_files import LONGEST_NUMBER, check_depth, read_text, read_yaml
from . import model, schema
from .model import Desired, ReadImage

_OPTION = "providers_path"
_ENDINGS = (".yml", ".yaml")
_KEYS = ("service_providers", "defaults")
_FREE = "x-"  # top-level keys for anchors


@dataclass(frozen=True)
class Placed:
    """An entry of the schema, its defaults filled in, and where it stands: file and place in it."""

    place: str
    entry: Any


@dataclass(frozen=True)
class _File:
    name: str
    defaults: dict[str, Any]
    entries: list[Any] | None


def wishes(path: str, read_image: ReadImage) -> list[Desired]:
    """Return the documents at ``path`` as wishes, as ``parse`` gives them for data.

    Raises ``InvalidInput`` with all errors of all files and entries.
    """
    return [desired for _placed, desired in checked(path, read_image)]


def checked(path: str, read_image: ReadImage) -> list[tuple[Placed, Desired]]:
    """Return all entries as ``load`` gives them, each with the wish that it is. Raises ``InvalidInput`` as above."""
    problems = Problems()
    found = [
        (placed, problems.attempt(schema.provider, placed.place, placed.entry, read_image))
        for placed in _load(path, problems)
    ]
    problems.refuse()
    return [(placed, desired) for placed, desired in found if desired is not None]


def load(path: str) -> list[Placed]:
    """Return all entries of the file ``path``, or of the YAML files below that folder by path, hidden ones left out.

    Image paths are made absolute, as they are relative to their file. Raises ``InvalidInput`` that names the files.
    """
    problems = Problems()
    found = _load(path, problems)
    problems.refuse()
    return found


def _load(path: str, problems: Problems) -> list[Placed]:
    written = path
    path = os.path.abspath(input_files.expand_path(_OPTION, path))
    read = [problems.attempt(_read, *found, problems) for found in _paths(path, written)]
    files = [file for file in read if file is not None]
    shared = [file for file in files if file.entries is None]
    if len(shared) > 1:
        problems.add(
            f"{_OPTION}: {shared[0].name} and {shared[1].name} both hold nothing but defaults for all: make one file"
            " of them."
        )
    if len(shared) == len(read):
        problems.add(f"{shared[0].name}: has no service_providers, the list of what each of them should be.")
    general = shared[0].defaults if shared else {}
    if len(files) < len(read):
        # The defaults may be in a file that can't be read: an entry that relies on their users is not wrong for it.
        general = {"users": [], **general}
    return [placed for file in files for placed in _entries(file, general)]


def plan_file(path: str) -> Any:
    """Return the content of a JSON file such as ``plan.json``. Raises ``InvalidInput``."""
    shown = quote_path(path)
    text = read_text(path, f"approved_plan: {shown}", "approved_plan")
    try:
        found = json.loads(
            text, parse_constant=_no_constant, parse_int=_short(int), parse_float=_short(float), object_pairs_hook=_once
        )
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"approved_plan: {shown}: line {error.lineno} is not JSON: give the file plan.json as it was written."
        ) from None
    except ValueError as error:
        raise InvalidInput(f"approved_plan: {shown}: {error}: give the file plan.json as it was written.") from None
    except RecursionError:
        raise InvalidInput(
            f"approved_plan: {shown}: is nested too deep to be a plan: give the file plan.json."
        ) from None
    check_depth(f"approved_plan: {shown}", found)
    return found


def _no_constant(word: str) -> None:
    raise ValueError(f"holds {word}, which JSON does not know")


def _short(make: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(digits: str) -> Any:
        if len(digits) > LONGEST_NUMBER:
            raise ValueError(f"holds a number of {len(digits)} characters")
        return make(digits)

    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _value in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"holds the key '{quote(twice)}' twice in one object")
    return found


def _paths(path: str, written: str) -> Iterator[tuple[str, str]]:
    """Yield each file with the name by which messages call it; the one file that the option names, as it is written."""
    if not os.path.isdir(path):
        yield path, os.path.basename(path) or written
        return
    found = sorted(_files_below(path))
    if not found:
        raise InvalidInput(f"{_OPTION}: {quote_path(written)} holds no file that ends in .yml or .yaml.")
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
            shown = quote_path(folder)
            raise InvalidInput(f"{_OPTION}: can't read the folder {shown}: {error.strerror}.") from None
        pending += [entry.path for entry in visible if entry.is_dir(follow_symlinks=False)]
        yield from (entry.path for entry in visible if entry.name.endswith(_ENDINGS) and not os.path.isdir(entry.path))


def _read(path: str, name: str, problems: Problems) -> _File:
    """One file; what is wrong with its defaults is added to ``problems``, and they are left out."""
    shown = quote(name, LONGEST_PATH)
    content = read_yaml(path, shown, _OPTION)
    if not isinstance(content, Mapping):
        raise InvalidInput(f"{shown}: must be a mapping with the list service_providers, or with defaults for others.")
    given = {key: value for key, value in content.items() if not (isinstance(key, str) and key.startswith(_FREE))}
    known = values.known_keys(shown, given, _KEYS, problems)
    entries = known.get("service_providers")
    if not known and not given:
        raise InvalidInput(f"{shown}: has no service_providers, the list of what each of them should be.")
    folder = os.path.dirname(path)
    defaults = _here(f"{shown}: defaults", _defaults(shown, known.get("defaults", {}), problems), folder)
    if entries is None:
        return _File(shown, defaults, None if known else [])
    place = f"{shown}: service_providers"
    listed = values.sequence(place, entries)
    here = [_here(f"{place}[{number}]", entry, folder) for number, entry in enumerate(listed)]
    return _File(shown, defaults, here)


def _defaults(name: str, value: Any, problems: Problems) -> dict[str, Any]:
    """The defaults that are valid. They are checked by themselves, so that an error is reported once, and of them."""
    where = f"{name}: defaults"
    found: dict[str, Any] = {}
    given = problems.attempt(values.known_keys, where, value, schema.DEFAULT_KEYS, problems)
    for key, item in (given or {}).items():
        # Users are there for exclusive_users; the entries bring them.
        whole = {"customer": "any", "users": [], key: item}
        if problems.attempt(schema.provider, where, whole, _no_image) is not None:
            found[key] = item
        elif key == "users":  # an entry that relies on them is not wrong for it
            found[key] = []
    return found


def _no_image(_where: str, path: str) -> model.ImageFile:
    return model.ImageFile(path, b"")


def _here(where: str, entry: Any, folder: str) -> Any:
    image = entry.get("image") if isinstance(entry, Mapping) else None
    if not isinstance(image, str) or not image.strip():
        return entry
    return {**entry, "image": os.path.join(folder, input_files.expand_path(f"{where}.image", image.strip()))}


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
    usual = {"role": model.DEFAULT_ROLE}
    return tuple(str(entry.get(key) or usual.get(key)) for key in keys)
