# SPDX-License-Identifier: GPL-3.0-or-later
"""A Waldur of 2024, which has no roles on providers: what works works, and the rest is told before the first write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from messages import message
from unit.simulator.api import Api, started

from simulator_process import Simulator

from .module_outcomes import try_module
from .write_cases import ALPHA, DOCUMENT, SPARE, WRITES, code, provider, usernames

NO_ROLES = message("feature_missing", feature="roles on service providers", since=2025)


@pytest.fixture(scope="module")
def old() -> Iterator[Simulator]:
    """A simulator of that edition."""
    with Simulator.start(edition="2024") as simulator:
        yield simulator


@pytest.fixture
def old_api(old: Simulator) -> Iterator[Api]:
    """Its API, at the start."""
    yield from started(old)


@pytest.mark.parametrize("name", ["grant", "extend", "revoke"])
def test_role_changes_are_refused_before_the_first_write(old: Simulator, old_api: Api, name: str) -> None:
    result = try_module(old, WRITES[name].module, WRITES[name].options)
    assert (result.failed, result.msg) == (True, NO_ROLES)
    assert old.counts().writes == 0


def test_a_document_with_users_is_refused_whole(old: Simulator, old_api: Api) -> None:
    before = provider(old_api, ALPHA)
    result = try_module(old, "desired_state", {"service_providers": [DOCUMENT]})
    assert (result.failed, result.msg) == (True, NO_ROLES)
    assert (old.counts().writes, provider(old_api, ALPHA)) == (0, before)


def test_a_document_without_users_works(old: Simulator, old_api: Api) -> None:
    document: dict[str, Any] = {key: value for key, value in DOCUMENT.items() if key != "users"}
    assert try_module(old, "desired_state", {"service_providers": [document]}).msg == "changed"
    assert try_module(old, "desired_state", {"service_providers": [document]}).msg == "ok"
    assert (provider(old_api, ALPHA)[0][0], usernames(old_api)) == ("As code", ["m1", "m1"])


def test_profiles_usernames_and_codes_work(old: Simulator, old_api: Api) -> None:
    before = code(old_api)
    for name in ("create", "update", "username", "rotation"):
        assert try_module(old, WRITES[name].module, WRITES[name].options).msg == "changed", name
    assert provider(old_api, SPARE) == [["As code", True]]
    assert usernames(old_api) == ["m1", "m1"]
    assert code(old_api) != before


@pytest.mark.parametrize("option", ["allowed_domains", "account_options"])
def test_what_only_newer_waldurs_have_is_refused_by_its_name(old: Simulator, old_api: Api, option: str) -> None:
    value: Any = ["example.org"] if option == "allowed_domains" else {"homedir_prefix": "/home/"}
    result = try_module(old, "service_provider", {"customer": ALPHA, option: value})
    assert result.msg == message("option_of_newer_waldur", option=option, since=2026)
    assert old.counts().writes == 0
