# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m contract.sdk``: call operations through the official SDK on the path, and tell what its models saw.

Reads ``{"url", "token", "calls": {operation: arguments}}`` from standard input and prints one line of JSON for each
call. It runs apart from the tests, as two versions of the SDK do not fit into one process.
"""

from __future__ import annotations

import importlib
import json
import pathlib
import sys
import typing
import uuid
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .recordings import UUID


def main() -> None:
    """The entry point."""
    task = json.load(sys.stdin)
    package = importlib.import_module("waldur_api_client")
    client = package.AuthenticatedClient(base_url=task["url"], token=task["token"], prefix="Token", timeout=60)
    modules = {path.stem: path for path in pathlib.Path(str(package.__file__)).parent.glob("api/*/*.py")}
    with client:
        for operation, arguments in task["calls"].items():
            tag = modules[operation].parent.name
            module = importlib.import_module(f"waldur_api_client.api.{tag}.{operation}")
            print(json.dumps({"operation": operation, **call(module, client, arguments)}))


def call(module: ModuleType, client: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """What one call brought: ``status``, the ``plain`` JSON and what the models make of it, as ``parsed``.

    ``unexpected`` are the keys that no model declares and ``absent`` the declared ones that did not come. Where the SDK
    could not read the answer there is only a ``problem``.
    """
    try:
        answer = module.sync_detailed(client=client, **converted(module, arguments))
    except Exception as problem:  # noqa: BLE001 - whatever a parser trips over is what the caller wants to know
        return {"problem": f"{type(problem).__name__}: {problem}"}
    return {
        "status": int(answer.status_code),
        "plain": json.loads(answer.content) if answer.content else None,
        "parsed": plain(answer.parsed),
        "unexpected": sorted(set(walk(answer.parsed, "", unexpected))),
        "absent": sorted(set(walk(answer.parsed, "", absent))),
    }


def converted(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the SDK types them: UUIDs, lists of its words for sorting, and the model of the body."""
    hints = typing.get_type_hints(module.sync_detailed)
    return {name: _converted(hints[name], value) for name, value in arguments.items()}


def _converted(hint: Any, value: Any) -> Any:
    choices = [choice for choice in typing.get_args(hint) or [hint] if choice.__name__ != "Unset"]
    if isinstance(value, dict):
        # Of the forms that a body may have the first one is JSON.
        return choices[0].from_dict(value)
    if isinstance(value, list):
        (word,) = typing.get_args(choices[0])
        return [word(item) for item in value]
    return uuid.UUID(value) if isinstance(value, str) and UUID.fullmatch(value) else value


def plain(parsed: Any) -> Any:
    """A parsed answer as JSON again."""
    if isinstance(parsed, list):
        return [plain(item) for item in parsed]
    return parsed.to_dict() if hasattr(parsed, "to_dict") else parsed


def walk(value: Any, where: str, look: Any) -> Iterator[str]:
    """What *look* finds in every model inside *value*, by its place; places in lists count as one."""
    if isinstance(value, list):
        for item in value:
            yield from walk(item, f"{where}[]", look)
    elif hasattr(value, "__attrs_attrs__"):
        yield from (f"{where}.{name}" for name in look(value))
        for name in names(value):
            yield from walk(getattr(value, name), f"{where}.{name}", look)


def names(model: Any) -> list[str]:
    """The keys that *model* declares; none where it is a map of anything."""
    return [field.name for field in model.__attrs_attrs__ if field.name != "additional_properties"]


def unexpected(model: Any) -> list[str]:
    """The keys that came although *model* does not declare them."""
    return list(getattr(model, "additional_properties", ())) if names(model) else []


def absent(model: Any) -> list[str]:
    """The keys that *model* declares and that did not come."""
    return [name for name in names(model) if type(getattr(model, name)).__name__ == "Unset"]


if __name__ == "__main__":
    main()
