"""What a worker does with what cannot be done on its machine."""

from __future__ import annotations

from typing import Any

import pytest

from ftbench.db import Database, Entry, Lease
from ftbench.domain.events import End
from ftbench.domain.job import Job
from ftbench.domain.result import Lack, Outcome, State
from ftbench.errors import FtbenchError
from ftbench.services.worker import aside
from tests.services.worker.helpers import DATA, DISK, MODEL, ODD, SCORE, Watch, add, job, queue, state, work


@pytest.mark.parametrize(("lack", "others"), [(MODEL, ["a t", "a u"]), (DATA, ["a t", "b t"])])
def test_what_is_missing_for_one_is_left_alone_for_all_and_the_rest_is_done(
    database: Database, lack: list[Any], others: list[str]
) -> None:
    known = [(*other.split(), lack) for other in others]
    digests = add(database, *known, ("b", "u", SCORE))
    watch = Watch()
    tally = work(database, watch)
    assert (tally.done, tally.failed, tally.exit_code) == (1, 0, 1)
    assert [state(database, d) for d in digests] == [State.QUEUED, State.QUEUED, State.DONE]
    assert [len(database.results.attempts(d)) for d in digests] == [1, 0, 1], "one is enough to know"
    assert watch.said == ["nothing is left that can be done here, 2 jobs stay queued: no good"]


def test_a_device_that_is_not_here_stops_nothing_else(database: Database) -> None:
    device = ["fail", "environment", "device"]
    queue(database, [device], [device], [device], [device], [SCORE])
    watch = Watch()
    tally = work(database, watch)
    assert (tally.done, tally.exit_code) == (1, 1)
    assert watch.said == ["nothing is left that can be done here, 4 jobs stay queued: no good"]


def test_one_machines_lack_is_no_other_machines(database: Database) -> None:
    (digest,) = add(database, ("a", "t", MODEL))
    work(database)
    assert state(database, digest) is State.QUEUED
    database.jobs.add([Entry(database_job(database), "bidrop", places={"script": [SCORE]})])
    assert work(database).done == 1


def database_job(database: Database) -> Job:
    (row,) = database.jobs.list()
    return Job.from_canonical(row.spec)


def test_a_full_disk_stops_the_worker_and_no_job_pays(database: Database) -> None:
    digests = queue(database, [DISK], [SCORE])
    with pytest.raises(FtbenchError, match="the worker stopped, its jobs stay queued: no good"):
        work(database)
    assert [state(database, d) for d in digests] == [State.QUEUED] * 2


def test_a_job_that_meets_an_odd_error_is_tried_thrice_beside_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "PAUSE", 0.3)  # in which the others are done
    bad, *good = queue(database, [ODD], [SCORE], [SCORE], [SCORE])
    watch = Watch()
    assert work(database, watch).exit_code == 1
    assert watch.how.count("again") == 3 and watch.how.count("done") == 3
    assert state(database, bad) is State.QUEUED
    assert watch.said[-1].endswith(f"1 job stays queued: job {bad[:12]}: no good")


def test_three_jobs_in_a_row_show_that_it_is_the_machine(database: Database) -> None:
    queue(database, [ODD], [ODD], [ODD], [SCORE])
    with pytest.raises(FtbenchError, match="3 jobs in a row met an error of this machine: no good"):
        work(database)
    assert database.jobs.counts()[State.QUEUED] == 4


def test_pauses_double_up_to_five_minutes_and_begin_anew_after_work() -> None:
    now = 0.0
    found = aside.Aside(lambda: now)
    claim = Lease("d", "t", "w", 1, job(0), "bidrop", {})
    missing = End("failed", Outcome.ENVIRONMENT, "no good", lack=Lack.DEVICE)
    pauses = []
    for _ in range(8):
        found.put(claim, missing)
        assert found.kinds() == [aside.kind_of(claim, Lack.DEVICE)]
        pauses.append(found.seconds(drain=False))
        now += pauses[-1] or 0.0
        assert found.kinds() == []
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    found.worked(claim)
    found.put(claim, missing)
    assert found.seconds(drain=False) == 5
