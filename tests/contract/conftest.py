# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the recordings to replay, and print the measurements at the end."""

from __future__ import annotations

import pathlib

import pytest

from .recordings import RECORDED

MEASURED = "measured"


@pytest.fixture(scope="session")
def recordings(pytestconfig: pytest.Config) -> pathlib.Path:
    """Return the file to replay: the recorded one, or that of ``--recordings``."""
    name = pytestconfig.getoption("--recordings")
    return pytestconfig.invocation_params.dir / name if name else RECORDED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the measurements of the tests, which are in their reports."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    measurements = {value for report in reports for name, value in report.user_properties if name == MEASURED}
    for sentence in sorted(map(str, measurements)):
        terminalreporter.write_line(sentence)
