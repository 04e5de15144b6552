"""How a worker works: the command line, parsed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ftbench.errors import BadValue
from ftbench.services.worker import machine
from ftbench.services.worker.child import COMMAND

MAX_NAME = 100  # characters of a worker's name


@dataclass(frozen=True)
class Options:
    """How a worker works.

    Attributes:
        name: what the attempts are recorded under.
        device: ``cpu`` or ``cuda:N``.
        threads: CPU threads to train a job with; see ``threads``.
        slots: how many jobs to train at once on the device; None finds out what pays.
        lease: seconds without a heartbeat after which a job counts as lost; heartbeats come three times as
            often.
        drain: end when nothing is queued, instead of waiting for more.
        max_jobs: end after so many attempts.
        timeout: seconds that an attempt may take.
        seconds: that the worker may go on; None: nothing sets an end.
        idle: seconds without a job after which it ends; None: it waits.
        data_dir: where the data of jobs from a folder are on this machine.
        grace: seconds for a checkpoint before the training process is killed.
        methods: files that jobs may run, named on this machine by this.
        command: program and arguments of the training process.
    """

    name: str
    device: str = "cpu"
    threads: int = 1
    slots: int | None = 1
    lease: float = 60.0
    drain: bool = False
    max_jobs: int | None = None
    timeout: float | None = None
    seconds: float | None = None
    idle: float | None = None
    data_dir: Path | None = None
    grace: float = 8.0
    methods: tuple[str, ...] = ()
    command: Sequence[str] = COMMAND

    def told(self) -> dict[str, object]:
        """What the log says of a worker at its start: its process, versions, and how it works."""
        return {
            "pid": os.getpid(),
            **machine.versions(),
            "device": self.device,
            "threads": self.threads,
            "slots": self.slots or "auto",
            "lease": self.lease,
            "drain": self.drain or None,
            "max_jobs": self.max_jobs,
            "timeout": self.timeout,
            "seconds": None if self.seconds is None else round(self.seconds),
            "idle": self.idle,
            "data_dir": self.data_dir,
        }


def worker_name(given: str | None = None) -> str:
    """The name of this process among the workers: the flag, ``FTBENCH_WORKER``, or by its process id.

    Raises:
        BadValue: it is longer than 100 characters, blank, or has characters that cannot be printed.
    """
    source = "--name" if given is not None else "FTBENCH_WORKER"
    name = os.environ.get("FTBENCH_WORKER") if given is None else given
    if not name and given is None:
        return f"worker-{os.getpid()}"
    if not name or not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise BadValue(f"{source} {name!r}: give 1 to {MAX_NAME} characters that can be printed")
    return name
