"""A tracker of a user's own that writes what it is given to a file, and a job to send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ftbench.domain.result import CurvePoint, Score
from ftbench.trackers import TrackedJob

#: Its file. $WRITTEN takes the lines, $WRITTEN_FAILS is what it raises, $WRITTEN_HANGS makes it wait.
SOURCE = """
import json, os, time
from ftbench.trackers import Tracker, TrackerRun


class Run(TrackerRun):
    def __init__(self, digest):
        self.digest = digest

    def write(self, **values):
        if os.environ.get("WRITTEN_FAILS"):
            raise RuntimeError(os.environ["WRITTEN_FAILS"])
        while os.environ.get("WRITTEN_HANGS"):
            time.sleep(0.05)
        with open(os.environ["WRITTEN"], "a") as file:
            file.write(json.dumps({"digest": self.digest, **values}) + "\\n")

    def known(self):
        if not os.path.exists(os.environ["WRITTEN"]):
            return {}
        lines = [json.loads(line) for line in open(os.environ["WRITTEN"])]
        steps = [step for line in lines if line["digest"] == self.digest for step in line.get("log", ())]
        return {(name, step): value for step, values in steps for name, value in values.items()}

    def log(self, steps):
        self.write(log=[[step, dict(values)] for step, values in steps])

    def end(self, how):
        self.write(end=how)


class Written(Tracker):
    def place(self):
        return os.environ["WRITTEN"]

    def open(self, job):
        run = Run(job.digest)
        run.write(open=job.path)
        return run
"""

JOB = TrackedJob(
    "0123456789abcdef" * 4,
    "tiny/toy-accept/bidrop[k=3]/noise=0.1/seed1",
    "tiny/toy-accept/bidrop[k=3]/noise=0.1",
    {"model": "tiny", "task": "toy-accept", "method": "bidrop", "label": "bidrop[k=3]", "seed": "1"},
    {"method.k": 3, "recipe.lr": 5e-4, "recipe.epochs": None, "recipe.schedule": "linear"},
)
POINTS = [
    *(CurvePoint("main", step, "loss", 1 / step + 0.1) for step in range(2, 12, 2)),
    *(CurvePoint("main", step, "grad_norm", 0.3 * step) for step in range(2, 12, 2)),
    *(CurvePoint("soup-1", step, "loss", 0.7 / step) for step in range(2, 12, 2)),
]
SCORES = [
    Score("dev", "accuracy", 0.8125),
    Score("dev", "matthews", -0.03125),
    Score("train", "explained", 0.5),
]
#: What a run must have in the end, by the name of its series.
WANTED: dict[str, dict[int, float]] = {
    "loss": {p.step: p.value for p in POINTS if (p.run, p.name) == ("main", "loss")},
    "grad_norm": {p.step: p.value for p in POINTS if p.name == "grad_norm"},
    "soup-1/loss": {p.step: p.value for p in POINTS if p.run == "soup-1"},
    **{f"{one.evaluation}/{one.metric}": {10: one.value} for one in SCORES},
}


def write_tracker(folder: Path) -> Path:
    """The file of the tracker, in a folder."""
    path = folder / "written.py"
    path.write_text(SOURCE)
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    """What it has written."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def series(path: Path, digest: str) -> dict[str, list[tuple[int, float]]]:
    """The numbers of a job, in the order in which they came."""
    found: dict[str, list[tuple[int, float]]] = {}
    for line in lines(path):
        for step, values in line.get("log", ()) if line["digest"] == digest else ():
            for name, value in values.items():
                found.setdefault(name, []).append((step, value))
    return found
