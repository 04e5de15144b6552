"""Weights & Biases: a run for each job in the project ``WANDB_PROJECT`` or ``ftbench``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ftbench.trackers.base import Ending, StepValues, TrackedJob, Tracker, TrackerRun

if TYPE_CHECKING:
    import wandb

STEP = "step"
_LONGEST = 64  # characters of a tag
#: How the process of a run is said to have ended.
_CODES = {Ending.DONE: 0, Ending.FAILED: 1, Ending.STOPPED: 255}


class WeightsAndBiases(Tracker):
    """Runs of a project; their id is the job's digest, by which wandb itself goes on with one."""

    package = "wandb"

    def place(self) -> str:
        """The project."""
        return f"project {_project()}"

    def open(self, job: TrackedJob) -> TrackerRun:
        """The run of the job's digest.

        Nothing is collected but what is sent: no output, code, git, packages, nor what the machine does.
        """
        import wandb

        settings = wandb.Settings(
            console="off",
            disable_git=True,
            save_code=False,
            silent=True,
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )
        run = wandb.init(
            project=_project(),
            id=job.digest,
            name=job.name,
            group=job.group,
            tags=[f"{key}:{value}"[:_LONGEST] for key, value in job.tags.items()],
            config={**job.tags, **job.settings},
            resume="allow",
            reinit="create_new",
            settings=settings,
        )
        return _WandbRun(run)


def _project() -> str:
    return os.environ.get("WANDB_PROJECT") or "ftbench"


class _WandbRun(TrackerRun):
    def __init__(self, run: wandb.Run) -> None:
        self._run = run
        run.define_metric(STEP)
        run.define_metric("*", step_metric=STEP)

    def log(self, steps: Sequence[StepValues]) -> None:
        for step, values in steps:
            self._run.log({STEP: step, **values})

    def score(self, last: int, values: Mapping[str, float]) -> None:
        self.log([(last, values)])
        self._run.summary.update(dict(values))

    def end(self, how: Ending) -> None:
        self._run.finish(exit_code=_CODES[how])
