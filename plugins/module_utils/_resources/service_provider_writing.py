# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create and update a service provider, and check the response."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from .._common import uuids
from .._common.errors import ErrorResponse, NotFound, OutcomeUnknown, WaldurError
from .._common.types import Row
from .._context import Session
from .._document import images
from .._document.model import UNSET, ImageFile, Unset
from .._plan.changes import Change
from .._references.targets import Target
from .account_options import ACCOUNT_OPTIONS_KEY, unapplied_options
from .account_options_changes import AccountOptionsWrite, adopt_accounts
from .service_provider_comparison import CREATE, DELETE
from .service_provider_profile import NEWER_KEYS, ProfileState, ProfileWrite
from .service_provider_reading import check_profile

REFUSED = 400
# Waldur may have stored a part of a change that it refused so (api-behaviour: account-settings-effects).
REFUSED_AFTER_STORING = (REFUSED, 409)
_NO_SUCH_METHOD = 405


def write_profile(session: Session, target: Target, current: ProfileState, change: Change[ProfileWrite]) -> None:
    """Send one change. An image is sent before or with all else: if it is rejected, nothing was written."""
    if change.action is DELETE:
        # An attempt whose answer was lost may have done it already (api-behaviour: repeating-requests).
        with contextlib.suppress(NotFound):
            session.client.write("destroy", target.uuid, expect_body=False)
        session.references.forget_providers()
        target.uuid, current.row = None, None
        return
    if change.payload.account_options is not None:
        _write_account_options(session, target, current, change.payload.account_options)
        return
    fields, image = dict(change.payload.fields), change.payload.image
    upload = image if image is not UNSET and image.content else None
    remaining, before = dict(fields), ""
    if change.action is CREATE:
        before = "the provider was created"
        current.row, remaining = _create_provider(session, target, fields, upload)
        session.references.forget_providers()
        target.uuid = uuids.normalize(current.row["uuid"])
    elif upload:
        before = "the image was uploaded"
        current.row = check_profile(
            "partial_update", session.client.write("partial_update", target.uuid, files=_make_upload(upload))
        )
    elif image is not UNSET:
        fields = remaining = {**fields, "image": None}
    if remaining:
        current.row = _send_remaining(session, target, remaining, before)
    if upload:
        current.image = images.digest(upload.content)
    check_answer(current.row or {}, fields, image, session.references.current_user.is_staff)


def _create_provider(session: Session, target: Target, fields: Row, upload: ImageFile | None) -> tuple[Row, Row]:
    """Create the provider, and return its row and the fields still to be sent: a form can't hold structures."""
    body: Row = {"customer": target.customer_url, **fields}
    remaining: Row = {}
    if upload:
        remaining = {name: body.pop(name) for name in NEWER_KEYS if name in body}
        # A boolean that is left out of a form counts as false (api-behaviour: forms-and-booleans).
        body["enable_notifications"] = "false" if fields.get("enable_notifications") is False else "true"
    row = session.client.write("create", body=body, files=_make_upload(upload) if upload else None)
    return check_profile("create", row), remaining


def _write_account_options(
    session: Session, target: Target, current: ProfileState, options_write: AccountOptionsWrite
) -> None:
    """Link the accounts that become shared, and then send the options, for which nothing is left to link.

    Waldur stores the scope before it links accounts, and keeps it where it can't (api-behaviour:
    account-settings-effects); linking them before is all or nothing.
    """
    before = ""
    if options_write.kept_usernames is not None:
        before = adopt_accounts(session, target.uuid or "", options_write.kept_usernames)
    sent = {ACCOUNT_OPTIONS_KEY: options_write.options}
    current.row = _send_remaining(session, target, sent, before)
    check_answer(current.row, sent, UNSET)


def _send_remaining(session: Session, target: Target, remaining: Row, before: str) -> Row:
    """Send the fields that no form can hold; an error states what was done ``before`` it."""
    try:
        return _changed(session, target, remaining)
    except OutcomeUnknown:
        raise
    except WaldurError as error:
        if before:
            error.message += f" Before that, {before}."
            error.details["took_effect"] = None
        raise


def _changed(session: Session, target: Target, fields: Row) -> Row:
    """Update by PATCH; some proxies block it, and PUT in JSON keeps what is left out just as well
    (api-behaviour: providers-put)."""
    try:
        return check_profile("partial_update", session.client.write("partial_update", target.uuid, body=fields))
    except ErrorResponse as error:
        if error.status != _NO_SUCH_METHOD:
            raise
        body = {"customer": target.customer_url, **fields}
        return check_profile("update", session.client.write("update", target.uuid, body=body))


def _make_upload(upload: ImageFile) -> dict[str, tuple[str, bytes, str]]:
    kind = images.content_type(upload.content) or "application/octet-stream"
    return {"image": (upload.name, upload.content, kind)}


def check_answer(
    row: Row, sent: Mapping[str, Any], image: ImageFile | Unset, is_staff: Callable[[], bool] = lambda: False
) -> None:
    """Raise ``WaldurError`` where the server ignored a field silently (api-behaviour: providers-update); it may have
    kept the others."""
    for name, desired_value in sent.items():
        if not is_kept(name, row.get(name), desired_value):
            hint = _hint_on_domains(is_staff) if name == "allowed_domains" else ""
            option = name
            if name == ACCOUNT_OPTIONS_KEY:
                option = f"{name}.{unapplied_options(row.get(name) or {}, desired_value)[0]}"
            text = f"{option}: Waldur accepted the request but did not apply the value.{hint}"
            raise WaldurError(text, took_effect=None)
    if image is not UNSET and image.content and not row.get("image"):
        raise WaldurError("image: Waldur accepted the request but stored no image.", took_effect=None)


def _hint_on_domains(is_staff: Callable[[], bool]) -> str:
    try:
        return " This requires Waldur 2026 or newer." if is_staff() else " This requires a staff token."
    except WaldurError:  # must not replace the error that the hint is for
        return ""


def is_kept(name: str, current_value: Any, desired_value: Any) -> bool:
    """Return whether the server holds what was sent."""
    if name == ACCOUNT_OPTIONS_KEY:
        return not unapplied_options(current_value or {}, desired_value)
    if name in ("customer", "image"):
        return name == "customer" or current_value is None
    return (
        sorted(current_value or []) == sorted(desired_value)
        if isinstance(desired_value, list)
        else bool(current_value == desired_value)
    )
