# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of two requests that stops between them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ansible_collections.waldur.provider.plugins.module_utils._desired_state import parse
from ansible_collections.waldur.provider.plugins.module_utils._engine import apply, make_plan
from ansible_collections.waldur.provider.plugins.module_utils._errors import LostAnswer
from ansible_collections.waldur.provider.plugins.module_utils._images import read_image
from simulation import Simulator

from .kinds import Connect


@pytest.mark.parametrize(
    ("skip", "drop", "changed"), [(0, "before", False), (0, "after", True), (1, "before", True), (1, "after", True)]
)
def test_an_image_that_was_uploaded_before_the_rest_was_lost_counts_as_changed(
    sim: Simulator, connect: Connect, tmp_path: Path, skip: int, drop: str, changed: bool
) -> None:
    logo = tmp_path / "logo.png"
    Image.new("RGB", (2, 2), "red").save(logo)
    document = parse([{"customer": "ALPHA", "description": "new", "image": str(logo)}], read_image)
    session = connect()
    planned = make_plan(session, document)
    sim.fault(method="write", skip=skip, drop=drop)
    with pytest.raises(LostAnswer, match="looked again") as lost:
        apply(session, planned)
    assert lost.value.details["changed"] is changed
    complete = (skip, drop) == (1, "after")
    assert len(lost.value.details["applied"]) == (1 if complete else 0)
    assert ("not as asked" in lost.value.message) is not complete
