# SPDX-License-Identifier: GPL-3.0-or-later
"""One provider on each host: batches, one that fails, entries without a host, and never green when Waldur is down."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from messages import mentions

from simulator_process import Simulator

from .playbook import Outcome, Runner, runner

FLEET = ["-i", "fleet.waldur.yml", "-e", "providers_hosts=waldur_service_providers"]
DOWN = {"WALDUR_API_URL": "http://127.0.0.1:9", "WALDUR_RETRIES": "0"}
NO_TARGET = "--limit leaves out localhost, where this playbook runs"
PLAYBOOKS = ("apply", "plan", "drift", "facts", "report", "export", "review", "rotate_api_secret_code")
# It sends no request.
OFFLINE = ("validate",)
# It changes machines, and its tests are in tests/machines.
ON_MACHINES = ("linux_accounts",)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Simulator]:
    """A Waldur with five providers."""
    with Simulator.start(generate={"providers": 5}) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def exported(fleet: Simulator) -> Path:
    """Return a folder with an inventory of the providers and an exported document for each."""
    run = runner(fleet)
    run.write("fleet.waldur.yml", "plugin: waldur.provider.inventory\nhosts: service_providers\n")
    outcome = playbook(run, "export", "-e", '{"service_provider": []}')
    assert outcome.code == 0, outcome.output
    return run.folder


@pytest.fixture
def run(fleet: Simulator, exported: Path) -> Runner:
    """Run playbooks against it, in a folder with a copy of the inventory and the documents."""
    fleet.reset()
    copied = runner(fleet)
    shutil.copytree(exported / "providers", copied.folder / "providers")
    shutil.copy(exported / "fleet.waldur.yml", copied.folder)
    return copied


def playbook(run: Runner, name: str, *options: str, down: bool = False) -> Outcome:
    return run.command(["playbook", f"waldur.provider.{name}", *options], DOWN if down else None)


def documents(run: Runner) -> list[Path]:
    found = sorted((run.folder / "providers").glob("*.yml"))
    assert len(found) == 5
    return found


def edited(path: Path, **keys: object) -> None:
    document = yaml.safe_load(path.read_text())
    document["service_providers"][0].update(keys)
    path.write_text(yaml.safe_dump(document))


def test_each_host_gets_its_entry_in_batches_and_one_that_fails_stops_no_other(fleet: Simulator, run: Runner) -> None:
    paths = documents(run)
    for path in paths[:3]:
        edited(path, description="{{ 7 * 6 }}")
    edited(paths[1], users=[{"user": "nobody"}])
    fleet.zero()
    options = [*FLEET, "-e", "providers_path=providers", "-e", "providers_serial=1", "-vvvv", "--diff"]
    outcome = playbook(run, "apply", *options)
    assert outcome.code == 2
    summary = outcome.of("Summarize the results")["msg"]
    hosts = [path.stem for path in paths]
    assert summary == {
        hosts[0]: "1 changed",
        hosts[1]: "failed",
        hosts[2]: "1 changed",
        hosts[3]: "nothing to change",
        hosts[4]: "nothing to change",
    }
    # The error is printed once, with its lists; the last failure only refers to it.
    error = f"{paths[1].stem}.yml: service_providers[0].users[0].user: user 'nobody' not found"
    first, last = [line["result"]["msg"] for line in outcome.lines if line["status"] == "failed"]
    assert error in first
    assert last == f"{hosts[1]}: failed. The error is shown above, at the task that failed."
    assert fleet.counts().writes == 2


def test_the_documents_are_read_once_for_all_hosts_and_each_gets_its_part_of_the_approved_plan(
    fleet: Simulator, run: Runner
) -> None:
    paths = documents(run)
    for path in paths[1:3]:
        edited(path, description="approved")
    for path in (paths[0], *paths[3:]):
        edited(path, users=[{"user": "staff", "state": "absent"}])
    planned = playbook(run, "plan", "-e", "providers_path=providers")
    assert planned.code == 0, planned.output
    edited(paths[0], description="not approved")
    fleet.zero()
    assert run.command(["inventory", "-i", "fleet.waldur.yml", "--list"]).code == 0
    lists_of_the_inventory = fleet.counts().operations["GET /api/marketplace-service-providers/"]
    fleet.zero()
    outcome = playbook(run, "apply", *FLEET, "-e", "providers_path=providers", "-e", "approved_plan=plan.json")
    assert outcome.code == 2
    hosts = [path.stem for path in paths]
    assert list(outcome.of("Summarize the results")["msg"].items()) == [
        (hosts[0], "failed"),
        (hosts[1], "1 changed"),
        (hosts[2], "1 changed"),
        (hosts[3], "nothing to change"),
        (hosts[4], "nothing to change"),
    ]
    changes = outcome.of("Show the changes")["msg"]
    assert list(changes) == hosts[1:3]
    assert all("approved" in "\n".join(lines) for lines in changes.values())
    assert mentions(outcome.output, "approval_out_of_date")
    _error, last = [line["result"]["msg"] for line in outcome.lines if line["status"] == "failed"]
    assert last.startswith(f"{hosts[0]}: failed.")
    operations = fleet.counts().operations
    assert operations["GET /api/marketplace-service-providers/"] == lists_of_the_inventory + 1
    assert operations["GET /api/customers/"] == 1
    assert operations["GET /api/roles/"] == 1
    # What they shared is gone.
    assert not list(Path(run.environment({})["ANSIBLE_HOME"]).rglob("waldur-*"))


def test_an_invalid_document_is_reported_with_its_place_by_each_host(fleet: Simulator, run: Runner) -> None:
    paths = documents(run)
    edited(paths[3], descripton="x")
    fleet.zero()
    outcome = playbook(run, "apply", *FLEET, "-e", "providers_path=providers")
    assert outcome.code == 2
    failed = [line["result"]["msg"] for line in outcome.lines if line["status"] == "failed"]
    errors = [text for text in failed if f"{paths[3].name}: service_providers[0]: 'descripton' is not known." in text]
    assert len(errors) == 5
    assert fleet.counts().writes == 0


@pytest.mark.parametrize(
    ("target", "limit", "hosts"),
    [
        ("{0}", [], [0]),
        ("{0}:{1}", [], [0, 1]),
        ("waldur_service_providers", ["--limit", "{0}"], [0]),
        ("waldur_service_providers", ["--limit", "!{0}"], [1, 2, 3, 4]),
        ("waldur_service_providers:!{0}", ["--limit", "{0}:{1}"], [1]),
        ("waldur_service_providers", ["--limit", ""], [0, 1, 2, 3, 4]),
    ],
)
def test_a_run_for_some_of_the_hosts_does_not_fail_for_the_entries_of_others(
    run: Runner, target: str, limit: list[str], hosts: list[int]
) -> None:
    names = [path.stem for path in documents(run)]
    options = [option.format(*names) for option in ("-e", f"providers_hosts={target}", *limit)]
    outcome = playbook(run, "apply", "-i", "fleet.waldur.yml", *options, "-e", "providers_path=providers", "--check")
    assert outcome.code == 0, outcome.output
    assert outcome.of("Summarize the results")["msg"] == {names[number]: "nothing to change" for number in hosts}


@pytest.mark.parametrize(
    ("name", "target", "limit", "message"),
    [
        ("apply", "{0}", "{1}", "providers_hosts: --limit leaves out all hosts of {0}, so there is nothing to do."),
        ("apply", "", "{0}", NO_TARGET),
        ("apply", None, "{0}", NO_TARGET),
        ("drift", None, "{0}", NO_TARGET),
        *((name, "{0}", "{0}", NO_TARGET) for name in ("plan", "drift", "report", "export", "rotate_api_secret_code")),
        ("facts", "{0}", "{1}", "providers_hosts: --limit leaves out all hosts of {0}, so there is nothing to do."),
    ],
)
def test_a_limit_that_leaves_no_host_fails_and_says_so(
    run: Runner, name: str, target: str | None, limit: str, message: str
) -> None:
    names = [path.stem for path in documents(run)]
    options = ["-i", "fleet.waldur.yml", "-e", "providers_path=providers", "--limit", limit.format(*names)]
    options += [] if target is None else ["-e", f"providers_hosts={target.format(*names)}"]
    # The required variables are checked before the hosts.
    required = '{"service_provider": "ALPHA", "destinations": [{"file": "code"}]}'
    options += ["-e", required] if name == "rotate_api_secret_code" else []
    outcome = playbook(run, name, *options)
    assert outcome.code == 2, outcome.output
    assert message.format(*names) in outcome.of("Validate the variables and the hosts")["msg"]


def test_a_playbook_that_runs_on_localhost_ignores_providers_hosts(run: Runner) -> None:
    outcome = playbook(run, "plan", "-e", "providers_path=providers", "-e", "providers_hosts=nohosts")
    assert outcome.code == 0, outcome.output
    assert outcome.of("Show the changes")["msg"] == "Nothing to change."


def test_entries_without_a_host_in_the_inventory_fail_the_run_unless_that_is_meant(run: Runner) -> None:
    paths = documents(run)
    customer = yaml.safe_load(paths[0].read_text())["service_providers"][0]["customer"]
    run.write(
        "some.waldur.yml",
        f"plugin: waldur.provider.inventory\nhosts: service_providers\nservice_providers: ['{customer}']\n",
    )
    some = ["-i", "some.waldur.yml", *FLEET[2:], "-e", "providers_path=providers"]
    outcome = playbook(run, "apply", *some, "--check")
    assert outcome.code == 2
    assert "these entries of the document have no host in the inventory" in outcome.output
    outcome = playbook(run, "apply", *some, "--check", "-e", "providers_without_host=ignore")
    assert outcome.code == 0, outcome.output
    paths[0].unlink()
    outcome = playbook(run, "apply", *some, "--check", "-e", "providers_without_host=ignore")
    assert outcome.of("Summarize the results")["msg"] == {paths[0].stem: "no entry in the document"}


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_no_playbook_ends_well_when_waldur_is_down(run: Runner, name: str) -> None:
    options = ["-e", "providers_path=providers", "-e", "service_provider=ALPHA"]
    options += ["-e", '{"destinations": [{"file": "code"}]}']
    fleets = [FLEET] if name in ("apply", "facts") else []
    for more in ([], *fleets):
        outcome = playbook(run, name, *options, *more, down=True)
        assert outcome.code != 0, outcome.output
        told = "providers_hosts: no host matches waldur_service_providers" if more else "refused the connection"
        assert told in outcome.output


def test_the_playbooks_are_all_tried() -> None:
    folder = Path(__file__).resolve().parents[2] / "playbooks"
    assert {path.stem for path in folder.glob("*.yml")} == {*PLAYBOOKS, *OFFLINE, *ON_MACHINES}
