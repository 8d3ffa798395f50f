# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``api_secret_code``: the code in clear, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from messages import matching, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils import _context
from simulator_process import Simulator

from ..helpers.lookup_plugins import ask


def codes(sim: Simulator, *terms: Any, **given: Any) -> list[Any]:
    return ask(sim, *terms, plugin="api_secret_code", **given)


def refusal(sim: Simulator, *terms: Any, **given: Any) -> str:
    with pytest.raises(AnsibleLookupError) as refused:
        codes(sim, *terms, **given)
    return str(refused.value)


def test_each_term_gives_the_code_of_that_provider_in_clear(sim: Simulator) -> None:
    alpha, beta = codes(sim, "ALPHA", "BETA")
    assert codes(sim, ["BETA"], "ALPHA") == [beta, alpha]
    assert len({alpha, beta}) == 2
    assert {len(alpha), len(beta)} == {16}
    assert sim.counts().writes == 0


def test_without_a_term_the_option_and_the_variable_count(sim: Simulator) -> None:
    expected = codes(sim, "ALPHA")
    assert codes(sim, service_provider="ALPHA") == expected
    assert codes(sim, variables={"waldur_service_provider": "ALPHA"}) == expected
    assert codes(sim, "ALPHA", variables={"waldur_service_provider": "BETA"}) == expected


def test_nothing_named_is_an_error(sim: Simulator) -> None:
    assert refusal(sim) == message("provider_option_missing")


def test_an_unknown_keyword_is_refused_with_the_nearest(sim: Simulator) -> None:
    assert refusal(sim, "ALPHA", profil="x") == message(
        "lookup_option_unknown", option="profil", place="the lookup", hint="did you mean profile?"
    )
    assert sim.requests() == []


def test_a_provider_without_a_code_is_an_error(sim: Simulator) -> None:
    sim.change("ServiceProvider", {"customer__abbreviation": "ALPHA"}, {"api_secret_code": None})
    text = refusal(sim, "ALPHA")
    assert text == message("code_missing", provider="Alpha Cloud Ltd")


def test_a_code_that_changed_is_read_anew(sim: Simulator) -> None:
    before = codes(sim, "ALPHA")
    sim.change("ServiceProvider", {"customer__abbreviation": "ALPHA"}, {"api_secret_code": "another-code-1234"})
    assert codes(sim, "ALPHA") == ["another-code-1234"] != before


def test_a_missing_right_is_reported_without_any_code(sim: Simulator) -> None:
    [code] = codes(sim, "ALPHA")
    text = refusal(sim, "ALPHA", alias="member1")
    assert mentions(text, "request_rejected", request="read the API secret code", status=matching(r"403.*"))
    assert code not in text


def test_no_error_holds_a_code_that_was_read_before(sim: Simulator) -> None:
    [code] = codes(sim, "ALPHA")
    sim.fault(method="GET", path="*/api_secret_code/*", status=500, body={"detail": f"broke on {code}"}, times=None)
    text = refusal(sim, "ALPHA")
    sim.clear_faults()
    assert "broke on ********" in text
    assert code not in text


def test_both_lookups_share_one_connection(sim: Simulator) -> None:
    _context.CLIENTS.clear()
    codes(sim, "ALPHA")
    ask(sim, "users", service_provider="ALPHA")
    assert len(_context.CLIENTS) == 1
    assert sum("service-providers/?" in request["path"] for request in sim.requests()) == 1
