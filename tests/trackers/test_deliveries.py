"""Deliveries: each number once, in one run for each job, whatever becomes of attempts and trackers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ftbench import trackers
from ftbench.domain.result import CurvePoint
from ftbench.trackers import Deliveries, Ending, line_of_tracked, tracked_of_line
from tests.trackers.written import JOB, POINTS, SCORES, WANTED, lines, series, write_tracker


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WRITTEN", str(tmp_path / "written.jsonl"))
    return tmp_path / "written.jsonl"


@pytest.fixture
def fresh(tmp_path: Path, out: Path) -> Deliveries:
    """Deliveries to a tracker that keeps its lines from one process to the next."""
    return Deliveries(trackers.find(str(write_tracker(tmp_path)))())


def again(tmp_path: Path) -> Deliveries:
    """Those of another process, later."""
    return Deliveries(trackers.find(str(tmp_path / "written.py"))())


def whole(path: Path) -> dict[str, list[tuple[int, float]]]:
    return {name: sorted(values) for name, values in series(path, JOB.digest).items()}


ALL = {name: sorted(values.items()) for name, values in WANTED.items()}


def test_a_job_is_sent_as_it_runs_and_each_number_once(fresh: Deliveries, out: Path) -> None:
    fresh.begin(JOB)
    for at in range(0, len(POINTS), 4):
        fresh.points(JOB.digest, POINTS[at : at + 4])
    fresh.points(JOB.digest, POINTS)
    fresh.end(JOB, Ending.DONE, POINTS, SCORES)
    assert whole(out) == ALL
    opened, *_, ended = lines(out)
    assert opened["open"] == f"{JOB.name}-0123456789ab" and ended["end"] == "done"


def test_afterwards_it_is_the_same(fresh: Deliveries, out: Path, tmp_path: Path) -> None:
    fresh.end(JOB, Ending.DONE, POINTS, SCORES)
    assert whole(out) == ALL
    again(tmp_path).end(JOB, Ending.DONE, POINTS, SCORES)
    assert whole(out) == ALL, "once more adds nothing"


def test_an_attempt_that_goes_on_adds_what_is_new(fresh: Deliveries, out: Path, tmp_path: Path) -> None:
    fresh.begin(JOB)
    fresh.points(JOB.digest, POINTS[:3])
    other = again(tmp_path)  # the process before was killed
    other.begin(JOB)
    other.points(JOB.digest, POINTS[:6])
    other.end(JOB, Ending.DONE, POINTS, SCORES)
    assert whole(out) == ALL


def test_values_of_an_attempt_that_began_anew_are_added(fresh: Deliveries, out: Path, tmp_path: Path) -> None:
    fresh.end(JOB, Ending.DONE, POINTS[:1])
    again(tmp_path).end(JOB, Ending.DONE, [replace(POINTS[0], value=0.25)])
    assert series(out, JOB.digest)["loss"] == [(2, 0.6), (2, 0.25)]


def test_what_did_not_arrive_comes_with_the_end(
    fresh: Deliveries, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.begin(JOB)
    monkeypatch.setenv("WRITTEN_FAILS", "away")
    with pytest.raises(RuntimeError):
        fresh.points(JOB.digest, POINTS[:5])
    monkeypatch.delenv("WRITTEN_FAILS")
    fresh.points(JOB.digest, POINTS[5:7])
    fresh.end(JOB, Ending.DONE, POINTS, SCORES)
    assert whole(out) == ALL


def test_points_of_a_job_that_is_not_open_are_left_for_its_end(fresh: Deliveries, out: Path) -> None:
    fresh.points(JOB.digest, POINTS)
    fresh.end(JOB, Ending.STOPPED)
    assert lines(out) == []


def test_several_jobs_are_open_at_once_and_those_left_are_stopped(fresh: Deliveries, out: Path) -> None:
    other = replace(JOB, digest="f" * 64)
    fresh.begin(JOB)
    fresh.begin(other)
    fresh.points(other.digest, [CurvePoint("main", 1, "loss", 2.0)])
    fresh.end(JOB, Ending.FAILED)
    fresh.close()
    assert [(line["digest"][0], line.get("end")) for line in lines(out) if "end" in line] == [
        ("0", "failed"),
        ("f", "stopped"),
    ]
    assert series(out, other.digest) == {"loss": [(1, 2.0)]}


def test_a_job_is_written_and_read_again() -> None:
    assert tracked_of_line(line_of_tracked(JOB)) == JOB
