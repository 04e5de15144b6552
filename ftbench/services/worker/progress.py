"""How a worker says what it does: a live line on a terminal, a line for each attempt anywhere else."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ftbench.domain.duration import span
from ftbench.domain.job import Job
from ftbench.domain.result import CurvePoint, State
from ftbench.perturbations import applied

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

    def step(self, digest: str, run: str, step: int, total: int) -> None:
        """A run of the job has made its ``step``-th of ``total`` updates."""

    def points(self, digest: str, points: Sequence[CurvePoint]) -> None:
        """The job has logged these."""

    def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
        """The attempt at the job is over: ``done``, ``failed``, ``again``, ``released`` or ``dropped``."""

    def tick(self) -> None:
        """Time has passed."""

    def close(self) -> None:
        """The worker ends."""


class _Steady(io.StringIO):
    """Standard output for a worker: a reader who leaves, a full disk or a lost terminal stop no job."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._works = True

    def write(self, text: str, /) -> int:
        if self._works:
            try:
                self._stream.write(text)
            except (OSError, ValueError):  # ValueError: it was closed
                self._works = False
        return len(text)

    def flush(self) -> None:
        if self._works:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._works = False

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding


def _standard_output() -> Console:
    return Console(file=_Steady(sys.stdout), highlight=False)


class Lines:
    """A line for each attempt: for pipes and logs, and the base of the live display."""

    interval: float | None = None

    def __init__(self, console: Console | None = None) -> None:
        """Write to a console, standard output where none is given."""
        self._console = console or _standard_output()
        self._words: dict[str, str] = {}
        self._counts: Mapping[State, int] = {}
        self._done = self._failed = 0

    def say(self, text: str) -> None:
        """One line about the worker itself."""
        self._print(text)

    def aside(self, text: str) -> None:
        """One line on standard error."""
        with suppress(OSError, ValueError):  # it may be gone
            print(text, file=sys.stderr, flush=True)

    def counted(self, counts: Mapping[State, int]) -> None:
        """Where the jobs of the database stand."""
        self._counts = counts

    def started(self, digest: str, words: str) -> None:
        """A job was handed to the training process."""
        self._words[digest] = words

    def step(self, digest: str, run: str, step: int, total: int) -> None:
        """Steps are not worth a line."""

    def points(self, digest: str, points: Sequence[CurvePoint]) -> None:
        """Numbers are not shown."""

    def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
        """One line: how, which job, how long, and what is left."""
        self._done += how == "done"
        self._failed += how == "failed"
        failed = f", {self._failed} failed" if self._failed else ""
        tail = f"  {detail}" if detail else ""
        self._print(
            f"{how:<8}  {digest[:_SHOWN]}  {self._words.pop(digest)}  {seconds:.1f} s"
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


@dataclass
class _Current:
    """A job that is being worked on, and how far it is."""

    slot: int
    begun: float
    run: str = ""
    step: int = 0
    total: int = 0


class LiveLine(Lines):
    """The same lines, above one that shows the job and the time left; several jobs have a line each."""

    interval = 1.0

    def __init__(self, console: Console | None = None) -> None:
        """Take the terminal's last line."""
        super().__init__(console or _standard_output())
        self._errors = sys.stderr  # before the live display takes its place
        # refreshed by hand: a thread of its own would not survive the fork of the training process
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        self._durations: list[float] = []
        self._current: dict[str, _Current] = {}

    def aside(self, text: str) -> None:
        """One line on standard error; above the live line, where that is on a terminal, too."""
        if self._errors.isatty():
            self.say(text)
        else:
            with suppress(OSError, ValueError):
                print(text, file=self._errors, flush=True)

    def started(self, digest: str, words: str) -> None:
        """Show the job."""
        super().started(digest, words)
        taken = {now.slot for now in self._current.values()}
        slot = min(set(range(1, len(taken) + 2)) - taken)
        self._current[digest] = _Current(slot, time.monotonic())
        self.tick()

    def step(self, digest: str, run: str, step: int, total: int) -> None:
        """Show the step."""
        now = self._current[digest]
        now.run, now.step, now.total = run, step, total
        self.tick()

    def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
        """Keep the line, and remember how long a job takes."""
        if how == "done":
            self._durations.append(seconds)
        del self._current[digest]
        super().ended(digest, how, seconds, detail)
        self.tick()

    def tick(self) -> None:
        """Draw the line anew."""
        self._live.update(self._text(), refresh=True)

    def close(self) -> None:
        """Give the terminal back."""
        self._live.update(Text(""), refresh=True)
        self._live.stop()

    def _text(self) -> Text:
        running = self._counts.get(State.RUNNING, 0)
        parts = [f"{self._done} done", f"{running} running", f"{self._left()} left"]
        if self._failed:
            parts.append(f"{self._failed} failed")
        jobs = {now.slot: self._job(digest, now) for digest, now in self._current.items()}
        if len(jobs) == 1:
            parts += jobs.values()
        left = self._seconds_left()
        if left is not None and (jobs or self._left()):
            parts.append(f"about {span(left)} left")
        lines = [" · ".join(parts)]
        if len(jobs) > 1:
            lines += [f"  slot {slot} · {job}" for slot, job in sorted(jobs.items())]
        return Text("\n").join(self._cut(line) for line in lines)

    def _job(self, digest: str, now: _Current) -> str:
        steps = f" {now.run} {now.step}/{now.total}" if now.total else ""
        return f"{digest[:_SHOWN]} {self._words[digest]}{steps}"

    def _cut(self, line: str) -> Text:
        text = Text(line, no_wrap=True, overflow="ellipsis")
        text.truncate(self._console.width, overflow="ellipsis")
        return text

    def _seconds_left(self) -> float | None:
        """From this worker's own jobs, or from how far the first ones are; shared by all jobs that run."""
        elapsed = {digest: time.monotonic() - now.begun for digest, now in self._current.items()}
        if self._durations:
            mean = sum(self._durations) / len(self._durations)
        else:
            told = [elapsed[d] * now.total / now.step for d, now in self._current.items() if now.step]
            if not told:
                return None
            mean = sum(told) / len(told)
        current = max((max(0.0, mean - seconds) for seconds in elapsed.values()), default=0.0)
        queued, running = self._counts.get(State.QUEUED, 0), self._counts.get(State.RUNNING, 0)
        return current + queued * mean / max(1, running)


def to_terminal() -> Lines:
    """The display that standard output can show."""
    console = _standard_output()
    return LiveLine(console) if console.is_terminal else Lines(console)


def job_words(job: Job, label: str) -> str:
    """A job in a line: ``bidrop sst2 seed 1``, and what was done to its data."""
    changes = "".join(f" {one.axis} {one.value:g}" for one in applied(job.perturbation))
    return f"{label} {job.task} seed {job.seed}{changes}"
