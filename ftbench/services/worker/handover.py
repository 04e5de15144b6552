"""What the training process is told of a job."""

from __future__ import annotations

from typing import Any

from ftbench import settings
from ftbench.db import Database, Lease
from ftbench.domain.command import places_here
from ftbench.domain.places import unresolved
from ftbench.domain.result import Outcome
from ftbench.services.worker.joblog import JobLog
from ftbench.services.worker.options import Options
from ftbench.services.worker.workdir import WorkDir


def parts_of(database: Database, claim: Lease) -> int:
    """Into how many each micro-batch is cut: twice as many after each attempt that memory ended."""
    tries = database.results.attempts(claim.digest) if claim.attempt > 1 else []
    return int(2 ** sum(one.outcome is Outcome.OOM for one in tries))


def command(
    claim: Lease, log: JobLog, folder: WorkDir, options: Options, *, memory: bool, parts: int = 1
) -> dict[str, Any]:
    """The command that hands a job over; its folder for checkpoints is made.

    A job that waits for its identity is not trained: what it needs is fetched.

    Args:
        claim: the job.
        log: of the attempt.
        folder: the database's.
        options: the worker's.
        parts: into how many each micro-batch is cut.
        memory: whether its events are to tell how much memory is held and free.

    Raises:
        OSError: the folder cannot be made.
    """
    earlier = folder.earlier(claim.digest)
    checkpoints = folder.checkpoints(claim.digest, claim.token)
    checkpoints.mkdir(parents=True, exist_ok=True)
    spec, places = claim.job.canonical(), places_here(claim.places, claim.job.canonical(), options.data_dir)
    waits = bool(unresolved(claim.places))
    if waits:
        folder_here = settings.data_dir(options.data_dir)
        places["data"] = str(folder_here.absolute()) if folder_here is not None else None
    return {
        "op": "fetch" if waits else "run",
        "digest": claim.digest,
        "job": spec,
        "places": places,
        "workdir": str(checkpoints),
        "earlier": [str(other) for other in earlier],
        "log": str(log.path),
        "threads": options.threads,
        "device": options.device,
        "checkpoint_seconds": settings.checkpoint_seconds(),
        "memory": memory,
        "live": True,
        "parts": parts,
    }
