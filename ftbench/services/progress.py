"""How a worker says what it does: a live line on a terminal, a line for each attempt anywhere else."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ftbench.domain.job import Job
from ftbench.domain.result import State

_SHOWN = 8  # characters of a digest


class Progress(Protocol):
    """What the worker tells as it goes.

    Attributes:
        interval: seconds between two calls of ``tick``; None needs none.
    """

    interval: float | None

    def say(self, text: str) -> None:
        """One line about the worker itself."""

    def counted(self, counts: Mapping[State, int]) -> None:
        """Where the jobs of the database stand."""

    def started(self, digest: str, words: str) -> None:
        """A job was handed to the training process."""

    def step(self, run: str, step: int, total: int) -> None:
        """The current job's run has made its ``step``-th of ``total`` updates."""

    def ended(self, how: str, seconds: float, detail: str = "") -> None:
        """The current attempt is over: ``done``, ``failed``, ``again``, ``released`` or ``dropped``."""

    def tick(self) -> None:
        """Time has passed."""

    def close(self) -> None:
        """The worker ends."""


class Lines:
    """A line for each attempt: for pipes and logs, and the base of the live display."""

    interval: float | None = None

    def __init__(self, console: Console | None = None) -> None:
        """Write to a console, standard output where none is given."""
        self._console = console or Console(highlight=False)
        self._digest = self._words = ""
        self._counts: Mapping[State, int] = {}
        self._done = self._failed = 0

    def say(self, text: str) -> None:
        """One line about the worker itself."""
        self._print(text)

    def counted(self, counts: Mapping[State, int]) -> None:
        """Where the jobs of the database stand."""
        self._counts = counts

    def started(self, digest: str, words: str) -> None:
        """A job was handed to the training process."""
        self._digest, self._words = digest, words

    def step(self, run: str, step: int, total: int) -> None:
        """Steps are not worth a line."""

    def ended(self, how: str, seconds: float, detail: str = "") -> None:
        """One line: how, which job, how long, and what is left."""
        self._done += how == "done"
        self._failed += how == "failed"
        failed = f", {self._failed} failed" if self._failed else ""
        tail = f"  {detail}" if detail else ""
        self._print(
            f"{how:<8}  {self._digest[:_SHOWN]}  {self._words}  {seconds:.1f} s"
            f"  ({self._done} done{failed}, {self._left()} left){tail}"
        )

    def tick(self) -> None:
        """Nothing moves."""

    def close(self) -> None:
        """Nothing to clean up."""

    def _left(self) -> int:
        return self._counts.get(State.QUEUED, 0) + self._counts.get(State.RUNNING, 0)

    def _print(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)


class LiveLine(Lines):
    """The same lines, above one that shows the current job and the time left."""

    interval = 1.0

    def __init__(self, console: Console | None = None) -> None:
        """Take the terminal's last line."""
        super().__init__(console or Console(highlight=False))
        # refreshed by hand: a thread of its own would not survive the fork of the training process
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        self._durations: list[float] = []
        self._begun: float | None = None
        self._run, self._step, self._total = "", 0, 0

    def started(self, digest: str, words: str) -> None:
        """Show the job."""
        super().started(digest, words)
        self._begun = time.monotonic()
        self._run, self._step, self._total = "", 0, 0
        self.tick()

    def step(self, run: str, step: int, total: int) -> None:
        """Show the step."""
        self._run, self._step, self._total = run, step, total
        self.tick()

    def ended(self, how: str, seconds: float, detail: str = "") -> None:
        """Keep the line, and remember how long a job takes."""
        if how == "done":
            self._durations.append(seconds)
        self._begun = None
        super().ended(how, seconds, detail)
        self.tick()

    def tick(self) -> None:
        """Draw the line anew."""
        self._live.update(self._line(), refresh=True)

    def close(self) -> None:
        """Give the terminal back."""
        self._live.update(Text(""), refresh=True)
        self._live.stop()

    def _line(self) -> Text:
        running = self._counts.get(State.RUNNING, 0)
        parts = [f"{self._done} done", f"{running} running", f"{self._left()} left"]
        if self._failed:
            parts.append(f"{self._failed} failed")
        if self._begun is not None:
            steps = f" {self._run} {self._step}/{self._total}" if self._total else ""
            parts.append(f"{self._digest[:_SHOWN]} {self._words}{steps}")
        left = self._seconds_left()
        if left is not None and (self._begun is not None or self._left()):
            parts.append(f"about {duration(left)} left")
        line = Text(" · ".join(parts), no_wrap=True, overflow="ellipsis")
        line.truncate(self._console.width, overflow="ellipsis")
        return line

    def _seconds_left(self) -> float | None:
        """From this worker's own jobs, or from how far the first one is; shared by the workers that run."""
        elapsed = 0.0 if self._begun is None else time.monotonic() - self._begun
        if self._durations:
            mean = sum(self._durations) / len(self._durations)
        elif self._begun is not None and self._step and self._total:
            mean = elapsed * self._total / self._step
        else:
            return None
        current = max(0.0, mean - elapsed) if self._begun is not None else 0.0
        queued, running = self._counts.get(State.QUEUED, 0), self._counts.get(State.RUNNING, 0)
        return current + queued * mean / max(1, running)


def to_terminal() -> Progress:
    """The display that standard output can show."""
    console = Console(highlight=False)
    return LiveLine(console) if console.is_terminal else Lines()


def job_words(job: Job, label: str) -> str:
    """A job in a line: ``bidrop sst2 seed 1``, and what was done to its data."""
    changes = "".join(f" {name} {value:g}" for name, value in job.perturbation.canonical().items())
    return f"{label} {job.task} seed {job.seed}{changes}"


def duration(seconds: float) -> str:
    """A time for reading: ``45 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
