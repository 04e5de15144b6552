"""The working folder of a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.db import Database, JobFilter
from ftbench.services.worker.workdir import WorkDir
from tests.services.worker.helpers import queue

ONE, OTHER = "1" * 64, "2" * 64


def test_it_stands_beside_the_database_or_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FTBENCH_WORK", raising=False)
    folder = WorkDir(str(tmp_path / "my.db"))
    assert folder.path == tmp_path / "my.db.work"
    assert folder.checkpoints(ONE) == folder.path / ONE
    assert folder.log(ONE) == folder.path / "logs" / f"{ONE}.log"
    assert folder.workers == folder.path / "workers"
    assert not folder.path.exists(), "nothing is made"
    monkeypatch.setenv("FTBENCH_WORK", str(tmp_path / "elsewhere"))
    assert WorkDir(str(tmp_path / "my.db")).path == tmp_path / "elsewhere"


def test_forgetting_a_job_deletes_its_checkpoints_and_nothing_else(tmp_path: Path) -> None:
    folder = WorkDir(str(tmp_path / "my.db"))
    for digest in (ONE, OTHER):
        folder.checkpoints(digest).mkdir(parents=True)
        (folder.checkpoints(digest) / "file").touch()
    folder.log(ONE).parent.mkdir()
    folder.log(ONE).touch()
    folder.forget(ONE)
    folder.forget(ONE)  # gone already
    assert not folder.checkpoints(ONE).exists()
    assert (folder.checkpoints(OTHER) / "file").exists() and folder.log(ONE).exists()


def test_checkpoints_of_jobs_that_are_over_are_swept_when_a_worker_starts(database: Database) -> None:
    over, waiting = queue(database, [], [])
    folder = WorkDir(database.address)
    for digest in (over, waiting):
        folder.checkpoints(digest).mkdir(parents=True)
    database.jobs.cancel(JobFilter(digests=(over,)))
    assert folder.sweep(database) == 1
    assert [folder.checkpoints(d).exists() for d in (over, waiting)] == [False, True]


def test_a_sweep_touches_no_folder_that_is_no_jobs(database: Database) -> None:
    (digest,) = queue(database, [])
    folder = WorkDir(database.address)
    assert folder.sweep(database) == 0, "there is no folder yet"
    database.jobs.cancel(JobFilter(digests=(digest,)))
    others = [folder.path / name for name in ("logs", "workers", "mps-1", digest[:-1], "f" * 64)]
    for other in others:
        other.mkdir(parents=True)
    assert folder.sweep(database) == 0
    assert all(other.exists() for other in others)
