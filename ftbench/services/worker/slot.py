"""A slot: a place in a worker for one job at a time, with a training process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ftbench.services.worker.attempt import Attempt
from ftbench.services.worker.child import Child, obituary
from ftbench.services.worker.joblog import JobLog
from ftbench.services.worker.log import Journal

_events = Journal("slot")


@dataclass(eq=False)  # two that are alike are two
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
        code = self.child.poll() if self.child is not None else None
        if self.child is not None and code is not None:
            _events.warning("child-died", child=self.child.pid, reason=f"{obituary(code)} while it waited")
            self.end_child("it has died")
        if self.child is None:
            self.child = Child(log.path, command=self.command, environment=self.environment)
            _events.info("child-started", child=self.child.pid)
        return self.child

    def end_child(self, reason: str) -> None:
        """End the training process at once: nobody waits for it while other jobs need their heartbeats."""
        if self.child is not None:
            if self.child.killed or self.child.poll() is None:
                _events.info("child-ended", child=self.child.pid, reason=reason)
            self.child.kill()
            self.child.close()
            self.child = None
