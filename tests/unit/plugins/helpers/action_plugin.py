# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the action plugin in-process, without Ansible's engine and without a server."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import ActionBase

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import NotFound
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.plugin_utils._action.action_module import ActionModule

TOKEN = "0123456789abcdef0123456789abcdef01234567"
UUID = "e182aaedb6ae4541956a3c14629abc02"
ROWS: dict[str, list[dict[str, Any]]] = {
    "service_providers": [
        {
            "uuid": UUID,
            "customer": "https://x/",
            "customer_uuid": UUID[::-1],
            "customer_name": "ALPHA",
            "description": "",
        }
    ],
    "roles": [{"uuid": UUID, "name": "CUSTOMER.MANAGER", "content_type": "serviceprovider", "is_active": True}],
}


def replace_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the requests of the client by the data of one provider, and the base class of Ansible by nothing."""

    def rows(_client: Client, name: str, /, *_arguments: Any, **_options: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in ROWS.get(name, [])]

    def get(_client: Client, name: str, /, *_arguments: Any, **_options: Any) -> dict[str, Any]:
        if name == "me":
            return {"uuid": UUID, "is_staff": True}
        raise NotFound("Waldur rejected the request to read it (404).", 404)

    monkeypatch.setattr(Client, "rows", rows)
    monkeypatch.setattr(Client, "get", get)
    monkeypatch.setattr(Client, "count", lambda *_arguments, **_options: 0)
    monkeypatch.setattr(Client, "secret_code", lambda *_arguments: None)
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
    _context.CLIENTS.clear()


class _Task:
    """A task in check mode."""

    check_mode = diff = True
    no_log = False
    async_val = poll = 0

    def __init__(self, action: str, args: dict[str, Any], folder: str) -> None:
        self.action, self.args, self.environment = action, args, list[Any]()
        self._folder = folder
        # Ansible gives each task an identifier, by which its hosts share documents.
        self._uuid = uuid.uuid4().hex

    def get_search_path(self) -> list[str]:
        """Return the folder in which files are looked for."""
        return [self._folder]


def make_action(name: str, arguments: dict[str, Any], folder: Path, *, is_remote: bool) -> ActionModule:
    """Return the action plugin for a task in check mode, with a connection to another host if ``is_remote``."""
    task = _Task(f"waldur.provider.{name}", arguments, str(folder))
    made: Any = ActionModule.__new__(ActionModule)
    made._task = task
    made._connection = SimpleNamespace(transport="ssh" if is_remote else "local")
    made._templar = SimpleNamespace(template=lambda value: value)
    made._loader = SimpleNamespace(path_dwim=lambda path: str(folder / path))
    made._compute_environment_string = lambda _environment: None
    made._find_needle = lambda _kind, path: str(folder / path)
    made._execute_module = lambda **options: {"arguments": json.loads(json.dumps(options["module_args"]))}
    prepared: ActionModule = made
    return prepared


def run_action_plugin(name: str, arguments: dict[str, Any], folder: Path, *, is_remote: bool) -> dict[str, Any]:
    """Run the action plugin of a module with the arguments of a task, which the plugin validates itself.

    A failure is part of the result; its message is checked: printable, short, and without a token or a traceback. If
    ``is_remote``, no module runs, and the result contains the ``arguments`` that the module would get.
    """
    result: dict[str, Any] = make_action(name, arguments, folder, is_remote=is_remote).run(None, {})
    json.dumps(result)
    if result.get("failed"):
        message = result["msg"]
        assert message, (name, arguments)
        assert message.isprintable(), (name, message)
        assert "Traceback" not in message
        assert len(message) < 6000, message[:300]
        assert TOKEN not in json.dumps(result)
    return result
