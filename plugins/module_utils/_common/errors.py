# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors as exceptions, with messages of one sentence. Only ``_module/runner.py`` turns them into failed tasks."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .rules import Rule

T = TypeVar("T")

_LONGEST = 100
_MOST_SHOWN = 10
LONGEST_PATH = 300
# The remedy for responses that do not come from Waldur, as the end of a sentence.
CHECK_API_URL = "check that api_url is the address of a Waldur server"


class WaldurError(Exception):
    """An error that users see: one clear sentence without secrets.

    Names and words of the server stand in many messages, so characters that would not be seen are escaped in all of
    them. ``details`` (JSON data) is returned beside ``msg``, for example which changes were applied before a failure.
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(escape_invisible(message))
        self.message = message
        self.details = details

    @property
    def message(self) -> str:
        """The sentence, printable."""
        return self._message

    @message.setter
    def message(self, text: str) -> None:
        self._message = escape_invisible(text)


class InvalidInput(WaldurError):
    """An option holds a value that can't be used; the message names the option and says what to do.

    The message begins with the place of the value: an option, or a file and the path of a value in it. ``place`` is
    the place of a key or value where the message does not begin with it, such as of an unknown key. ``rule`` is the
    rule that the value breaks, and ``closest`` the known name that is closest to an unknown one. ``line`` and
    ``column`` count from 1; 0 means unknown. ``source`` is the file that the error was found in, as messages call it,
    and ``errors`` are the single errors of several that were combined.
    """

    def __init__(
        self,
        message: str,
        *,
        rule: Rule = Rule.INVALID_VALUE,
        closest: str = "",
        place: str = "",
        position: tuple[int, int] = (0, 0),
        **details: Any,
    ) -> None:
        super().__init__(message, **details)
        self.rule = rule
        self.closest = closest
        self.place = place
        self.line, self.column = position
        self.source = ""
        self.errors: tuple[InvalidInput, ...] = ()


class Problems:
    """Collect what is wrong with several values, so that all of it is reported at once.

    ``source`` is the file whose values are read, as messages call it; each error added notes it. What YAML rejects is
    reported once: an error about the same place, found when its text is checked, is left out.
    """

    def __init__(self) -> None:
        self.errors: list[InvalidInput] = []
        self._invalid_places: set[str] = set()
        self.source = ""

    def add(self, error: str | InvalidInput) -> None:
        """Add one error, or its message."""
        added = error if isinstance(error, InvalidInput) else InvalidInput(error)
        added.source = added.source or self.source
        if added.line:
            self._invalid_places.add(f"{added.place}: ")
        elif added.message.startswith(tuple(self._invalid_places)):
            return
        self.errors.append(added)

    def attempt(self, check: Callable[..., T], *arguments: Any) -> T | None:
        """Return what ``check`` returns for ``arguments``; None, and its errors added, if it raises
        ``InvalidInput``."""
        try:
            return check(*arguments)
        except InvalidInput as error:
            for single in error.errors or (error,):
                self.add(single)
            return None

    def raise_errors(self) -> None:
        """Raise ``InvalidInput`` with all errors, if there are any."""
        if self.errors:
            raise combine_errors(self.errors)


def combine_errors(errors: Iterable[str | InvalidInput]) -> InvalidInput:
    """Return one error for several errors or messages, at least one.

    The message of a single one is kept. Of several, the message counts them and shows the first ten different ones;
    ``details["errors"]`` holds the messages of all.
    """
    by_message: dict[str, InvalidInput] = {}
    for error in errors:
        single = error if isinstance(error, InvalidInput) else InvalidInput(error)
        by_message.setdefault(single.message, single)
    messages = list(by_message)
    text = messages[0]
    if len(messages) > 1:
        shown = messages[:_MOST_SHOWN]
        listed = " ".join(f"({number}) {message}" for number, message in enumerate(shown, 1))
        hidden = len(messages) - len(shown)
        text = f"{len(messages)} errors: {listed}" + (f" And {hidden} more, listed in errors." if hidden else "")
    combined = InvalidInput(text, errors=messages)
    combined.errors = tuple(by_message.values())
    return combined


class ErrorResponse(WaldurError):
    """The server answered a request with an error (api-behaviour: error-shapes). ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Unauthorized(ErrorResponse):
    """401: the token is missing, wrong or expired."""


class Forbidden(ErrorResponse):
    """403: the token is good, the right is missing."""


class NotFound(ErrorResponse):
    """404 in JSON: there is no such object, or this token may not see it."""


class RouteMissing(ErrorResponse):
    """404 in HTML: this Waldur has no such route; it is older (or newer) than the request."""


class ServerDefect(ErrorResponse):
    """5xx on reading: the server broke, or a proxy before it did."""


class StateUnreadable(WaldurError):
    """The token sees too little of a service provider to tell its state, or the provider is gone."""


class RequestNotSent(WaldurError):
    """No usable answer came (connection, TLS, timeout, a cut body), and nothing was changed by the request."""


class ResponseTimedOut(RequestNotSent):
    """A read was sent, and no answer came in time: the connection works, and other requests may take less time."""


class WriteInCheckMode(WaldurError):
    """A write was about to be sent by a task that may only read; it was not sent. This is a defect of the caller."""


class OutcomeUnknown(WaldurError):
    """A write was sent, and its outcome is unknown (api-behaviour: repeating-requests): no answer, a cut one, a 5xx, or
    an HTML page instead.

    The message has no end yet: the caller reads the current state and appends it (see ``recheck_outcome``).
    """


class Interrupted(WaldurError):
    """A signal ended the run before all changes were carried out (see ``_common/signals.py``)."""


def wrap_error(error: BaseException, ending: str) -> WaldurError:
    """Return a ``WaldurError`` for an exception of any other class, with a message of one sentence.

    ``ending`` closes the sentence; it begins with a comma or a space. An interruption becomes ``Interrupted``.
    """
    if isinstance(error, KeyboardInterrupt):
        return Interrupted(f"interrupted by {quote(error) or 'SIGINT'}{ending}.")
    cause = f" ({quote(error, LONGEST_PATH)})" if str(error) else ""
    if not isinstance(error, Exception):  # such as the timeout of a task
        return WaldurError(f"stopped by {type(error).__name__}{cause}{ending}.")
    return WaldurError(
        f"unexpected {type(error).__name__}{cause}{ending}. This is a defect of the collection: please report it."
    )


def quote(value: Any, longest: int = _LONGEST) -> str:
    """Return ``value`` as messages quote it: on one line, without invisible characters.

    ``longest`` is the largest number of characters; a longer text is cut and ends with "…".
    """
    try:
        text = str(value)
    except ValueError:  # a number of thousands of digits
        text = hex(value)
    text = escape_invisible(text[:longest])
    return text if len(text) < longest else f"{text[: longest - 1]}…"


def escape_invisible(text: str) -> str:
    """Return ``text`` with every character escaped that is invisible, or changes how the rest is displayed.

    Those are line ends, control characters, escape sequences of terminals and marks of the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def find_closest(value: Any, known: Iterable[str]) -> str:
    """Return the closest of the names ``known``, an empty text if none is close. The case of letters is ignored."""
    spellings: dict[str, str] = {}
    for name in known:
        spellings.setdefault(name.casefold(), name)
    near = difflib.get_close_matches(quote(value).casefold(), spellings, 1)
    return spellings[near[0]] if near else ""


def suggest_closest(value: Any, known: Iterable[str]) -> str:
    """Return " Did you mean '…'?" with the closest of the names ``known``; an empty text if none is close.

    The text begins with a space, so that it can follow a sentence.
    """
    closest = find_closest(value, known)
    return f" Did you mean '{quote(closest)}'?" if closest else ""


def make_ambiguity_error(option: str, value: str, objects: str, candidates: Iterable[tuple[Any, Any]]) -> InvalidInput:
    """Return the error for a reference ``value`` in ``option`` that matches several objects.

    ``objects`` is the plural that messages call them, ``candidates`` are their names and UUIDs.
    """
    names = ", ".join(f"{name} ({uuid})" for name, uuid in candidates)
    return InvalidInput(
        f"{option}: '{quote(value)}' is ambiguous, as it matches the {objects} {names}: use the UUID of one of them."
    )


def recheck_outcome(error: OutcomeUnknown, recheck: Callable[[], tuple[bool | None, str]]) -> OutcomeUnknown:
    """Return ``error`` with the current state added to its message.

    ``recheck`` reads the state, and returns whether the write took effect (None: in part) and the state in words.
    ``details["took_effect"]`` is None where a part of the write took effect, or where the recheck failed too.
    """
    try:
        error.details["took_effect"], state = recheck()
        error.message += f"; checked again: {state}"
    except WaldurError as recheck_error:
        error.details["took_effect"] = None
        error.message += f"; the check failed too, so it may have taken effect or not: {recheck_error.message}"
    return error
