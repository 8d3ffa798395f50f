# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out what became of a change of a service provider whose response was lost or refused."""

from __future__ import annotations

from .._common.errors import ErrorResponse, WaldurError
from .._common.types import Row
from .._context import Session
from .._document.model import UNSET, ImageFile
from .._plan.changes import Change
from .._references.targets import Target
from .account_options import ACCOUNT_OPTIONS_KEY, unapplied_options
from .account_options_changes import AccountOptionsWrite, count_unlinked, describe_stored
from .service_provider_comparison import CREATE, DELETE
from .service_provider_profile import ProfileWrite
from .service_provider_reading import check_profile, read_row
from .service_provider_writing import is_kept


def add_stored_options(error: ErrorResponse, session: Session, target: Target, change: Change[ProfileWrite]) -> None:
    """Read the provider again after a refusal, and add to the error what Waldur stored all the same."""
    before = (change.before or {}).get(ACCOUNT_OPTIONS_KEY) or {}
    sent = change.payload.account_options.options if change.payload.account_options else {}
    try:
        row = check_profile("service_provider", session.client.get("service_provider", target.uuid))
    except WaldurError as recheck_error:
        error.details["took_effect"] = None
        error.message += f" Whether Waldur stored a part of it is not known: {recheck_error.message}"
        return
    is_stored, state = describe_stored(before, sent, row.get(ACCOUNT_OPTIONS_KEY) or {})
    error.message += f" Checked again: {state}"
    if is_stored:
        error.details["took_effect"] = None


def _recheck_account_options(
    session: Session, target: Target, row: Row, options_write: AccountOptionsWrite
) -> tuple[bool | None, str]:
    """Return whether options were stored and accounts linked (None: partly), and the current state as text."""
    left = unapplied_options(row.get(ACCOUNT_OPTIONS_KEY) or {}, options_write.options)
    adopts = options_write.kept_usernames is not None
    unlinked = count_unlinked(session, target) if adopts else 0
    if not left and not unlinked:
        return True, "it took effect. Run again."
    parts = [f"not applied: {', '.join(left)}"] if left else []
    if adopts:
        number = "1 account is" if unlinked == 1 else f"{unlinked} accounts are"
        parts.append(f"{number} not linked" if unlinked else "all accounts are linked")
    is_untouched = len(left) == len(options_write.options) and (not adopts or 0 < options_write.unlinked <= unlinked)
    return False if is_untouched else None, f"{'; '.join(parts)}. Run again."


def recheck_change(session: Session, target: Target, change: Change[ProfileWrite]) -> tuple[bool | None, str]:
    """Check a change whose response was lost: return whether it took effect (None: partly), and the current state."""
    session.references.forget_providers()
    row = read_row(session, target)
    if change.action is DELETE or row is None:
        state = f"the provider {'does not exist' if row is None else 'still exists'}. Run again."
        return change.action is DELETE and row is None, state
    if change.payload.account_options is not None:
        return _recheck_account_options(session, target, row, change.payload.account_options)
    fields, image = change.payload.fields, change.payload.image
    left = [name for name, desired_value in fields.items() if not is_kept(name, row.get(name), desired_value)]
    if image is not UNSET and not _holds_image(session, row, image):
        left.append("image")
    if left:
        partly = change.action is CREATE or len(left) < len(fields) + (image is not UNSET)
        return None if partly else False, f"not applied: {', '.join(left)}. Run again."
    return True, f"{'the provider now exists' if change.action is CREATE else 'it took effect'}. Run again."


def _holds_image(session: Session, row: Row, image: ImageFile) -> bool:
    url = row.get("image")
    return session.client.download(url) == image.content if url and image.content else not url and not image.content
