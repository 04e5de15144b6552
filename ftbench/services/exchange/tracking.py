"""Jobs as trackers show them, sent as a worker runs them, or afterwards from the database."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence

from ftbench import trackers
from ftbench.db import Database, JobFilter, JobRow
from ftbench.domain.result import CurvePoint, Score, State
from ftbench.domain.shell import quoted
from ftbench.errors import BadValue, FtbenchError
from ftbench.perturbations import applied
from ftbench.plugins import is_file
from ftbench.secrets import masked
from ftbench.services.exchange.sender import TrackerSender, close_senders
from ftbench.services.scores.selection import Selection
from ftbench.services.worker.progress import Progress
from ftbench.settings import db_flag, place
from ftbench.trackers import Deliveries, Ending, TrackedJob, line_of_tracked, said_of

_LOOK = 1.0  # seconds between two looks at what trackers say
#: What the ends of attempts are to a tracker; the others go on later.
_ENDINGS = {"done": Ending.DONE, "failed": Ending.FAILED}


def usable_trackers(named: Sequence[str]) -> tuple[str, ...]:
    """The trackers of some names, files by their whole path.

    Raises:
        UnknownName: one that there is not.
        BadValue: none, or one whose package is not installed.
        PluginError: one whose file cannot be used.
    """
    if not named:
        raise BadValue(f"--track: name one of {', '.join(trackers.names())}, or a file of yours")
    found = tuple(dict.fromkeys(_whole(name) for name in named))
    for name in found:
        if lacks := trackers.find(name).lacking():
            raise BadValue(f"--track {name}: {lacks}")
    return found


def _whole(name: str) -> str:
    """A tracker's name as its process finds it, wherever that is."""
    return str(place(name, "--track").resolve()) if is_file(name) else name


def start_senders(named: Sequence[str], address: str, say: Callable[[str], None]) -> list[TrackerSender]:
    """Start the process of each tracker.

    Args:
        named: the trackers, see ``usable_trackers``.
        address: of the database, for the command that sends afterwards what was not sent.
        say: takes a line for the user.

    Raises:
        FtbenchError: one cannot be started.
    """
    try:
        return [
            TrackerSender(name, say, f"ftbench export --track {quoted(name)}{db_flag(masked(address))}")
            for name in named
        ]
    except OSError as error:
        raise FtbenchError(f"--track: its process cannot be started: {error.strerror or error}") from error


def tracked_job(row: JobRow) -> TrackedJob:
    """A job as trackers show it."""
    changes = [one.text for one in applied(row.perturbation)]
    group = "/".join([row.model, row.task, row.label, *changes])
    streams: Mapping[str, int] = row.spec.get("streams") or {}
    seeds = ",".join([f"seed{row.seed}", *(f"{stream}={seed}" for stream, seed in streams.items())])
    settings = {f"method.{name}": value for name, value in row.spec["method"]["hparams"].items()}
    settings |= {f"recipe.{name}": value for name, value in row.spec["recipe"].items()}
    tags = {"model": row.model, "task": row.task, "method": row.method, "label": row.label}
    tags |= {"seed": str(row.seed)} | {one.axis: f"{one.value:g}" for one in row.perturbation.changes}
    return TrackedJob(
        row.digest,
        masked(f"{group}/{seeds}"),
        masked(group),
        {key: masked(value) for key, value in tags.items()},
        {key: masked(value) if isinstance(value, str) else value for key, value in settings.items()},
    )


class TrackedProgress:
    """A worker's display whose jobs are sent to trackers, too; nothing that goes wrong there comes to a job.

    What is sent of a done job is what the database has of it.

    Attributes:
        interval: as of ``Progress``.
    """

    def __init__(self, display: Progress, database: Database, senders: Sequence[TrackerSender]) -> None:
        """Put trackers beside a display."""
        self._display, self._database, self._senders = display, database, senders
        self.interval: float | None = min(display.interval or _LOOK, _LOOK)
        self._failed = False

    def say(self, text: str) -> None:
        """One line about the worker itself."""
        self._display.say(text)

    def counted(self, counts: Mapping[State, int]) -> None:
        """Where the jobs of the database stand."""
        self._display.counted(counts)

    def started(self, digest: str, words: str) -> None:
        """A job begins, or goes on: its run is opened."""
        self._display.started(digest, words)
        self._safely(lambda: self._send({"op": "begin", "job": self._job(digest)}))

    def step(self, digest: str, run: str, step: int, total: int) -> None:
        """A step is told to the display alone."""
        self._display.step(digest, run, step, total)

    def points(self, digest: str, points: Sequence[CurvePoint]) -> None:
        """What a job has logged."""
        self._display.points(digest, points)
        self._safely(lambda: self._send({"op": "points", "digest": digest, "points": _plain(points)}))

    def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
        """The attempt is over: a done job is sent as it stands in the database."""
        self._display.ended(digest, how, seconds, detail)
        self._safely(lambda: self._end(digest, _ENDINGS.get(how, Ending.STOPPED)))

    def tick(self) -> None:
        """Time has passed: what waits is sent, as far as that goes without waiting."""
        self._display.tick()
        for sender in self._senders:
            self._safely(sender.look)

    def close(self) -> None:
        """The worker ends; what is left is sent, for some seconds at most."""
        self._display.close()
        self._safely(lambda: close_senders(self._senders))

    def _job(self, digest: str) -> dict[str, object]:
        return line_of_tracked(tracked_job(self._database.jobs.find(digest)))

    def _end(self, digest: str, how: Ending) -> None:
        curves, scores = _results(self._database, digest) if how is Ending.DONE else ([], [])
        told = {"op": "end", "job": self._job(digest), "how": how, "points": _plain(curves)}
        self._send({**told, "scores": [[one.evaluation, one.metric, one.value] for one in scores]})

    def _send(self, message: Mapping[str, object]) -> None:
        for sender in self._senders:
            sender.put(message)

    def _safely(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # no tracker is worth a job
            if not self._failed:
                self._failed = True
                self._display.say(f"tracking has failed: {said_of(error)}; the jobs go on")


def _plain(points: Sequence[CurvePoint]) -> list[list[object]]:
    return [[one.run, one.step, one.name, one.value] for one in points]


def _results(database: Database, digest: str) -> tuple[list[CurvePoint], list[Score]]:
    """The curves and scores of a done job."""
    rows = database.results.values(JobFilter(digests=(digest,)))
    return database.results.curves(digest), [Score(row.evaluation, row.metric, row.value) for row in rows]


def send_done(database: Database, asked: Selection, name: str) -> tuple[int, str]:
    """Send the curves and scores of the done jobs of a database to a tracker; again changes nothing there.

    Args:
        database: whose.
        asked: which jobs.
        name: of the tracker, see ``usable_trackers``.

    Returns:
        How many jobs were sent, and where to.

    Raises:
        UnknownName: a model, task or method that nothing carries.
        FtbenchError: the tracker does not take them; the jobs before are there.
    """
    cells = database.results.cells()
    asked.check(cells)
    done = [cell.digest for cell in asked.lets_through(cells) if cell.state is State.DONE]
    tracker = trackers.find(name)()
    deliveries = Deliveries(tracker)
    for row in database.jobs.list(JobFilter(digests=tuple(done))) if done else []:
        job, (curves, scores) = tracked_job(row), _results(database, row.digest)
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                deliveries.end(job, Ending.DONE, curves, scores)
        except (Exception, SystemExit) as error:  # a library may raise anything
            raise FtbenchError(f"tracker {name}: {said_of(error)}") from error
    return len(done), tracker.place()
