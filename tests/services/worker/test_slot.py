"""A slot and its training process."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ftbench.services.worker.joblog import JobLog
from ftbench.services.worker.slot import Slot
from tests.services.worker.helpers import FAKE


@pytest.fixture
def log(tmp_path: Path) -> JobLog:
    return JobLog(tmp_path / "job.log", "an attempt")


def test_the_process_of_a_slot_is_ended_at_once_and_lets_go_of_its_descriptors(log: JobLog) -> None:
    slot = Slot(FAKE)
    child = slot.ready_child(log)
    assert slot.ready_child(log) is child
    slot.end_child("a test")
    assert child.poll() == -signal.SIGKILL, "an idle process would also end in peace, but is not waited for"
    assert slot.child is None and not child.filenos()
    slot.end_child("a test")


def test_a_process_that_died_while_it_waited_is_replaced(log: JobLog) -> None:
    slot = Slot(FAKE)
    first = slot.ready_child(log)
    first.kill()
    assert first.join(20.0) == -signal.SIGKILL
    second = slot.ready_child(log)
    try:
        assert second is not first and second.poll() is None and not first.filenos()
    finally:
        slot.end_child("a test")


def test_a_process_that_was_killed_is_told_as_ended_however_soon_it_is_gone(
    log: JobLog, caplog: pytest.LogCaptureFixture
) -> None:
    slot = Slot(FAKE)
    child = slot.ready_child(log)
    child.kill()
    assert child.join(20.0) == -signal.SIGKILL
    with caplog.at_level("INFO"):
        slot.end_child("what it sent is no event")
    assert [r.getMessage() for r in caplog.records if "child-ended" in r.getMessage()] != []
