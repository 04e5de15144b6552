"""Seeds of the runs inside a job: each random stream of a run follows that stream's own seed."""

from __future__ import annotations

from collections.abc import Mapping

from ftbench.domain.job import STREAMS, Job
from ftbench.run.seeding import stream_seed


def member_seed(job: Job, name: str) -> int:
    """A seed for a further run of a job, of no other repetition: a hash of (job seed, run name)."""
    return _hashed(job, job.seed, name)


def seeds_of_run(
    job: Job,
    name: str,
    seed: int | None = None,
    split_seed: int | None = None,
    streams: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """The seed of every stream in a run.

    A seed that the run is given stands for the job's. So a stream with a seed of its own does not take it: it
    takes what ``member_seed`` would be, were that seed the job's. What varies alone then varies in every run
    as it does when all vary together, and nothing else varies.

    Args:
        job: the job.
        name: of the run.
        seed: of all streams; None or the job's: the run has the job's draws.
        split_seed: of the stream ``split``; None: as the others.
        streams: of single streams, taken as they are.
    """
    given = dict.fromkeys(STREAMS, seed)
    if split_seed is not None:
        given["split"] = split_seed
    found = {}
    for stream, one in given.items():
        if one is None or one == job.seed:
            found[stream] = job.seed_of(stream)
        else:
            found[stream] = _hashed(job, job.streams[stream], name) if stream in job.streams else one
    return {**found, **(streams or {})}


def _hashed(job: Job, seed: int, name: str) -> int:
    return stream_seed("run", job.task, seed, name)
