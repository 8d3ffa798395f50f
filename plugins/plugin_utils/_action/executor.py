# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One action plugin for all modules of the collection: runs them inside Ansible's own worker where it can.

For a task that is not local, is asynchronous, or where the controller lacks ``requests``, the same module runs the
normal way.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.waldur.provider.plugins.module_utils._common import input_files
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import (
    LONGEST_PATH,
    Interrupted,
    InvalidInput,
    WaldurError,
    quote,
)
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import redact
from ansible_collections.waldur.provider.plugins.module_utils._common.signals import on_signal
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_files import DEEPEST
from ansible_collections.waldur.provider.plugins.module_utils._common.yaml_spelling import (
    plain_scalar_at,
    with_spelling,
    without_spelling,
)
from ansible_collections.waldur.provider.plugins.module_utils._document import images, loader
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile, ReadImage
from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.module_utils._http.client import REQUESTS_IMPORT_ERROR
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.transport import environment_proxy
from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import (
    CONNECTION,
    TASKS,
    WRITERS,
    Task,
    dates,
    spec,
)
from ansible_collections.waldur.provider.plugins.module_utils._module.runner import run
from ansible_collections.waldur.provider.plugins.plugin_utils._action.date_literals import restored
from ansible_collections.waldur.provider.plugins.plugin_utils._action.interruption import Interruption, report
from ansible_collections.waldur.provider.plugins.plugin_utils._action.option_checks import check_options, check_value

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:  # before ansible-core 2.19, which tells nothing of the sources of numbers
    Origin = None

_COLLECTION = "waldur.provider."
_LONGEST_REFUSAL = 2000
_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_ENTRY = re.compile(r"service_providers\[(\d+)\]")
_SENTENCES = ("msg", "errors", "warnings")
_MAY_QUOTE = ("msg", "errors", "invocation")
# The options that put a secret into a module's result.
_REVEALING = ("reveal",)
# What was taken out of a task's environment; the next attempt of an until reads the connection from it again.
_CREDENTIALS: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


class ActionModule(ActionBase):
    """Runs the module that the task names."""

    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """The module's result, whichever way it ran."""
        super().run(tmp, task_vars)
        self._host = str((task_vars or {}).get("inventory_hostname", "localhost"))
        if Interruption.message:
            return {"failed": True, "msg": f"Not started, as the run was interrupted before: {Interruption.message}"}
        self._hidden: set[str] = set()
        result = self._outcome(task_vars or {})
        # An option or a variable that is not meant for it may hold the token, too.
        shown = {key: result[key] for key in _MAY_QUOTE if key in result}
        if isinstance(shown.get("invocation"), dict):
            shown["invocation"] = _without_secret_url(shown["invocation"])
        return {**result, **redact(shown, frozenset(self._hidden))}

    def _outcome(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        # The resolved name is the action's on ansible-core 2.17 and the module's on newer ones.
        name = self._task.action.rpartition(".")[2]
        arguments = {option: _spelled(restored(value)) for option, value in self._task.args.items()}
        self._hide(arguments)
        task = TASKS[name]
        try:
            check_options(
                _COLLECTION + name, spec(task), dates(task), arguments, raw_is_text=not isinstance(task, Task)
            )
        except InvalidInput as error:
            return {"failed": True, "msg": error.message, **error.details}
        given = _plain(arguments)
        if refusal := self._refuse_async(given):
            return {"failed": True, "msg": refusal}
        environment = self._environment()
        try:
            written = self._make_absolute(given)
            values = connection_options.resolve(given, self._variables(task_vars), {**os.environ, **environment})
        except InvalidInput as error:
            return {"failed": True, "msg": error.message, "invocation": _invocation(given)}
        self._hide(values)
        # The connection was checked by its own rules; the options of the resource are checked as a module would.
        checked = {**_numbers_as_written(arguments, given), **values}
        validation = ArgumentSpecValidator(spec(task), **task.rules).validate(checked)
        if validation.error_messages:
            return {"failed": True, "msg": _refusal(name, validation), "invocation": _invocation(given)}
        options = validation.validated_parameters
        if self._runs_elsewhere():
            # The profile has spoken; the file that holds it need not be where the module runs.
            given.pop("profile", None)
            result = self._as_module(name, {**given, **values}, environment, task_vars, options)
        else:
            result = self._in_process(name, given, options, values, environment)
        if result.get("failed") and isinstance(result.get("msg"), str):
            result["msg"] = _as_written(result["msg"], written)
        return result

    def _hide(self, values: Mapping[str, Any]) -> None:
        """Note the secrets among connection options, for messages."""
        found = [values.get(option) for option in ("access_token", "proxy")]
        self._hidden.update(text for value in found if isinstance(value, str) and (text := value.strip()))

    def _make_absolute(self, given: dict[str, Any]) -> dict[str, str]:
        """Replace the paths among the options by absolute ones; returns how each of these was written."""
        written = {}
        for option in ("providers_path", "approved_plan"):
            if isinstance(given.get(option), str) and given[option].strip():
                path, given[option] = given[option], self._find(option, given[option])
                written[given[option]] = path
        if isinstance(given.get("dest"), str) and given["dest"].strip() and self._connection.transport == "local":
            path, expanded = given["dest"], input_files.expand_path("dest", given["dest"])
            given["dest"] = str(self._loader.path_dwim(os.path.expandvars(expanded)))
            written[given["dest"]] = path
        return written

    def _runs_elsewhere(self) -> bool:
        local = self._connection.transport == "local"
        return bool(self._task.async_val or not local or REQUESTS_IMPORT_ERROR)

    def _environment(self) -> dict[str, str]:
        """Return the task's own ``environment:``, templated, with what an earlier attempt took out of it."""
        found: dict[str, Any] = {}
        self._compute_environment_string(found)
        return {**{str(key): str(value) for key, value in found.items()}, **_CREDENTIALS.get(self._task, {})}

    def _refuse_async(self, arguments: Mapping[str, Any]) -> str:
        """Return why the task must not run with ``async``, or an empty text.

        Ansible keeps the result of an asynchronous task in a file that every user of the host can read, and runs
        ``async_status`` with the environment that the task shares with it.
        """
        if not self._task.async_val:
            return ""
        for option in _REVEALING:
            value = arguments.get(option)
            if isinstance(value, (bool, int, float, str)) and boolean(value, strict=False):
                return (
                    f"{option}: can't go with async: Ansible would keep the secret in a file of the job that other"
                    f" users of the host can read: leave out async or {option}."
                )
        if self._task.poll:
            return ""  # the status task gets the environment that _as_module leaves
        shared = sorted(name for name, value in self._inherited_environment().items() if _is_credential(name, value))
        if not shared:
            return ""
        return (
            f"environment: {shared[0]} is set for the whole play, role or block, and with async and poll: 0 a later"
            " async_status task would show it in the list of processes: set it as variable waldur_access_token or"
            " waldur_proxy, in a profile, or in the environment of this task alone."
        )

    def _inherited_environment(self) -> dict[str, str]:
        """Return the ``environment:`` that the task shares with the tasks around it, templated."""
        found: dict[str, Any] = {}
        # The parent's own attribute lacks what it inherits; this is how a task inherits it.
        shared = self._task._parent._get_parent_attribute("environment")
        whole, self._task.environment = self._task.environment, shared if isinstance(shared, list) else []
        try:
            self._compute_environment_string(found)
        finally:
            self._task.environment = whole
        return {str(key): str(value) for key, value in found.items()}

    def _variables(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """The variables ``waldur_<option>``, by option."""
        named = {option: f"waldur_{option}" for option in connection_options.NAMES}
        found = {
            option: self._templar.template(task_vars[variable])
            for option, variable in named.items()
            if variable in task_vars
        }
        for option, value in found.items():
            check_value(f"waldur_{option}", value)
        return {option: _plain(value) for option, value in found.items()}

    def _in_process(
        self, name: str, given: Any, options: Mapping[str, Any], values: Any, environment: dict[str, str]
    ) -> dict[str, Any]:
        shown = _invocation(given)
        try:
            connection = connection_options.connect(values, {**os.environ, **environment})
            result = self._run_interruptible(name, options, connection)
        except WaldurError as error:
            return _plain({"failed": True, "msg": error.message, "invocation": shown, **error.details})
        if not result["warnings"]:
            del result["warnings"]  # as modules give none; ansible-core 2.17 would show the empty list
        return _plain({**result, "invocation": shown})

    def _run_interruptible(self, name: str, parameters: Any, connection: Connection) -> dict[str, Any]:
        with on_signal() if self._writes(name) else contextlib.nullcontext():
            try:
                return run(
                    name,
                    parameters,
                    connection,
                    check=self._task.check_mode,
                    diff=self._task.diff,
                    read_image=self._read_image,
                )
            except Interrupted as error:
                self._report(name, {"msg": error.message, **error.details})
                raise

    def _writes(self, name: str) -> bool:
        return name in WRITERS and not self._task.check_mode

    def _report(self, name: str, result: Mapping[str, Any]) -> None:
        report(_COLLECTION + name, self._host, result)

    def _execute_interruptible(self, name: str, **options: Any) -> dict[str, Any]:
        """Run the module in a process of its own, which a signal is handed on to, and wait for what it reports."""
        if not self._writes(name):
            return dict(self._execute_module(module_name=_COLLECTION + name, **options))
        received: list[int] = []

        def hand_on(number: int) -> None:
            received.append(number)
            if os.getpgrp() == os.getpid():  # else the module was sent it as well, as part of the same group
                os.killpg(os.getpgrp(), number)

        result: dict[str, Any] = {}
        with on_signal(hand_on):
            try:
                result = self._execute_module(module_name=_COLLECTION + name, **options)
            finally:
                if received:
                    self._report(name, result or {"msg": f"Interrupted by {signal.Signals(received[0]).name}."})
        return result

    def _as_module(
        self, name: str, arguments: Any, environment: dict[str, str], task_vars: Any, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Run the module the normal way.

        Ansible prints the environment that it hands on at -vvvv, and anybody can see it in the list of processes. So
        its credentials become arguments, whose secrets Ansible masks. They stay out of the task's environment, because
        Ansible gives that to the status task of an asynchronous task afterwards.
        """
        try:
            # Refused here, as Ansible shows a module's arguments, and this one may hold a password.
            url = connection_options.base_url(arguments["api_url"])
            places = _take_in_files(arguments, options, self._read_image)
            self._check_document(name, options, places)
            self._place_images(arguments)
        except InvalidInput as error:
            return {"failed": True, "msg": error.message, **error.details}
        hidden = _hidden(environment, str(arguments["access_token"]))
        local = os.environ if self._connection.transport == "local" else {}
        proxy = environment_proxy(url, {**local, **environment})
        if not arguments.get("proxy") and proxy in hidden.values():
            arguments["proxy"] = proxy
        _CREDENTIALS[self._task] = hidden
        self._task.environment = [{key: value for key, value in environment.items() if key not in hidden}]
        result = self._execute_interruptible(
            name,
            module_args=arguments,
            task_vars=task_vars,
            wrap_async=self._task.async_val,
        )
        return {key: _placed(value, places) if key in _SENTENCES else value for key, value in result.items()}

    def _check_document(self, name: str, options: Mapping[str, Any], places: Sequence[str]) -> None:
        """Checks what is wished for here, where all of it is known as it was written; files were checked already."""
        task = TASKS[name]
        if isinstance(task, Task) and not places:
            task.wishes(options, self._read_image)

    def _place_images(self, arguments: Any) -> None:
        """Images are read on the controller: checked here, and copied to where the module runs."""
        documents = arguments.get("service_providers")
        entries = [arguments, *(documents if isinstance(documents, list) else [])]
        for number, entry in enumerate(entries):
            if isinstance(entry, dict) and isinstance(entry.get("image"), str) and entry["image"].strip():
                where = "image" if number == 0 else f"service_providers[{number - 1}].image"
                entry["image"] = self._placed(where, entry["image"].strip(), number)

    def _placed(self, where: str, path: str, number: int) -> str:
        found = self._find(where, path)
        images.read_image(where, found, path)
        if self._connection.transport == "local":
            return found
        if not self._connection._shell.tmpdir:
            self._make_tmp_path()
        folder = self._connection._shell.tmpdir
        remote = self._connection._shell.join_path(folder, f"{number}-{os.path.basename(found)}")
        self._transfer_file(found, remote)
        self._fixup_perms2((folder, remote))
        return remote

    def _read_image(self, where: str, path: str) -> ImageFile:
        return images.read_image(where, self._find(where, path), path)

    def _find(self, where: str, path: str) -> str:
        """Return the absolute path of a file or folder that the option ``where`` names.

        It is looked for as for copy: in files/ of the role or play, and beside the playbook. Then in the folder that
        Ansible was started in, as the playbook may be one of a collection. Raises ``InvalidInput`` where there is none.
        """
        expanded = input_files.expand_path(where, path)
        try:
            return str(self._find_needle("files", expanded))
        except AnsibleError:
            absolute = os.path.abspath(expanded)
        if os.path.isabs(path) or os.path.lexists(absolute):
            return absolute  # Whoever reads it says why it can't be read.
        searched = [os.path.dirname(absolute)]
        if not os.path.isabs(expanded):
            searched = list(dict.fromkeys([*map(str, self._task.get_search_path()), os.getcwd()]))
        places = ", ".join(quote(place, LONGEST_PATH) for place in searched)
        raise InvalidInput(f"{where}: there is no file or folder {quote(path, LONGEST_PATH)} (searched in {places}).")


def _as_written(message: str, written: Mapping[str, str]) -> str:
    """``message`` with each absolute path, by itself or before a slash, as the user wrote it."""
    for found, path in written.items():
        absolute = re.escape(quote(found, LONGEST_PATH))
        shown = quote(path, LONGEST_PATH).replace("\\", r"\\")
        message = re.sub(rf"(?<!\S){absolute}(?=[/:;,]?(?:\s|$)|/|\.$)", shown, message)
    return message


def _is_credential(name: str, value: str) -> bool:
    """Return whether a variable holds a token, or a proxy's login."""
    if name in ("WALDUR_ACCESS_TOKEN", "WALDUR_API_TOKEN"):
        return bool(value)
    return name.lower().endswith("_proxy") and "@" in value


def _hidden(environment: Mapping[str, str], token: str) -> dict[str, str]:
    """Return the variables that no command line may show: Waldur's own, credentials, and all that hold the token."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("WALDUR_") or token in value or _is_credential(name, value)
    }


def _take_in_files(arguments: Any, options: Mapping[str, Any], read_image: ReadImage) -> list[str]:
    """Documents and plans lie on the controller, so what they hold becomes arguments; returns where entries stand."""
    if isinstance(arguments.get("approved_plan"), str) and arguments["approved_plan"].strip():
        arguments["approved_plan"] = loader.plan_file(arguments["approved_plan"])
    if not arguments.get("providers_path") or arguments.get("service_providers") is not None:
        return []
    found = [placed for placed, _desired in loader.checked(options["providers_path"], read_image)]
    del arguments["providers_path"]
    arguments["service_providers"] = [_plain(without_spelling(placed.entry)) for placed in found]
    return [placed.place for placed in found]


def _placed(value: Any, places: list[str]) -> Any:
    """What is said of the entries, with their files instead of their numbers."""
    if isinstance(value, list):
        return [_placed(item, places) for item in value]
    if not isinstance(value, str) or not places:
        return value
    return _ENTRY.sub(lambda match: places[int(match[1])], value)


def _spelled(value: Any, level: int = 0) -> Any:
    """``value`` in plain lists and mappings; numbers and dates with their spelling where Ansible tells their place."""
    if isinstance(value, Mapping) and level < DEEPEST:
        return {_spelled(key, DEEPEST): _spelled(item, level + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and level < DEEPEST:
        return [_spelled(item, level + 1) for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float, date)):
        return value
    origin = Origin.get_tag(value) if Origin else None
    return with_spelling(value, lambda: _written(value, origin)) if origin and origin.path else value


def _written(value: Any, origin: Any) -> str | None:
    """The word at the place that ``value`` comes from; nothing where that means something else."""
    import yaml

    word = plain_scalar_at(origin.path, origin.line_num or 0, origin.col_num or 0)
    try:
        return word if word is not None and yaml.safe_load(word) == value else None
    except (yaml.YAMLError, ValueError):
        return None


def _numbers_as_written(spelled: Any, plain: Any) -> Any:
    """``plain``, with the numbers of ``spelled``, which it was made of."""
    if isinstance(plain, dict):
        return {key: _numbers_as_written(spelled[key], item) for key, item in plain.items()}
    if isinstance(plain, list):
        return [_numbers_as_written(one, item) for one, item in zip(spelled, plain, strict=True)]
    return spelled if isinstance(plain, (int, float)) else plain


def _plain(value: Any) -> Any:
    """A JSON round trip, as arguments and results of a module make: no tags, no special kinds of text."""
    return json.loads(json.dumps(value, default=_text))


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _invocation(given: dict[str, Any]) -> dict[str, Any]:
    secret = {name for name, option in CONNECTION.items() if option.get("no_log")}
    return {"module_args": {key: _HIDDEN if key in secret else value for key, value in given.items()}}


def _without_secret_url(invocation: dict[str, Any]) -> dict[str, Any]:
    """Return ``invocation`` with ``api_url`` hidden where it may hold a password or a token."""
    arguments = invocation.get("module_args")
    if not isinstance(arguments, dict) or arguments.get("api_url") is None:
        return invocation
    if not _may_hold_secret(arguments["api_url"]):
        return invocation
    return {**invocation, "module_args": {**arguments, "api_url": _HIDDEN}}


def _may_hold_secret(url: Any) -> bool:
    """Return whether ``url`` has a login, a query or a fragment, or is no URL that ``api_url`` can be."""
    try:
        connection_options.base_url(url)
    except InvalidInput:
        return True
    return any(mark in str(url) for mark in "@?#")


def _refusal(name: str, validation: Any) -> str:
    # Ansible quotes values whole, however long they are.
    message = quote(validation.errors.msg, _LONGEST_REFUSAL)
    if isinstance(validation.errors[0], UnsupportedError):
        return f"Unsupported parameters for ({_COLLECTION}{name}) module: {message}"
    return message
