# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that end a run: they raise once, in the main thread, and leave the handlers as they were."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from messages import mentions

from ansible_collections.waldur.provider.plugins.module_utils._common.signals import SignalReceived, catch_signals
from ansible_collections.waldur.provider.plugins.plugin_utils._action import interruption

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def hangups() -> Iterator[None]:
    """Let a hangup end this process, also where the tests run under ``nohup``."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_raises_its_name_and_a_second_one_does_not_cut_off_what_follows(number: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    reported = False
    with catch_signals():
        with pytest.raises(SignalReceived, match=number.name):
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        reported = True
    assert reported
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_a_sighup_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with catch_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_can_be_handed_on_instead() -> None:
    received: list[int] = []
    with catch_signals(received.append):
        os.kill(os.getpid(), signal.SIGTERM)
    assert received == [signal.SIGTERM]


def test_a_thread_leaves_signals_to_the_main_one() -> None:
    seen: list[Any] = []

    def run() -> None:
        with catch_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


CHANGE = {"action": "grant", "name": "bob as \x1b[31mX", "service_provider": "ACME"}


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], str]:
    """Return what a report of a result writes."""

    def report(result: dict[str, Any]) -> str:
        reader, writer = os.pipe()
        monkeypatch.setattr(interruption, "_ERROR_OUTPUT", writer)
        monkeypatch.setattr(interruption.Interruption, "message", "")
        interruption.report("waldur.provider.user_role", "localhost", result)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            return pipe.read()

    return report


def test_a_report_lists_the_changes_and_no_control_characters(printed: Callable[[dict[str, Any]], str]) -> None:
    result = {"msg": "Interrupted by SIGINT.", "applied": [], "failed_change": CHANGE, "not_applied": [CHANGE]}
    assert printed(result) == (
        "\n[ERROR]: waldur.provider.user_role on localhost: Interrupted by SIGINT.\n"
        "  applied: none\n"
        "  failed_change: 1\n"
        "    grant bob as \\x1b[31mX (ACME)\n"
        "  not_applied: 1\n"
        "    grant bob as \\x1b[31mX (ACME)\n"
    )


def test_a_report_without_a_result_of_the_module_says_that_nobody_knows(printed: Callable[[Any], str]) -> None:
    assert mentions(printed({"msg": "Interrupted by SIGINT."}), "applied_unknown")


def test_a_process_without_error_output_reports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption.Interruption, "message", "")
    monkeypatch.setattr(interruption, "_ERROR_OUTPUT", None)
    interruption.report("waldur.provider.user_role", "localhost", {"msg": "Interrupted.", "applied": []})
    assert interruption.Interruption.message == "Interrupted."
