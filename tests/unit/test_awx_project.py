# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the project that AWX syncs, and what the guide says of them."""

from __future__ import annotations

import re
from typing import Any

import yaml
from awx_credential import AWX, FIELDS, PROJECT


def read(name: str) -> Any:
    return yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))


def test_each_playbook_of_the_collection_is_a_file_that_awx_offers() -> None:
    playbooks = {path.stem for path in (AWX.parents[1] / "playbooks").glob("*.yml")}
    wrappers = {path.stem: read(path.name) for path in PROJECT.glob("*.yml")}
    assert set(wrappers) == {*playbooks, "apply_fleet"}
    for name, plays in wrappers.items():
        assert [play["import_playbook"] for play in plays] == [f"waldur.provider.{name.removesuffix('_fleet')}"]


def test_the_fleet_is_the_group_of_the_inventory_and_a_slice_lacks_hosts() -> None:
    (play,) = read("apply_fleet.yml")
    assert play["vars"]["providers_hosts"] == "waldur_service_providers"
    assert play["vars"]["providers_without_host"] == "ignore"
    assert play["vars"]["approved_plan"] == read("apply.yml")[0]["vars"]["approved_plan"] == "{{ waldur_plan }}"


# --- the guide -------------------------------------------------------------------------------------------------------

GUIDE = (AWX / "README.md").read_text(encoding="utf-8")


def test_the_guide_names_files_that_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (AWX / target).exists(), target
    (play, *_more), workflow, schedule = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL))
    tasks = {task["name"]: task for task in [*play["tasks"], *workflow, *schedule]}
    for name in tasks["Job templates"]["loop"]:
        assert (PROJECT / f"{name}.yml").exists()
    assert (PROJECT / tasks["Source of the inventory"]["awx.awx.inventory_source"]["source_path"]).exists()
    assert set(tasks["Credential"]["awx.awx.credential"]["inputs"]) <= set(FIELDS)
