"""Trackio: a run for each job in the project ``TRACKIO_PROJECT`` or ``ftbench``."""

from __future__ import annotations

import contextvars
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ftbench.trackers.base import Ending, SeriesAt, StepValues, TrackedJob, Tracker, TrackerRun

if TYPE_CHECKING:
    from trackio import Run


class Trackio(Tracker):
    """Runs of a project; trackio knows them by their name, so that this ends with the job's digest."""

    package = "trackio"

    def place(self) -> str:
        """The project."""
        return f"project {_project()}"

    def open(self, job: TrackedJob) -> TrackerRun:
        """The run of the job's name."""
        import trackio

        def init() -> Run:
            return trackio.init(
                _project(),
                name=job.path,
                group=job.group,
                config={"digest": job.digest, **job.tags, **job.settings},
                resume="allow",
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )

        # In a context of its own: it would end the run of the job beside this one.
        return _TrackioRun(contextvars.Context().run(init))


def _project() -> str:
    return os.environ.get("TRACKIO_PROJECT") or "ftbench"


class _TrackioRun(TrackerRun):
    def __init__(self, run: Run) -> None:
        self._run = run

    def known(self) -> Mapping[SeriesAt, float]:
        """Of a run on this machine; of one elsewhere it is not asked."""
        from trackio.sqlite_storage import SQLiteStorage

        rows = SQLiteStorage.get_logs(self._run.project, self._run.name, run_id=self._run.id)
        return {
            (name, int(row["step"])): float(value)
            for row in rows
            for name, value in row.items()
            if name != "step" and isinstance(value, int | float)
        }

    def log(self, steps: Sequence[StepValues]) -> None:
        for step, values in steps:
            self._run.log(dict(values), step=step)

    def end(self, how: Ending) -> None:
        self._run.finish()
