"""How the jobs of a worker share a machine where nobody says so: a rule, which measures nothing."""

from __future__ import annotations

from pathlib import Path

from ftbench import models
from ftbench.db import Database
from ftbench.db.names import ModelRow
from ftbench.errors import UnknownName
from ftbench.services.worker import machine
from ftbench.services.worker.threads import fixed_threads, most_slots

ALONE, EACH = 2 * 2**30, 60  # bytes of a job on a CPU: of the process, and for each weight
USUAL = 110  # millions of weights, where it is not known: BERT base
SPARE = 0.9  # of the memory that is free is given to jobs


def job_memory(parameters: float) -> float:
    """Bytes that a job is taken to need on a CPU; nothing is measured.

    They hold the weights, their gradients and Adam's moments, and the activations of 16 rows of 128 tokens,
    which are more for larger models. Of minilm, where this says 3.3 GiB, the training processes of a study of
    eight methods held 3.0 at most.

    Args:
        parameters: millions of weights.
    """
    return ALONE + EACH * 1e6 * parameters


def slots_that_fit(cores: int, jobs: int, free: float | None, need: float) -> int:
    """How many jobs to train at once on a CPU: one a core, as far as there are jobs and memory.

    Args:
        cores: that the worker may use.
        jobs: that wait; where none does yet, as many as there are cores are to come.
        free: bytes of memory; None where the system does not tell.
        need: bytes of a job.
    """
    room = cores if free is None else int(SPARE * free // need)
    return max(1, min(cores, jobs or cores, room))


def share_cores(database: Database, device: str, threads: int | None) -> tuple[int, int]:
    """The jobs at once, and the threads of each, for a worker that was told no number of jobs.

    One on a GPU, and where the threads were chosen by hand. On a CPU two jobs of one thread train more in an
    hour than one after the other with two (docs/benchmarks.md): the first worker of a database takes a job a
    core, as ``slots_that_fit``, and shares the cores out, which fixes the threads; the next ones have the
    cores divided by these.

    Args:
        database: open for writing.
        device: as torch names it.
        threads: the number asked for.

    Raises:
        BadValue: other threads than the first worker's.
        DatabaseError: what the database says is no number of threads.
    """
    if device != "cpu" or threads is not None:
        return 1, fixed_threads(database, threads)
    waiting = database.jobs.waiting()
    named = {axes.model for axes in waiting}
    sizes = [_parameters(row) for row in database.jobs.models() if row.name in named]
    need = job_memory(max(sizes, default=USUAL))
    slots = slots_that_fit(machine.cores(), sum(waiting.values()), machine.memory_left(), need)
    fixed = fixed_threads(database, None, slots)
    return min(slots, most_slots(device, fixed)), fixed


def _parameters(row: ModelRow) -> float:
    """Millions of weights: by the registry, else by the size of the folder's files."""
    try:
        return models.find(row.id).parameters
    except UnknownName:
        files = [Path(row.path).glob(f"*.{kind}") for kind in ("safetensors", "bin")] if row.path else []
        bytes_of = max((sum(one.stat().st_size for one in found) for found in files), default=0)
        return bytes_of / 4e6 or USUAL
