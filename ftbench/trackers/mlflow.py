"""MLflow: a run for each job in the experiment ``MLFLOW_EXPERIMENT_NAME`` or ``ftbench``."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ftbench.trackers.base import Ending, SeriesAt, StepValues, TrackedJob, Tracker, TrackerRun

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

T = TypeVar("T")
#: The tag by which a job's run is found.
JOB = "ftbench.job"
_ODD = re.compile(r"[^\w. /-]+")
_BATCH = 100  # metrics, params or tags of one request
_LONGEST = 500  # characters of a value
_STATUS = {Ending.DONE: "FINISHED", Ending.FAILED: "FAILED", Ending.STOPPED: "KILLED"}


class Mlflow(Tracker):
    """Runs of an experiment, on the server or in the file that ``MLFLOW_TRACKING_URI`` says."""

    package = "mlflow"

    def place(self) -> str:
        """The experiment."""
        return f"experiment {_experiment()}"

    def open(self, job: TrackedJob) -> TrackerRun:
        """The run that has the job's digest as its tag, else a new one."""
        from mlflow import MlflowClient

        client = MlflowClient()
        name = _experiment()
        known = client.get_experiment_by_name(name)
        experiment = known.experiment_id if known is not None else client.create_experiment(name)
        runs = client.search_runs([experiment], f"tags.`{JOB}` = '{job.digest}'", max_results=1)
        if runs:
            client.update_run(runs[0].info.run_id, status="RUNNING")
            run = runs[0]
        else:
            run = client.create_run(experiment, run_name=job.name, tags={JOB: job.digest})
        return _MlflowRun(client, run, job)


def _experiment() -> str:
    return os.environ.get("MLFLOW_EXPERIMENT_NAME") or "ftbench"


class _MlflowRun(TrackerRun):
    def __init__(self, client: MlflowClient, run: Run, job: TrackedJob) -> None:
        from mlflow.entities import Param, RunTag

        self._client, self._id = client, run.info.run_id
        self._series = set(run.data.metrics)
        # What a process that was killed did not come to is added; what is there cannot be changed.
        told = {_name(key): str(value)[:_LONGEST] for key, value in job.settings.items()}
        params = [Param(key, value) for key, value in told.items() if key not in run.data.params]
        tags = {"group": job.group, **job.tags}
        wanted = [RunTag(_name(k), v[:_LONGEST]) for k, v in tags.items() if _name(k) not in run.data.tags]
        for some in _parts(params):
            client.log_batch(self._id, params=some)
        for others in _parts(wanted):
            client.log_batch(self._id, tags=others)

    def spelled(self, series: str) -> str:
        return _name(series)

    def known(self) -> Mapping[SeriesAt, float]:
        histories = {series: self._client.get_metric_history(self._id, series) for series in self._series}
        return {(series, one.step): one.value for series, values in histories.items() for one in values}

    def log(self, steps: Sequence[StepValues]) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        found = [Metric(k, v, now, step) for step, values in steps for k, v in values.items()]
        for some in _parts(found):
            self._client.log_batch(self._id, metrics=some)

    def end(self, how: Ending) -> None:
        self._client.set_terminated(self._id, _STATUS[how])


def _name(text: str) -> str:
    """A name as mlflow takes it."""
    return _ODD.sub("_", text)


def _parts(values: Iterable[T]) -> Iterator[list[T]]:
    left = iter(values)
    while some := list(islice(left, _BATCH)):
        yield some
