# SPDX-License-Identifier: GPL-3.0-or-later
"""Play with the collection: plan, apply, apply again, tamper, and plan the repair. `make demo` runs this.

It starts a simulated Waldur on this machine and runs ``ansible-playbook`` against it, as anybody would. Where
``WALDUR_API_URL`` and ``WALDUR_ACCESS_TOKEN`` are set, it only plans, against that Waldur, and writes nothing;
``DEMO_PROVIDERS`` names another document. It ends with 1 where the collection did not do what it promises.
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
    from simulation import Simulator

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOK = "examples/apply.yml"
PROVIDERS = "examples/providers.yml"
PLAN = ("--check", "--diff")

# What tamper() does to the providers, as the plan that repairs it must show it.
TRACES = (
    "-Alpha Cloud Ltd: description: Out of service",
    "-member3: Alpha VM: somebody_else",
    "+pm1 as CUSTOMER.MANAGER: expiration_time: 2027-03-31T18:00:00Z",
)


class DemoError(Exception):
    """The demo can't go on, or the collection did not do what it promises; one sentence says what."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one run of the playbook printed (colours left out), how it ended, and how long it took in seconds."""

    text: str
    status: int
    seconds: float

    @property
    def changed(self) -> int | None:
        """How many tasks reported a change; None where Ansible did not come to its recap."""
        return self._number(r"\bchanged=(\d+)")

    @property
    def changes(self) -> int | None:
        """How many changes the plan holds; None where no plan was made."""
        return self._number(r"^\s*total: (\d+)$")

    def _number(self, pattern: str) -> int | None:
        found = re.search(pattern, self.text, re.MULTILINE)
        return int(found.group(1)) if found else None


# --- what is said ----------------------------------------------------------------------------------------------------


def bold(text: str) -> str:
    """*text*, bold on a terminal."""
    return f"\033[1m{text}\033[0m" if coloured() else text


def coloured() -> bool:
    """Whether people are watching in colour."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def heading(title: str, words: str) -> None:
    """Begin a part of the demo, and say what happens in it and why."""
    say(f"\n{bold(f'== {title}')}\n{textwrap.fill(words, 100, break_long_words=False, break_on_hyphens=False)}")


def say(text: str) -> None:
    """Print at once, so that our words and Ansible's keep their order."""
    print(text, flush=True)


# --- running Ansible -------------------------------------------------------------------------------------------------


def prepare_tree() -> None:
    """Make the path under which Ansible looks for this collection, as the Makefile does."""
    tree = ROOT / "build/ansible_collections/waldur/provider"
    tree.parent.mkdir(parents=True, exist_ok=True)
    (ROOT / "build/ansible.cfg").touch()
    with contextlib.suppress(FileExistsError):
        tree.symlink_to("../../..")


def environment(given: Mapping[str, str], **connection: str) -> dict[str, str]:
    """The environment of ansible-playbook: *given* without its Ansible settings, this checkout, the *connection*."""
    kept = {name: value for name, value in given.items() if not name.startswith("ANSIBLE_")}
    if kept.get("LC_ALL") in ("C", "POSIX"):
        kept["LC_ALL"] = "C.UTF-8"  # Ansible refuses to start in any other encoding
    if connection:
        # Another Waldur's settings, or a proxy, must not come between Ansible and the simulator.
        kept = {name: value for name, value in kept.items() if not name.startswith("WALDUR_")}
        kept |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return {
        **kept,
        **connection,
        "ANSIBLE_CONFIG": str(ROOT / "build/ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_FORCE_COLOR": str(coloured()).lower(),
        "ANSIBLE_NOCOLOR": str(not coloured()).lower(),
        "ANSIBLE_NOCOWS": "true",
    }


def play(settings: Mapping[str, str], *options: str, document: str = PROVIDERS) -> Outcome:
    """Run the playbook with *document*, printing what it prints; raises :exc:`DemoError` where there is no Ansible."""
    words = ["ansible-playbook", "-i", "localhost,", PLAYBOOK, "-e", f"@{document}", *options]
    say(bold(f"\n  $ {shlex.join(words)}"))
    program = pathlib.Path(sys.executable).parent / words[0]
    if not program.exists():
        raise DemoError(f"There is no ansible-playbook beside {sys.executable}: run `make demo`, which installs it.")
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
            if lines[-1].strip():
                say(f"  | {line.rstrip()}")
    return Outcome("".join(lines), process.returncode, time.monotonic() - began)


# --- the demo --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Demo:
    """The demo on a running simulator; ``seen`` collects the lines of its last part."""

    simulator: Simulator
    seen: list[str] = dataclasses.field(default_factory=list)

    def run(self, *options: str) -> tuple[Outcome, int]:
        """Run the playbook; returns what came of it and how many writes reached the simulator."""
        connection = {"WALDUR_API_URL": self.simulator.url, "WALDUR_ACCESS_TOKEN": self.simulator.tokens["staff"]}
        self.simulator.zero()
        outcome = play(environment(os.environ, **connection), *options)
        counts = self.simulator.counts()
        if outcome.status != 0 or outcome.changes is None:
            raise DemoError("The playbook failed; its own words above say why.")
        say(f"  => {outcome.seconds:.1f} s; Waldur was asked {counts.reads} reads and {counts.writes} writes.")
        return outcome, counts.writes

    def plan(self) -> Outcome:
        """A run in check mode; raises :exc:`DemoError` where it wrote anything."""
        outcome, writes = self.run(*PLAN)
        check(writes == 0, f"Check mode must write nothing, and {writes} writes reached the simulator.")
        return outcome

    def first_plan(self) -> Outcome:
        """Show the plan of the whole document."""
        heading(
            "2. The plan: what would change, without changing it",
            f"{PROVIDERS} says how four service providers should be: their profile, who holds which role on them and"
            " until when, usernames, and an API secret code that has leaked. --check writes nothing, --diff shows every"
            " value that differs.",
        )
        planned = self.plan()
        check(bool(planned.changes), "The example describes changes, and the plan shows none.")
        check("rotate: 1" in planned.text, f"The fingerprint in {PROVIDERS} is not that of the code in the simulator.")
        self.seen.append(f"plan          {planned.changes} changes shown, nothing written")
        return planned

    def apply(self, planned: Outcome) -> None:
        """Carry the plan out."""
        heading("3. Apply it", "The same command without --check carries out exactly that plan.")
        applied, _writes = self.run()
        check(
            applied.changes == planned.changes,
            f"The plan showed {planned.changes} changes, and applying it made {applied.changes}.",
        )
        self.seen.append(f"apply         {applied.changes} changes made, in {applied.seconds:.1f} s")

    def apply_again(self) -> None:
        """Carry it out once more, to no effect."""
        heading(
            "4. Apply it again: nothing happens",
            "All is as the document says, so nothing is written. The leaked code is not rotated twice either: the new"
            " one has another fingerprint.",
        )
        again, writes = self.run()
        check(again.changed == 0, "The second run reported a change, and what is right already must be left alone.")
        check(writes == 0, f"The second run changed nothing and yet sent {writes} writes.")
        self.seen.append("apply again   changed=0, nothing written")

    def tamper(self) -> None:
        """Change three things past Ansible."""
        heading("5. Somebody changes things by hand", "Three calls of the API, as from a script or the web interface:")
        alpha = self.ask("GET", "marketplace-service-providers/?customer_keyword=Alpha%20Cloud&field=uuid")[0]["uuid"]
        people = {row["username"]: row["uuid"] for row in self.ask("GET", "users/?page_size=300")}
        path = f"marketplace-service-providers/{alpha}/"
        self.ask("PATCH", path, {"description": "Out of service"})
        say("  - the description of Alpha Cloud Ltd becomes 'Out of service'")
        self.ask("POST", path + "delete_user/", {"user": people["pm1"], "role": "CUSTOMER.MANAGER"})
        say("  - pm1 loses the manager's role on it")
        renamed = {"user_uuid": people["member3"], "username": "somebody_else"}
        self.ask("POST", path + "set_offerings_username/", renamed)
        say("  - member3's account is renamed to somebody_else")

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        """One call of the API as staff, past Ansible; returns the JSON of the answer, None where it is empty."""
        request = urllib.request.Request(
            f"{self.simulator.url}/api/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Token {self.simulator.tokens['staff']}", "Content-Type": "application/json"},
            method=method,
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def repair_plan(self) -> None:
        """Show the plan that undoes what tamper() did, and nothing else."""
        heading(
            "6. The plan that repairs it",
            "The same --check --diff finds the three differences and nothing else. A nightly run of it is a drift"
            " report; without --check it puts things right.",
        )
        planned = self.plan()
        missing = [trace for trace in TRACES if trace not in planned.text]
        check(not missing, f"The repair plan does not show: {'; '.join(missing)}")
        check(
            planned.changes == len(TRACES),
            f"Three things were changed by hand, and the repair plan holds {planned.changes} changes.",
        )
        self.seen.append(f"repair plan   the {planned.changes} changes made by hand, nothing written")


def check(promise: bool, otherwise: str) -> None:
    """Raise :exc:`DemoError` with the sentence *otherwise* where a *promise* was not kept."""
    if not promise:
        raise DemoError(otherwise)


def simulated() -> None:
    """The whole demo, on a simulator of its own."""
    began = time.monotonic()
    sys.path.insert(0, str(ROOT / "tests"))
    from simulation import Simulator, SimulatorError

    try:
        with Simulator.start() as simulator:
            seen = tour(Demo(simulator))
    except (SimulatorError, OSError) as problem:
        raise DemoError(f"The simulated Waldur does not answer as it should: {problem}") from None
    heading("What you have seen", f"All of it held, in {time.monotonic() - began:.0f} seconds.")
    for line in seen:
        say(f"  {line}")
    say(
        f"\nRead next: {PROVIDERS} explains every key that was used, {PLAYBOOK} is the whole playbook,\n"
        "and README.md says how to connect to your own Waldur. To see what it would change there (--check only):\n"
        "  export WALDUR_API_URL=https://... WALDUR_ACCESS_TOKEN=...\n"
        "  DEMO_PROVIDERS=your-providers.yml make demo"
    )


def tour(demo: Demo) -> list[str]:
    """The parts of the demo, in order; returns a line about each."""
    heading(
        "1. A Waldur to play with",
        f"A simulated Waldur answers at {demo.simulator.url}, with the customers, users and offerings of a real one. It"
        " ends with this demo, and nothing leaves this machine.",
    )
    demo.apply(demo.first_plan())
    demo.apply_again()
    demo.tamper()
    demo.repair_plan()
    return demo.seen


# --- a real Waldur ---------------------------------------------------------------------------------------------------


def real(url: str, named: str | None) -> None:
    """Plan a document against the Waldur at *url*, in check mode alone; *named* is the document's path, if any."""
    document = (pathlib.Path(named) if named else ROOT / PROVIDERS).absolute()
    if not document.is_file():
        raise DemoError(f"DEMO_PROVIDERS names {document}, and there is no such file.")
    shown = str(document.relative_to(ROOT)) if document.is_relative_to(ROOT) else str(document)
    hint = (
        "Images in it count from the folder of the playbook, examples/."
        if named
        else "It names customers of the simulated Waldur, which yours hardly has: expect to be told so. Write one of"
        " your own after it and name it: DEMO_PROVIDERS=your-providers.yml make demo. To see the whole demo on a"
        " simulated Waldur, unset WALDUR_API_URL and WALDUR_ACCESS_TOKEN."
    )
    heading(f"The plan against {url}", f"The document is {shown}. --check writes nothing. {hint}")
    outcome = play(environment(os.environ), *PLAN, document=shown)
    if outcome.status != 0:
        raise DemoError(f"No plan could be made from {shown}; Ansible's words above say why. Nothing was written.")
    say(f"\nPlanned changes: {outcome.changes}. Nothing was written.")


def main(given: Mapping[str, str]) -> None:
    """The demo that the environment *given* asks for; raises :exc:`DemoError`."""
    prepare_tree()
    url, token = given.get("WALDUR_API_URL"), given.get("WALDUR_ACCESS_TOKEN") or given.get("WALDUR_API_TOKEN")
    if url and token:
        real(url, given.get("DEMO_PROVIDERS"))
    elif url or token or given.get("DEMO_PROVIDERS"):
        raise DemoError(
            "To plan against a Waldur of yours, set both WALDUR_API_URL and WALDUR_ACCESS_TOKEN; to see the demo on a"
            " simulated one, unset both, and DEMO_PROVIDERS."
        )
    else:
        simulated()


if __name__ == "__main__":
    try:
        main(os.environ)
    except DemoError as problem:
        sys.exit(f"\nThe demo failed. {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
