"""The example database: real, small, of no machine, and readable where it lies."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from ftbench.db import JobFilter, open_database, upgrade_database
from ftbench.domain.job import Job

EXAMPLE = Path(__file__).parents[2] / "ftbench.db.example"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return Path(shutil.copy(EXAMPLE, tmp_path / "example.db"))


def test_upgrades_and_holds_scores_of_every_method(example: Path) -> None:
    upgrade_database(str(example))
    with open_database(str(example), write=False) as database:
        rows = database.results.scores(JobFilter())
    assert {row.method for row in rows} >= {"vanilla", "rdrop", "bidrop"}
    assert {row.task for row in rows} >= {"sst2", "qnli", "stsb"}
    assert {row.seed for row in rows} == {0, 1, 2}


def test_jobs_keep_their_digests(example: Path) -> None:
    """What an older version queued is the same job today: a field of today is left out at its default."""
    for digest, spec in sqlite3.connect(example).execute("SELECT digest, spec FROM jobs"):
        assert Job.from_canonical(json.loads(spec)).digest == digest


def test_jobs_have_the_perturbation_of_their_spec(example: Path) -> None:
    upgrade_database(str(example))
    for text, spec in sqlite3.connect(example).execute("SELECT perturbation, spec FROM jobs"):
        assert json.loads(text) == json.loads(spec)["perturbation"]


def test_opens_from_a_read_only_folder(example: Path) -> None:
    example.chmod(0o444)
    example.parent.chmod(0o555)
    try:
        with open_database(str(example), write=False) as database:
            assert sum(database.jobs.counts().values()) > 0
    finally:
        example.parent.chmod(0o755)
    assert [p.name for p in example.parent.iterdir()] == ["example.db"]


def test_holds_no_folder_and_no_host(example: Path) -> None:
    connection = sqlite3.connect(example)
    assert connection.execute("SELECT DISTINCT places FROM jobs").fetchall() == [("{}",)]
    assert connection.execute("SELECT DISTINCT worker FROM attempts").fetchall() == [("worker",)]
    assert connection.execute("SELECT count(*) FROM attempts WHERE traceback <> ''").fetchone() == (0,)
    facts = [text for (text,) in connection.execute("SELECT facts FROM provenance")]
    assert facts and not any(word in text for text in facts for word in ('"/', "/home", "/root", "host"))


def test_is_small_and_in_no_write_ahead_mode(example: Path) -> None:
    assert EXAMPLE.stat().st_size < 15 * 2**20
    assert sqlite3.connect(example).execute("PRAGMA journal_mode").fetchone() == ("delete",)
