# SPDX-License-Identifier: GPL-3.0-or-later
"""Provide the fixture ``waldur``: the simulator, or with ``--live`` the Waldur of the environment."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from simulator_process import Simulator

from .live_waldur import LiveWaldur
from .waldur import SimulatedWaldur, Waldur

LIVE = pytest.StashKey[LiveWaldur]()
# These start simulators of their own.
SIMULATED_ONLY = ("test_demo.py", "test_live.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option --live."""
    parser.addoption("--live", action="store_true", help="run against WALDUR_API_URL with WALDUR_ACCESS_TOKEN")


def pytest_ignore_collect(collection_path: os.PathLike[str], config: pytest.Config) -> bool | None:
    """Skip tests that only make sense on the simulator."""
    return True if config.getoption("--live") and os.path.basename(collection_path) in SIMULATED_ONLY else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail tests that are skipped on the simulator, which has everything that they require."""
    report = yield
    if report.skipped and not item.config.getoption("--live"):
        report.outcome, report.longrepr = "failed", f"skipped, and only a live run may do so: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the customers and users of a live run, and the skipped parts of tests."""
    if waldur := config.stash.get(LIVE, None):
        terminalreporter.section("this Waldur")
        for line in (waldur.describe_test_data(), *(f"left out: {what}" for what in waldur.skipped)):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest) -> Iterator[LiveWaldur | None]:
    """Prepare the Waldur of the environment, and remove everything that was created there after the tests."""
    if not request.config.getoption("--live"):
        yield None
        return
    settings = {name: value for name, value in os.environ.items() if name.startswith("WALDUR_")}
    try:
        waldur = LiveWaldur(settings)
    except KeyError as missing:
        pytest.exit(f"{missing.args[0]} is not set: tests/integration/README.md says what is needed", 2)
    request.config.stash[LIVE] = waldur
    try:
        waldur.prepare()
        yield waldur
    finally:
        waldur.close()


@pytest.fixture
def waldur(live: LiveWaldur | None, request: pytest.FixtureRequest) -> Waldur:
    """Provide the Waldur in its initial state: the simulator, or the one of the environment."""
    if live is None:
        return SimulatedWaldur(request.getfixturevalue("sim"))
    live.reset()
    return live


@pytest.fixture(scope="session")
def running(live: LiveWaldur | None) -> Iterator[Simulator]:
    """Start the simulator, for tests that set up states without the API; skipped in a live run."""
    if live is not None:
        pytest.skip("it sets up a state that requires the simulator")
    with Simulator.start() as simulator:
        yield simulator
