"""Deliveries: from what is told of jobs, as they run or afterwards, to the runs of a tracker."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

from ftbench.domain.result import CurvePoint, Score
from ftbench.trackers.base import Ending, SeriesAt, StepValues, TrackedJob, Tracker, TrackerRun

MAIN = "main"  # the run of a job that has one
_SAME = 1e-6  # TensorBoard keeps numbers in single precision


class Deliveries:
    """Sends each number once, as far as the tracker can say what it has.

    An attempt that goes on where another stopped tells again what that has told; one that begins anew may
    tell other values, which are added.
    """

    def __init__(self, tracker: Tracker) -> None:
        """Send to a tracker; nothing is open yet."""
        self._tracker = tracker
        self._open: dict[str, TrackerRun] = {}
        self._known: dict[str, dict[SeriesAt, float]] = {}

    def begin(self, job: TrackedJob) -> None:
        """Open the run of a job."""
        if job.digest not in self._open:
            run = self._tracker.open(job)
            self._open[job.digest], self._known[job.digest] = run, {}
            self._known[job.digest] = dict(run.known())

    def points(self, digest: str, points: Iterable[CurvePoint]) -> None:
        """Send what is new of a job's curves; nothing of a job whose run is not open."""
        if digest not in self._open:
            return
        steps = self._new(digest, ((series(p.run, p.name), p.step, p.value) for p in points))
        if steps:
            self._open[digest].log(steps)
            self._note(digest, steps)

    def end(
        self, job: TrackedJob, how: Ending, points: Iterable[CurvePoint] = (), scores: Iterable[Score] = ()
    ) -> None:
        """Send what was not sent yet, and let the run go, whatever comes of that."""
        if how is Ending.STOPPED and job.digest not in self._open:
            return
        self.begin(job)
        curves = tuple(points)
        try:
            self.points(job.digest, curves)
            last = max((p.step for p in curves), default=0)
            told = ((f"{one.evaluation}/{one.metric}", last, one.value) for one in scores)
            for step, values in self._new(job.digest, told):
                self._open[job.digest].score(step, values)
        finally:
            del self._known[job.digest]
            self._open.pop(job.digest).end(how)

    def close(self) -> None:
        """Let go of the runs that are open: their jobs go on later, or elsewhere."""
        with ExitStack() as ends:
            for run in self._open.values():
                ends.callback(run.end, Ending.STOPPED)
            self._open, self._known = {}, {}

    def _new(self, digest: str, values: Iterable[tuple[str, int, float]]) -> list[StepValues]:
        """The values that the run does not have, by step, in their order."""
        known = self._known[digest]
        steps: dict[int, dict[str, float]] = {}
        for called, step, value in values:
            name = self._open[digest].spelled(called)
            before = known.get((name, step))
            if before is None or not math.isclose(before, value, rel_tol=_SAME):
                steps.setdefault(step, {})[name] = value
        return sorted(steps.items())

    def _note(self, digest: str, steps: Iterable[StepValues]) -> None:
        """What was sent is there."""
        for step, values in steps:
            self._known[digest] |= {(name, step): value for name, value in values.items()}


def series(run: str, name: str) -> str:
    """What a curve is called: a job's several runs have theirs apart."""
    return name if run == MAIN else f"{run}/{name}"


def line_of_tracked(job: TrackedJob) -> dict[str, object]:
    """A job as a line of JSON has it."""
    return {**vars(job), "tags": dict(job.tags), "settings": dict(job.settings)}


def tracked_of_line(told: Mapping[str, object]) -> TrackedJob:
    """The job of such a line, which this program has written."""
    return TrackedJob(**told)  # type: ignore[arg-type]
