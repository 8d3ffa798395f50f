# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Store the state of an event source in its cursor file: as a whole, readable for its owner only, without secrets."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import input_files, timestamps
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import LONGEST_PATH, InvalidInput, quote
from ansible_collections.waldur.provider.plugins.plugin_utils._events.kinds import KINDS
from ansible_collections.waldur.provider.plugins.plugin_utils._events.state import KnownList, State

FORMAT = "waldur.provider.changes"
VERSION = 1
# A million rows have about 400 MB.
_LARGEST = 1000 * input_files.MEGABYTE
_REMEDY = (
    "move it away, so that the source begins with its first run (see first_run), or restore it from a backup: changes"
    " since it was written are found then."
)


@dataclass(frozen=True)
class Owner:
    """What a cursor belongs to: the Waldur, and the service providers and kinds that its source selects (None: all)."""

    api_url: str
    service_providers: Sequence[str] | None
    kinds: Sequence[str] | None

    def as_dict(self) -> dict[str, Any]:
        """Return the owner as JSON data; the order of providers and kinds says nothing."""
        providers = None if self.service_providers is None else sorted(self.service_providers)
        return {
            "api_url": self.api_url,
            "service_providers": providers,
            "kinds": None if self.kinds is None else sorted(self.kinds),
        }


class CursorFile:
    """The cursor file at ``path`` (absolute) of the source ``owner``."""

    def __init__(self, path: str, owner: Owner) -> None:
        self.path = path
        self._owner = owner

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other sources away from the file until the end; the lock of a process that was killed ends with it.

        The lock is on a file beside the cursor, which stays, as the cursor itself is replaced. Raises ``InvalidInput``
        where another source has the lock, or the file can't be made.
        """
        path = f"{self.path}.lock"
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with contextlib.ExitStack() as stack:
            try:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                descriptor = os.open(path, flags, 0o600)
                stack.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InvalidInput(
                    f"cursor: {quote(self.path, LONGEST_PATH)} is used by another event source that is running: stop"
                    " it, or give each source a cursor of its own."
                ) from None
            except OSError as error:
                raise _not_written(path, error) from None
            yield

    def load(self) -> State:
        """Return the stored state, or a new one where there is no file.

        Raises ``InvalidInput`` for a file that can't be read, is not a valid cursor, or belongs to another source.
        """
        if not os.path.lexists(self.path):
            return State(secrets.token_hex(16))
        shown = quote(self.path, LONGEST_PATH)
        content = input_files.read_file("cursor", self.path, _LARGEST)
        try:
            data = _parse_object(content)
            version = data["version"]
        except (ValueError, KeyError, RecursionError) as error:
            raise InvalidInput(f"cursor: {shown} is not a valid cursor file ({quote(error)}): {_REMEDY}") from None
        if version != VERSION:
            raise InvalidInput(
                f"cursor: {shown} has version {quote(version)}, and this release of the collection reads version"
                f" {VERSION}: use the release that wrote it, or {_REMEDY}"
            )
        if data.get("owner") != self._owner.as_dict():
            if data.get("is_started") is False and not data.get("outbox"):
                # The first start failed, for example because of a misspelt name, so the file holds nothing yet.
                return State(secrets.token_hex(16))
            raise InvalidInput(
                f"cursor: {shown} belongs to another event source ({_describe(data.get('owner'))}): give each source a"
                " cursor of its own, and a new one after a change of api_url, service_providers or kinds."
            )
        try:
            return _parse_state(data)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            reason = f"{type(error).__name__}: {quote(error)}"
            raise InvalidInput(f"cursor: {shown} is not a valid cursor file ({reason}): {_REMEDY}") from None

    def save(self, state: State) -> None:
        """Replace the file, so that it holds either the old or the new state, whatever happens.

        Raises ``InvalidInput`` where that is not possible.
        """
        content = json.dumps(_format_state(state, self._owner), ensure_ascii=False, separators=(",", ":"))
        folder = os.path.dirname(self.path)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            self._replace(folder, content.encode(errors="surrogatepass"))
        except OSError as error:
            raise _not_written(self.path, error) from None

    def _replace(self, folder: str, content: bytes) -> None:
        descriptor, temporary_path = tempfile.mkstemp(prefix=".waldur-", dir=folder)  # with the mode 0600
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary_path, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.remove(temporary_path)
            raise
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _not_written(path: str, error: OSError) -> InvalidInput:
    return InvalidInput(
        f"cursor: can't write {quote(path, LONGEST_PATH)}: {error.strerror}: without it, changes would be lost or"
        " repeated after a restart."
    )


def _parse_object(content: bytes) -> dict[str, Any]:
    """Return the object that the file holds. Raises ``ValueError`` where it is none of ours."""
    data = json.loads(content)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError("it does not begin as a cursor does")
    return data


def _describe(owner: Any) -> str:
    if not isinstance(owner, Mapping):
        return "its owner is not valid"
    parts = (f"{name}: {quote('all' if owner.get(name) is None else owner[name])}" for name in owner)
    return ", ".join(parts)


def _format_state(state: State, owner: Owner) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "owner": owner.as_dict(),
        "source_id": state.source_id,
        "sequence": state.sequence,
        "is_started": state.is_started,
        "references": state.references,
        "providers": state.providers,
        "lists": [
            {"kind": kind, "provider": provider, "rows": known.rows, "announced": known.announced}
            for (kind, provider), known in state.lists.items()
        ],
        "outbox": state.outbox,
    }


def _parse_state(data: Mapping[str, Any]) -> State:
    """Return the state that ``data`` describes. Raises ``ValueError`` and the like where it describes none."""
    state = State(
        _require(data["source_id"], str),
        _require(data["sequence"], int),
        _require(data["is_started"], bool),
        _texts(data["references"]),
        {_require(uuid, str): _pair(pair) for uuid, pair in data["providers"].items()},
        {},
        [_event(event) for event in _require(data["outbox"], list)],
    )
    for known_list in _require(data["lists"], list):
        if known_list["kind"] not in KINDS:
            raise ValueError(f"no kind {known_list['kind']}")
        rows = _texts(known_list["rows"])
        for text in rows.values():
            expiry = _require(json.loads(text), dict).get("expiration_time")
            if expiry is not None:
                timestamps.parse(expiry)
        state.lists[known_list["kind"], _require(known_list["provider"], str)] = KnownList(
            rows, _texts(known_list["announced"])
        )
    return state


def _require(value: Any, expected: type) -> Any:
    if not isinstance(value, expected):
        raise TypeError(f"{type(value).__name__} in place of {expected.__name__}")
    return value


def _texts(value: Any) -> dict[str, str]:
    return {_require(key, str): _require(text, str) for key, text in _require(value, dict).items()}


def _pair(value: Any) -> tuple[str, str]:
    name, customer = _require(value, list)
    return _require(name, str), _require(customer, str)


def _event(value: Any) -> dict[str, Any]:
    _require(_require(value, dict)["id"], str)
    return dict(value)
