# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the YAML language server, which editors use, over its protocol (LSP) on standard input and output."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "yaml-language-server"
SERVER = FOLDER / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
# No catalogue of schemas from the network: only what the document names.
_SETTINGS = {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}

Message = dict[str, Any]


class LanguageServer:
    """A running server. Documents are opened as text; no file is written."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(SERVER), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=FOLDER
        )
        self._sent = 0
        self._opened = 0

    def __enter__(self) -> LanguageServer:
        self._request("initialize", {"processId": None, "rootUri": None, "capabilities": _CAPABILITIES})
        self._send({"method": "initialized", "params": {}})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def open(self, text: str) -> tuple[str, list[Message]]:
        """Open a document, and return its address and what the server says about it."""
        self._opened += 1
        uri = f"file:///documents/{self._opened}.yml"
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        published = self._receive(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri
            )
        )
        return uri, list(published["params"]["diagnostics"])

    def complete(self, uri: str, line: int, column: int) -> list[str]:
        """Return the labels that the server proposes at a position, both counted from 1."""
        found = self._request("textDocument/completion", _at(uri, line, column))
        return [item["label"] for item in found["items"]]

    def hover(self, uri: str, line: int, column: int) -> str:
        """Return what the server explains at a position, both counted from 1."""
        found = self._request("textDocument/hover", _at(uri, line, column))
        return str(found["contents"]["value"])

    def _request(self, method: str, params: Message) -> Any:
        self._sent += 1
        number = self._sent
        self._send({"id": number, "method": method, "params": params})
        answer = self._receive(lambda message: message.get("id") == number and "method" not in message)
        return answer["result"]

    def _send(self, message: Message) -> None:
        assert self._process.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self, is_wanted: Callable[[Message], bool]) -> Message:
        """Return the first wanted message, and answer the requests of the server that come before it."""
        while True:
            message = self._read()
            if is_wanted(message):
                return message
            if "id" in message and "method" in message:
                self._send({"id": message["id"], "result": _answer(message)})

    def _read(self) -> Message:
        assert self._process.stdout
        length = 0
        while header := self._process.stdout.readline().strip():
            name, _colon, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise EOFError(f"the YAML language server ended with {self._process.wait(10)}")
        found: Message = json.loads(self._process.stdout.read(length))
        return found


_CAPABILITIES = {
    "workspace": {"configuration": True},
    "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}},
}


def _at(uri: str, line: int, column: int) -> Message:
    return {"textDocument": {"uri": uri}, "position": {"line": line - 1, "character": column - 1}}


def _answer(request: Message) -> Any:
    if request["method"] != "workspace/configuration":
        return None
    return [_SETTINGS if item.get("section") == "yaml" else {} for item in request["params"]["items"]]
