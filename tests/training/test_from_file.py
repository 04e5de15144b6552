"""A file of jobs: one process writes a file of events, and what is done leaves no checkpoints."""

from __future__ import annotations

import argparse
import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from ftbench.domain.events import Events
from ftbench.training.from_file import run_file
from tests.training.conftest import Bench


@pytest.fixture
def options(tmp_path: Path, bench: Bench) -> argparse.Namespace:
    job = bench.job(steps=1)
    line = {"digest": job.digest, "job": job.canonical(), "places": {}}
    (tmp_path / "jobs.jsonl").write_text(json.dumps(line) + "\n")
    return argparse.Namespace(
        jobs=str(tmp_path / "jobs.jsonl"),
        events=str(tmp_path / "events.jsonl"),
        workdir=str(tmp_path / "work"),
        data_dir="",
    )


def test_a_second_process_is_refused_the_same_events(
    options: argparse.Namespace, capsys: pytest.CaptureFixture[str]
) -> None:
    def never(command: Any, events: Events) -> str:
        raise AssertionError("nothing is trained")

    with open(options.events, "a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write("half a li")
        other.flush()
        assert run_file(options, never, lambda: False) == 2
    assert "is written by another process" in capsys.readouterr().err
    assert Path(options.events).read_text() == "half a li", "nor is the other's line cut"


@pytest.mark.parametrize(("end", "kept"), [("done", False), ("stopped", True), ("failed", True)])
def test_checkpoints_go_when_the_job_is_done_alone(options: argparse.Namespace, end: str, kept: bool) -> None:
    told: list[dict[str, Any]] = []

    def execute(command: Any, events: Events) -> str:
        told.append(dict(command))
        folder = Path(command["workdir"])
        folder.mkdir(parents=True)
        (folder / "main.part.pt").touch()
        return end

    run_file(options, execute, lambda: False)
    assert any(Path(options.workdir).iterdir()) == kept
    run_file(options, execute, lambda: False)
    first, second = told
    assert first["workdir"] != second["workdir"], "each attempt writes for itself"
    assert second["earlier"] == ([first["workdir"]] if kept else [])
