# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents in files: one file, or a folder of them with defaults for all. Only reads files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._common import input_files, values
from .._common.errors import LONGEST_PATH, InvalidInput, Problems, quote
from .._common.rules import Rule
from .._common.shown_paths import quote_path
from .._common.yaml_files import LONGEST_NUMBER, check_depth, read_text, read_yaml_with_errors
from .duplicates import find_duplicate_providers
from .fields import Field
from .model import ImageFile, ProviderDocument, ReadImage
from .schema import DEFAULTS, ENTRIES, FREE_PREFIX, DocumentSchema

_OPTION = "providers_path"
_ENDINGS = (".yml", ".yaml")
_KEYS = (ENTRIES, DEFAULTS)


@dataclass(frozen=True)
class LoadedEntry:
    """An entry with its defaults, the name of its file, and its place: file and position in it."""

    source: str
    place: str
    entry: Any


@dataclass(frozen=True)
class _File:
    name: str
    defaults: dict[str, Any]
    entries: list[Any] | None


# The absolute paths of the files that were read, by the names that messages call them.
Sources = dict[str, str]


def load_documents(path: str, read_image: ReadImage, schema: DocumentSchema) -> list[ProviderDocument]:
    """Return the desired states in the documents at ``path``, as ``schema.read`` does for data.

    Raises ``InvalidInput`` with all errors of all files and entries.
    """
    return [document for _entry, document in load_checked(path, read_image, schema)]


def load_checked(
    path: str, read_image: ReadImage, schema: DocumentSchema, sources: Sources | None = None
) -> list[tuple[LoadedEntry, ProviderDocument]]:
    """Return all entries as ``load_entries`` does, each with its desired state. Raises ``InvalidInput`` as above.

    ``sources`` are filled with the files that were read.
    """
    problems = Problems()
    pairs = []
    for loaded in _load(path, schema, problems, sources):
        problems.source = loaded.source
        pairs.append((loaded, problems.attempt(schema.read_entry, loaded.place, loaded.entry, read_image)))
    valid = [(loaded, document) for loaded, document in pairs if document is not None]
    sources_by_place = {loaded.place: loaded.source for loaded, _document in valid}
    for document, error in find_duplicate_providers(document for _loaded, document in valid):
        problems.source = sources_by_place[document.where]
        problems.add(error)
    problems.raise_errors()
    return valid


def load_entries(path: str, schema: DocumentSchema) -> list[LoadedEntry]:
    """Return all entries of the file ``path``, or of the YAML files below that folder by path, hidden ones left out.

    Image paths are made absolute, as they are relative to their file. Raises ``InvalidInput`` that names the files.
    """
    problems = Problems()
    entries = list(_load(path, schema, problems))
    problems.raise_errors()
    return entries


def document_paths(path: str) -> Sources:
    """Return the absolute paths of the files at ``path``, by the names that messages call them.

    Raises ``InvalidInput`` if there is no file.
    """
    absolute = os.path.abspath(input_files.expand_path(_OPTION, path))
    return {quote(name, LONGEST_PATH): file for file, name in _paths(absolute, path)}


def _load(
    path: str, schema: DocumentSchema, problems: Problems, sources: Sources | None = None
) -> Iterator[LoadedEntry]:
    written = path
    path = os.path.abspath(input_files.expand_path(_OPTION, path))
    read = [_attempt_file(file_path, name, schema, problems, sources) for file_path, name in _paths(path, written)]
    files = [file for file in read if file is not None]
    shared = [file for file in files if file.entries is None]
    general = _general_defaults(shared, schema, problems, is_complete=len(files) == len(read))
    if len(shared) == len(read):
        problems.source = shared[0].name
        problems.add(_no_entries(shared[0].name))
    for file in files:
        yield from _entries(file, general, schema)


def _attempt_file(
    path: str, name: str, schema: DocumentSchema, problems: Problems, sources: Sources | None
) -> _File | None:
    """Return the content of a file, None where it can't be read; its errors are added to ``problems``."""
    shown = problems.source = quote(name, LONGEST_PATH)
    if sources is not None:
        sources[shown] = path
    return problems.attempt(_read, path, shown, schema, problems)


def _general_defaults(
    shared: Sequence[_File], schema: DocumentSchema, problems: Problems, *, is_complete: bool
) -> dict[str, Any]:
    """Return the defaults for all files, which are in the one file that has no entries."""
    if len(shared) > 1:
        problems.source = shared[1].name
        problems.add(
            f"{_OPTION}: {shared[0].name} and {shared[1].name} both contain only defaults for all: make one file"
            " of them."
        )
    general = shared[0].defaults if shared else {}
    if is_complete:
        return general
    # The defaults may be in a file that can't be read: an entry that relies on their lists is not wrong for it.
    return {**{name: [] for name in schema.needed.values()}, **general}


def _no_entries(shown: str) -> InvalidInput:
    message = f"{shown}: has no service_providers, the list of desired states."
    return InvalidInput(message, rule=Rule.MISSING_KEY)


def plan_file(path: str) -> Any:
    """Return the content of a JSON file such as ``plan.json``. Raises ``InvalidInput``."""
    shown = quote_path(path)
    text = read_text(path, f"approved_plan: {shown}", "approved_plan")
    try:
        plan = json.loads(
            text,
            parse_constant=_no_constant,
            parse_int=_short(int),
            parse_float=_short(float),
            object_pairs_hook=_reject_duplicate_keys,
        )
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"approved_plan: {shown}: line {error.lineno} is not JSON: give the file plan.json as it was written."
        ) from None
    except ValueError as error:
        raise InvalidInput(f"approved_plan: {shown}: {error}: give the file plan.json as it was written.") from None
    except RecursionError:
        raise InvalidInput(
            f"approved_plan: {shown}: is nested too deep to be a valid plan: give the file plan.json."
        ) from None
    check_depth(f"approved_plan: {shown}", plan)
    return plan


def _no_constant(word: str) -> None:
    raise ValueError(f"contains {word}, which is not valid JSON")


def _short(make: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(digits: str) -> Any:
        if len(digits) > LONGEST_NUMBER:
            raise ValueError(f"contains a number of {len(digits)} characters")
        return make(digits)

    return read


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _value in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"contains the key '{quote(twice)}' twice in one object")
    return mapping


def _paths(path: str, written: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each file, and its name in messages."""
    if not os.path.isdir(path):
        yield path, os.path.basename(path) or written
        return
    paths = sorted(_files_below(path))
    if not paths:
        raise InvalidInput(f"{_OPTION}: {quote_path(written)} contains no file that ends in .yml or .yaml.")
    for name in paths:
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


def _read(path: str, shown: str, schema: DocumentSchema, problems: Problems) -> _File:
    """Read one file; add what is wrong with its defaults to ``problems``, and leave those out."""
    content = read_yaml_with_errors(path, shown, _OPTION, problems)
    if not isinstance(content, Mapping):
        message = f"{shown}: must be a mapping with the list service_providers, or with defaults for others."
        raise InvalidInput(message, rule=Rule.WRONG_TYPE)
    checked = {
        key: value for key, value in content.items() if not (isinstance(key, str) and key.startswith(FREE_PREFIX))
    }
    known = values.known_keys(shown, checked, _KEYS, problems)
    entries = known.get(ENTRIES)
    if not known and not checked:
        raise _no_entries(shown)
    folder = os.path.dirname(path)
    valid = _defaults(shown, known.get(DEFAULTS, {}), schema, problems)
    defaults = _with_absolute_paths(f"{shown}: {DEFAULTS}", valid, folder, schema)
    if entries is None:
        return _File(shown, defaults, None if known else [])
    place = f"{shown}: {ENTRIES}"
    listed = values.sequence(place, entries)
    absolute = [
        _with_absolute_paths(f"{place}[{number}]", entry, folder, schema) for number, entry in enumerate(listed)
    ]
    return _File(shown, defaults, absolute)


def _defaults(name: str, value: Any, schema: DocumentSchema, problems: Problems) -> dict[str, Any]:
    """Return the valid defaults. They are checked by themselves, so that an error in them is reported once."""
    where = f"{name}: {DEFAULTS}"
    valid: dict[str, Any] = {}
    defaults = problems.attempt(values.known_keys, where, value, schema.default_keys, problems)
    nulls = {key: None for key in schema.keys_without_null if defaults is not None and value.get(key, "") is None}
    for key, item in {**(defaults or {}), **nulls}.items():
        if problems.attempt(schema.read_entry, where, {**schema.sample, key: item}, _no_image) is not None:
            valid[key] = item
        elif key in schema.needed.values():  # an entry that relies on them is not wrong for it
            valid[key] = []
    return valid


def _no_image(_where: str, path: str) -> ImageFile:
    return ImageFile(path, b"")


def _with_absolute_paths(where: str, entry: Any, folder: str, schema: DocumentSchema) -> Any:
    """Return ``entry`` with the paths of its files, which are relative to the document, as absolute ones."""
    if not isinstance(entry, Mapping):
        return entry
    paths = {key: entry[key] for key in schema.file_keys if isinstance(entry.get(key), str) and entry[key].strip()}
    absolute = {
        key: os.path.join(folder, input_files.expand_path(f"{where}.{key}", path.strip()))
        for key, path in paths.items()
    }
    return {**entry, **absolute} if absolute else entry


def _entries(file: _File, general: Mapping[str, Any], schema: DocumentSchema) -> Iterator[LoadedEntry]:
    defaults = _joined(general, file.defaults, schema)
    for index, entry in enumerate(file.entries or []):
        place = f"{file.name}: {ENTRIES}[{index}]"
        yield LoadedEntry(file.name, place, _filled(defaults, entry, schema) if schema.takes_defaults(entry) else entry)


def _filled(defaults: Mapping[str, Any], entry: Mapping[str, Any], schema: DocumentSchema) -> dict[str, Any]:
    """Return ``entry`` with its defaults, without those that need a field which neither of the two sets."""
    filled = _joined(defaults, entry, schema)
    for name, needed in schema.needed.items():
        if filled.get(needed) is None and name not in entry:
            filled.pop(name, None)
    return filled


def _joined(defaults: Mapping[str, Any], own: Mapping[str, Any], schema: DocumentSchema) -> dict[str, Any]:
    """Return ``own`` with what it does not name from ``defaults``; of lists of entries its own ones come first."""
    joined = {**own, **{key: value for key, value in defaults.items() if key not in own}}
    for key, identity in schema.merged_lists.items():
        own_list, default_list = own.get(key), defaults.get(key)
        if isinstance(own_list, list) and isinstance(default_list, list):
            taken = [_identity(entry, identity) for entry in own_list]
            joined[key] = own_list + [entry for entry in default_list if _identity(entry, identity) not in taken]
    return joined


def _identity(entry: Any, fields: Sequence[Field[Any]]) -> tuple[str, ...] | None:
    if not isinstance(entry, Mapping):
        return None
    return tuple(str(entry.get(field.name) or field.default) for field in fields)
