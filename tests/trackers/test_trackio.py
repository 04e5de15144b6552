"""Trackio's file on this machine, read back: the curves and scores of the database, each number once."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trackers.written import JOB, WANTED

pytest.importorskip("trackio")
pytestmark = pytest.mark.slow  # to load it takes seconds

#: Sends a part of the job as a process does that is then killed, or all of it.
SEND = """
import os, sys
from ftbench import trackers
from ftbench.trackers import Deliveries, Ending
from tests.trackers.written import JOB, POINTS, SCORES
deliveries = Deliveries(trackers.find("trackio")())
deliveries.begin(JOB)
deliveries.points(JOB.digest, POINTS[:6])
if sys.argv[1] == "stopped":
    deliveries.close()
    os._exit(9)
if sys.argv[1] == "killed":
    os._exit(9)
deliveries.end(JOB, Ending.DONE, POINTS, SCORES)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("TRACKIO_PROJECT", "TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "trackio"


def send(how: str) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SEND, how], cwd=root, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == (0 if how == "done" else 9), done.stderr


def rows(folder: Path) -> list[tuple[str, str, int, dict[str, float]]]:
    connection = sqlite3.connect(folder / "ftbench.db")
    found = connection.execute("SELECT run_id, run_name, step, metrics FROM metrics").fetchall()
    connection.close()
    return [(run, name, step, json.loads(metrics)) for run, name, step, metrics in found]


def assert_whole(folder: Path) -> None:
    found: dict[str, list[tuple[int, float]]] = {}
    for _, _, step, metrics in rows(folder):
        for name, value in metrics.items():
            found.setdefault(name, []).append((step, value))
    assert {name: sorted(values) for name, values in found.items()} == {
        name: sorted(values.items()) for name, values in WANTED.items()
    }
    assert {(name, run) for run, name, _, _ in rows(folder)} == {(JOB.path, rows(folder)[0][0])}, "one run"


@pytest.mark.parametrize("first", ["done", "stopped", "killed"])
def test_a_job_is_one_run_whatever_became_of_its_first_attempt(folder: Path, first: str) -> None:
    send(first)
    send("done")
    assert_whole(folder)
