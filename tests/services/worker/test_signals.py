"""Signals as something to read."""

from __future__ import annotations

import os
import select
import signal

import pytest

from ftbench.services.worker.signals import Signals


def readable(signals: Signals) -> bool:
    return bool(select.select([signals.fileno], [], [], 0)[0])


def test_signals_are_noted_in_order_and_wake_whoever_waits() -> None:
    with Signals() as signals:
        assert not readable(signals) and signals.news() == [] and signals.exit_code == 0
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
        assert readable(signals)
        assert signals.news() == [signal.SIGTERM, signal.SIGINT]
        assert not readable(signals) and signals.news() == []
        os.kill(os.getpid(), signal.SIGHUP)
        assert readable(signals) and signals.news() == [signal.SIGHUP]
    assert signals.received == [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_exit_code_is_that_of_the_first_signal(number: signal.Signals, code: int) -> None:
    with Signals() as signals:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGHUP)
    assert signals.exit_code == code


def test_the_clock_is_no_failure_unless_another_signal_came_first() -> None:
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGALRM)
        os.kill(os.getpid(), signal.SIGTERM)
    assert signals.timed_out and signals.exit_code == 0
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGALRM)
    assert not signals.timed_out and signals.exit_code == 143


def test_handlers_and_descriptors_are_given_back() -> None:
    before = [signal.getsignal(number) for number in Signals.WATCHED]
    with Signals() as signals:
        assert all(signal.getsignal(number) not in before for number in Signals.WATCHED)
    assert [signal.getsignal(number) for number in Signals.WATCHED] == before
    with pytest.raises(OSError):
        os.fstat(signals.fileno)
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    assert wakeup != signals.fileno


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signals.news() == [] and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
