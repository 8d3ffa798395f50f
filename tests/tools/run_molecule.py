# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs molecule's scenarios, each against simulated Waldurs of its own: ``run_molecule.py [SCENARIO …]``.

The simulators end with this process, however it ends. Molecule's own files go into ``build/molecule``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from simulator_process import Simulator

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "extensions" / "molecule"
EDITIONS = ("2024", "2025", "2026")
AT_ONCE = 2


def main(selected: list[str]) -> int:
    """Runs the scenarios that are named, or all; prints what a failed one said. Returns the exit code."""
    known = sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))
    for name in selected:
        if name not in known:
            print(f"there is no scenario {name}: there are {', '.join(known)}", file=sys.stderr)
            return 2
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return max(pool.map(run, selected or known))


def run(scenario: str) -> int:
    """Runs one scenario; returns molecule's exit code."""
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        simulators = {edition: stack.enter_context(Simulator.start(edition=edition)) for edition in EDITIONS}
        command = [sys.executable, "-m", "molecule", "test", "--scenario-name", scenario]
        done = subprocess.run(
            command,
            cwd=SCENARIOS.parent,
            env=environment(scenario, simulators),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
    tokens = {token for simulator in simulators.values() for token in simulator.tokens.values()}
    leaked = any(token in done.stdout for token in tokens)
    code = done.returncode or int(leaked)
    status = "passed" if code == 0 else "printed a token" if leaked else f"failed:\n{done.stdout}"
    print(f"{scenario}: {status} ({time.monotonic() - started:.0f} s)", flush=True)
    return code


def environment(scenario: str, simulators: dict[str, Simulator]) -> dict[str, str]:
    """URL and token of each edition, and places of molecule's own in the build folder."""
    home = ROOT / "build" / "molecule" / scenario
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("WALDUR_", "MOLECULE_"))}
    found = {
        **own,
        "HOME": str(home),
        "ANSIBLE_NOCOLOR": "1",
        "NO_COLOR": "1",
        "WALDUR_API_URL": simulators["2025"].url,
        "WALDUR_ACCESS_TOKEN": simulators["2025"].token("staff"),
    }
    for edition, simulator in simulators.items():
        found[f"WALDUR_{edition}_API_URL"] = simulator.url
        found[f"WALDUR_{edition}_ACCESS_TOKEN"] = simulator.token("staff")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
