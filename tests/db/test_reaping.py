"""Leases are over once their heartbeats were seen to stand still, whatever any clock says."""

from __future__ import annotations

import pytest

from ftbench.db import Database
from ftbench.db.reaping import LeaseWatch, length_of, token_for
from ftbench.domain.result import Outcome, State
from tests.db.samples import claim, entry, execute


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def running(expires: float, token: str = "t.60") -> list[tuple[str, str, int, str, float]]:
    return [("d", "w", 1, token, expires)]


def look(watcher: LeaseWatch, clock: Clock, seconds: float, expires: float, token: str = "t.60") -> bool:
    """Whether a lease is over when it is looked at so much later."""
    clock.now += seconds
    return bool(watcher.look(running(expires, token)))


def test_a_lease_is_over_once_it_was_seen_to_stand_still_for_its_length() -> None:
    clock = Clock()
    watcher = LeaseWatch(clock)
    assert [look(watcher, clock, 20, 5.0) for _ in range(5)] == [False, False, False, True, True]


@pytest.mark.parametrize("expires", [0.0, 1.0, 1e12])
def test_what_a_heartbeat_says_of_the_time_counts_for_nothing(expires: float) -> None:
    clock = Clock()
    watcher = LeaseWatch(clock)
    assert not look(watcher, clock, 0, expires), "a worker whose clock is wrong lives"
    assert [look(watcher, clock, 20, expires) for _ in range(3)] == [False, False, True]


def test_a_heartbeat_begins_the_time_anew_even_where_a_clock_was_set_back() -> None:
    clock = Clock()
    watcher = LeaseWatch(clock)
    for expires in (100.0, 40.0, 41.0, 3.0):
        assert not look(watcher, clock, 25, expires)
        assert not look(watcher, clock, 25, expires)


def test_a_time_in_which_nobody_looked_counts_for_half_a_lease_at_most() -> None:
    clock = Clock()
    watcher = LeaseWatch(clock)
    look(watcher, clock, 0, 5.0)
    assert not look(watcher, clock, 36000, 5.0), "the database may have been locked all the time"
    assert look(watcher, clock, 36000, 5.0)


def test_each_lease_has_its_own_length() -> None:
    clock = Clock()
    watcher = LeaseWatch(clock)
    for _ in range(3):
        clock.now += 2
        over = watcher.look(running(1.0, "a.2") + running(1.0, "b.60"))
    assert [row[3] for row in over] == ["a.2"]
    assert (length_of(token_for("x", 2.5)), length_of("old")) == (2.5, 60.0)


def test_a_lease_is_as_long_as_it_was_claimed_for(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    short, long = claim(database, lease=10.0), claim(database, lease=600.0)
    clock = Clock()
    database.jobs.watcher.clock = clock
    taken = []
    for _ in range(4):
        clock.now += 4
        taken.append(database.jobs.reap())
    assert taken == [0, 0, 0, 1], "12 seconds of silence, but 8 are too few"
    assert database.jobs.find(short.digest).state is State.QUEUED
    assert database.jobs.find(long.digest).state is State.RUNNING


@pytest.mark.parametrize(
    ("token", "length"),
    [("t", 60.0), ("t.", 60.0), ("t.x", 60.0), ("t.-5", 0.0), ("t.0.5", 0.5), ("t.90", 90.0)],
)
def test_a_token_says_how_long_its_lease_is(token: str, length: float) -> None:
    assert length_of(token) == length


def test_a_lease_that_ended_meanwhile_is_forgotten() -> None:
    clock = Clock()
    watcher = LeaseWatch(clock)
    look(watcher, clock, 0, 5.0)
    look(watcher, clock, 30, 5.0)
    clock.now += 30
    assert watcher.look([]) == []
    assert not look(watcher, clock, 30, 5.0)


def test_many_leases_are_looked_at_less_often() -> None:
    clock = Clock()
    watcher = LeaseWatch(clock)
    watcher.look([("d", "w", 1, f"{n}.60", 1.0) for n in range(5000)])
    clock.now += 1
    assert not watcher.due
    clock.now += 5
    assert watcher.due


def test_a_worker_an_hour_ahead_takes_no_living_job(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.jobs.add([entry(0)])
    held = claim(database, "living")
    clock = Clock()
    database.jobs.watcher.clock = clock
    backend = database._store.backend
    monkeypatch.setattr(backend, "now", f"{backend.now} + 3600.0")
    for _ in range(10):
        clock.now += 20
        assert database.jobs.claim("ahead", 60.0) is None
        assert database.jobs.heartbeat(held, 60.0)
    assert [a.outcome for a in database.results.attempts(held.digest)] == [None]


def test_who_only_works_sees_others_stand_still_too(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    clock = Clock()
    database.jobs.watcher.clock = clock
    gone, own = claim(database, "gone"), claim(database, "own")
    for _ in range(5):
        clock.now += 20
        assert database.jobs.heartbeat(own, 60.0)
    clock.now += 1
    taken = claim(database, "own")
    assert taken.digest == gone.digest
    assert database.results.attempts(gone.digest)[0].outcome is Outcome.LOST


def test_a_clock_that_is_set_back_keeps_no_job_for_ever(database: Database) -> None:
    database.jobs.add([entry(0)])
    lost = claim(database)
    execute(database, "UPDATE jobs SET expires = expires + 1e7 WHERE digest = :d", d=lost.digest)
    clock = Clock()
    database.jobs.watcher.clock = clock
    for _ in range(4):
        clock.now += 20
        database.jobs.reap()
    assert database.jobs.find(lost.digest).state is State.QUEUED
