"""What the training process is told of a job."""

from __future__ import annotations

from typing import Any

from ftbench import settings
from ftbench.db import Lease
from ftbench.domain.command import places_here
from ftbench.services.worker.joblog import JobLog
from ftbench.services.worker.options import Options
from ftbench.services.worker.workdir import WorkDir


def command(claim: Lease, log: JobLog, folder: WorkDir, options: Options, *, memory: bool) -> dict[str, Any]:
    """The command that hands a job over; its folder for checkpoints is made.

    Args:
        claim: the job.
        log: of the attempt.
        folder: the database's.
        options: the worker's.
        memory: whether its events are to tell how much memory is held and free.

    Raises:
        OSError: the folder cannot be made.
    """
    checkpoints = folder.checkpoints(claim.digest)
    checkpoints.mkdir(parents=True, exist_ok=True)
    spec = claim.job.canonical()
    return {
        "op": "run",
        "digest": claim.digest,
        "job": spec,
        "places": places_here(claim.places, spec, options.data_dir),
        "workdir": str(checkpoints),
        "log": str(log.path),
        "threads": options.threads,
        "device": options.device,
        "checkpoint_seconds": settings.checkpoint_seconds(),
        "memory": memory,
    }
