"""What is made of an engine's words: rows, pauses, barred nodes, further workers."""

from __future__ import annotations

import pytest

from ftbench.db import Database, Launched
from ftbench.domain.launch import Allocation, Launch, LaunchState, Standing
from ftbench.errors import FtbenchError
from ftbench.services.launching import care
from ftbench.services.launching.base import Seen, Sight
from tests.db.samples import entry, execute
from tests.services.launching.fake_engine import FakeEngine

ID = "0a1b2c3d"


def begun(database: Database, engine: FakeEngine, workers: int = 4, queued: int = 10) -> list[Allocation]:
    database.jobs.add([entry(seed) for seed in range(queued)])
    return care.begun(database, engine, Launch(ID, "fake", workers))


def found(database: Database) -> Launched:
    return database.launches.find(ID)


def looked(database: Database, engine: FakeEngine, **sights: Seen) -> list[Allocation]:
    engine.sights = sights
    return list(care.reconciled(database, engine, found(database)).allocations)


def test_no_more_workers_are_asked_for_than_jobs_are_queued(database: Database, engine: FakeEngine) -> None:
    assert len(begun(database, engine, workers=8, queued=3)) == 3
    assert engine.told == [("start", "0", "1", "2")]
    assert [one.engine_id for one in found(database).allocations] == ["e0", "e1", "e2"]


def test_where_nothing_is_queued_nothing_is_launched(database: Database, engine: FakeEngine) -> None:
    assert begun(database, engine, queued=0) == [] and engine.told == []
    assert database.launches.list() == []
    assert len(care.begun(database, engine, Launch(ID, "fake", 2), whole=True)) == 2


def test_a_refusal_leaves_nothing_behind(database: Database, engine: FakeEngine) -> None:
    engine.refuses = True
    with pytest.raises(FtbenchError, match="no"):
        begun(database, engine)
    assert database.launches.list() == []
    engine.refuses = False
    care.begun(database, engine, Launch(ID, "fake", 2))
    for one in found(database).allocations:
        database.launches.observe(one, Standing.ENDED, "")
    engine.refuses = True
    with pytest.raises(FtbenchError, match="no"):
        care.topped_up(database, engine, found(database))
    assert len(found(database).allocations) == 2


def test_what_the_engine_says_is_written_down(database: Database, engine: FakeEngine) -> None:
    begun(database, engine)
    database.launches.begin(ID, 2, "w", "n2", None)
    rows = looked(
        database,
        engine,
        e0=Seen(Sight.WAITING, "", "Resources"),
        e1=Seen(Sight.RUNNING, "n1"),
        e2=Seen(Sight.RUNNING, "n2"),
        e3=Seen(Sight.TAKEN, "n3", "NODE_FAIL"),
    )
    assert [(one.state, one.reason, one.node) for one in rows] == [
        (Standing.PENDING, "Resources", None),
        (Standing.PENDING, "starts", "n1"),  # its worker has not said so yet
        (Standing.RUNNING, "", "n2"),
        (Standing.ENDED, "NODE_FAIL", "n3"),
    ]


def test_one_that_was_pre_empted_without_a_word_waits_again(database: Database, engine: FakeEngine) -> None:
    begun(database, engine, workers=1)
    database.launches.begin(ID, 0, "w", "n", None)
    (row,) = looked(database, engine, e0=Seen(Sight.WAITING, "", "BeginTime"))
    assert (row.state, row.reason, row.early) == (Standing.PENDING, "BeginTime", 0)


def test_one_that_is_gone_died_if_it_had_begun_and_else_was_taken_back(
    database: Database, engine: FakeEngine
) -> None:
    begun(database, engine, workers=3)
    database.launches.begin(ID, 0, "w", "n", None)
    engine.folder.mkdir()
    engine.log(found(database).allocations[1]).write_text("bash: /py: No such file\n")
    rows = looked(database, engine)
    assert [(one.state, one.early, one.reason) for one in rows] == [
        (Standing.FAILED, 1, care.NO_WORD),
        (Standing.FAILED, 1, f"{care.NO_WORD}; its log ends with: bash: /py: No such file"),
        (Standing.ENDED, 0, "gone from the engine before it started"),
    ]


def test_one_whose_engine_never_named_it_is_given_up(database: Database, engine: FakeEngine) -> None:
    begun(database, engine, workers=1)
    execute(database, "UPDATE allocations SET engine_id = ''")
    assert looked(database, engine)[0].state is Standing.PENDING
    execute(database, f"UPDATE allocations SET asked = asked - {care.UNNAMED + 1}")
    assert looked(database, engine)[0].state is Standing.ENDED


def test_a_long_run_that_fails_is_no_early_death(database: Database, engine: FakeEngine) -> None:
    begun(database, engine, workers=2)
    for number in (0, 1):
        database.launches.begin(ID, number, "w", "n", None)
    over = {name: Seen(Sight.OVER, "n", "FAILED", ran) for name, ran in (("e0", 3.0), ("e1", 300.0))}
    assert [one.early for one in looked(database, engine, **over)] == [1, 0]
    assert found(database).allocations[0].reason == f"{care.NO_WORD} (FAILED)"


def test_three_starts_that_die_pause_a_launch_and_hold_what_waits(
    database: Database, engine: FakeEngine
) -> None:
    begun(database, engine)
    dead = Seen(Sight.OVER, "n1", "FAILED", 1.0)
    looked(database, engine, e0=dead, e1=dead, e2=Seen(Sight.WAITING), e3=Seen(Sight.WAITING))
    assert found(database).launch.state is LaunchState.OPEN
    looked(database, engine, e2=dead, e3=Seen(Sight.WAITING))
    launch = found(database).launch
    assert launch.state is LaunchState.PAUSED
    assert launch.reason == f"3 starts died within a minute, the last on n1: {care.NO_WORD} (FAILED)"
    assert engine.told[-1] == ("hold", "e3")
    advice = care.advice(found(database), "ftbench.db")
    assert f"ftbench launch top-up {ID} --resume" in advice and f"ftbench launch stop {ID}" in advice
    assert care.topped_up(database, engine, found(database)) == []
    care.reopened(database, engine, found(database))
    assert engine.told[-2:] == [("bar", "e3"), ("let go", "e3")]
    assert [one.number for one in care.topped_up(database, engine, found(database))] == [4, 5, 6]


def test_three_errors_of_a_node_bar_it(database: Database, engine: FakeEngine) -> None:
    begun(database, engine)
    database.launches.begin(ID, 0, "w", "n1", None)
    database.launches.end(ID, 0, "w", Standing.FAILED, "no CUDA", 3)
    waiting = {name: Seen(Sight.WAITING) for name in ("e1", "e2", "e3")}
    looked(database, engine, **waiting)
    assert found(database).launch.barred == ("n1",)
    assert engine.told[-1] == ("bar n1", "e1", "e2", "e3")
    assert "n1" in care.advice(found(database), "ftbench.db")


def test_stopping_ends_what_runs_and_what_waits(database: Database, engine: FakeEngine) -> None:
    begun(database, engine, workers=2)
    database.launches.begin(ID, 0, "w", "n", None)
    assert len(care.stopped(database, engine, found(database))) == 2
    assert engine.told[-1] == ("stop", "e0", "e1")
    assert [one.state for one in found(database).allocations] == [Standing.RUNNING, Standing.STOPPED]
    assert found(database).launch.state is LaunchState.STOPPED
    assert care.topped_up(database, engine, found(database)) == []
