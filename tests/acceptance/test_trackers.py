"""Workers that send to trackers: the same jobs, whatever becomes of one, and one run for each of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Place, children_of, kill, until
from tests.trackers.written import SOURCE, lines, series

GRID = ("--tasks", "toy-accept", "--models", "tiny", "--train-size", "96", "--set", "epochs=4")
pytestmark = pytest.mark.slow


def _with_jobs(place: Place) -> Place:
    """A folder with a tracker of one's own, and two jobs in the queue."""
    (place.folder / "written.py").write_text(SOURCE)
    place.env["WRITTEN"] = str(place.folder / "written.jsonl")
    place.keep_every_step()
    place.ftbench("queue", "--methods", "soup[members=2]", "--seeds", "1", *GRID)
    return place


@pytest.fixture
def tracked(place: Place) -> Place:
    """Commands that start the interpreter, as a user's do."""
    return _with_jobs(place)


@pytest.fixture
def loaded(loaded_place: Place) -> Place:
    """Commands whose processes have the libraries loaded."""
    return _with_jobs(loaded_place)


def curves(place: Place) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Of each job of the database, as a tracker is to have them."""
    found: dict[str, dict[str, list[tuple[int, float]]]] = {}
    rows = place.rows("select digest, run, name, step, value from curves order by digest, run, name, step")
    last: dict[str, int] = {}
    for digest, run, name, step, value in rows:
        called = name if run == "main" else f"{run}/{name}"
        found.setdefault(digest, {}).setdefault(called, []).append((step, value))
        last[digest] = max(last.get(digest, 0), step)
    for digest, evaluation, metric, value in place.rows(
        "select digest, evaluation, metric, value from scores"
    ):
        found[digest][f"{evaluation}/{metric}"] = [(last[digest], value)]
    return found


def sent(place: Place) -> dict[str, Any]:
    path = place.folder / "written.jsonl"
    found = {digest: series(path, digest) for digest in curves(place)}
    return {d: {name: sorted(values) for name, values in one.items()} for d, one in found.items()}


def test_curves_and_scores_are_those_of_the_database_and_come_as_the_job_runs(loaded: Place) -> None:
    out = loaded.ftbench("worker", "--drain", "--threads", "1", "--track", "./written.py")
    assert "tracker" not in out
    assert sent(loaded) == curves(loaded)
    told = lines(loaded.folder / "written.jsonl")
    for digest in curves(loaded):
        mine = [line for line in told if line["digest"] == digest]
        assert "open" in mine[0] and mine[-1] == {"digest": digest, "end": "done"}
        assert len([line for line in mine if "log" in line]) > 2, "not in one piece at the end"
    loaded.ftbench("export", "--track", "./written.py")
    assert sent(loaded) == curves(loaded), "once more adds nothing"


def test_workers_that_are_launched_send_likewise(tracked: Place) -> None:
    tracked.ftbench(
        "launch", "local", "--workers", "1", "--drain", "--threads", "1", "--track", "./written.py"
    )
    assert curves(tracked) and sent(tracked) == curves(tracked)


def test_tensorboard_has_the_curves_of_the_database(loaded: Place) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    loaded.env["TENSORBOARD_LOGGING_DIR"] = str(loaded.folder / "logs")
    loaded.ftbench("worker", "--drain", "--threads", "1", "--track", "tensorboard,./written.py")
    wanted = curves(loaded)
    assert sent(loaded) == wanted, "two trackers side by side"
    folders = {path.name[-12:]: path for path in (loaded.folder / "logs").glob("tiny/toy-accept/*/*/*")}
    assert len(folders) == len(wanted)
    for digest, names in wanted.items():
        found = EventAccumulator(str(folders[digest[:12]]), size_guidance={"scalars": 0})
        found.Reload()
        assert set(found.Tags()["scalars"]) == names.keys()
        for name, values in names.items():
            got = [(one.step, one.value) for one in found.Scalars(name)]
            assert got == [(step, pytest.approx(value, rel=1e-6)) for step, value in values]


def test_a_job_whose_worker_was_killed_goes_on_in_its_run(tracked: Place) -> None:
    out = tracked.folder / "written.jsonl"
    worker = tracked.start("worker", "--drain", "--threads", "1", "--lease", "2", "--track", "./written.py")
    until(lambda: sum("log" in line for line in lines(out)) >= 2, "the first numbers")
    beside = children_of(worker.pid)
    kill(worker.pid)
    until(
        lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in beside), "the end of its processes"
    )
    tracked.ftbench("worker", "--drain", "--threads", "1", "--lease", "2", "--track", "./written.py")
    assert tracked.rows("select state, count(*) from jobs group by state") == [("done", 2)]
    assert sent(tracked) == curves(tracked), "each number once"
    names = [line["open"] for line in lines(out) if "open" in line]
    assert len(set(names)) == 2 < len(names), "opened again, under its name"


@pytest.mark.parametrize("variable", ["WRITTEN_FAILS", "WRITTEN_HANGS"])
def test_a_tracker_that_fails_or_hangs_costs_a_line_and_seconds_at_the_end(
    loaded: Place, variable: str
) -> None:
    loaded.env[variable] = "no server"
    out = loaded.ftbench("worker", "--drain", "--threads", "1", "--track", "./written.py")
    assert loaded.rows("select state, count(*) from jobs group by state") == [("done", 2)]
    ended = {row[0] for row in loaded.rows("select max(ended) from attempts")}
    assert time.time() - max(ended) < 60, "ten seconds, on a machine that has time"
    said = [line for line in out.splitlines() if line.startswith("tracker ")]
    assert said[-1].endswith(
        "2 done jobs were not sent whole; send them with: ftbench export --track "
        + str(loaded.folder / "written.py")
    )
    assert (variable == "WRITTEN_FAILS") == any(
        "RuntimeError: no server; the jobs go on" in one for one in said
    )
    del loaded.env[variable]
    loaded.ftbench("export", "--track", "./written.py")
    assert sent(loaded) == curves(loaded)


def test_the_tracker_gets_no_ctrl_c_and_sends_what_is_left(tracked: Place) -> None:
    out = tracked.folder / "written.jsonl"
    worker = tracked.start("worker", "--drain", "--threads", "1", "--track", "./written.py")
    until(lambda: sum("log" in line for line in lines(out)) >= 1, "the first numbers")
    worker.terminate()
    worker.communicate(timeout=60)
    assert lines(out)[-1]["end"] == "stopped"
    tracked.ftbench("worker", "--drain", "--threads", "1", "--track", "./written.py")
    assert sent(tracked) == curves(tracked)
