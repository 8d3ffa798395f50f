# SPDX-License-Identifier: GPL-3.0-or-later
"""Which recordings are replayed, and a last word on what was measured."""

from __future__ import annotations

import pathlib

import pytest

from .recordings import RECORDED

MEASURED = "measured"


@pytest.fixture(scope="session")
def recordings(pytestconfig: pytest.Config) -> pathlib.Path:
    """The file to replay: ours, or that of ``--recordings``."""
    given = pytestconfig.getoption("--recordings")
    return pytestconfig.invocation_params.dir / given if given else RECORDED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded as measured; it comes with their reports, whichever process ran them."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    found = {value for report in reports for name, value in report.user_properties if name == MEASURED}
    for sentence in sorted(map(str, found)):
        terminalreporter.write_line(sentence)
