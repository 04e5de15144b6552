"""CPU threads: fixed for a database, and held against the cores."""

from __future__ import annotations

import pytest

from ftbench.db import Database
from ftbench.errors import BadValue, DatabaseError
from ftbench.services.worker import machine
from ftbench.services.worker.threads import fixed_threads, most_slots, too_many


def test_threads_are_fixed_by_the_first_worker(database: Database) -> None:
    assert fixed_threads(database, 2) == 2
    assert fixed_threads(database, None) == 2
    assert fixed_threads(database, 2) == 2
    with pytest.raises(BadValue, match="--threads 3: .* train with 2"):
        fixed_threads(database, 3)
    with pytest.raises(BadValue, match="1 or more"):
        fixed_threads(database, 0)


@pytest.mark.parametrize("stored", ["lots", "0", "9999999", "-1", "1.5", "²"])
def test_what_a_database_says_must_be_a_number_of_threads(database: Database, stored: str) -> None:
    assert database.setting("threads", stored) == stored
    with pytest.raises(DatabaseError, match="no number from 1 to 4096"):
        fixed_threads(database, None)


@pytest.mark.parametrize(("slots", "threads"), [(1, 8), (4, 3), (None, 1)])
def test_the_slots_of_the_first_worker_share_the_cores(
    database: Database, monkeypatch: pytest.MonkeyPatch, slots: int | None, threads: int
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 12)
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert fixed_threads(database, None, slots) == threads


@pytest.mark.parametrize(
    ("device", "threads", "slots"), [("cpu", 1, 12), ("cpu", 5, 2), ("cpu", 20, 1), ("cuda:0", 5, 12)]
)
def test_there_are_as_many_slots_as_cores_and_at_least_one(
    monkeypatch: pytest.MonkeyPatch, device: str, threads: int, slots: int
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 12)
    assert most_slots(device, threads) == slots


@pytest.mark.parametrize(
    ("device", "threads", "slots", "told"),
    [("cpu", 6, 2, False), ("cpu", 6, 3, True), ("cpu", 13, 1, True), ("cuda:0", 6, 3, False)],
)
def test_more_threads_than_cores_are_worth_a_word_on_a_cpu(
    monkeypatch: pytest.MonkeyPatch, device: str, threads: int, slots: int, told: bool
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 12)
    words = too_many(device, threads, slots)
    assert (words is not None) is told
    assert words is None or words.startswith(f"{slots} x {threads} threads, and 12 cores")
