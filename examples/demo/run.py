# SPDX-License-Identifier: GPL-3.0-or-later
"""Demonstrate the collection: plan, apply, apply again, make manual changes, plan the repair, and write a report.

`make demo` runs it. It starts a simulated Waldur on this machine and runs ``ansible-playbook`` against it. If
``WALDUR_API_URL`` and ``WALDUR_ACCESS_TOKEN`` are set, it only plans, against that Waldur, and writes nothing;
``DEMO_PROVIDERS`` selects another document. The exit code is 1 if the collection did not behave as documented.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator_process import Simulator

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOK = "examples/apply.yml"
PROVIDERS = "examples/providers.yml"
PLAN = ("--check", "--diff")
FILES = "build/demo"

# The changes of make_manual_changes(), as the plan that repairs them must show them.
MANUAL_CHANGES = (
    "-Alpha Cloud Ltd: description: Out of service",
    "-member3: Alpha VM: somebody_else",
    "+pm1 as CUSTOMER.MANAGER: expiration_time: 2027-03-31T18:00:00Z",
)


class DemoError(Exception):
    """The demo can't continue, or the collection did not behave as documented; the message gives the cause."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The output of one run of the playbook (without colours), its exit code, and its duration in seconds."""

    text: str
    status: int
    seconds: float

    @property
    def changed(self) -> int | None:
        """Return how many tasks reported a change; None if Ansible did not print its recap."""
        return self._number(r"\bchanged=(\d+)")

    @property
    def changes(self) -> int | None:
        """Return how many changes the plan contains; None if there is no plan."""
        return self._number(r"^\s*total: (\d+)$")

    def _number(self, pattern: str) -> int | None:
        match = re.search(pattern, self.text, re.MULTILINE)
        return int(match.group(1)) if match else None


# --- printing --------------------------------------------------------------------------------------------------------


def bold(text: str) -> str:
    """Return *text*, bold on a terminal."""
    return f"\033[1m{text}\033[0m" if use_colour() else text


def use_colour() -> bool:
    """Return whether to print colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def heading(title: str, words: str) -> None:
    """Print the title of a step, and what happens in it and why."""
    say(f"\n{bold(f'== {title}')}\n{textwrap.fill(words, 100, break_long_words=False, break_on_hyphens=False)}")


def say(text: str) -> None:
    """Print and flush, so that the output of the demo and of Ansible keeps its order."""
    print(text, flush=True)


# --- running Ansible -------------------------------------------------------------------------------------------------


def prepare_tree() -> None:
    """Create the path where Ansible looks for this collection, as the Makefile does."""
    tree = ROOT / "build/ansible_collections/waldur/provider"
    tree.parent.mkdir(parents=True, exist_ok=True)
    (ROOT / "build/ansible.cfg").touch()
    with contextlib.suppress(FileExistsError):
        tree.symlink_to("../../..")


def environment(given: Mapping[str, str], **connection: str) -> dict[str, str]:
    """Return the environment of ansible-playbook: *given* without Ansible settings, this checkout, the *connection*."""
    kept = {name: value for name, value in given.items() if not name.startswith("ANSIBLE_")}
    if kept.get("LC_ALL") in ("C", "POSIX"):
        kept["LC_ALL"] = "C.UTF-8"  # Ansible refuses to start in any other encoding
    if connection:
        # Settings of another Waldur, or a proxy, must not affect requests to the simulator.
        kept = {name: value for name, value in kept.items() if not name.startswith("WALDUR_")}
        kept |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return {
        **kept,
        **connection,
        "ANSIBLE_CONFIG": str(ROOT / "build/ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_FORCE_COLOR": str(use_colour()).lower(),
        "ANSIBLE_NOCOLOR": str(not use_colour()).lower(),
        "ANSIBLE_NOCOWS": "true",
    }


def play(settings: Mapping[str, str], playbook: str, *options: str, is_quiet: bool = False) -> Outcome:
    """Run a playbook and print its output, if *is_quiet* only that of a failure.

    Raises :exc:`DemoError` if Ansible is not installed.
    """
    words = ["ansible-playbook", "-i", "localhost,", playbook, *options]
    say(bold(f"\n  $ {shlex.join(words)}"))
    program = pathlib.Path(sys.executable).parent / words[0]
    if not program.exists():
        raise DemoError(f"ansible-playbook was not found next to {sys.executable}: run `make demo`, which installs it.")
    began = time.monotonic()
    lines = []
    with subprocess.Popen(
        [str(program), *words[1:]],
        cwd=ROOT,
        env=dict(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(re.sub(r"\033\[[0-9;]*m", "", line))
            if lines[-1].strip() and not is_quiet:
                say(f"  | {line.rstrip()}")
    if is_quiet and process.returncode != 0:
        say("".join(lines))
    return Outcome("".join(lines), process.returncode, time.monotonic() - began)


# --- the demo --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Demo:
    """The demo on a running simulator; ``summary`` collects the lines that it prints at the end."""

    simulator: Simulator
    summary: list[str] = dataclasses.field(default_factory=list)

    def run(self, *options: str) -> tuple[Outcome, int]:
        """Run the playbook with the document; return its outcome and how many writes reached the simulator."""
        outcome, writes = self.run_playbook(PLAYBOOK, "-e", f"@{PROVIDERS}", *options)
        if outcome.changes is None:
            raise DemoError("The playbook printed no summary of the changes.")
        return outcome, writes

    def run_playbook(self, playbook: str, *options: str, is_quiet: bool = False) -> tuple[Outcome, int]:
        """Run any playbook; return its outcome and how many writes reached the simulator."""
        connection = {"WALDUR_API_URL": self.simulator.url, "WALDUR_ACCESS_TOKEN": self.simulator.tokens["staff"]}
        self.simulator.zero()
        outcome = play(environment(os.environ, **connection), playbook, *options, is_quiet=is_quiet)
        counts = self.simulator.counts()
        if outcome.status != 0:
            raise DemoError("The playbook failed; see its error message above.")
        say(f"  => {outcome.seconds:.1f} s; Waldur received {counts.reads} reads and {counts.writes} writes.")
        return outcome, counts.writes

    def plan(self) -> Outcome:
        """Run the playbook in check mode; raise :exc:`DemoError` if it wrote anything."""
        outcome, writes = self.run(*PLAN)
        check(writes == 0, f"Check mode must write nothing, and {writes} writes reached the simulator.")
        return outcome

    def first_plan(self) -> Outcome:
        """Show the plan of the whole document."""
        heading(
            "2. The plan: what would change, without changing it",
            f"{PROVIDERS} contains the desired state of four service providers: their profile, their role grants and"
            " when these expire, usernames, and a leaked API secret code. --check writes nothing, --diff shows"
            " every value that differs.",
        )
        planned = self.plan()
        check(bool(planned.changes), "The example requires changes, but the plan shows none.")
        check("rotate: 1" in planned.text, f"The fingerprint in {PROVIDERS} is not that of the code in the simulator.")
        self.summary.append(f"plan          {planned.changes} changes shown, nothing written")
        return planned

    def apply(self, planned: Outcome) -> None:
        """Apply the plan."""
        heading("3. Apply the plan", "The same command without --check makes exactly these changes.")
        applied, _writes = self.run()
        check(
            applied.changes == planned.changes,
            f"The plan showed {planned.changes} changes, and applying it made {applied.changes}.",
        )
        self.summary.append(f"apply         {applied.changes} changes made, in {applied.seconds:.1f} s")

    def apply_again(self) -> None:
        """Apply the document again, without effect."""
        heading(
            "4. Apply it again: nothing changes",
            "Waldur matches the document, so nothing is written. The leaked code is not rotated again either, because"
            " the new code has a different fingerprint.",
        )
        again, writes = self.run()
        check(again.changed == 0, "The second run reported a change, but the desired state was already applied.")
        check(writes == 0, f"The second run changed nothing but sent {writes} writes.")
        self.summary.append("apply again   changed=0, nothing written")

    def make_manual_changes(self) -> None:
        """Change three values without Ansible."""
        heading(
            "5. Make manual changes", "Three requests to the API, as a script or the web interface would send them:"
        )
        alpha = self.send("GET", "marketplace-service-providers/?customer_keyword=Alpha%20Cloud&field=uuid")[0]["uuid"]
        users = {row["username"]: row["uuid"] for row in self.send("GET", "users/?page_size=300")}
        path = f"marketplace-service-providers/{alpha}/"
        self.send("PATCH", path, {"description": "Out of service"})
        say("  - the description of Alpha Cloud Ltd becomes 'Out of service'")
        self.send("POST", path + "delete_user/", {"user": users["pm1"], "role": "CUSTOMER.MANAGER"})
        say("  - the role grant of pm1 as its manager is revoked")
        renamed = {"user_uuid": users["member3"], "username": "somebody_else"}
        self.send("POST", path + "set_offerings_username/", renamed)
        say("  - the account of member3 is renamed to somebody_else")

    def send(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        """Send one request to the API as staff, without Ansible; return the JSON, or None for an empty response."""
        request = urllib.request.Request(
            f"{self.simulator.url}/api/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Token {self.simulator.tokens['staff']}", "Content-Type": "application/json"},
            method=method,
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as response:
            return json.loads(response.read() or "null")

    def repair_plan(self) -> None:
        """Show the plan that reverts the manual changes, and nothing else."""
        heading(
            "6. Detect the drift, and plan the repair",
            "The same --check --diff finds the three differences and nothing else. Run it every night to detect drift;"
            " run it without --check to repair the drift.",
        )
        planned = self.plan()
        missing = [change for change in MANUAL_CHANGES if change not in planned.text]
        check(not missing, f"The repair plan does not show: {'; '.join(missing)}")
        check(
            planned.changes == len(MANUAL_CHANGES),
            f"Three values were changed manually, but the repair plan contains {planned.changes} changes.",
        )
        self.summary.append(f"repair plan   the {planned.changes} manual changes, nothing written")

    def write_files(self) -> None:
        """Write the repair plan as Markdown, and the report about a service provider; show the plan."""
        heading(
            "7. Write the plan and a report for people",
            "In a pipeline, the playbook plan writes plan.md for the merge request, and plan.json, with which apply"
            " makes only the changes that were approved. The playbook report writes an HTML page.",
        )
        target = ("-e", f"output_directory={FILES}")
        self.write_file("waldur.provider.plan", "-e", f"providers_path={PROVIDERS}", *target)
        plan = ROOT / FILES / "plan.md"
        say(f"\n  {FILES}/plan.md:\n")
        say(textwrap.indent(plan.read_text(encoding="utf-8").rstrip(), "  | ", lambda _line: True))
        self.write_file("waldur.provider.report", "-e", "service_provider=ALPHA", *target)
        [report] = sorted((ROOT / FILES / "reports").glob("alpha*.html"))
        say(f"\n  Open the report in a browser: {report.relative_to(ROOT)}")
        self.summary.append(f"files         {FILES}/plan.md, {report.relative_to(ROOT)}")

    def write_file(self, playbook: str, *options: str) -> None:
        """Run a playbook that writes files, and nothing to Waldur."""
        _outcome, writes = self.run_playbook(playbook, *options, is_quiet=True)
        check(writes == 0, f"{playbook} must write nothing to Waldur, and {writes} writes reached the simulator.")


def check(condition: bool, message: str) -> None:
    """Raise :exc:`DemoError` with *message* if *condition* is false."""
    if not condition:
        raise DemoError(message)


def run_simulated() -> None:
    """Run the whole demo on a new simulator."""
    began = time.monotonic()
    sys.path.insert(0, str(ROOT / "tests"))
    from simulator_process import Simulator, SimulatorError

    try:
        with Simulator.start() as simulator:
            summary = run_steps(Demo(simulator))
    except (SimulatorError, OSError) as problem:
        raise DemoError(f"The simulated Waldur failed: {problem}") from None
    heading("Summary", f"Every step succeeded, in {time.monotonic() - began:.0f} seconds.")
    for line in summary:
        say(f"  {line}")
    say(
        f"\nRead next: {PROVIDERS} explains every key of the document, {PLAYBOOK} is the playbook, and\n"
        "README.md describes how to connect to your own Waldur. To see the plan for it (--check only):\n"
        "  export WALDUR_API_URL=https://... WALDUR_ACCESS_TOKEN=...\n"
        "  DEMO_PROVIDERS=your-providers.yml make demo"
    )


def run_steps(demo: Demo) -> list[str]:
    """Run the steps of the demo in order; return one line about each."""
    heading(
        "1. Start a simulated Waldur",
        f"A simulated Waldur is running at {demo.simulator.url}, with the customers, users and offerings of a real one."
        " It stops when this demo ends, and nothing leaves this machine.",
    )
    demo.apply(demo.first_plan())
    demo.apply_again()
    demo.make_manual_changes()
    demo.repair_plan()
    demo.write_files()
    return demo.summary


# --- a real Waldur ---------------------------------------------------------------------------------------------------


def plan_real(url: str, path: str | None) -> None:
    """Plan the document at *path*, or the example, against the Waldur at *url*, in check mode only."""
    document = (pathlib.Path(path) if path else ROOT / PROVIDERS).absolute()
    if not document.is_file():
        raise DemoError(f"DEMO_PROVIDERS: the file {document} was not found.")
    displayed = str(document.relative_to(ROOT)) if document.is_relative_to(ROOT) else str(document)
    hint = (
        "Paths of images in it are relative to the folder of the playbook, examples/."
        if path
        else "It contains customers of the simulated Waldur, which probably do not exist in yours, so expect an error."
        " Write your own document and select it: DEMO_PROVIDERS=your-providers.yml make demo. To run the whole demo on"
        " a simulated Waldur, unset WALDUR_API_URL and WALDUR_ACCESS_TOKEN."
    )
    heading(f"The plan against {url}", f"The document is {displayed}. --check writes nothing. {hint}")
    outcome = play(environment(os.environ), PLAYBOOK, "-e", f"@{displayed}", *PLAN)
    if outcome.status != 0:
        raise DemoError(f"{displayed} could not be planned; see the error of Ansible above. Nothing was written.")
    say(f"\nPlanned changes: {outcome.changes}. Nothing was written.")


def main(given: Mapping[str, str]) -> None:
    """Run the demo that the environment *given* selects; raise :exc:`DemoError` on failure."""
    prepare_tree()
    url, token = given.get("WALDUR_API_URL"), given.get("WALDUR_ACCESS_TOKEN") or given.get("WALDUR_API_TOKEN")
    if url and token:
        plan_real(url, given.get("DEMO_PROVIDERS"))
    elif url or token or given.get("DEMO_PROVIDERS"):
        raise DemoError(
            "To plan against your own Waldur, set both WALDUR_API_URL and WALDUR_ACCESS_TOKEN. To run the demo on a"
            " simulated Waldur, unset both, and DEMO_PROVIDERS."
        )
    else:
        run_simulated()


if __name__ == "__main__":
    try:
        main(os.environ)
    except DemoError as problem:
        sys.exit(f"\nThe demo failed. {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
