# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks validate their variables before they do anything."""

from __future__ import annotations

import pytest
from messages import mentions

from simulation import Simulator

from .playbook import runner


@pytest.mark.parametrize("playbook", ["plan", "validate"])
def test_a_likely_misspelling_is_reported_with_the_variable_that_is_meant(running: Simulator, playbook: str) -> None:
    run = runner(running)
    outcome = run.command(["playbook", "-i", run.inventory(), f"waldur.provider.{playbook}", "-e", "provider_path=x"])
    assert outcome.code == 2
    assert mentions(outcome.output, "variable_misspelt", name="provider_path", known="providers_path")


@pytest.mark.parametrize("wrong", ["max_removals=many", "missing_users=ignore"])
def test_a_value_of_the_wrong_type_is_rejected_before_the_documents_are_read(running: Simulator, wrong: str) -> None:
    run = runner(running)
    outcome = run.command(
        ["playbook", "-i", run.inventory(), "waldur.provider.plan", "-e", "providers_path=nowhere", "-e", wrong]
    )
    assert outcome.code == 2
    assert wrong.partition("=")[0] in outcome.output
    assert "nowhere" not in outcome.output
