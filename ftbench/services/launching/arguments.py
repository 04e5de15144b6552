"""The command line of a launched worker."""

from __future__ import annotations

import sys
from dataclasses import dataclass

#: What runs a worker.
PROGRAM = (sys.executable, "-P", "-m", "ftbench", "worker")


@dataclass(frozen=True)
class WorkerArguments:
    """What the workers of a launch are told.

    Attributes:
        slots: jobs at once on a device, a number or ``auto``.
        lease: seconds, as text.
        threads: CPU threads; None: as the database has them.
        time: how long a worker may go on, as it was typed; None: nothing sets an end but a scheduler.
        idle: how long it waits without a job; None: for ever.
        drain: end when nothing is queued.
        methods: files of plug-ins, by whole paths.
        data_dir: folder with data, likewise.
        track: trackers, files by whole paths.
    """

    slots: str = "1"
    lease: str | None = None
    threads: int | None = None
    time: str | None = None
    idle: str | None = None
    drain: bool = False
    methods: str | None = None
    data_dir: str | None = None
    track: str | None = None

    def words(self, gpu: int | None) -> tuple[str, ...]:
        """The arguments of ``ftbench worker``.

        Args:
            gpu: the device, among those that the worker sees; None: what there is, the CPU last.
        """
        given = {
            "--gpu": None if gpu is None else str(gpu),
            "--slots": None if self.slots == "1" and gpu is not None else self.slots,
            "--lease": self.lease,
            "--threads": None if self.threads is None else str(self.threads),
            "--time": self.time,
            "--idle": self.idle,
            "--methods": self.methods,
            "--data-dir": self.data_dir,
            "--track": self.track,
        }
        flags = ["--drain"] if self.drain else []
        return (*flags, *(word for flag, value in given.items() if value for word in (flag, value)))
