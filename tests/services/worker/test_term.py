"""How much time a worker has, and what still fits into it."""

from __future__ import annotations

import signal
import time

from ftbench.db import Database, Kind
from ftbench.db.rows import Axes
from ftbench.services.worker.term import Term, alarm
from tests.services.worker.helpers import SCORE, Watch, add, queue, state, work

HOUR = 3600.0
SHORT, MIDDLE, LONG = Axes("m", "t", "a", None), Axes("m", "t", "b", 300), Axes("m", "t", "c", None)
SECONDS = {SHORT: 60.0, MIDDLE: HOUR, LONG: 9 * HOUR}


def test_checkpoints_are_due_a_minute_before_the_end_or_a_tenth_of_a_short_time() -> None:
    assert Term(8 * HOUR, dict, clock=lambda: 5.0).left == 8 * HOUR - 60
    assert Term(60, dict, clock=lambda: 5.0).left == 54


def test_jobs_are_left_alone_that_take_longer_than_what_is_left_but_not_than_all_of_it() -> None:
    now = [0.0]
    term = Term(8 * HOUR, lambda: SECONDS, clock=lambda: now[0])
    assert term.too_long() == []  # the longest would never begin
    now[0] = 7.5 * HOUR
    assert term.too_long() == [Kind(model="m", task="t", method="b", train_size=300)]
    now[0] = 8 * HOUR - 90
    assert [kind.method for kind in term.too_long()] == ["a", "b"]
    assert term.too_long()[0].train_size == 0, "all rows"


def test_what_jobs_take_is_asked_for_now_and_then() -> None:
    now, asked = [0.0], []
    term = Term(8 * HOUR, lambda: asked.append(now[0]) or SECONDS, clock=lambda: now[0])
    for now[0] in (1.0, 2.0, 500.0, 700.0):
        term.too_long()
    assert asked == [1.0, 700.0]


def test_very_many_kinds_become_fewer_that_hold_them() -> None:
    many = {Axes("m", f"t{task}", f"a{method}", None): 100.0 for task in range(20) for method in range(20)}
    now = [0.0]
    term = Term(200, lambda: many, clock=lambda: now[0])
    now[0] = 150.0
    kinds = term.too_long()
    assert len(kinds) == 20 and {kind.method for kind in kinds} == {None}


def test_the_alarm_comes_in_time_and_is_taken_back() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        with alarm(Term(0.01, dict)):
            time.sleep(0.05)
        assert rung == [1]
        with alarm(Term(100, dict)):
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
        with alarm(None):
            assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_worker_whose_time_is_over_gives_its_job_back_and_ends_well(database: Database, tmp_path) -> None:
    gate = tmp_path / "gate"
    import os

    os.mkfifo(gate)
    (digest,) = queue(database, [["gate", str(gate)]])
    watch = Watch()
    tally = work(database, watch, drain=False, seconds=1.5)
    assert (tally.timed_out, tally.exit_code, tally.ended) == (True, 0, 0)
    assert any(text.startswith("its time is over: the job writes a checkpoint first") for text in watch.said)
    row = database.jobs.find(digest)
    assert (row.state, row.attempts) == ("queued", 0)


def test_a_worker_ends_where_all_that_is_queued_takes_too_long(database: Database, monkeypatch) -> None:
    first, second = add(database, ("a", "t", SCORE), ("b", "u", SCORE))
    axes = Axes("a", "t", "bidrop", None)
    monkeypatch.setattr(type(database.jobs), "durations", lambda self: {axes: 50.0})
    monkeypatch.setattr(Term, "left", property(lambda self: 30.0))
    watch = Watch()
    tally = work(database, watch, drain=False, seconds=100.0)
    assert (tally.timed_out, tally.exit_code, tally.stuck) == (True, 0, False)
    assert (state(database, first), state(database, second)) == ("queued", "done")
    assert watch.said[-1] == "what is queued takes longer than the 30 s that are left: ending"
