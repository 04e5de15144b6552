"""How far a job is, in a file that the board reads."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import Database
from ftbench.domain.events import Collector
from ftbench.domain.result import CurvePoint
from ftbench.metrics import score_bounds
from ftbench.services.worker.live import LiveFile, read_live
from ftbench.services.worker.workdir import WorkDir
from tests.services.worker.helpers import Watch, queue, work

LOSSES = [["loss", 1, 0.9], ["grad_norm", 1, 2.0], ["loss", 2, 0.7]]


def progress(step: int, total: int = 4, **more: Any) -> dict[str, Any]:
    return {"event": "progress", "run": "main", "step": step, "total": total, **more}


def after(*events: dict[str, Any]) -> Collector:
    found = Collector("d", score_bounds)
    for event in events:
        found.take(event)
    return found


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "live" / "d.json"
    LiveFile(path, 2).tell(after({"event": "started", "began": 10.0}, progress(2, points=LOSSES)))
    found = read_live(path)
    assert found is not None and found.told == pytest.approx(time.time(), abs=60)
    assert (found.attempt, found.began, found.run, found.step, found.total) == (2, 10.0, "main", 2, 4)
    assert found.loss == 0.7 and found.points[1] == CurvePoint("main", 1, "grad_norm", 2.0)


def test_it_is_written_once_a_second_and_at_the_last_step(tmp_path: Path) -> None:
    file, path = LiveFile(tmp_path / "d.json", 1), tmp_path / "d.json"
    steps = []
    for step in (1, 2, 3, 4):
        file.tell(after(progress(step)))
        found = read_live(path)
        steps.append(found.step if found else None)
    assert steps == [1, 1, 1, 4]


def test_a_shorter_text_leaves_nothing_of_the_longer_one(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    LiveFile(path, 1).tell(after(progress(4, points=LOSSES * 40)))
    LiveFile(path, 2).tell(after(progress(4)))
    found = read_live(path)
    assert found is not None and found.attempt == 2 and not found.points


def test_what_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "live").write_text("a file where a folder should be")
    LiveFile(tmp_path / "live" / "d.json", 1).tell(after(progress(1)))


@pytest.mark.parametrize(
    "change",
    [
        {"step": 5},
        {"step": "x"},
        {"run": 7},
        {"run": "a\x1b[2J"},
        {"points": [[1]]},
        {"points": 3},
        {"began": "now"},
    ],
)
def test_a_file_of_something_else_tells_nothing(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "d.json"
    sound = {"attempt": 1, "began": None, "told": 1.0, "run": "main", "step": 1, "total": 2, "points": []}
    path.write_text(json.dumps(sound))
    assert read_live(path) is not None
    path.write_text(json.dumps({**sound, **change}))
    assert read_live(path) is None


def test_half_a_file_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    assert read_live(path) is None
    for text in (b"", b'{"attempt": 1, "be', b"[" * 100_000, b"\xff", b"[]"):
        path.write_bytes(text)
        assert read_live(path) is None


def test_a_worker_tells_how_far_its_job_is_and_clears_up(database: Database) -> None:
    folder, seen = WorkDir(database.address), []
    watch = Watch(on_step=lambda digest, step: seen.append(read_live(folder.live(digest))))
    queue(database, [["event", progress(1, points=LOSSES)], ["score", 0.5]])
    work(database, watch)
    assert seen[0] is not None and seen[0].loss == 0.7
    assert watch.logged == [CurvePoint("main", step, name, value) for name, step, value in LOSSES]
    assert not list((folder.path / "live").iterdir())


def test_points_are_no_part_of_the_result() -> None:
    assert not after(progress(2, points=LOSSES)).result().curves


def test_each_attempt_passes_new_points_on_once(database: Database) -> None:
    watch, script = Watch(), [["event", progress(step, points=[["loss", step, 0.5]])] for step in (1, 2, 3)]
    queue(database, [*script, ["score", 0.5]])
    work(database, watch)
    assert [point.step for point in watch.logged] == [1, 2, 3]
