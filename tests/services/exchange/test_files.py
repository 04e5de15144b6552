"""Jobs to a file, and results from one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import Database, Entry, JobFilter
from ftbench.domain.job import Job
from ftbench.domain.result import Outcome, State
from ftbench.errors import DataError, FtbenchError
from ftbench.services.exchange.files import WORKER, Exported, Ingested, export_jobs, ingest
from tests.services.worker.helpers import job, queue, scores, state

QUEUED = JobFilter(states=(State.QUEUED,))


def done(digest: str, value: float = 0.5) -> list[dict[str, Any]]:
    return [
        {"event": "started", "digest": digest},
        {"event": "progress", "digest": digest, "run": "main", "step": 1, "total": 2},
        {"event": "score", "evaluation": "dev", "metric": "accuracy", "value": value},
        {"event": "curve", "run": "main", "step": 1, "name": "loss", "value": 0.7},
        {"event": "provenance", "values": {"torch": "2"}},
        {"event": "done", "digest": digest},
    ]


def write(path: Path, events: list[dict[str, Any]], end: str = "") -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events) + end)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_export_writes_jobs_that_can_be_run_elsewhere(database: Database, tmp_path: Path) -> None:
    digests = queue(database, [], [["score", 1.0]], [])
    path = tmp_path / "jobs.jsonl"
    assert export_jobs(database, path, QUEUED) == Exported(3)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["digest"] for line in lines] == digests
    assert [Job.from_canonical(line["job"]).digest for line in lines] == digests
    assert lines[1]["places"] == {"script": [["score", 1.0]]}
    assert database.jobs.counts()[State.QUEUED] == 3


def test_export_takes_the_order_of_the_queue_and_a_limit(database: Database, tmp_path: Path) -> None:
    entries = [Entry(job(seed), "bidrop", priority=seed % 2) for seed in range(4)]
    database.jobs.add(entries)
    path = tmp_path / "jobs.jsonl"
    assert export_jobs(database, path, QUEUED, limit=3) == Exported(3)
    seeds = [json.loads(line)["job"]["seed"] for line in path.read_text().splitlines()]
    assert seeds == [1, 3, 0]


def test_export_leaves_out_jobs_whose_identity_waits_for_a_model(database: Database, tmp_path: Path) -> None:
    waiting = Entry(job(0), "bidrop", priority=1, places={"unresolved": ["model"]})
    database.jobs.add([waiting, Entry(job(1), "bidrop"), Entry(job(2), "bidrop")])
    path = tmp_path / "jobs.jsonl"
    assert export_jobs(database, path, QUEUED, limit=1) == Exported(1, waiting=1)
    assert [json.loads(line)["job"]["seed"] for line in path.read_text().splitlines()] == [1]


def test_export_that_cannot_write_leaves_no_file(database: Database, tmp_path: Path) -> None:
    queue(database, [])
    with pytest.raises(FtbenchError, match="cannot be written"):
        export_jobs(database, tmp_path / "no" / "jobs.jsonl", QUEUED)
    (tmp_path / "folder").mkdir()
    with pytest.raises(FtbenchError, match="cannot be written"):
        export_jobs(database, tmp_path / "folder", QUEUED)
    assert not list(tmp_path.glob("*.part"))


def test_ingest_records_results_once(database: Database, file: Path) -> None:
    first, second, third = queue(database, [], [], [])
    write(file, [*done(first, 0.1), *done(second, 0.2)])
    assert ingest(database, file) == Ingested(recorded=2)
    assert sorted(scores(database)) == sorted([(first, 0.1), (second, 0.2)])
    assert state(database, third) is State.QUEUED
    (attempt,) = database.results.attempts(first)
    assert (attempt.worker, attempt.outcome) == (WORKER, Outcome.OK)
    assert database.results.provenance(first)["torch"] == "2"

    write(file, [*done(first, 0.9), *done(third, 0.3)])
    assert ingest(database, file) == Ingested(recorded=1, known=1)
    assert dict(scores(database))[first] == 0.1, "what is recorded is left alone"
    assert ingest(database, file) == Ingested(known=2)


def test_ingest_names_jobs_that_the_database_does_not_have(database: Database, file: Path) -> None:
    (known,) = queue(database, [])
    stranger, fragment = job(99).digest, known[:8]
    write(file, [*done(stranger), *done(known), *done(stranger), *done(fragment)])
    assert ingest(database, file) == Ingested(recorded=1, unknown=[stranger, fragment])


def test_ingest_ignores_jobs_that_are_half_finished(database: Database, file: Path) -> None:
    killed, stopped, resumed, last = queue(database, [], [], [], [])
    events = [
        {"event": "ready", "pid": 1},
        *done(killed)[:3],
        *done(stopped)[:2],
        {"event": "stopped", "digest": stopped},
        *done(resumed, 0.1)[:4],
        *done(resumed, 0.2),
        *done(last)[:-1],
    ]
    write(file, events, end=json.dumps(done(last)[-1]))  # without its end of line: it was being written
    assert ingest(database, file) == Ingested(recorded=1, unfinished=[killed, stopped, last])
    assert scores(database) == [(resumed, 0.2)]


def test_ingest_leaves_a_failed_job_to_be_done_and_says_why(database: Database, file: Path) -> None:
    bad, again = queue(database, [], [])

    def failed(digest: str) -> dict[str, Any]:
        return {
            "event": "failed",
            "digest": digest,
            "outcome": "oom",
            "message": "no\nmemory at hf_" + "a" * 34,
            "traceback": "",
        }

    write(file, [*done(bad)[:2], failed(bad), *done(again)[:1], failed(again), *done(again)])
    assert ingest(database, file) == Ingested(recorded=1, failed={bad: "oom: no memory at <token>"})
    assert state(database, bad) is State.QUEUED


def test_ingest_leaves_a_running_job_to_its_worker(database: Database, file: Path) -> None:
    (digest,) = queue(database, [])
    claim = database.jobs.claim("w", 60)
    assert claim is not None
    assert ingest(database, write(file, done(digest))) == Ingested(running=1)
    assert database.jobs.release(claim)
    assert ingest(database, file) == Ingested(recorded=1)


def test_ingest_takes_results_of_cancelled_jobs(database: Database, file: Path) -> None:
    (digest,) = queue(database, [])
    database.jobs.cancel()
    assert ingest(database, write(file, done(digest))) == Ingested(recorded=1)
    assert state(database, digest) is State.DONE


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense",
        "[]",
        '{"event": "surprise"}',
        '{"event": "score", "evaluation": "dev", "metric": "accuracy"}',
        '{"event": "score", "evaluation": "dev", "metric": "accuracy", "value": NaN}',
        '{"event": "score", "evaluation": "dev", "metric": "accuracy", "value": true}',
        '{"event": "score", "evaluation": "dev", "metric": "accuracy", "value": 1.5}',
        '{"event": "score", "evaluation": "dev", "metric": "matthews", "value": -1.01}',
        '{"event": "curve", "run": "main", "step": 1.5, "name": "loss", "value": 1}',
        '{"event": "predictions", "run": "m", "evaluation": "dev", "rows": 1, "outputs": 1, "logits": "?"}',
        '{"event": "predictions", "run": "m", "evaluation": "dev", "rows": 9, "outputs": 1, "logits": ""}',
        '{"event": "failed", "outcome": "ok", "message": ""}',
        '{"event": "failed", "outcome": "bad luck", "message": ""}',
        '{"event": "done", "digest": "another"}',
        '{"event": "started"}',
    ],
)
def test_a_wrong_line_is_named_and_leaves_no_job_half_recorded(
    database: Database, file: Path, wrong: str
) -> None:
    good, bad = queue(database, [], [])
    write(file, [*done(good), *done(bad)[:-1]], end=wrong + "\n" + json.dumps(done(bad)[-1]) + "\n")
    with pytest.raises(DataError, match=r"events\.jsonl, line 12: ") as error:
        ingest(database, file)
    assert "\n" not in str(error.value)
    assert scores(database) == [(good, 0.5)]
    assert state(database, bad) is State.QUEUED
    assert database.results.attempts(bad) == []


def test_an_event_of_no_job_is_refused(database: Database, file: Path) -> None:
    (digest,) = queue(database, [])
    write(file, [*done(digest), done(digest)[2]])
    with pytest.raises(DataError, match="line 7: .*'score' belongs to no job"):
        ingest(database, file)


def test_a_file_that_is_not_there_is_named(database: Database, file: Path) -> None:
    with pytest.raises(DataError, match=r"events\.jsonl cannot be read: No such file"):
        ingest(database, file)
