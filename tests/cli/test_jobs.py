"""``status``, ``show``, ``logs``, ``retry``, ``cancel``."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from ftbench.db import open_database
from ftbench.domain.result import JobResult, Outcome, Score
from ftbench.services.worker.workdir import WorkDir
from tests.cli.conftest import GRID, Ended, Ftbench


@pytest.fixture
def worked(ftbench: Ftbench) -> Ftbench:
    """Four jobs: one done, one failed, one running, one queued."""
    ftbench(*GRID)
    with open_database("ftbench.db") as database:
        for _ in range(3):
            claim = database.jobs.claim("worker-1", 60)
            assert claim is not None
            if claim.job.method == "vanilla" and claim.job.seed == 0:
                scores = (Score("dev", "matthews", 0.25), Score("dev", "accuracy", 0.5))
                database.jobs.finish(claim, JobResult(scores, provenance={"torch": "2.13"}))
            elif claim.job.seed == 0:
                database.jobs.fail(claim, Outcome.USER, "too long", "Traceback: here\nValueError: too long")
    return ftbench


def job(ftbench: Ftbench, state: str) -> str:
    (row,) = ftbench("status", "--state", state, "--json").json
    return str(row["job"])


def test_status_counts_by_state_and_by_cell(worked: Ftbench) -> None:
    found = worked("status", "--json").json
    assert found["counts"] == {"queued": 1, "running": 1, "done": 1, "failed": 1, "cancelled": 0}
    cells = {
        cell["method"]: (cell["done"], cell["failed"], cell["running"], cell["queued"])
        for cell in found["cells"]
    }
    assert cells == {"vanilla": (1, 0, 1, 0), "rdrop": (0, 1, 0, 1)}
    (running,) = found["running"]
    assert running["worker"] == "worker-1" and 0 < running["lease_seconds"] <= 60
    assert found["seconds_left"] >= 0


def test_status_is_a_page_for_readers(worked: Ftbench) -> None:
    text = worked("status").out
    assert text.startswith("ftbench.db: 4 jobs: 1 queued, 1 running, 1 done, 1 failed\n")
    assert "worker-1" in text and "time left: about" in text


def test_status_takes_filters(worked: Ftbench) -> None:
    assert worked("status", "--methods", "r-drop", "--json").json["counts"]["queued"] == 1
    assert sum(worked("status", "--tasks", "rte", "--json").json["counts"].values()) == 0
    assert len(worked("status", "--state", "done,failed", "--json").json) == 2
    ended = worked("status", "--state", "finished")
    assert ended.code == 2 and "unknown state 'finished'" in ended.err


def test_show_tells_all_of_a_job(worked: Ftbench) -> None:
    digest = job(worked, "done")
    found = worked("show", digest, "--json").json
    assert found["job"].startswith(digest)
    assert found["spec"]["method"]["name"] == "vanilla"
    assert {(s["metric"], s["value"]) for s in found["scores"]} == {("matthews", 0.25), ("accuracy", 0.5)}
    assert found["attempts"][0]["outcome"] == "ok"
    assert found["provenance"]["torch"] == "2.13"
    text = worked("show", digest[:6]).out
    assert "matthews" in text and "ftbench queue" in text


def test_show_tells_of_updates_that_were_left_out(ftbench: Ftbench) -> None:
    ftbench(*GRID, "--set", "precision=fp16")
    with open_database("ftbench.db") as database:
        for skipped in (0, 4):
            claim = database.jobs.claim("worker-1", 60)
            assert claim is not None
            ran = {"runs": {"main": {"skipped": skipped, "total_steps": 1605}}}
            database.jobs.finish(claim, JobResult((Score("dev", "matthews", 0.25),), provenance=ran))
    texts = [
        ftbench("show", str(row["job"])).out for row in ftbench("status", "--state", "done", "--json").json
    ]
    said = "fp16: 4 updates were left out in 1,605 steps, because a gradient overflowed"
    assert sum(said in text for text in texts) == 1 and sum("overflowed" in text for text in texts) == 1


def test_the_command_of_a_job_queues_just_that_job(worked: Ftbench) -> None:
    words = (
        "--methods",
        "bidrop[k=3|4]",
        "--noise",
        "0.1",
        "--train-size",
        "2",
        "--set",
        "lr=1e-3",
        "--set",
        "steps=7",
    )
    worked(*GRID, *words, "--db", "other.db")
    queued = worked("queue", "--json", "--db", "other.db").json
    assert len(queued) == 3 * 2  # two settings and vanilla, two seeds
    for row in queued:
        whole = worked("show", row["job"], "--json", "--db", "other.db").json
        program, *again = shlex.split(whole["command"])
        assert program == "ftbench"
        (planned,) = worked(*again, "--dry-run", "--json").json
        assert planned["digest"] == whole["job"]


def test_a_job_that_nobody_knows_gets_the_latest_ones(worked: Ftbench) -> None:
    ended = worked("show", "zzzz")
    assert ended.code == 2 and ended.err.startswith("ftbench: error: unknown job 'zzzz'; known: ")


def test_logs_show_the_traceback_and_the_end_of_the_log(worked: Ftbench) -> None:
    digest = job(worked, "failed")
    text = worked("logs", digest).out
    assert "too long" in text and "ValueError" in text and "no log file on this machine" in text
    with open_database("ftbench.db", write=False) as database:
        path = WorkDir("ftbench.db").log(database.jobs.find(digest).digest)
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"line {n}\n" for n in range(50)))
    text = worked("logs", digest, "-n", "2").out
    assert text.endswith("  line 48\n  line 49\n")
    assert worked("logs", digest, "--json", "-n", "1").json["lines"] == ["line 49"]


def test_retry_queues_a_failed_job_again(worked: Ftbench) -> None:
    assert worked("retry", job(worked, "failed")).out == "1 job queued again\n"
    assert worked("status", "--json").json["counts"]["failed"] == 0
    assert worked("retry", "--all").out == "0 jobs queued again\n"


def test_cancel_takes_filters_and_leaves_what_is_done(worked: Ftbench) -> None:
    assert worked("cancel", "--tasks", "cola", "--methods", "rdrop").out == "1 job cancelled\n"
    assert worked("cancel", "--all").out == "1 job cancelled\n"
    assert worked("status", "--json").json["counts"]["done"] == 1


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_changing_jobs_needs_to_be_told_which(worked: Ftbench, verb: str) -> None:
    def wrong(ended: Ended, text: str) -> None:
        assert ended.code == 2 and text in ended.err and ended.err.count("\n") == 1

    wrong(worked(verb), f"{verb} what?")
    wrong(worked(verb, "ab", "--tasks", "cola"), "not both")
    wrong(worked(verb, "zz"), "unknown job 'zz'")


def test_an_empty_database_says_how_to_fill_it(ftbench: Ftbench) -> None:
    assert ftbench("db", "init").out == "ftbench.db is ready\n"
    told = "ftbench queue --methods rdrop,bidrop --tasks glue-small --seeds 10"
    assert ftbench("status").out == f"ftbench.db: 0 jobs; queue some with: {told}\n"
    assert ftbench("status", "--state", "queued").out == "no such jobs in ftbench.db\n"


def test_a_database_is_copied_and_upgraded(worked: Ftbench) -> None:
    assert worked("db", "backup", "copy.db").code == 0
    assert worked("status", "--json", "--db", "copy.db").json["counts"]["done"] == 1
    assert "of this version already" in worked("db", "upgrade").out
    ended = worked("db", "backup", "copy.db")
    assert ended.code == 1 and "copy.db exists" in ended.err
    assert Path("copy.db").exists()
