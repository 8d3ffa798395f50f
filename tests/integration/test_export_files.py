# SPDX-License-Identifier: GPL-3.0-or-later
"""Service providers taken over into files: in-process, as modules, and by the role and the playbook."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml
from PIL import Image

from simulator_process import Simulator

from .playbook import EXECUTIONS, runner
from .test_export import ALPHA, TEMPLATE, trapped
from .waldur import SimulatedWaldur

MODULE = "waldur.provider.desired_state_file"
PLAIN = "lookup-ansible-builtin-pipe-touch-hacked-1"  # what a file is called after a customer with a template's name


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def give_image(sim: Simulator) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(picture, "JPEG")
    staff = {"Authorization": f"Token {sim.token('staff')}"}
    path = f"{sim.url}/api/marketplace-service-providers/"
    rows = requests.get(path, headers=staff, timeout=10).json()
    url = next(row["url"] for row in rows if row["customer_uuid"].replace("-", "") == ALPHA)
    requests.patch(url, headers=staff, files={"image": ("a.jpg", picture.getvalue())}, timeout=10).raise_for_status()
    sim.zero()


@pytest.fixture(params=[("2024", "in_process"), ("2025", "module"), ("2026", "in_process")], ids="-".join)
def simulated(running: Simulator, request: pytest.FixtureRequest) -> Iterator[tuple[Simulator, str]]:
    """Start a simulator of each edition, with an execution mode; skipped in a live run, as *running* is."""
    edition, execution = request.param
    with Simulator.start(edition=edition) as simulator:
        yield simulator, execution


def test_files_are_written_once_and_change_nothing_when_they_are_applied(simulated: tuple[Simulator, str]) -> None:
    edition, execution = simulated
    trapped(edition)
    edition.change("Customer", {"name": "Beta HPC Centre"}, {"name": f"{TEMPLATE}: #1"})
    give_image(edition)
    run = runner(edition, execution=execution)
    there = run.folder / "providers"
    task = {MODULE: {"service_providers": ["ALPHA", "f339c6f330254f4e8fd253b4fda7f25e"], "dest": str(there)}}
    outcome = run.play(
        [
            {"name": "Check", **task, "check_mode": True},
            {"name": "Write", **task},
            {"name": "Write again", **task},
            {"name": "Write one file", MODULE: {"service_provider": "ALPHA", "dest": "{{ playbook_dir }}/one.yaml"}},
            {"name": "Apply", "waldur.provider.desired_state": {"providers_path": str(there)}},
            {"name": "Apply one file", "waldur.provider.desired_state": {"providers_path": "one.yaml"}},
        ]
    )
    assert outcome.code == 0, outcome.output
    assert [result["changed"] for result in outcome.results] == [True, True, False, True, False, False]
    assert outcome.of("Apply")["plan"] == outcome.of("Apply one file")["plan"] == []
    assert edition.counts().writes == 0
    assert not list(run.folder.rglob("hacked")), "text of the server was evaluated"
    # The oldest one tells no slugs.
    old = edition.edition == "2024"
    alpha_name, beta_name = ("alpha-cloud-ltd", PLAIN) if old else ("alpha-cl-1", "beta-hpc-1")
    assert set(contents(there)) == {f"{alpha_name}.yml", f"{beta_name}.yml", f"files/{alpha_name}.jpeg"}
    assert {os.path.relpath(file["path"], there) for file in outcome.of("Write")["files"]} == set(contents(there))
    assert outcome.of("Check")["diff"] == outcome.of("Write")["diff"]
    assert outcome.of("Check")["files"] == outcome.of("Write")["files"]
    alpha, beta = (
        yaml.safe_load(contents(there)[f"{name}.yml"])["service_providers"] for name in (alpha_name, beta_name)
    )
    assert alpha[0]["description"].startswith(TEMPLATE)
    assert alpha[0]["image"] == f"files/{alpha_name}.jpeg"
    assert beta[0]["customer"] == f"{TEMPLATE}: #1"


def test_a_relative_path_is_beside_the_playbook_also_where_the_task_is_asynchronous(sim: Simulator) -> None:
    run = runner(sim)
    (run.folder / "plays").mkdir()
    task = {MODULE: {"service_provider": "ALPHA", "dest": "$HERE/providers"}}
    play = {
        "name": "Case",
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"name": "Here", **task}, {"name": "In the background", **task, "async": 60, "poll": 1}],
    }
    (run.folder / "plays" / "play.yml").write_text(json.dumps([play]))
    outcome = run.command(["playbook", "-i", run.inventory(), "plays/play.yml"], {"HERE": "there"})
    assert outcome.code == 0, outcome.output
    assert list(contents(run.folder / "plays" / "there")) == ["providers/alpha-cl-1.yml"]
    assert [result["changed"] for result in outcome.results] == [True, False]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_what_is_wrong_is_said_in_one_sentence_and_no_file_is_left(sim: Simulator, execution: str) -> None:
    run = runner(sim, "outsider", execution)
    before = contents(run.folder)
    tasks = [
        {"name": name, MODULE: options, "ignore_errors": True}
        for name, options in (
            ("Forbidden", {"service_provider": "BETA", "dest": str(run.folder / "x")}),
            ("Nowhere", {"service_provider": "BETA", "parts": ["profile"], "dest": "/dev/null/x"}),
            ("Empty", {"service_provider": "BETA", "dest": ""}),
            ("Nobody", {"service_provider": "NOBODY", "dest": str(run.folder / "x")}),
        )
    ]
    outcome = run.play(tasks)
    assert [line["status"] for line in outcome.lines] == ["failed"] * 4
    assert outcome.of("Forbidden")["msg"].endswith(
        " out of parts, or name in service_providers those alone that this token may read (the playbook's export_parts"
        " and service_provider)."
    )
    assert outcome.of("Nowhere")["msg"] == "dest: can't read /dev/null/x/beta-hpc-1.yml: Not a directory."
    assert outcome.of("Empty")["msg"] == "dest: is empty: give a folder, or a file that ends in .yml."
    assert "NOBODY" in outcome.of("Nobody")["msg"]
    assert not (run.folder / "x").exists()
    assert set(before) <= set(contents(run.folder))


def test_the_playbook_takes_over_what_is_there_and_a_token_that_may_not_read_it_leaves_no_file(sim: Simulator) -> None:
    run = runner(sim)
    names = ["-e", '{"service_provider": ["ALPHA"], "providers_path": "here/providers"}']
    for options, changed in ((["--check"], 1), ([], 1), ([], 0)):
        outcome = run.command(["playbook", "waldur.provider.export", *names, *options, "-vvvv", "--diff"])
        assert outcome.code == 0, outcome.output
        assert f"changed={changed} " in outcome.output
        assert (run.folder / "here").exists() == (not options)
    assert "member3 can access offerings and has no username there." in outcome.output
    assert list(contents(run.folder / "here")) == ["providers/alpha-cl-1.yml"]
    run.alias = "outsider"
    outcome = run.command(["playbook", "waldur.provider.export", "-vvvv"])
    assert outcome.code == 2
    assert "may read (the playbook's export_parts and service_provider)." in outcome.output
    assert not (run.folder / "providers").exists()


def test_the_role_takes_one_name_or_many_or_none_and_writes_nothing_secret(sim: Simulator) -> None:
    run = runner(sim)
    run.secrets |= SimulatedWaldur(sim).codes()
    roles = [
        {"role": "waldur.provider.export", "vars": {"export_path": f"{run.folder}/{place}", **given}}
        for place, given in (
            ("one.yml", {"export_service_providers": "BETA", "export_parts": ["profile"], "export_images": False}),
            ("all", {}),
        )
    ]
    outcome = run.play([], roles=roles)
    assert outcome.code == 0, outcome.output
    (beta,) = yaml.safe_load((run.folder / "one.yml").read_text())["service_providers"]
    assert list(beta) == ["customer", "description", "enable_notifications"]
    written = contents(run.folder / "all")
    assert list(written)[:2] == ["alpha-cl-1.yml", "beta-hpc-1.yml"]
    assert len(written) == 12
    for secret in {*sim.tokens.values(), *SimulatedWaldur(sim).codes()}:
        assert not any(secret.encode() in content for content in written.values())


def test_a_wrong_option_of_the_role_is_refused_in_ansibles_words(sim: Simulator) -> None:
    run = runner(sim)
    roles = [{"role": "waldur.provider.export", "vars": {"export_path": "x", "export_parts": ["user"]}}]
    outcome = run.play([], roles=roles)
    assert outcome.code == 2
    assert "value of export_parts must be one or more of: profile, users, offering_usernames" in outcome.output
    assert sim.counts().reads == 0
