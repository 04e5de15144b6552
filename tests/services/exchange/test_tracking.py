"""Jobs as trackers show them: what a worker sends as it runs, and what the database has afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from ftbench import trackers
from ftbench.db import Database, JobFilter
from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.services.exchange import tracking
from ftbench.services.exchange.sender import TrackerSender
from ftbench.services.exchange.tracking import TrackedProgress, send_done, tracked_job, usable_trackers
from ftbench.services.scores.selection import Selection
from tests.db.samples import RESULT, claim, entry
from tests.services.worker import helpers
from tests.services.worker.helpers import PROGRESS, SCORE, Watch, work
from tests.trackers.written import lines, series, write_tracker

EVERYTHING = Selection(baseline=None)


class Kept:
    """A sender that keeps what it is given."""

    def __init__(self, fails: str = "") -> None:
        self.told: list[dict[str, Any]] = []
        self.looks = 0
        self._fails = fails

    def put(self, message: Mapping[str, Any]) -> None:
        if self._fails:
            raise RuntimeError(self._fails)
        self.told.append(json.loads(json.dumps(message)))

    def look(self) -> None:
        self.looks += 1

    def ending(self) -> bool:
        return True

    def let_go(self) -> None:
        self.told.append({"op": "let go"})


def progress(database: Database, *senders: Kept, watch: Watch | None = None) -> TrackedProgress:
    return TrackedProgress(watch or Watch(), database, [cast(TrackerSender, one) for one in senders])


def test_a_run_is_called_as_the_field_calls_it(database: Database) -> None:
    job = entry(3, "bidrop", label="bidrop[k=3]", hparams={"k": 3}, noise=0.1, train_size=300)
    database.jobs.add([job, replace(entry(0), job=replace(entry(0).job, streams={"head": 4}))])
    found, other = (tracked_job(row) for row in database.jobs.list(JobFilter()))
    assert found.name == "tiny/toy-entail/bidrop[k=3]/train_size=300/noise=0.1/seed3"
    assert found.group == "tiny/toy-entail/bidrop[k=3]/train_size=300/noise=0.1"
    assert found.digest == job.job.digest and found.path == f"{found.name}-{found.digest[:12]}"
    assert found.tags == {
        "model": "tiny",
        "task": "toy-entail",
        "method": "bidrop",
        "label": "bidrop[k=3]",
        "seed": "3",
        "noise": "0.1",
        "train_size": "300",
    }
    assert found.settings["method.k"] == 3 and found.settings["recipe.lr"] == 2e-5
    assert other.name == "tiny/toy-entail/vanilla/seed0,head=4"


def test_no_secret_stands_in_what_is_sent(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "abcdefgh12345")
    database.jobs.add([entry(0, label="vanilla-abcdefgh12345", hparams={"name": "abcdefgh12345"})])
    found = tracked_job(database.jobs.list(JobFilter())[0])
    assert "abcdefgh12345" not in json.dumps(trackers.line_of_tracked(found))


def test_a_worker_sends_each_job_as_it_runs_and_as_the_database_has_it(database: Database) -> None:
    point = {"run": "main", "step": 1, "name": "loss", "value": 0.5}
    curve = ["event", {"event": "curve", **point}]
    moving = ["event", {**PROGRESS[1], "points": [["loss", 1, 0.5]]}]
    done, failed = helpers.queue(database, [moving, curve, SCORE], [["fail", "diverged"]])
    kept, watch = Kept(), Watch()
    work(database, cast(Watch, progress(database, kept, watch=watch)))
    assert [
        (one["op"], one.get("how"), (one.get("job") or {"digest": None})["digest"]) for one in kept.told
    ] == [
        ("begin", None, done),
        ("points", None, None),
        ("end", "done", done),
        ("begin", None, failed),
        ("end", "failed", failed),
        ("let go", None, None),
    ]
    assert kept.told[1]["digest"] == done and kept.told[1]["points"] == [["main", 1, "loss", 0.5]]
    assert kept.told[2]["points"] == [["main", 1, "loss", 0.5]]
    assert kept.told[2]["scores"] == [["dev", "accuracy", 0.5]] and kept.told[4]["scores"] == []
    assert watch.how == ["done", "failed"] and kept.looks > 0 and watch.closed


@pytest.mark.parametrize("how", ["again", "released", "dropped"])
def test_an_attempt_that_is_not_the_last_stops_the_run(database: Database, how: str) -> None:
    database.jobs.add([entry(0)])
    kept = Kept()
    shown = progress(database, kept)
    shown.started(entry(0).job.digest, "words")
    shown.ended(entry(0).job.digest, how, 1.0)
    assert [one.get("how") for one in kept.told] == [None, "stopped"]


def test_what_fails_in_a_tracker_is_said_once_and_comes_to_no_job(database: Database) -> None:
    helpers.queue(database, [SCORE], [SCORE])
    watch, well = Watch(), Kept()
    tally = work(database, cast(Watch, progress(database, Kept("broken"), well, watch=watch)))
    assert tally.done == 2
    assert [one for one in watch.said if "tracking" in one] == [
        "tracking has failed: RuntimeError: broken; the jobs go on"
    ]


def test_a_display_that_needs_no_time_is_looked_at_all_the_same(database: Database) -> None:
    watch = Watch()
    assert progress(database, Kept(), watch=watch).interval == 1.0
    watch.interval = 0.5
    assert progress(database, Kept(), watch=watch).interval == 0.5


# Afterwards


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WRITTEN", str(tmp_path / "written.jsonl"))
    return tmp_path / "written.jsonl"


def test_done_jobs_are_sent_as_the_database_has_them(database: Database, tmp_path: Path, out: Path) -> None:
    database.jobs.add([entry(0), entry(1, "bidrop"), entry(2)])
    for _ in range(2):
        database.jobs.finish(claim(database), RESULT)
    tracker = str(write_tracker(tmp_path))
    assert send_done(database, EVERYTHING, tracker) == (2, str(out))
    before = out.read_text()
    assert send_done(database, replace(EVERYTHING, tasks=("toy-entail",)), tracker) == (2, str(out))
    assert "log" not in out.read_text().removeprefix(before), "again sends nothing"
    for seed in (0, 1):
        digest = entry(seed, ("vanilla", "bidrop")[seed]).job.digest
        curves = [(p.step, p.value) for p in database.results.curves(digest) if p.name == "loss"]
        assert series(out, digest) == {
            "loss": curves,
            "dev/accuracy": [(2, 0.75)],
            "dev/f1": [(2, 0.5)],
        }
    assert {line["end"] for line in lines(out) if "end" in line} == {"done"}


def test_only_what_was_asked_for_is_sent(database: Database, tmp_path: Path, out: Path) -> None:
    database.jobs.add([entry(0), entry(1, "bidrop")])
    for _ in range(2):
        database.jobs.finish(claim(database), RESULT)
    tracker = str(write_tracker(tmp_path))
    assert send_done(database, replace(EVERYTHING, tasks=("cola",)), tracker)[0] == 0
    with pytest.raises(UnknownName, match="task 'colla'"):
        send_done(database, replace(EVERYTHING, tasks=("colla",)), tracker)


def test_a_tracker_that_fails_is_one_line(
    database: Database, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.jobs.add([entry(0)])
    database.jobs.finish(claim(database), RESULT)
    monkeypatch.setenv("WRITTEN_FAILS", "no\nserver")
    with pytest.raises(FtbenchError, match="^tracker .*written.py: RuntimeError: no server$"):
        send_done(database, EVERYTHING, str(write_tracker(tmp_path)))


def test_trackers_are_named_once_and_files_by_their_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tracker(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trackers.Tracker, "lacking", classmethod(lambda cls: ""))
    assert usable_trackers(["./written.py", "mlflow", "mlflow"]) == (str(tmp_path / "written.py"), "mlflow")
    with pytest.raises(BadValue, match="--track: name one of mlflow, tensorboard, trackio, wandb"):
        usable_trackers([])
    monkeypatch.setattr(trackers.Tracker, "lacking", classmethod(lambda cls: "it is not here"))
    with pytest.raises(BadValue, match="--track mlflow: it is not here"):
        usable_trackers(["mlflow"])


def test_the_command_that_sends_afterwards_names_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[object, ...]] = []
    monkeypatch.setattr(tracking, "TrackerSender", lambda *given: made.append(given))
    tracking.start_senders(["mlflow"], "my own.db", print)
    assert made == [("mlflow", print, "ftbench export --track mlflow --db 'my own.db'")]
