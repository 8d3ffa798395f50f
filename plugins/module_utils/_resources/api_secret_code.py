# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API secret code: read, and rotated once per fingerprint (api-behaviour: secret-codes)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._common.errors import InvalidInput, OutcomeUnknown, WaldurError, quote, recheck_outcome
from .._common.types import Result, Row
from .._context import Session
from .._document.fields import BooleanField, ChoiceField, EntryReader, MappingField, TextField
from .._document.model import ReadImage
from .._plan.changes import Action, Change, ChangeKind, Comparison, Severity, Stage, ValueStyle
from .._references.targets import Target
from .._references.users import ResolvedUsers
from .base import ModuleOptions, Resource

_FINGERPRINT = re.compile(r"^sha256:[0-9a-f]{16}$")


@dataclass(frozen=True)
class SecretCode:
    """The desired secret code: present, or rotated (once per fingerprint, or always without one)."""

    where: str
    state: str = "present"
    fingerprint: str | None = None


def _check_fingerprint(where: str, value: str) -> str:
    if not _FINGERPRINT.match(value.lower()):
        raise InvalidInput(
            f"{where}: '{quote(value.lower())}' is not a valid fingerprint: it is sha256: and 16 hex digits."
        )
    return value.lower()


_STATE = ChoiceField(
    "state",
    "present: there is a code. rotated: the code is replaced, once per fingerprint.",
    default="present",
    choices=("present", "rotated"),
)
FINGERPRINT = TextField(
    "fingerprint",
    "The fingerprint of the code to replace, so that a leaked code is rotated once. Without it each run rotates.",
    check=_check_fingerprint,
    pattern=r"^\s*[Ss][Hh][Aa]256:[0-9a-fA-F]{16}\s*$",
    examples=("sha256:9f2c61aa01b7e3d4",),
)
_FIELDS = (_STATE, FINGERPRINT)


def _read_secret_code(entry: EntryReader) -> SecretCode:
    state, fingerprint = entry.get(_STATE), entry.get(FINGERPRINT)
    if FINGERPRINT in entry and state == "present":
        option = entry.option("fingerprint")
        entry.add_conflict(f"{option}: requires state: rotated; it identifies the code to replace.")
        return SecretCode(entry.where)
    return SecretCode(entry.where, state or "", fingerprint)


SECRET_CODE = MappingField(
    "api_secret_code",
    "The API secret code. A document never holds the code itself.",
    fields=_FIELDS,
    build=_read_secret_code,
)
_REVEAL = BooleanField("reveal", "Return the code itself.", default=False)


@dataclass
class SecretCodeState:
    """The current code (never shown) and its fingerprint; both None where there is none."""

    code: str | None = field(default=None, repr=False)

    @property
    def fingerprint(self) -> str | None:
        """``sha256:`` and the first 16 hex digits of the code's SHA-256."""
        return fingerprint(self.code) if self.code else None


def fingerprint(code: str) -> str:
    """Return the fingerprint that stands for a code wherever the code itself must not appear."""
    return f"sha256:{hashlib.sha256(code.encode()).hexdigest()[:16]}"


_ROTATE = Action("rotate", Stage.RENEW, Severity.ATTENTION, "rotation", "rotations", participle="rotated")

# The key of the plan's summary that holds the fingerprints, by provider.
_FINGERPRINTS = "fingerprints"


class ApiSecretCode(Resource[SecretCode, SecretCodeState, None]):
    """The API secret code of a provider."""

    kind = ChangeKind(
        "api_secret_code",
        (_ROTATE,),
        plural="API secret codes",
        styles={"fingerprint": ValueStyle(after="a new one", is_code=True)},
    )
    desired_type = SecretCode
    fields = (SECRET_CODE,)
    module = ModuleOptions((*_FIELDS, _REVEAL))
    result_key = "api_secret_code"
    operations = (
        "api_secret_code",
        "generate_api_secret_code",
    )
    summary_keys = (_FINGERPRINTS,)

    def read_document(self, entry: EntryReader, read_image: ReadImage) -> SecretCode | None:
        """Return the desired secret code."""
        return entry.get(SECRET_CODE)

    def read_options(self, options: Mapping[str, Any], read_image: ReadImage) -> SecretCode:
        """Return the desired secret code of a task."""
        return SECRET_CODE.read("", {field_.name: options.get(field_.name) for field_ in _FIELDS})

    def read(self, session: Session, target: Target, desired: SecretCode) -> SecretCodeState:
        """Return the current code; a provider that is yet to be created will get one of its own."""
        return SecretCodeState(session.client.secret_code(target.uuid) if target.uuid else None)

    def users(self, desired: SecretCode, current: SecretCodeState) -> tuple[Iterable[str], Iterable[str]]:
        """Return nothing, as a code names no user."""
        return (), ()

    def compare(
        self, session: Session, target: Target, desired: SecretCode, current: SecretCodeState, users: ResolvedUsers
    ) -> Comparison[None]:
        """Rotate where there is no code, where the leaked one is still in force, or always where that is desired."""
        if target.uuid is None:
            text = (
                f"{target.name}: its API secret code is new when the service provider is created, so it is not rotated."
            )
            is_rotation = desired.state == "rotated" and desired.fingerprint is None
            return Comparison(warnings=(text,)) if is_rotation else Comparison()
        leaked = desired.state == "rotated" and desired.fingerprint in (None, current.fingerprint)
        if current.code is not None and not leaked:
            return Comparison()
        change = Change(
            target.name,
            self.kind,
            "API secret code",
            _ROTATE,
            {"fingerprint": current.fingerprint},
            {"fingerprint": None},
            {"customer": target.customer_uuid, "user": None, "role": None},
            None,
        )
        return Comparison((change,))

    def write(self, session: Session, target: Target, current: SecretCodeState, change: Change[None]) -> None:
        """Rotate the code. Where the response is lost the code is read, and never rotated a second time."""
        uuid = target.uuid or ""
        before = current.fingerprint

        def recheck() -> tuple[bool, str]:
            current.code = session.client.secret_code(uuid)
            if current.fingerprint != before:
                return (
                    True,
                    f"it was rotated, to {current.fingerprint}. Another run without fingerprint would rotate it again.",
                )
            leaked = f" with fingerprint: {before}, so that it can't be rotated twice" if before else ""
            return False, f"it was not rotated, and not tried twice. Run again{leaked}."

        try:
            current.code = session.client.new_secret_code(uuid)
        except OutcomeUnknown as error:
            raise recheck_outcome(error, recheck) from None
        if current.code is None or current.fingerprint == before:
            text = "Waldur accepted the request but returned no new API secret code."
            raise WaldurError(text, took_effect=None)

    def verify(
        self, session: Session, target: Target, desired: SecretCode, current: SecretCodeState
    ) -> SecretCodeState:
        """Check that the code of the response is still the current one."""
        now = SecretCodeState(session.client.secret_code(target.uuid or ""))
        if now.fingerprint != current.fingerprint:
            raise WaldurError(
                f"The API secret code was rotated (fingerprint {current.fingerprint}), but another user rotated it"
                f" again (fingerprint {now.fingerprint}), so theirs is the current code: read it before you deliver"
                " it.",
                not_applied=[],
            )
        return current

    def result(
        self,
        desired: SecretCode,
        current: SecretCodeState,
        users: ResolvedUsers,
        planned: Sequence[Change[None]],
        *,
        done: bool,
    ) -> Row:
        """Return the fingerprint, and the code itself for a task that reveals it; null before a rotation is done."""
        if planned and not done:
            return {"fingerprint": None, "api_secret_code": None}
        return {"fingerprint": current.fingerprint, "api_secret_code": current.code}

    def summary(self, result: Result) -> Row:
        """Return the fingerprint."""
        return {_FINGERPRINTS: result["fingerprint"]} if isinstance(result, dict) else {}

    def returns(self, options: Mapping[str, Any], result: Result) -> Row:
        """Return the fingerprint; the code itself only where ``reveal`` is set."""
        returned = result if isinstance(result, dict) else {}
        return {key: value for key, value in returned.items() if options["reveal"] or key != self.result_key}


RESOURCE = ApiSecretCode()
