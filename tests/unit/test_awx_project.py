# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the project that AWX syncs, and what the guide says of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
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


def test_the_inventory_has_a_host_for_each_provider_and_the_collection_is_installed() -> None:
    assert read("inventory/fleet.waldur.yml") == {"plugin": "waldur.provider.inventory", "hosts": "service_providers"}
    assert read("collections/requirements.yml") == {"collections": [{"name": "waldur.provider"}]}


def test_ansible_reads_from_the_project_that_an_inventory_which_fails_ends_the_run() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    command = [str(Path(sys.executable).with_name("ansible-config")), "dump", "--only-changed", "--format", "yaml"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    changed = {entry["name"]: entry["value"] for entry in yaml.safe_load(done.stdout) if "origin" in entry}
    del changed["CONFIG_FILE"]
    assert changed == {"INVENTORY_ANY_UNPARSED_IS_FAILED": True}


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
