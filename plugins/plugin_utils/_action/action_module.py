# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of all modules: run a module inside Ansible's worker process where possible, else the normal way.

A module runs the normal way where the connection is not local, for ``async``, and where the controller lacks
``requests``. Its result is the same.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    Interrupted,
    InvalidInput,
    WaldurError,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.json_values import to_plain
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import Redactor
from ansible_collections.waldur.provider.plugins.module_utils._common.shown_paths import show_paths_as
from ansible_collections.waldur.provider.plugins.module_utils._common.signals import catch_signals
from ansible_collections.waldur.provider.plugins.module_utils._document.entry_store import share_entries_in
from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.module_utils._http.client import REQUESTS_IMPORT_ERROR
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.transport import environment_proxy
from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import (
    OfflineModule,
    WriteModule,
    dates,
    keep_nulls,
    spec,
)
from ansible_collections.waldur.provider.plugins.module_utils._module.find_module import find_module
from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run, run_offline
from ansible_collections.waldur.provider.plugins.plugin_utils._action import credentials, interruption
from ansible_collections.waldur.provider.plugins.plugin_utils._action.arguments import (
    describe_errors,
    keep_spelling,
    make_invocation,
    redact_api_url,
    restore_numbers,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._action.date_literals import parse_printed_list
from ansible_collections.waldur.provider.plugins.plugin_utils._action.files import ControllerFiles
from ansible_collections.waldur.provider.plugins.plugin_utils._action.option_checks import (
    check_data,
    check_options,
    check_value,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._connection_options import reject_facts

_COLLECTION = "waldur.provider."
# The parts of a result that may quote an option or a variable.
_QUOTING = ("msg", "errors", "invocation")
# The connection options that name what is read on the controller.
_READ_HERE = ("profile", "token_file", "token_command")


@dataclass(frozen=True)
class _Call:
    """A module to run: its arguments as plain data with absolute paths, and what was made of them.

    ``connection`` are the resolved connection options, ``options`` all options as validated, ``environment`` is the
    task's own, and ``variables`` are these and those of Ansible's process.
    """

    module: str
    arguments: dict[str, Any]
    connection: dict[str, Any]
    options: Mapping[str, Any]
    environment: dict[str, str]
    variables: dict[str, str]


def _show_progress(line: str) -> None:
    """Show a line of progress on the error output, as callbacks may write JSON to the standard output.

    Ansible passes it to its main process, which writes whole lines.
    """
    Display().display(line, stderr=True)


class ActionModule(ActionBase):
    """Run the module that the task names."""

    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return the module's result, however it ran."""
        self._supports_async = not isinstance(find_module(self._module_name()), OfflineModule)
        super().run(tmp, task_vars)
        self._host = str((task_vars or {}).get("inventory_hostname", "localhost"))
        if interruption.Interruption.message:
            cause = interruption.Interruption.message
            return {"failed": True, "msg": f"Not started, as the run was interrupted before: {cause}"}
        self._redactor = Redactor()
        self._files = ControllerFiles(self)
        result = self._check_and_run(task_vars or {})
        # An option or a variable that is not meant for it may hold the token, too.
        quoting = {key: result[key] for key in _QUOTING if key in result}
        if isinstance(quoting.get("invocation"), dict):
            quoting["invocation"] = redact_api_url(quoting["invocation"])
        return {**result, **self._redactor.redact_data(quoting)}

    # --- options -----------------------------------------------------------------------------------------------------

    def _check_and_run(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the module's result, or an error for options that can't be used."""
        module = self._module_name()
        declared = find_module(module)
        spelled = {option: keep_spelling(parse_printed_list(value)) for option, value in self._task.args.items()}
        raw_is_text = not isinstance(declared, WriteModule)
        self._note_secrets(spelled)
        data = declared.data if isinstance(declared, OfflineModule) else frozenset()
        checked = {option: value for option, value in spelled.items() if option not in data}
        try:
            check_options(_COLLECTION + module, spec(declared), dates(declared), checked, raw_is_text=raw_is_text)
            for option in data.intersection(spelled):
                check_data(option, spelled[option])
        except InvalidInput as error:
            return {"failed": True, "msg": error.message, **error.details}
        arguments = keep_nulls(declared, to_plain(spelled))
        if problem := credentials.check_async(self, arguments):
            return {"failed": True, "msg": problem}
        if isinstance(declared, OfflineModule):
            return self._run_offline(module, declared, arguments)
        return self._resolve_and_run(module, arguments, spelled, task_vars)

    def _run_offline(self, module: str, declared: OfflineModule, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a module that needs no Waldur, whatever the connection of the task is."""
        invocation = make_invocation({name: value for name, value in arguments.items() if name not in declared.data})
        try:
            written_paths = self._files.make_paths_absolute(arguments)
            validation = ArgumentSpecValidator(spec(declared), **declared.rules).validate(arguments)
            if validation.error_messages:
                raise InvalidInput(describe_errors(_COLLECTION + module, validation))
            with show_paths_as(written_paths):
                options = validation.validated_parameters
                result = run_offline(
                    module,
                    options,
                    check=self._task.check_mode,
                    diff=self._task.diff,
                    read_image=self._files.read_image,
                )
        except WaldurError as error:
            return dict(to_plain({"failed": True, "msg": error.message, "invocation": invocation, **error.details}))
        return dict(to_plain({**result, "invocation": invocation}))

    def _module_name(self) -> str:
        """Return the name of the task's module, without the collection's."""
        # The resolved name is the action's on ansible-core 2.17 and the module's on newer ones.
        return str(self._task.action.rpartition(".")[2])

    def _resolve_and_run(
        self, module: str, arguments: dict[str, Any], spelled: Mapping[str, Any], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """Resolve paths and connection, validate the options, and return the module's result.

        ``arguments`` are those of the task as plain data, ``spelled`` the same where numbers know their spelling.
        """
        declared = find_module(module)
        environment = credentials.read_environment(self)
        variables = {**os.environ, **environment}
        try:
            written_paths = self._files.make_paths_absolute(arguments)
            connection = connection_options.resolve(arguments, self._read_variables(task_vars), variables)
        except InvalidInput as error:
            return {"failed": True, "msg": error.message, "invocation": make_invocation(arguments)}
        self._note_secrets(connection)
        # The connection was checked by its own rules; the options of the resource are checked as a module would.
        checked = {**restore_numbers(arguments, spelled), **connection}
        validation = ArgumentSpecValidator(spec(declared), **declared.rules).validate(checked)
        if validation.error_messages:
            message = describe_errors(_COLLECTION + module, validation)
            return {"failed": True, "msg": message, "invocation": make_invocation(arguments)}
        call = _Call(module, arguments, connection, validation.validated_parameters, environment, variables)
        with show_paths_as(written_paths):
            result = self._run_as_module(call, task_vars) if self._needs_module() else self._run_in_process(call)
            return self._locate_violations(result, call.options)

    def _note_secrets(self, values: Mapping[str, Any]) -> None:
        """Note the secrets among connection options, which are redacted in messages."""
        for value in (values.get(option) for option in ("access_token", "proxy")):
            if isinstance(value, str):
                self._redactor.add(value.strip())

    def _read_variables(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the values of the variables ``waldur_<option>``, by option. Raises ``InvalidInput``."""
        names = {option: f"waldur_{option}" for option in connection_options.NAMES}
        reject_facts(task_vars)
        values = {
            option: self._templar.template(task_vars[variable])
            for option, variable in names.items()
            if variable in task_vars
        }
        for option, value in values.items():
            check_value(names[option], value)
        return {option: to_plain(value) for option, value in values.items()}

    def _needs_module(self) -> bool:
        """Return whether the module has to run the normal way."""
        return bool(self._task.async_val or self._connection.transport != "local" or REQUESTS_IMPORT_ERROR)

    def _can_write(self, module: str) -> bool:
        """Return whether the task may change something in Waldur or on a disk."""
        return isinstance(find_module(module), WriteModule) and not self._task.check_mode

    def _report_interruption(self, module: str, result: Mapping[str, Any]) -> None:
        interruption.report(_COLLECTION + module, self._host, result)

    # --- inside Ansible's process ------------------------------------------------------------------------------------

    def _run_in_process(self, call: _Call) -> dict[str, Any]:
        invocation = make_invocation(call.arguments)
        try:
            connection = connection_options.connect(call.connection, call.variables)
            result = self._run_interruptible(call, connection)
        except WaldurError as error:
            return dict(to_plain({"failed": True, "msg": error.message, "invocation": invocation, **error.details}))
        if not result["warnings"]:
            del result["warnings"]  # as modules return none; ansible-core 2.17 would show the empty list
        return dict(to_plain({**result, "invocation": invocation}))

    def _run_interruptible(self, call: _Call, connection: Connection) -> dict[str, Any]:
        catching = catch_signals() if self._can_write(call.module) else contextlib.nullcontext()
        with catching, share_entries_in(self._shared_folder()):
            try:
                return run(
                    call.module,
                    call.options,
                    connection,
                    check=self._task.check_mode,
                    diff=self._task.diff,
                    read_image=self._files.read_image,
                    show_progress=None if self._task.no_log else _show_progress,
                )
            except Interrupted as error:
                self._report_interruption(call.module, {"msg": error.message, **error.details})
                raise

    def _shared_folder(self) -> str:
        """Return a folder for what all hosts of this task share, private to the run; Ansible removes it at its end.

        Each host runs in a process of its own, and they all are children of the process that leads the run.
        """
        return os.path.join(constants.DEFAULT_LOCAL_TMP, f"waldur-{os.getppid()}-{self._task._uuid}")

    # --- as a module -------------------------------------------------------------------------------------------------

    def _run_as_module(self, call: _Call, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the module the normal way.

        Ansible prints the environment that it hands on at -vvvv, and anybody can see it in the list of processes. So
        its credentials become arguments, whose secrets Ansible redacts.
        """
        # The profile and the token are read here: the files and commands need not exist where the module runs.
        named = {option: value for option, value in call.arguments.items() if option not in _READ_HERE}
        try:
            connection = connection_options.read_token(call.connection, call.variables)
            self._note_secrets(connection)
            arguments = {**named, **connection}
            # Checked here, as Ansible shows a module's arguments, and this one may hold a password.
            url = connection_options.base_url(arguments["api_url"])
            places = self._load_documents(arguments, call.options)
            self._check_document(call, places)
            self._files.transfer_images(arguments)
            self._files.transfer_policy(arguments)
        except InvalidInput as error:
            return {"failed": True, "msg": error.message, **error.details}
        removed = credentials.remove_credentials(self, call.environment, str(arguments["access_token"]))
        local = os.environ if self._connection.transport == "local" else {}
        proxy = environment_proxy(url, {**local, **call.environment})
        if not arguments.get("proxy") and proxy in removed.values():
            arguments["proxy"] = proxy
        result = self._execute_interruptible(
            call.module, module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val
        )
        return self._name_entries(result, places)

    # --- documents, which only few modules take, so that the others don't import what reads them ----------------------

    def _load_documents(self, arguments: dict[str, Any], options: Mapping[str, Any]) -> list[str]:
        """Replace the paths of plan and documents in ``arguments``, as ``documents.load_documents`` does."""
        if not (arguments.get("providers_path") or arguments.get("approved_plan")):
            return []
        from ansible_collections.waldur.provider.plugins.plugin_utils._action.documents import load_documents

        return load_documents(arguments, options, self._files.read_image)

    def _name_entries(self, result: dict[str, Any], places: Sequence[str]) -> dict[str, Any]:
        """Return ``result`` with entries of documents named by ``places``."""
        if not places:
            return result
        from ansible_collections.waldur.provider.plugins.plugin_utils._action.documents import name_entries_by_place

        return name_entries_by_place(result, places)

    def _locate_violations(self, result: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``result`` with the lines of the entries that cause its ``policy_violations``."""
        if not (result.get("policy_violations") and options.get("providers_path")):
            return result
        from ansible_collections.waldur.provider.plugins.plugin_utils._action.documents import locate_violations

        return locate_violations(result, options)

    def _check_document(self, call: _Call, places: Sequence[str]) -> None:
        """Check the desired state here, where numbers and dates know their spelling; files were checked already."""
        declared = find_module(call.module)
        if isinstance(declared, WriteModule) and not places:
            declared.load(call.options, self._files.read_image)

    def _execute_interruptible(self, module: str, **options: Any) -> dict[str, Any]:
        """Run the module in its own process, forward signals to it, and wait for its result."""
        if not self._can_write(module):
            return dict(self._execute_module(module_name=_COLLECTION + module, **options))
        received: list[int] = []

        def forward_signal(number: int) -> None:
            received.append(number)
            if os.getpgrp() == os.getpid():  # else the module got it as well, as part of the same group
                os.killpg(os.getpgrp(), number)

        result: dict[str, Any] = {}
        with catch_signals(forward_signal):
            try:
                result = self._execute_module(module_name=_COLLECTION + module, **options)
            finally:
                if received:
                    message = f"Interrupted by {signal.Signals(received[0]).name}."
                    self._report_interruption(module, result or {"msg": message})
        return result
