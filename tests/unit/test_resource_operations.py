# SPDX-License-Identifier: GPL-3.0-or-later
"""Each resource declares the operations of its requests, from which its permissions and the guide's table follow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import OPERATIONS
from ansible_collections.waldur.provider.plugins.module_utils._resources.base import AnyResource
from ansible_collections.waldur.provider.plugins.module_utils._resources.registry import RESOURCES

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "plugins" / "module_utils" / "_resources"
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_permissions.rst"
# Files of a resource that do not begin with its name.
OTHER_FILES = {
    "service_provider": ("account_*.py", "username_resolutions.py", "posix_id_supply.py"),
    "offering_username": ("posix_id_supply.py",),
}
# Names of operations that are also names of actions, options or kinds: they count in a call of the client only.
AMBIGUOUS = {
    *("api_secret_code", "create", "customer", "customers", "offerings", "provider_accounts", "service_provider"),
    *("projects", "roles", "service_providers", "update", "user", "users"),
}
CALL = re.compile(r"client\.(?:get|rows|write)\(\s*\"(\w+)\"")
DECLARATION = re.compile(r"^    operations = \(.*?\)$", re.S | re.M)
SECRET_CALLS = {"client.secret_code(": "api_secret_code", "client.new_secret_code(": "generate_api_secret_code"}
# The guide lists these requests once, for every module.
OF_EVERY_MODULE = "every module, to resolve names and UUIDs"
OF_EVERY_OTHER_MODULE = "every other module"


def resource_ids(resource: AnyResource) -> str:
    return resource.kind.name


def sent_operations(name: str) -> set[str]:
    """Return the names of operations in the files of a resource."""
    found: set[str] = set()
    patterns = (f"{name}.py", f"{name}_*.py", *OTHER_FILES.get(name, ()))
    for file in {file for pattern in patterns for file in FOLDER.glob(pattern)}:
        source = file.read_text(encoding="utf-8")
        source = DECLARATION.sub("", source)
        texts = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
        found |= {text for text in texts if isinstance(text, str) and text in OPERATIONS and text not in AMBIGUOUS}
        found |= {text for text in CALL.findall(source) if text in OPERATIONS}
        found |= {operation for call, operation in SECRET_CALLS.items() if call in source}
    return found


def guide_modules() -> Iterator[tuple[list[str], str]]:
    """Yield the requests and the modules of every row of the guide's table."""
    text = GUIDE.read_text(encoding="utf-8").partition("Permissions for each request\n---")[2]
    for row in re.split(r"^   \* - ", text.partition("\n\n* ")[0], flags=re.MULTILINE)[2:]:
        requests, modules, *_others = (cell.strip() for cell in re.split(r"^     -", row, flags=re.MULTILINE))
        yield requests.split("; "), modules


@pytest.mark.parametrize("resource", RESOURCES, ids=resource_ids)
def test_a_resource_declares_the_operations_of_its_requests(resource: AnyResource) -> None:
    assert set(resource.operations) == sent_operations(resource.kind.name)
    assert len(resource.operations) == len(set(resource.operations))


@pytest.mark.parametrize("resource", RESOURCES, ids=resource_ids)
def test_the_permissions_of_a_resource_are_those_of_its_operations(resource: AnyResource) -> None:
    assert resource.permissions == {OPERATIONS[name].permission for name in resource.operations}


@pytest.mark.parametrize("resource", RESOURCES, ids=resource_ids)
def test_the_guide_names_the_module_of_a_resource_at_each_request_that_needs_a_permission(
    resource: AnyResource,
) -> None:
    modules = {title: cell for titles, cell in guide_modules() for title in titles}
    missing = [
        title
        for title in (OPERATIONS[name].title for name in resource.operations)
        if f"waldur.provider.{resource.kind.name}_module" not in modules[title]
        and OF_EVERY_MODULE not in modules[title]
        and OF_EVERY_OTHER_MODULE not in modules[title]
    ]
    assert missing == []
