# SPDX-License-Identifier: GPL-3.0-or-later
"""List what users rely on: the plugins and roles of the collection, their options, and what they return.

``python -m tools.interface PATH``, with ``PYTHONPATH=tests``, prints the list of the collection below the collections
path ``PATH``. The list of the last release is kept in ``tests/unit/interface-1.0.0.json``;
``tests/unit/test_compatibility.py`` compares it with that of the checkout. The documents are options, too: those of
``service_providers`` in ``desired_state``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

NAMESPACE = "waldur.provider"
KINDS = ("filter", "inventory", "lookup", "module", "role")
# What a plugin or role, an option, or a returned value is like: the name of an attribute, and its value.
Attributes = dict[str, Any]
Interface = dict[str, Attributes]


def dump(collections_path: Path) -> dict[str, Any]:
    """Return what ansible-doc knows about the collection below a collections path, by the kind of plugin."""
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--metadata-dump", "--no-fail-on-errors", NAMESPACE]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(collections_path),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    kinds: dict[str, Any] = json.loads(done.stdout)["all"]
    return kinds


def describe_option(option: Mapping[str, Any]) -> Attributes:
    """Return what matters to users of an option; ``choices`` may be a list, or a table with descriptions."""
    described: Attributes = {"type": option.get("type", "str")}
    if option.get("elements"):
        described["elements"] = option["elements"]
    if option.get("required"):
        described["required"] = True
    if option.get("default") is not None:
        described["default"] = option["default"]
    for name in ("choices", "aliases"):
        if option.get(name):
            described[name] = sorted(map(str, option[name]))
    return described


def list_options(options: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Attributes]]:
    """Yield each option with its path, such as ``module user_role option users.role``."""
    for name, option in options.items():
        yield f"{prefix}{name}", describe_option(option)
        yield from list_options(option.get("suboptions") or option.get("options") or {}, f"{prefix}{name}.")


def list_returned(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Attributes]]:
    """Yield each returned value with its path, such as ``module user_role return user_roles.user_uuid``."""
    for name, value in values.items():
        yield f"{prefix}{name}", {"type": value.get("type", "str")}
        contains = value.get("contains")
        if isinstance(contains, Mapping):
            yield from list_returned(contains, f"{prefix}{name}.")


def describe(kinds: Mapping[str, Any]) -> Interface:
    """Return the interface of a collection from what :func:`dump` returned."""
    interface: Interface = {}
    for kind in KINDS:
        for full_name, plugin in (kinds.get(kind) or {}).items():
            name = f"{kind} {full_name.removeprefix(f'{NAMESPACE}.')}"
            interface[name] = {}
            if kind == "role":
                entries = plugin["entry_points"]
                for entry, spec in entries.items():
                    interface |= list_options(spec.get("options") or {}, f"{name} {entry} option ")
            else:
                interface |= list_options(plugin["doc"].get("options") or {}, f"{name} option ")
                interface |= list_returned(plugin.get("return") or {}, f"{name} return ")
    return interface


def find_breaking_changes(old: Interface, new: Interface) -> list[str]:
    """Return, in words, each difference that may break a playbook, a document or a template written for ``old``.

    What was removed takes all that is below it away, and is reported once.
    """
    breaking: list[str] = []
    removed: list[str] = []
    for path, before in old.items():
        if any(path.startswith((f"{parent} ", f"{parent}.")) for parent in removed):
            continue
        if path not in new:
            removed.append(path)
            breaking.append(f"{path}: removed")
        else:
            breaking += (f"{path}: {difference}" for difference in _compare(before, new[path]))
    added = new.keys() - old.keys()
    for path in sorted(added):
        owner = path.partition(" option ")[0]
        if new[path].get("required") and owner in old and path.rpartition(".")[0] not in added:
            breaking.append(f"{path}: added as required")
    return breaking


def _compare(before: Attributes, after: Attributes) -> Iterator[str]:
    for name in ("type", "elements", "default"):
        if before.get(name) != after.get(name):
            yield f"{name} was {before.get(name)!r}, is {after.get(name)!r}"
    if after.get("required") and not before.get("required"):
        yield "is required now"
    for name in ("aliases", "choices"):
        lost = sorted(set(before.get(name, [])) - set(after.get(name, [])))
        # An option without choices accepts any value.
        if lost and (name == "aliases" or after.get(name)):
            yield f"{name} without {', '.join(lost)}"
        if name == "choices" and after.get(name) and not before.get(name):
            yield f"accepts {', '.join(after[name])} alone"


if __name__ == "__main__":
    print(json.dumps(describe(dump(Path(sys.argv[1]))), indent=0, sort_keys=True))
