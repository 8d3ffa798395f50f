# SPDX-License-Identifier: GPL-3.0-or-later
"""No token and no secret code in anything that a run leaves: output, results, callbacks, log, facts, files of any kind.

Every run here has the highest verbosity, and all of its files are searched, except those of the tests.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from simulator_process import Simulator

from .playbook import EXECUTIONS, Outcome, Runner, runner
from .task_pauses import pause_after_tasks
from .waldur import SimulatedWaldur, Waldur

# Written by the tests themselves: they may hold a token, as their user wants it so.
GIVEN = {"profiles.yml", "secret.yml"}
MARKER = "marker-of-a-request-body"
TASKS: dict[str, dict[str, Any]] = {
    "service_provider": {"customer": "ALPHA", "description": f"{MARKER} in a description"},
    "user_role": {"service_provider": "ALPHA", "user": "member1", "expiration_time": "2037-06-30"},
    "offering_username": {"service_provider": "ALPHA", "user": "member1", "username": "secretive"},
    "api_secret_code": {"service_provider": "ALPHA", "state": "rotated"},
    "desired_state": {
        "service_providers": [
            {
                "customer": "ALPHA",
                "description": f"{MARKER} in a document",
                "image": "logo.png",
                "users": [{"user": "member2"}],
                "api_secret_code": {"state": "rotated"},
            }
        ]
    },
}


def each_execution(function: Any) -> Any:
    return pytest.mark.parametrize("execution", EXECUTIONS)(function)


def get_most_verbose_environment(run: Runner, **more: str) -> dict[str, str]:
    """Return an environment in which Ansible writes as much as possible into its output and files."""
    folder = run.folder
    for name in ("tmp", "local", "remote", "facts", "retries", "tree", "junit"):
        (folder / name).mkdir(exist_ok=True)
    return {
        "TMPDIR": str(folder / "tmp"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_LOG_VERBOSITY": "5",
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_RETRY_FILES_ENABLED": "true",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(folder / "retries"),
        "ANSIBLE_CALLBACKS_ENABLED": "results,tree,junit",
        "ANSIBLE_CALLBACK_TREE_DIR": str(folder / "tree"),
        "JUNIT_OUTPUT_DIR": str(folder / "junit"),
        "ANSIBLE_INJECT_INVOCATION": "true",
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
        **more,
    }


def holding(run: Runner, secrets: set[str], below: str = "") -> list[str]:
    """Return the files in the folder of a run, or in its folder *below*, that hold any of *secrets*."""
    found = []
    for path in sorted((run.folder / below).rglob("*")):
        if path.is_file() and path.name not in GIVEN:
            content = path.read_bytes()
            found += [str(path.relative_to(run.folder)) for secret in secrets if secret.encode() in content]
    return found


def holding_at_last(run: Runner, secrets: set[str]) -> list[str]:
    """Return the files that hold any of *secrets* once Ansible's wrapper of asynchronous tasks has removed its own.

    It removes the module's program a moment after the result is there.
    """
    deadline = time.monotonic() + 30
    while (found := holding(run, secrets)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def tasks(label: str = "", fact: str = "kept", **keys: Any) -> list[dict[str, Any]]:
    """Return a task for each module, named by *label* and module; the results are shown and become a cached *fact*."""
    made: list[dict[str, Any]] = []
    for name, options in TASKS.items():
        task = {"name": f"{label}{name}", f"waldur.provider.{name}": options, "register": f"seen_{name}"}
        made.append({**task, "ignore_errors": True, **keys})
    seen = {name: f"{{{{ seen_{name} }}}}" for name in TASKS}
    made.append({"name": f"{label}Keep", "ansible.builtin.set_fact": {fact: seen, "cacheable": True}})
    made.append({"name": f"{label}Show", "ansible.builtin.debug": {"var": fact}})
    return made


def play(run: Runner, **keys: Any) -> Outcome:
    Image.new("RGB", (4, 4), "red").save(run.folder / "logo.png")
    environment = {**get_most_verbose_environment(run), **keys.pop("environment", {})}
    # The last task fails, for Ansible to write the file of those to be retried.
    end = {"name": "End", "ansible.builtin.fail": {"msg": "{{ kept }}"}}
    return run.play([*tasks(**keys), end], environment=environment)


def ended(outcome: Outcome) -> dict[str, str]:
    """How each module ended."""
    return {line["task"]: line["status"] for line in outcome.lines if line["task"] in TASKS}


def written_down(run: Runner) -> set[str]:
    """Where Ansible wrote results, so that a search of them can't have searched nothing."""
    return {
        name for name in ("ansible.log", "facts", "tree", "junit") if any(path.is_file() for path in _files(run, name))
    }


def _files(run: Runner, name: str) -> list[Path]:
    return [run.folder / name, *(run.folder / name).rglob("*")]


# --- what succeeds ---------------------------------------------------------------------------------------------------


@each_execution
def test_no_secret_is_left_by_modules_that_succeed(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    # Each module that writes runs as on a real host here, with what is in its archive and nothing else.
    run.is_python_shared = False
    before = waldur.codes()
    outcome = play(run)
    assert ended(outcome) == dict.fromkeys(TASKS, "ok"), outcome.output
    secrets = {*waldur.tokens.values(), *before, *waldur.codes()}
    assert len(waldur.codes() - before) == 1
    assert holding(run, secrets) == []
    assert not [secret for secret in secrets if secret in outcome.output]
    assert written_down(run) == {"ansible.log", "facts", "tree", "junit"}


@each_execution
def test_no_secret_is_left_by_asynchronous_tasks(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    Image.new("RGB", (4, 4), "red").save(run.folder / "logo.png")
    secrets = {*waldur.tokens.values(), *waldur.codes()}
    given: list[dict[str, Any]] = []
    for name, options in TASKS.items():
        wait = {"jid": "{{ job.ansible_job_id }}"}
        over = {"name": "Wait", "ansible.builtin.async_status": wait, "register": "end", "until": "end is finished"}
        given += [
            {"name": name, f"waldur.provider.{name}": options, "async": 60, "poll": 0, "register": "job"},
            {**over, "retries": 60, "delay": 1},
        ]

    def after(task: str) -> None:
        if task == "Wait":
            secrets.update(waldur.codes())

    with pause_after_tasks(after) as socket:
        outcome = run.play(given, environment={**get_most_verbose_environment(run), **socket})
    assert outcome.code == 0, outcome.output
    assert [line["task"] for line in outcome.lines].count("Wait") == len(TASKS)
    assert not [secret for secret in secrets if secret in outcome.output]
    assert holding_at_last(run, secrets) == []
    jobs = [path.read_text() for path in _files(run, "async") if path.is_file()]
    assert len(jobs) == len(TASKS)
    assert all('"access_token": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"' in job for job in jobs)


@each_execution
def test_the_token_of_a_profile_is_left_nowhere(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    before = waldur.codes()
    profile = {"lab": {"api_url": waldur.url, "access_token": waldur.token("staff")}}
    broken = {"lab": {"api_url": waldur.url, "access_token": "0123456789" * 4, "retries": "many"}}
    path = run.folder / "profiles.yml"
    quiet = {
        "WALDUR_API_URL": "",
        "WALDUR_ACCESS_TOKEN": "",
        "WALDUR_PROFILES_FILE": str(path),
        "WALDUR_PROFILE": "lab",
    }
    for content, status in ((profile, "ok"), (broken, "failed"), ({"lab": ["0123456789" * 4]}, "failed")):
        path.write_text(yaml.safe_dump(content))
        outcome = play(run, environment=quiet)
        assert ended(outcome) == dict.fromkeys(TASKS, status), outcome.output
        secrets = {*waldur.tokens.values(), *before, *waldur.codes(), "0123456789" * 4}
        assert holding(run, secrets) == []
        assert not [secret for secret in secrets if secret in outcome.output]


@each_execution
def test_a_token_in_a_variable_or_in_the_environment_of_a_task_is_left_nowhere(waldur: Waldur, execution: str) -> None:
    run = runner(waldur, execution=execution)
    variables = run.folder / "secret.yml"
    variables.write_text(yaml.safe_dump({"url": waldur.url, "secret": waldur.token("staff")}))
    quiet = {"WALDUR_API_URL": "", "WALDUR_ACCESS_TOKEN": ""}
    for keys in (
        {"environment": {"WALDUR_API_URL": "{{ url }}", "WALDUR_ACCESS_TOKEN": "{{ secret }}"}},
        {"vars": {"waldur_api_url": "{{ url }}", "waldur_access_token": "{{ secret }}"}},
    ):
        given = [{**task, **keys} if task["name"] in TASKS else task for task in tasks()]
        Image.new("RGB", (4, 4), "red").save(run.folder / "logo.png")
        outcome = run.play(given, "-e", f"@{variables}", environment={**get_most_verbose_environment(run), **quiet})
        assert ended(outcome) == dict.fromkeys(TASKS, "ok"), outcome.output
        assert holding(run, {*waldur.tokens.values(), *waldur.codes()}) == []


# --- what fails ------------------------------------------------------------------------------------------------------


ECHO = '{{"detail": "as {token}", "api_secret_code": "{other}", "token": "{other}"}}'
FAULTS: dict[str, dict[str, Any]] = {
    "a token that is refused and told": {"method": "any", "status": 401, "body": ECHO},
    "a refusal that tells all": {"status": 400, "body": ECHO},
    "a defect that tells all": {"status": 500, "body": ECHO},
    "text that tells all": {
        "status": 503,
        "body": "x" * 380 + " {token}",
        "headers": {"Content-Type": "text/plain"},
    },
    "a page that tells all": {
        "status": 502,
        "body": "<html><title>{token}</title><body>{other}</body></html>",
        "headers": {"Content-Type": "text/html"},
    },
    "JSON that ends early": {"method": "any", "status": 200, "body": '{{"api_secret_code": "{other}", "x'},
    "an error that ends early": {"status": 500, "body": '{{"api_secret_code": "{other}", "x'},
    "a redirect that tells all": {"redirect": "http://{user}:{token}@elsewhere.example.org/{token}/?token={other}"},
    "a redirect of reading that tells all": {
        "method": "any",
        "redirect": "http://{user}:{other}@elsewhere.example.org/?token={other}",
    },
    "a connection that breaks before": {"drop": "before"},
    "a connection that breaks after": {"drop": "after"},
    "an answer that is cut": {"cut": 30, "after": True},
}


# What the server tells beside the token: a secret that passes by here only.
OTHER = "f00dfeedf00dfeedf00dfeedf00dfeed"
# So many faults are in one playbook: with all of them one process would wait for the last.
BATCH = 4


@dataclass
class FaultRun:
    """Replaces the fault of the simulator between two tasks of one playbook, and searches the files meanwhile."""

    sim: Simulator
    run: Runner
    names: list[str]
    # How often each fault was served.
    fired: dict[str, int] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)

    def tasks(self) -> list[dict[str, Any]]:
        """Return the tasks of all faults; their names begin with the name of the fault."""
        made: list[dict[str, Any]] = []
        for number, name in enumerate(self.names):
            made += tasks(f"{name}: ", f"kept_{number}")
        # The last task fails, for Ansible to write the file of those to be retried.
        return [*made, {"name": "End", "ansible.builtin.fail": {"msg": "{{ kept_0 }}"}}]

    def begin(self, name: str) -> None:
        """Reset the simulator and let it answer with the fault *name* from now on."""
        self.sim.reset()
        codes = SimulatedWaldur(self.sim).codes()
        words = {"token": self.sim.token("staff"), "code": sorted(codes)[0], "other": OTHER, "user": "someone"}
        fault = {"method": "write", **FAULTS[name]}
        for key in ("body", "redirect"):
            if key in fault:
                fault[key] = fault[key].format(**words)
        self.secrets |= {*self.sim.tokens.values(), *codes, OTHER}
        self.sim.fault(times=None, **fault)

    def after(self, task: str) -> None:
        """Search what the modules of a fault left; then begin the next fault."""
        name, _separator, step = task.partition(": ")
        if step == "Show":
            self.fired[name] = self.sim.faults()[0]["fired"]
            self.sim.clear_faults()
            self.secrets |= SimulatedWaldur(self.sim).codes()
            self.leaks += holding(self.run, self.parts())
            if following := self.names[self.names.index(name) + 1 :]:
                self.begin(following[0])
        elif step:
            # Ansible replaces some files with each result.
            self.leaks += holding(self.run, self.parts(), below="tree")

    def parts(self) -> set[str]:
        """Return the secrets and their beginnings and ends, as a part of a token is a leak too."""
        return self.secrets | {secret[:12] for secret in self.secrets} | {secret[-12:] for secret in self.secrets}


@each_execution
@pytest.mark.parametrize("first", range(0, len(FAULTS), BATCH))
def test_no_secret_and_no_request_body_is_left_by_modules_that_fail(sim: Simulator, first: int, execution: str) -> None:
    names = list(FAULTS)[first : first + BATCH]
    run = runner(sim, execution=execution)
    Image.new("RGB", (4, 4), "red").save(run.folder / "logo.png")
    faults = FaultRun(sim, run, names)
    faults.begin(names[0])
    with pause_after_tasks(faults.after) as socket:
        quick = {"WALDUR_RETRIES": "0", "WALDUR_TIMEOUT": "5"}
        outcome = run.play(faults.tasks(), environment={**get_most_verbose_environment(run), **quick, **socket})
    assert list(faults.fired) == names, outcome.output
    assert not [name for name, times in faults.fired.items() if times < len(TASKS)], outcome.output
    of_modules = [line for line in outcome.lines if line["task"].rpartition(": ")[2] in TASKS]
    assert [line["task"] for line in of_modules] == [f"{name}: {module}" for name in names for module in TASKS]
    assert {line["status"] for line in of_modules} == {"failed"}, outcome.output
    leaks = [line for line in outcome.output.splitlines() if any(secret in line for secret in faults.parts())]
    assert leaks == []
    assert [*faults.leaks, *holding(run, faults.parts())] == []
    assert written_down(run) == {"ansible.log", "facts", "tree", "junit"}
    assert any(path.suffix == ".retry" for path in _files(run, "retries"))
    assert not [line["result"]["msg"] for line in of_modules if MARKER in line["result"]["msg"]]


@each_execution
def test_a_url_with_a_password_is_refused_without_telling_it(sim: Simulator, execution: str) -> None:
    run = runner(sim, execution=execution)
    address = sim.url.replace("http://", "http://someone:hunter2-hunter2@")
    environment = {"WALDUR_API_URL": address, "WALDUR_PROXY": "http://someone:hunter2-hunter2@127.0.0.1:9"}
    outcome = play(run, environment=environment)
    assert set(ended(outcome).values()) == {"failed"}
    assert "hunter2" not in outcome.output
    assert holding(run, {"hunter2"}) == []


# --- asynchronous tasks ----------------------------------------------------------------------------------------------


GRANT = {"service_provider": "ALPHA", "user": "member1"}
REVEAL = {"service_provider": "ALPHA", "reveal": True}


@each_execution
def test_the_status_task_of_an_asynchronous_task_shows_no_credential_of_its_environment(
    waldur: Waldur, execution: str
) -> None:
    """Each command line is in what Ansible prints at this verbosity, so all of them are searched."""
    run = runner(waldur, execution=execution)
    run.secrets.add("hunter2")
    variables = {"url": waldur.url, "secret": waldur.token("staff"), "login": "http://someone:hunter2@127.0.0.1:9"}
    (run.folder / "secret.yml").write_text(yaml.safe_dump(variables))
    shared = {"WALDUR_API_URL": "{{ url }}", "WALDUR_ACCESS_TOKEN": "{{ secret }}", "http_proxy": "{{ login }}"}
    known = {"until": "seen is not changed", "retries": 1, "delay": 0, "register": "seen"}
    own = {"environment": {"no_proxy": "127.0.0.1,localhost", "OTHER": "{{ secret }}"}, "async": 60, "poll": 1}
    given = [
        {"name": "Grant", "waldur.provider.user_role": GRANT, **own, **known},
        {"name": "Proxied", "waldur.provider.user_role": {**GRANT, "retries": 0}, "async": 60, "poll": 1},
        {"name": "Unwatched", "waldur.provider.user_role": GRANT, "async": 60, "poll": 0},
    ]
    play = {"name": "Case", "hosts": "localhost", "gather_facts": False, "environment": shared, "ignore_errors": True}
    alone = {"name": "Alone", "waldur.provider.user_role": GRANT, "environment": shared, "async": 60, "poll": 0}
    plays = [{**play, "tasks": given}, {**play, "environment": {"LANG": "C"}, "tasks": [alone]}]
    (run.folder / "plays.yml").write_text(yaml.safe_dump(run.translate_names(plays)))
    outcome = run.command(
        ["playbook", "-i", run.inventory(), "-vvvv", "-e", f"@{run.folder / 'secret.yml'}", "plays.yml"],
        {**get_most_verbose_environment(run), "WALDUR_API_URL": "", "WALDUR_ACCESS_TOKEN": ""},
    )
    assert outcome.of("Grant")["attempts"] == 2, outcome.output
    assert outcome.of("Grant")["changed"] is False
    assert "the proxy did not answer: check proxy" in outcome.of("Proxied")["msg"]
    assert outcome.of("Unwatched")["msg"].startswith("environment: WALDUR_ACCESS_TOKEN is set for the whole play")
    assert "ansible_job_id" in outcome.of("Alone"), outcome.output
    assert holding_at_last(run, {"hunter2", *waldur.tokens.values()}) == []


@each_execution
def test_a_secret_code_is_not_revealed_into_the_job_file_of_an_asynchronous_task(
    waldur: Waldur, execution: str
) -> None:
    run = runner(waldur, execution=execution)
    before = waldur.codes()
    module = "waldur.provider.api_secret_code"
    given: list[dict[str, Any]] = [
        {"name": "Rotated", module: {**REVEAL, "state": "rotated"}, "poll": 1},
        {"name": "Text", module: {**REVEAL, "reveal": "yes"}, "poll": 0},
        {"name": "Template", f"{module}_info": {**REVEAL, "reveal": "{{ shown }}"}, "poll": 0, "vars": {"shown": "On"}},
        {"name": "Default", f"{module}_info": {"service_provider": "ALPHA"}, "poll": 0},
        {"name": "Hidden", f"{module}_info": {"service_provider": "ALPHA", "reveal": "no"}, "poll": 1},
    ]
    defaults = {f"{module}_info": {"reveal": 1}}
    tasks = [{"async": 60, "ignore_errors": True, **task} for task in given]
    outcome = run.play(tasks, environment=get_most_verbose_environment(run), module_defaults=defaults)
    told = {line["task"]: line["result"].get("msg", "") for line in outcome.lines}
    assert outcome.of("Hidden")["fingerprint"].startswith("sha256:"), outcome.output
    del told["Hidden"]
    assert set(told) == {"Rotated", "Text", "Template", "Default"}
    assert {text.partition(":")[0] for text in told.values()} == {"reveal"}, told
    assert all("can't be used with async" in text for text in told.values()), told
    assert waldur.codes() == before
    assert not [path for path in _files(run, "async") if path.is_file()]


# --- what Ansible itself writes --------------------------------------------------------------------------------------


def test_files_that_ansible_is_reported_to_keep_hold_the_token_in_its_own_program_alone(sim: Simulator) -> None:
    run = runner(sim, execution="module")
    play(run, environment={"ANSIBLE_KEEP_REMOTE_FILES": "1"})
    kept = holding(run, {sim.token("staff")})
    assert {Path(path).name.partition("_")[0] for path in kept} == {"AnsiballZ"}, kept
    assert holding(run, SimulatedWaldur(sim).codes()) == []
    for path in run.folder.rglob("AnsiballZ_*"):
        assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0, path


def test_in_process_no_file_holds_the_token_even_where_ansible_is_reported_to_keep_files(sim: Simulator) -> None:
    run = runner(sim)
    play(run, environment={"ANSIBLE_KEEP_REMOTE_FILES": "1"})
    assert holding(run, {*sim.tokens.values(), *SimulatedWaldur(sim).codes()}) == []
