# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about service providers: as a task, ad hoc, and as the fact gathering of a play, with a fact cache."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator_process import Simulator

from .playbook import EXECUTIONS, ROOT, Outcome, Runner, runner
from .waldur import Waldur

MODULE = "waldur.provider.service_provider_facts"
EXAMPLE = ROOT / "examples" / "facts"
GATHER = {"name": "Gather", MODULE: {"service_provider": "ALPHA"}}
SHOW = {"name": "Show", "ansible.builtin.debug": {"msg": "{{ ansible_facts.waldur }}"}}
NOWHERE = {"WALDUR_API_URL": "", "WALDUR_ACCESS_TOKEN": ""}
# Of the example: the provider, its statistics, its revenue, and eight counts.
REQUESTS_OF_A_HOST = 1 + 1 + 1 + 8


@pytest.fixture(scope="module", params=["2024", "2025", "2026"])
def edition(running: Simulator, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Each of them; none in a live run, as *running* is not there either."""
    with Simulator.start(edition=request.param) as simulator:
        yield simulator


@pytest.fixture
def example(sim: Simulator) -> Runner:
    """A runner whose folder holds the example."""
    run = runner(sim)
    shutil.copytree(EXAMPLE, run.folder / "facts")
    return run


def home(run: Runner, **more: str) -> dict[str, str]:
    """The environment of somebody who is in the folder of the example; the fact cache is below HOME."""
    return {"ANSIBLE_CONFIG": str(run.folder / "facts" / "ansible.cfg"), "HOME": str(run.folder), **more}


def cache(run: Runner) -> list[Path]:
    return sorted((run.folder / ".cache" / "waldur-facts").iterdir())


def told(outcome: Outcome) -> list[str]:
    """What the example's last task says of each provider."""
    assert outcome.code == 0, outcome.output
    return sorted(line["result"]["msg"] for line in outcome.lines if line["task"].startswith("Summarize"))


def gathering(**defaults: Any) -> dict[str, Any]:
    """The keys of a play whose facts are those of a provider."""
    return {
        "gather_facts": True,
        "vars": {"ansible_facts_modules": [MODULE]},
        "module_defaults": {MODULE: {"service_provider": "ALPHA", **defaults}},
    }


# --- a task ----------------------------------------------------------------------------------------------------------


def test_the_facts_are_the_same_in_process_as_a_module_and_as_gathered_facts(edition: Simulator) -> None:
    found = []
    for execution in EXECUTIONS:
        run = runner(edition, execution=execution)
        outcome = run.play([{**GATHER, "register": "it"}, SHOW])
        assert outcome.code == 0, outcome.output
        result = outcome.of("Gather")
        assert result["changed"] is False
        assert result["ansible_facts"] == {"waldur": outcome.of("Show")["msg"]}
        found.append((result["ansible_facts"]["waldur"], result.get("warnings", [])))
    outcome = runner(edition).play([SHOW], **gathering())
    found.append((outcome.of("Show")["msg"], outcome.of("Gathering Facts").get("warnings", [])))
    assert found[0] == found[1] == found[2]
    assert len(found[0][1]) == (3 if edition.edition == "2024" else 0)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_the_accounts_are_a_fact_of_every_waldur(edition: Simulator, execution: str) -> None:
    task = {"name": "Gather", MODULE: {"service_provider": "ALPHA", "gather_subset": "accounts"}}
    outcome = runner(edition, execution=execution).play([task])
    assert outcome.code == 0, outcome.output
    fact = outcome.of("Gather")["ansible_facts"]["waldur"]["accounts"]
    assert fact["total"] == 12
    assert [user["user_username"] for user in fact["without_username"]][:2] == ["inactive", "member2"]
    assert (fact["username_conflicts"] == []) == (edition.edition == "2026")
    assert fact["posix_id_pool"] is None


def test_the_facts_of_any_waldur_are_those_of_its_lists_also_for_a_provider_without_users(waldur: Waldur) -> None:
    tasks = [
        {"name": "Gather", MODULE: {"service_provider": "ALPHA", "gather_subset": "counts"}},
        {"name": "Users", "waldur.provider.user_info": {"service_provider": "ALPHA"}},
    ]
    outcome = runner(waldur).play(tasks)
    assert outcome.code == 0, outcome.output
    facts = outcome.of("Gather")["ansible_facts"]["waldur"]
    assert list(facts) == ["profile", "counts"]
    assert facts["profile"]["customer_abbreviation"] == "ALPHA"
    assert facts["counts"]["users"] == len(outcome.of("Users")["users"])


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_check_mode_reads_too_and_a_wrong_subset_is_one_sentence(sim: Simulator, execution: str) -> None:
    wrong = {
        "name": "Wrong",
        MODULE: {"service_provider": "ALPHA", "gather_subset": "statistic"},
        "ignore_errors": True,
    }
    outcome = runner(sim, execution=execution).play([GATHER, wrong], "--check")
    assert outcome.of("Gather")["ansible_facts"]["waldur"]["profile"]["customer_name"] == "Alpha Cloud Ltd"
    assert outcome.of("Wrong")["msg"].endswith("and 'statistic' was given. Did you mean 'statistics'?")


# --- ad hoc ----------------------------------------------------------------------------------------------------------


def test_ad_hoc_over_an_inventory_of_providers_it_runs_in_process(example: Runner) -> None:
    # A module would need this interpreter.
    environment = home(example, ANSIBLE_LOAD_CALLBACK_PLUGINS="true")
    nothing = ["-e", "ansible_python_interpreter=/nonexistent"]
    arguments = "service_provider={{ inventory_hostname }} gather_subset=statistics"
    outcome = example.command(["adhoc", "all", *nothing, "-m", MODULE, "-a", arguments], environment)
    assert outcome.code == 0, outcome.output
    names = [result["ansible_facts"]["waldur"]["profile"]["customer_abbreviation"] for result in outcome.results]
    assert sorted(names) == ["ALPHA", "BETA"]


# --- the fact gathering of a play ------------------------------------------------------------------------------------


def test_the_second_run_reads_the_cache_and_asks_waldur_nothing(example: Runner, sim: Simulator) -> None:
    command = ["playbook", "facts/facts.yml", "-vvv"]
    sim.zero()
    first = told(example.command(command, home(example)))
    assert first[0].startswith("Alpha Cloud Ltd: 7 users, 0 orders waiting, ")
    assert first[1].startswith("Beta HPC Centre: ")
    assert sim.counts().requests == 2 * REQUESTS_OF_A_HOST
    sim.zero()
    assert told(example.command(command, home(example))) == first
    assert sim.counts().requests == 0
    assert [path.name.removeprefix("s1_") for path in cache(example)] == ["ALPHA", "BETA"]


def test_flushing_the_cache_reads_anew(example: Runner, sim: Simulator) -> None:
    command = ["playbook", "facts/facts.yml"]
    first = told(example.command(command, home(example)))
    sim.change("Customer", {"abbreviation": "ALPHA"}, {"name": "Omega Cloud Ltd"})
    sim.zero()
    assert told(example.command(command, home(example))) == first
    assert told(example.command([*command, "--flush-cache"], home(example)))[1].startswith("Omega Cloud Ltd: 7 users")
    assert sim.counts().requests == 2 * REQUESTS_OF_A_HOST


def test_no_token_and_no_code_is_in_the_fact_cache(example: Runner, waldur: Waldur) -> None:
    variables = example.folder / "secret.yml"
    variables.write_text(yaml.safe_dump({"url": example.sim.url, "secret": example.sim.token("staff")}))
    play = yaml.safe_load((example.folder / "facts" / "facts.yml").read_text())
    defaults = play[0]["module_defaults"][MODULE]
    defaults.update(gather_subset="all", api_url="{{ url }}", access_token="{{ secret }}")
    (example.folder / "facts" / "facts.yml").write_text(yaml.safe_dump(play))
    example.secrets |= waldur.codes()
    command = ["playbook", "facts/facts.yml", "-e", f"@{variables}", "-vvvv"]
    told(example.command(command, home(example, **NOWHERE)))
    assert len(cache(example)) == 2
    for path in cache(example):
        content = path.read_text()
        assert "Alpha Cloud Ltd" in content or "Beta HPC Centre" in content
        for secret in {*example.sim.tokens.values(), *example.secrets}:
            assert secret not in content


def test_the_connection_comes_from_module_defaults_of_the_group_too(sim: Simulator) -> None:
    run = runner(sim)
    profiles = run.folder / "profiles.yml"
    profiles.write_text(yaml.safe_dump({"lab": {"api_url": sim.url, "access_token": sim.token("staff")}}))
    keys = gathering(gather_subset="min")
    keys["module_defaults"]["group/waldur.provider.all"] = {"profile": "lab"}
    outcome = run.play([SHOW], environment={**NOWHERE, "WALDUR_PROFILES_FILE": str(profiles)}, **keys)
    assert outcome.of("Show")["msg"]["profile"]["customer_abbreviation"] == "ALPHA", outcome.output


def test_the_connection_comes_from_the_environment_of_the_play_too(sim: Simulator) -> None:
    run = runner(sim)
    variables = run.folder / "secret.yml"
    variables.write_text(yaml.safe_dump({"url": sim.url, "secret": sim.token("staff")}))
    environment = {"WALDUR_API_URL": "{{ url }}", "WALDUR_API_TOKEN": "{{ secret }}"}
    play = {"name": "Case", "hosts": "localhost", "environment": environment, "tasks": [SHOW], **gathering()}
    path = run.folder / "play.yml"
    path.write_text(yaml.safe_dump([play]))
    # Less verbose than elsewhere: at -vvv Ansible shows the environment that a play sets.
    outcome = run.command(["playbook", "-i", run.inventory(), "-vv", str(path), "-e", f"@{variables}"], NOWHERE)
    assert outcome.of("Show")["msg"]["profile"]["customer_abbreviation"] == "ALPHA", outcome.output


def test_beside_the_facts_of_the_machine(sim: Simulator) -> None:
    keys = gathering(gather_subset="statistics")
    keys["vars"]["ansible_facts_modules"].append("ansible.builtin.setup")
    # Without this it gathers the whole environment, and a token with it.
    keys["module_defaults"]["ansible.builtin.setup"] = {"gather_subset": ["all", "!env"]}
    show = {
        "name": "Show",
        "ansible.builtin.debug": {"msg": ["{{ ansible_facts.waldur }}", "{{ ansible_facts.system }}"]},
    }
    facts, system = runner(sim).play([show], **keys).of("Show")["msg"]
    assert (list(facts), system) == (["profile", "statistics"], "Linux")


def test_ansible_does_not_hand_over_the_gather_subset_of_a_play_and_says_so(sim: Simulator) -> None:
    outcome = runner(sim).play([SHOW], gather_subset=["statistics"], **gathering(gather_subset="roles"))
    assert list(outcome.of("Show")["msg"]) == ["profile", "roles"]
    assert "Not passing subset" in outcome.output


def test_a_provider_that_is_not_there_fails_the_gathering_with_its_sentence(sim: Simulator) -> None:
    outcome = runner(sim).play([SHOW], **gathering(service_provider="Nobody"))
    assert outcome.code != 0
    assert "there is no service provider 'Nobody'" in outcome.output


# --- text from the server --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("execution", [*EXECUTIONS, "gathered", "cached"])
def test_templates_in_facts_are_text(sim: Simulator, execution: str) -> None:
    run = runner(sim, execution="module" if execution == "module" else "in_process")
    trap = run.folder / "trap"
    text = "{{ lookup('pipe', 'touch " + str(trap) + "') }}"
    provider = {"uuid": "e182aaedb6ae4541956a3c14629abc02"}
    sim.change("ServiceProvider", provider, {"description": text})
    uses = [
        {"name": "Show", "ansible.builtin.debug": {"msg": "{{ ansible_facts.waldur.profile.description }}"}},
        {"name": "Var", "ansible.builtin.debug": {"var": "ansible_facts.waldur.profile"}},
        {
            "name": "Condition",
            "ansible.builtin.assert": {"that": "ansible_facts.waldur.profile.description | length > 9"},
        },
        {"name": "Other", "ansible.builtin.debug": {"msg": "{{ hostvars.localhost.ansible_facts.waldur | to_json }}"}},
    ]
    environment = {
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(run.folder / "cache"),
        "ANSIBLE_GATHERING": "smart",
    }
    if execution in EXECUTIONS:
        registered = {"name": "Registered", "ansible.builtin.debug": {"msg": "{{ it.ansible_facts.waldur.profile }}"}}
        outcome = run.play([{**GATHER, "register": "it"}, registered, *uses], environment=environment)
    else:
        outcome = run.play(uses, environment=environment, **gathering())
    if execution == "cached":
        sim.zero()
        outcome = run.play(uses, environment=environment, **gathering())
        assert sim.counts().requests == 0
    assert outcome.code == 0, outcome.output
    assert outcome.of("Show")["msg"] == text
    assert not trap.exists()


# --- the example -----------------------------------------------------------------------------------------------------


def test_the_example_of_the_documentation_is_the_play_of_the_example() -> None:
    source = (ROOT / "plugins" / "modules" / "service_provider_facts.py").read_text()
    values = {
        ast.unparse(node.targets[0]): node.value for node in ast.parse(source).body if isinstance(node, ast.Assign)
    }
    commented = str(ast.literal_eval(values["EXAMPLES"])).partition("# - name:")
    written = yaml.safe_load("".join(commented[1:]).replace("\n# ", "\n").removeprefix("# "))
    play = yaml.safe_load((EXAMPLE / "facts.yml").read_text())[0]
    for key in ("hosts", "vars", "module_defaults"):
        assert written[0][key] == play[key]


def test_the_example_works_with_the_collections_own_inventory_too(example: Runner) -> None:
    first = told(example.command(["playbook", "facts/facts.yml"], home(example)))
    outcome = example.command(["playbook", "facts/facts.yml", "-i", "facts/all.waldur.yml", "-v"], home(example))
    assert set(first) <= set(told(outcome))
