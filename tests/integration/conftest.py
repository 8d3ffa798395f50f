# SPDX-License-Identifier: GPL-3.0-or-later
"""``waldur``, which every test may ask for: the simulator, or with ``--live`` the Waldur of the environment."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from simulation import Simulator

from .live import Live
from .waldur import Simulated, Waldur

# These start simulators of their own.
LIVE = pytest.StashKey[Live]()
SIMULATED_ONLY = ("test_demo.py", "test_live.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that chooses."""
    parser.addoption("--live", action="store_true", help="run against WALDUR_API_URL with WALDUR_ACCESS_TOKEN")


def pytest_ignore_collect(collection_path: os.PathLike[str], config: pytest.Config) -> bool | None:
    """Leave out what says nothing about another Waldur."""
    return True if config.getoption("--live") and os.path.basename(collection_path) in SIMULATED_ONLY else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The simulator has everything: a test that is skipped there has failed."""
    report = yield
    if report.skipped and not item.config.getoption("--live"):
        report.outcome, report.longrepr = "failed", f"skipped, and only a live run may do so: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Who took part in a live run, and which parts of tests were left out."""
    if waldur := config.stash.get(LIVE, None):
        terminalreporter.section("this Waldur")
        for line in (waldur.about(), *(f"left out: {what}" for what in waldur.left_out)):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest) -> Iterator[Live | None]:
    """The Waldur of the environment, prepared; afterwards all that was made there is removed, whatever happened."""
    if not request.config.getoption("--live"):
        yield None
        return
    settings = {name: value for name, value in os.environ.items() if name.startswith("WALDUR_")}
    try:
        waldur = Live(settings)
    except KeyError as missing:
        pytest.exit(f"{missing.args[0]} is not set: tests/integration/README.md says what is needed", 2)
    request.config.stash[LIVE] = waldur
    try:
        waldur.open()
        yield waldur
    finally:
        waldur.close()


@pytest.fixture
def waldur(live: Live | None, request: pytest.FixtureRequest) -> Waldur:
    """The recorded world at its start, or as much of it as the Waldur of the environment has."""
    if live is None:
        return Simulated(request.getfixturevalue("sim"))
    live.reset()
    return live


@pytest.fixture(scope="session")
def running(live: Live | None) -> Iterator[Simulator]:
    """The simulator, for tests that arrange what no API can; there is none in a live run."""
    if live is not None:
        pytest.skip("it arranges what only a simulated Waldur can be told to be")
    with Simulator.start() as simulator:
        yield simulator
