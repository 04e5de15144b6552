"""A slot: a place in a worker for one job at a time, with a training process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ftbench.services.worker.attempt import Attempt
from ftbench.services.worker.child import Child
from ftbench.services.worker.joblog import JobLog


@dataclass
class Slot:
    """What of a worker there is once for each job that it trains at the same time.

    Attributes:
        command: program and arguments of the training process.
        environment: what to tell it beside the worker's own variables.
        child: the training process; it stays from job to job.
        attempt: what it works on.
        false_starts: deaths before a job was taken on, one after another.
    """

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    child: Child | None = None
    attempt: Attempt | None = None
    false_starts: int = 0

    def ready_child(self, log: JobLog) -> Child:
        """The training process; a fresh one where there is none, or it has died while it waited."""
        if self.child is not None and self.child.poll() is not None:
            self.end_child()
        if self.child is None:
            self.child = Child(log.path, command=self.command, environment=self.environment)
        return self.child

    def end_child(self) -> None:
        """End the training process at once: nobody waits for it while other jobs need their heartbeats."""
        if self.child is not None:
            self.child.kill()
            self.child.close()
            self.child = None
