# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one task, inside Ansible's own process or as a module. Only this file calls ``fail_json``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._common.errors import Interrupted, InvalidInput, WaldurError, escape_invisible
from .._common.progress import Progress, ShowLine
from .._common.redaction import Redactor
from .._common.signals import SignalReceived, catch_signals, remember_parent
from .._context import Session, get_client
from .._document import images
from .._document.model import ReadImage
from .._engine.executor import apply, apply_each
from .._http import connection_options
from .._http.client import REQUESTS_IMPORT_ERROR
from .._http.connection import Connection
from .._plan.changes import Change
from .._plan.diff import diff as plan_diff
from .._plan.limits import REPORT
from .argument_specs import FileModule, OfflineModule, TargetModule, WriteModule, spec
from .find_module import find_module

if TYPE_CHECKING:  # a module that writes needs nothing of what reads
    from .._query.info import Info


def run(
    name: str,
    options: Mapping[str, Any],
    connection: Connection,
    *,
    check: bool,
    diff: bool,
    read_image: ReadImage = images.read_image,
    show_progress: ShowLine | None = None,
) -> dict[str, Any]:
    """Run the module ``name`` (without the collection's name), and return its result, warnings included.

    ``options`` are valid by the module's argument spec. ``show_progress`` gets a line every few seconds of a long run,
    with no secret and no invisible character in it. Raises ``WaldurError`` with no secret in its message.
    """
    remember_parent()
    client, references = get_client(connection)
    module = find_module(name)
    if isinstance(module, (OfflineModule, TargetModule)):
        raise TypeError(f"{name} takes no connection")
    writes = isinstance(module, WriteModule) and not check
    progress = client.progress = Progress(_make_safe(show_progress, client.redactor))
    view = client if writes else client.read_only()
    session = Session(view, references, options.get("missing_users", "fail"), progress=progress)
    try:
        if isinstance(module, WriteModule):
            result = _write(module, options, session, read_image, check=check, diff=diff)
        elif isinstance(module, FileModule):
            result = module.run(session, options, check, diff)
        else:
            result = _read(session, module, options, check=check)
    except WaldurError as error:
        client.redactor.redact_error(error)
        raise
    result["warnings"] = [escape_invisible(warning) for warning in result["warnings"]]
    revealed = {result["api_secret_code"]} if result.get("api_secret_code") else set()
    return dict(client.redactor.without(revealed).redact_data(result))


def _make_safe(show: ShowLine | None, redactor: Redactor) -> ShowLine | None:
    """Return a function that shows lines without secrets and invisible characters; None where nothing is shown."""
    if show is None:
        return None
    return lambda line: show(escape_invisible(redactor.redact_message(line)))


def run_offline(
    name: str,
    options: Mapping[str, Any],
    *,
    check: bool,
    diff: bool = False,
    read_image: ReadImage = images.read_image,
) -> dict[str, Any]:
    """Run the module ``name``, one of those that send no request, and return its result.

    ``options`` are valid by the module's argument spec. Raises ``WaldurError``.
    """
    module = find_module(name)
    if not isinstance(module, OfflineModule):
        raise TypeError(f"{name} needs a connection")
    return module.run(options, read_image, check, diff)


def _read(session: Session, module: Info, options: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    obstacle = module.is_skipped_in_check_mode or module.find_check_mode_obstacle(options)
    if check and obstacle:
        return {"changed": False, "skipped": True, "msg": obstacle, "warnings": []}
    session.references.start_run()
    answer = module.answer(session, options)
    return {"changed": False, "warnings": session.warnings, **answer}


def _write(
    module: WriteModule,
    options: Mapping[str, Any],
    session: Session,
    read_image: ReadImage,
    *,
    check: bool,
    diff: bool,
) -> dict[str, Any]:
    if options.get("policy_mode") == REPORT and not check:
        raise InvalidInput(
            "policy_mode: report is for check mode, as it would apply what the policy rejects: add check_mode: true, or"
            " leave it out."
        )
    applied: tuple[Change[object], ...] = ()
    try:
        plan = module.plan(session, options, read_image)
        if options.get("on_failure") == "continue":
            apply_each(session, plan, check=check)
        elif not check:
            apply(session, plan)
        applied = () if check else plan.changes
        warnings = [*plan.comparison.warnings, *filter(None, [plan.policy_warning])]
        result = {"changed": bool(plan.changes), "warnings": warnings}
        if diff:
            result["diff"] = plan_diff(plan.changes)
        return {**result, **module.returns(options, plan, not check)}
    except SignalReceived as error:
        raise _interrupted(error, applied) from None


def _interrupted(error: SignalReceived, applied: Sequence[Change[object]]) -> Interrupted:
    """Return the error for a signal that came before or after the plan was carried out."""
    done = f"after all {len(applied)} changes were applied" if applied else "before anything was changed"
    return Interrupted(
        f"Interrupted by {error} {done}.",
        changed=bool(applied),
        applied=[change.as_dict() for change in applied],
        failed_change=None,
        uncertain=[],
        not_applied=[],
    )


def run_module(name: str) -> None:
    """Run the module ``name`` as a program: read the options, run it, and print the result or the failure."""
    declared = find_module(name)
    module = AnsibleModule(argument_spec=spec(declared), supports_check_mode=True, **declared.rules)
    if isinstance(declared, OfflineModule):
        # The action plugin runs it on the controller; it comes here only without that plugin.
        try:
            result = run_offline(name, module.params, check=module.check_mode, diff=module._diff)
        except WaldurError as error:
            module.fail_json(msg=error.message, **error.details)
        module.exit_json(**result)
    if REQUESTS_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("requests"), exception=REQUESTS_IMPORT_ERROR)
    # Until the result is printed, so that a second signal can't cut it off.
    with catch_signals():
        try:
            values = connection_options.resolve(module.params, {}, os.environ)
            connection = connection_options.connect(values, os.environ)
            result = run(name, module.params, connection, check=module.check_mode, diff=module._diff)
        except WaldurError as error:
            module.fail_json(msg=error.message, **error.details)
        except SignalReceived as error:
            module.fail_json(msg=f"Interrupted by {error}.")
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)
