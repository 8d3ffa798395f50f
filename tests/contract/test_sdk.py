# SPDX-License-Identifier: GPL-3.0-or-later
"""The official SDK as a second client: its models must parse whatever the simulator answers, and lose none of it."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from simulator_process import Simulator

ROOT = pathlib.Path(__file__).parents[2]
# 7.9.0 equals the reference of 2025.
VERSIONS = {"2025": "7.9.0", "2026": "8.1.3"}
TABLE: dict[str, dict[str, Any]] = yaml.safe_load(pathlib.Path(__file__).with_name("sdk_calls.yml").read_bytes())
PENDING = {"uuid": "ed06245b91d542ba89297ae21867853c"}
OTHER_NAME = {"username": "m2_other"}
NAME = "Alpha Cloud Ltd"
POOL, IDENTITY, OFFERING_POOL, GROUP, ACCOUNT = (f"a000000000004000800000000000000{number}" for number in range(1, 6))
# What the SDK of 2026 has for the accounts, numbers and groups of a provider, by its folder.
NEWER = (
    "marketplace_posix_id_pools",
    "marketplace_posix_identities",
    "marketplace_project_posix_groups",
    "marketplace_service_provider_accounts",
    "marketplace_service_provider_project_groups",
)
# Their answers are text, for which the SDK has no model.
TEXTS = {
    "marketplace_service_providers_generate_site_agent_config",
    "marketplace_service_providers_glauth_users_config_retrieve",
}


def calls(part: str, edition: str) -> dict[str, dict[str, Any]]:
    """The arguments of each operation of a part of the table that the edition has."""
    found = {name: {"editions": [*VERSIONS], **arguments} for name, arguments in TABLE[part].items()}
    return {name: given for name, given in found.items() if edition in given.pop("editions")}


def counts(edition: str) -> dict[str, dict[str, Any]]:
    """The arguments of each operation that counts: those of the list that say whose it is."""
    lists = TABLE["counts"][edition]
    return {
        count: {key: value for key, value in TABLE["core"][listing].items() if key.endswith("uuid")}
        for count, listing in lists.items()
    }


@functools.cache
def installed(edition: str) -> pathlib.Path:
    """Where the edition's SDK lies; without make, which puts it there, it is installed now."""
    version = VERSIONS[edition]
    folder = ROOT / "build" / f"sdk-{version}"
    if not (folder / "installed").exists():
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-compile",
            "--upgrade",
            "--target",
            str(folder),
        ]
        subprocess.run([*command, "-r", str(ROOT / "requirements" / f"sdk-{version}.txt")], check=True)
        (folder / "installed").touch()
    return folder


@functools.cache
def answers(edition: str) -> dict[str, dict[str, Any]]:
    """What became of every call, by its operation; made in a process of its own."""
    path = os.pathsep.join([str(installed(edition)), str(ROOT / "tests")])
    with Simulator.start(edition=edition) as simulator:
        simulator.change("OfferingUser", PENDING, {"state": "Pending account linking"})
        simulator.create("PosixPool", uuid=POOL, service_provider="Alpha Cloud Ltd", min_uid=5000, max_uid=5010)
        simulator.create("PosixIdentity", uuid=IDENTITY, pool=POOL, user="member1", uid=5000)
        simulator.change("OfferingUser", {"user__username": "member2", "offering__name": "Alpha Storage"}, OTHER_NAME)
        simulator.create("PosixPool", uuid=OFFERING_POOL, offering="Alpha Request", min_uid=9000, max_uid=9010)
        simulator.create("ProjectGroup", uuid=GROUP, service_provider=NAME, project="Project d1", name="dee", gid=6001)
        simulator.create("ProviderAccount", uuid=ACCOUNT, service_provider=NAME, user="outsider", username="out")
        task = {
            "url": simulator.url,
            "token": simulator.token("staff"),
            "calls": {**counts(edition), **calls("core", edition), **calls("supporting", edition)},
        }
        command = [sys.executable, "-m", "contract.sdk"]
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(
            command, input=json.dumps(task), capture_output=True, text=True, env=environment, check=False
        )
    assert done.returncode == 0, done.stderr
    return {result.pop("operation"): result for result in map(json.loads, done.stdout.splitlines())}


def complaints(edition: str, operation: str) -> list[str]:
    """What is wrong with the answer as the SDK saw it; nothing when all is well."""
    answer = answers(edition)[operation]
    if "problem" in answer:
        return [answer["problem"]]
    found = [f"undeclared {key}" for key in answer["unexpected"] if key not in TABLE["undeclared"].get(operation, ())]
    if answer["plain"] == []:
        found.append("nothing is listed")
    # Where the SDK knows no model it drops the body.
    return found + (lost("", answer["plain"], answer["parsed"]) if answer["parsed"] is not None else [])


def lost(where: str, plain: Any, parsed: Any) -> list[str]:
    """Where the models' values differ from those of the plain JSON. Lists that did not come are empty in a model."""
    if isinstance(plain, dict) and isinstance(parsed, dict):
        keys = [key for key in {**plain, **parsed} if key in plain or parsed[key]]
        return [item for key in keys for item in lost(f"{where}.{key}", plain.get(key), parsed.get(key))]
    if isinstance(plain, list) and isinstance(parsed, list) and len(plain) == len(parsed):
        return [item for pair in zip(plain, parsed, strict=True) for item in lost(f"{where}[]", *pair)]
    return [] if same(plain, parsed) else [f"{where}: {plain!r} became {parsed!r}"]


def same(plain: Any, parsed: Any) -> bool:
    """Whether a model kept a value; it puts dashes into UUIDs, and midnight after a date."""
    if parsed in (plain, f"{plain}T00:00:00"):
        return True
    try:
        return uuid.UUID(plain) == uuid.UUID(parsed)
    except (AttributeError, TypeError, ValueError):
        return False


@pytest.mark.parametrize(
    ("edition", "operation"),
    [(edition, name) for edition in VERSIONS for part in ("core", "supporting") for name in calls(part, edition)],
)
def test_the_models_of_the_sdk_parse_an_answer_and_lose_nothing(edition: str, operation: str) -> None:
    assert not complaints(edition, operation)


@pytest.mark.parametrize(
    ("edition", "operation"), [(edition, name) for edition in VERSIONS for name in counts(edition)]
)
def test_the_sdk_counts_as_many_rows_as_it_lists(edition: str, operation: str) -> None:
    listed = answers(edition)[TABLE["counts"][edition][operation]]["plain"]
    assert answers(edition)[operation]["parsed"] == len(listed) > 0


@pytest.mark.parametrize("edition", VERSIONS)
def test_all_thirty_operations_work_through_the_sdk(
    edition: str, record_property: Callable[[str, object], None]
) -> None:
    working = [operation for operation in TABLE["core"] if not complaints(edition, operation)]
    count = f"{len(working)} of {len(TABLE['core'])} operations"
    record_property("measured", f"{count} through the SDK {VERSIONS[edition]} on the {edition} edition")
    assert count == "30 of 30 operations"


@pytest.mark.parametrize("edition", VERSIONS)
@pytest.mark.parametrize("operation", TABLE["core"])
def test_every_key_comes_that_the_models_declare(edition: str, operation: str) -> None:
    left_out = tuple(TABLE["left_out"].get(operation, ()))
    absent = answers(edition)[operation].get("absent", ())
    # Options are maps, of which an object has few.
    assert not [key for key in absent if "_options." not in key and not key.startswith(left_out)]


def test_the_table_holds_exactly_the_operations_on_providers_that_the_sdk_of_2025_has() -> None:
    # Counts are HEAD requests to the lists.
    modules = installed("2025").glob("waldur_api_client/api/marketplace_service_providers/*.py")
    known = {path.stem for path in modules if not path.stem.endswith(("_count", "__init__"))}
    assert known == set(TABLE["core"])


def test_the_table_holds_all_operations_on_accounts_numbers_and_groups_that_the_sdk_of_2026_has() -> None:
    folders = [
        installed("2026") / "waldur_api_client" / "api" / name for name in (*NEWER, "marketplace_service_providers")
    ]
    names = {path.stem for folder in folders for path in folder.glob("*.py")}
    known = {name for name in names if not name.endswith(("_count", "__init__"))}
    assert known - TEXTS == {*TABLE["core"], *(name for name in TABLE["supporting"] if name in known)}
