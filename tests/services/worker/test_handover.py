"""What the training process is told of a job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ftbench.db import Database, Entry
from ftbench.services.worker.handover import command
from ftbench.services.worker.joblog import JobLog
from ftbench.services.worker.options import Options
from ftbench.services.worker.workdir import WorkDir
from tests.services.worker.helpers import job


def test_a_job_is_handed_over_whole_with_where_and_how_to_train(database: Database, tmp_path: Path) -> None:
    database.jobs.add([Entry(job(3), "bidrop", places={"model": "/models/m"})])
    claim = database.jobs.claim("w", 60)
    assert claim is not None
    folder, log = WorkDir(database.address), JobLog(tmp_path / "log", "try")
    before = folder.checkpoints(claim.digest, "0" * 32)
    before.mkdir(parents=True)
    told = command(claim, log, folder, Options(name="w", device="cuda:1", threads=3), memory=True)
    assert (told["op"], told["digest"], told["job"]) == ("run", claim.digest, job(3).canonical())
    assert (told["device"], told["threads"], told["memory"]) == ("cuda:1", 3, True)
    assert told["places"]["model"] == "/models/m"
    assert told["log"] == str(log.path)
    own = folder.checkpoints(claim.digest, claim.token)
    assert told["workdir"] == str(own) and own.is_dir(), "no other attempt writes there"
    assert told["earlier"] == [str(before)], "and what those before it wrote is read"


@pytest.mark.parametrize(
    ("revision", "queued", "flag", "variable", "expected"),
    [
        ("sha256:1", "here", None, "env", "here"),
        ("sha256:1", "here", "flag", "env", "flag"),
        ("sha256:1", "moved", None, "env", "env"),
        ("sha256:1", "moved", None, None, "moved"),
        ("hub-revision", None, "flag", "env", None),
    ],
)
def test_data_of_a_folder_may_have_moved(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    revision: str,
    queued: str | None,
    flag: str | None,
    variable: str | None,
    expected: str | None,
) -> None:
    for name in ("here", "flag", "env"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("FTBENCH_DATA", raising=False)
    if variable:
        monkeypatch.setenv("FTBENCH_DATA", str(tmp_path / variable))
    places = {"data": str(tmp_path / queued) if queued else None}
    database.jobs.add([Entry(replace(job(0), data_revision=revision), "bidrop", places=places)])
    claim = database.jobs.claim("w", 60)
    assert claim is not None
    options = Options(name="w", data_dir=tmp_path / flag if flag else None)
    log = JobLog(tmp_path / "log", "try")
    found = command(claim, log, WorkDir(database.address), options, memory=False)["places"]["data"]
    assert found == (str(tmp_path / expected) if expected else None)
