"""Scores as tidy rows, from jobs whose every number was written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from ftbench.db import Database, Entry
from ftbench.domain import axes
from ftbench.domain.job import Job
from ftbench.domain.recipe import Recipe
from ftbench.domain.result import JobResult, Outcome, Score
from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.services.exchange import frames
from ftbench.services.exchange.frames import COLUMNS, write_scores
from ftbench.services.scores.selection import Selection
from tests.db.samples import entry, execute

RAN = {
    "wall_seconds": 12.5,
    "seconds": {"training": 9.5, "evaluation": 3.0},
    "peak_memory_mb": 300,
    "device": "cpu",
    "ftbench": "1.0",
    "torch": "2.13",
    "git_dirty": False,
    "method_digest": "2:ab",
}


def finish(database: Database, scores: dict[tuple[str, str], float], **provenance: object) -> None:
    claim = database.jobs.claim("w", 60)
    assert claim is not None
    rows = tuple(Score(evaluation, metric, value) for (evaluation, metric), value in scores.items())
    database.jobs.finish(claim, JobResult(rows, provenance=provenance))


@pytest.fixture
def filled(database: Database) -> Database:
    """Two done jobs, one that says what it ran with; one failed; one queued."""
    other = Job("tiny", "r", "toy-accept", "d", ("dev",), "bidrop", {"k": 2}, 3, recipe=Recipe(lr=0.001))
    small = entry(1, train_size=64, noise=0.1)
    database.jobs.add([small, Entry(other, "bidrop[k=2]"), entry(2, "rdrop"), entry(4, "rdrop")])
    finish(database, {("dev", "f1"): 0.5, ("dev", "accuracy"): 0.75, ("b", "accuracy"): 0.25}, **RAN)
    finish(database, {("dev", "matthews"): -0.125}, torch="2.12")
    claim = database.jobs.claim("w", 60)
    assert claim is not None
    database.jobs.fail(claim, Outcome.USER, "too long", "")
    return database


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


@pytest.mark.parametrize("name", ["scores.csv", "scores.PARQUET"])
def test_each_score_of_a_done_job_is_a_row(filled: Database, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write_scores(filled, path, Selection()) == 4
    frame = read(path)
    assert tuple(frame.columns) == COLUMNS
    found = list(zip(frame["method"], frame["evaluation"], frame["metric"], frame["value"], strict=True))
    assert found == [
        ("vanilla", "b", "accuracy", 0.25),
        ("vanilla", "dev", "accuracy", 0.75),
        ("vanilla", "dev", "f1", 0.5),
        ("bidrop", "dev", "matthews", -0.125),
    ]
    first, *_, last = frame.to_dict("records")
    assert (first["seed"], first["train_size"], first["noise"], first["reduction"]) == (1, 64, 0.1, 0)
    assert (last["label"], last["task"], last["seed"]) == ("bidrop[k=2]", "toy-accept", 3)
    assert json.loads(last["hparams"]) == {"k": 2} and json.loads(last["recipe"])["lr"] == 0.001
    assert pd.isna(last["train_size"]) and (last["model_revision"], last["data_revision"]) == ("r", "d")
    assert not list(tmp_path.glob("*.part"))


def test_scores_of_a_job_that_is_to_be_run_again_are_left_out(filled: Database, tmp_path: Path) -> None:
    execute(filled, "UPDATE jobs SET state = 'queued' WHERE method = 'bidrop'")
    assert write_scores(filled, tmp_path / "s.csv", Selection()) == 3
    assert set(read(tmp_path / "s.csv")["method"]) == {"vanilla"}


def test_what_a_job_ran_with_stands_in_its_rows_and_what_is_not_known_is_missing(
    filled: Database, tmp_path: Path
) -> None:
    path = tmp_path / "scores.parquet"
    write_scores(filled, path, Selection())
    first, *_, last = pd.read_parquet(path).to_dict("records")
    assert (first["wall_seconds"], first["training_seconds"], first["peak_memory_mb"]) == (12.5, 9.5, 300.0)
    assert (first["device"], first["torch"], first["method_digest"]) == ("cpu", "2.13", "2:ab")
    assert not first["git_dirty"] and pd.isna(first["git_commit"])
    assert last["torch"] == "2.12" and pd.isna(last["device"]) and pd.isna(last["wall_seconds"])


def test_filters_choose_rows_and_the_baselines_go_along(filled: Database, tmp_path: Path) -> None:
    def methods(asked: Selection) -> list[str]:
        write_scores(filled, tmp_path / "s.csv", asked)
        return sorted(set(read(tmp_path / "s.csv")["method"]))

    bidrop = axes.methods("bidrop")
    assert methods(Selection(methods=bidrop)) == ["bidrop", "vanilla"]
    assert methods(Selection(methods=bidrop, baseline=None)) == ["bidrop"]
    assert methods(Selection(tasks=("toy-entail",))) == ["vanilla"]
    with pytest.raises(UnknownName, match="unknown task 'toy-acept'; did you mean 'toy-accept'"):
        write_scores(filled, tmp_path / "s.csv", Selection(tasks=("toy-acept",)))


def test_an_empty_database_gives_an_empty_table(database: Database, tmp_path: Path) -> None:
    for path in (tmp_path / "s.csv", tmp_path / "s.parquet"):
        assert write_scores(database, path, Selection(baseline=None)) == 0
        assert tuple(read(path).columns) == COLUMNS and len(read(path)) == 0


def test_columns_keep_their_types_where_nothing_is_known(database: Database) -> None:
    types = {
        field.name: str(field.type) for field in frames.score_rows(database, Selection(baseline=None)).schema
    }
    assert (types["train_size"], types["peak_memory_mb"], types["method_digest"]) == (
        "int64",
        "double",
        "string",
    )


def test_a_file_of_another_kind_is_refused(filled: Database, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"scores\.json: name a file that ends in \.csv or \.parquet"):
        write_scores(filled, tmp_path / "scores.json", Selection())
    assert not list(tmp_path.glob("scores*"))


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("as it was")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(frames.Path, "replace", full)
    with pytest.raises(FtbenchError, match=r"scores\.csv cannot be written: No space left on device"):
        write_scores(filled, path, Selection())
    assert path.read_text() == "as it was" and not list(tmp_path.glob("*.part"))
