# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd values for every option of every module, both ways: a clean failure or a result, never a traceback."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import CONNECTION, spec
from ansible_collections.waldur.provider.plugins.module_utils._module.modules import MODULES, OFFLINE_MODULES

from ...helpers.action_plugin import TOKEN, replace_server, run_action_plugin

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_server(monkeypatch)


def deep(levels: int) -> Any:
    value: Any = "x"
    for _level in range(levels):
        value = [value]
    return value


CYCLE: list[Any] = []
CYCLE.append(CYCLE)
ODD: list[Any] = [
    float("inf"),
    float("-inf"),
    float("nan"),
    -1,
    -0.5,
    10**400,
    -(10**400),
    "1e400",
    "1e999999999",
    "9" * 5000,
    "nan",
    True,
    "",
    " ",
    "a\0b",
    "\ud800",
    "\x1b[31m\u202e",
    "x" * 2_000_000,
    "[" * 100_000,
    "{" * 100_000,
    "[datetime.date(1, 1, 1), " + "[" * 10_000,
    b"bytes",
    {"a"},
    (1, 2),
    date(2027, 6, 30),
    datetime(1, 1, 1, tzinfo=timezone.utc),
    datetime.max,
    complex(1, 2),
    [None],
    [[]],
    [{}],
    [1.5, ["a"], {"b": float("inf")}],
    {},
    {1: "a"},
    {None: "a", True: "b", date(2027, 6, 30): "c", (1, 2): "d"},
    {"a": {7: "x"}},
    {"a\0": "\udfff", "b": b"x"},
    deep(200),
    CYCLE,
    {"user": {"user": "a"}},
    [{"user": "a", "usr": "b"}],
    [{"customer": "ALPHA", "account_options": {"a": float("nan")}}],
]
DOCUMENTS = Path(__file__).resolve().parents[5] / "examples" / "gitops" / "providers"
# What a module can't do without, beside the option that is odd.
BASE: dict[str, dict[str, Any]] = {
    "service_provider": {"customer": "ALPHA"},
    "user_role": {"user": "member1"},
    "offering_username": {"user": "member1", "username": "m1"},
    "desired_state": {"service_providers": []},
    "desired_state_file": {"dest": "providers.yml"},
    "desired_state_validate": {"providers_path": str(DOCUMENTS)},
}
# Options that exclude one of the base.
INSTEAD = {"users": "user", "usernames": "user", "providers_path": "service_providers"}


def assert_clean(name: str, option: str, value: Any, folder: Path) -> None:
    given = {**BASE.get(name, {}), option: value}
    given.pop(INSTEAD.get(option, ""), None)
    if "service_provider" in spec(MODULES[name]):
        given.setdefault("service_provider", "ALPHA")
    connection = {"api_url": "http://127.0.0.1:9", "access_token": TOKEN}
    whole = given if name in OFFLINE_MODULES else {**connection, **given}
    here = run_action_plugin(name, whole, folder, is_remote=False)
    there = run_action_plugin(name, whole, folder, is_remote=True)
    if there.get("failed"):
        assert there["msg"] == here.get("msg"), (option, value)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_an_odd_value_of_any_option_is_a_clean_failure_or_a_result(name: str, tmp_path: Path) -> None:
    """The connection options are the same in all modules, so two of them stand for all: one reads and one writes."""
    shared = CONNECTION if name not in ("desired_state", "user_info") else {}
    for option in spec(MODULES[name]):
        for value in ODD if option not in shared else ():
            assert_clean(name, option, value, tmp_path)
