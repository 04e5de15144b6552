"""Jobs: what ``status``, ``show``, ``logs``, ``retry`` and ``cancel`` do."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ftbench import methods as registry
from ftbench.db import Database, JobFilter, JobRow, PastScore
from ftbench.db.rows import OWN_COLUMNS
from ftbench.domain.axes import MethodChoice
from ftbench.domain.job import SHORT_DIGEST
from ftbench.domain.moment import moment
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.plan import Planned
from ftbench.domain.result import State
from ftbench.domain.where import Where
from ftbench.errors import UnknownName
from ftbench.models.resolve import covered
from ftbench.perturbations import applied
from ftbench.services.planning.commands import for_job
from ftbench.services.scores.overflowed import SkippedUpdates
from ftbench.services.scores.selection import by_name
from ftbench.services.worker import joblog
from ftbench.services.worker.workdir import WorkDir
from ftbench.settings import db_flag
from ftbench.tasks import called

_Row = dict[str, Any]


@dataclass(frozen=True)
class Status:
    """Where the jobs of a database stand.

    Attributes:
        counts: jobs by state.
        cells: a row per model, task and method with its counts.
        running: a row per running job.
        held: which of them wait because others like them failed, and what lets them go on, a line each.
        seconds_left: with as many jobs at once as run now, at least one; None where nothing is known.
    """

    counts: Mapping[str, int]
    cells: list[_Row]
    running: list[_Row]
    held: list[str]
    seconds_left: float | None


def job_filter(
    states: Iterable[str] = (),
    models: tuple[str, ...] = (),
    tasks: tuple[str, ...] = (),
    methods: Sequence[MethodChoice] = (),
    where: Where | None = None,
) -> JobFilter:
    """A filter; what is empty lets everything through.

    Raises:
        UnknownName: a state that does not exist.
    """
    known = [state.value for state in State]
    for name in states:
        if name not in known:
            raise UnknownName("state", name, known)
    return JobFilter(
        states=tuple(State(name) for name in states),
        models=models,
        tasks=tuple(map(called, tasks)),
        methods=tuple(registry.canonical(by_name(choice).queued) for choice in methods),
        where=where,
    )


def precise(database: Database, where: JobFilter) -> JobFilter:
    """A filter with its models as the database names them, whatever they were called."""
    if not where.models:
        return where
    known = [(row.name, row.revision) for row in database.jobs.models()]
    named = {name for text in where.models for name in covered(text, known)}
    return replace(where, models=tuple(named) or where.models)


def listed(database: Database, where: JobFilter) -> list[_Row]:
    """The jobs that a filter lets through, in the order in which they were queued."""
    return [_row(job) for job in database.jobs.list(precise(database, where))]


def status(database: Database, where: JobFilter) -> Status:
    """Counts, cells, running jobs and the time left for the jobs that a filter lets through."""
    where = precise(database, where)
    tally = database.jobs.tally(where)
    wanted = not where.states or State.RUNNING in where.states
    running = database.jobs.list(replace(where, states=(State.RUNNING,))) if wanted else ()
    left = _seconds_left(database, len(running)) if where == JobFilter() else None
    counts = {state.value: 0 for state in State}
    cells: dict[tuple[str, str, str], _Row] = {}
    for (model, task, label, state), number in tally.items():
        counts[state] += number
        empty = {"model": model, "task": task, "method": label} | dict.fromkeys(counts, 0)
        cells.setdefault((model, task, label), empty)[state] += number
    waiting = database.failures.held() if counts[State.QUEUED] else []
    held = [one.words(db_flag(database.address)) for one in waiting]
    return Status(counts, list(cells.values()), [_running(job) for job in running], held, left)


def show(database: Database, prefix: str) -> _Row:
    """Everything that is known of a job."""
    job, results = database.jobs.find(prefix), database.results
    scores = [
        {"evaluation": s.evaluation, "metric": s.metric, "value": s.value}
        for s in results.scores(JobFilter(digests=(job.digest,)))
    ]
    attempts = [_attempt(a) for a in results.attempts(job.digest)]
    provenance = results.provenance(job.digest)
    return {
        "job": job.digest,
        "state": str(job.state),
        "label": job.label,
        "priority": job.priority,
        "created": _moment(job.created),
        "worker": job.owner,
        "spec": dict(job.spec),
        "places": dict(job.places),
        "scores": scores,
        "past_scores": _past(results.past(JobFilter(digests=(job.digest,)))),
        "attempts": attempts,
        "provenance": dict(provenance),
        **({"skipped_updates": words} if (words := SkippedUpdates.of(provenance).words()) else {}),
        "command": for_job(job.spec, job.places),
    }


def logs(database: Database, prefix: str, lines: int) -> _Row:
    """The attempts of a job with their tracebacks, and the end of its log file on this machine."""
    job = database.jobs.find(prefix)
    attempts = [{**_attempt(a), "traceback": a.traceback} for a in database.results.attempts(job.digest)]
    path = WorkDir(database.address).log(job.digest)
    return {
        "job": job.digest,
        "state": str(job.state),
        "attempts": attempts,
        "file": str(path) if path.is_file() else None,
        "lines": joblog.last_lines(path, lines),
    }


def moves(database: Database, prefix: str) -> list[str]:
    """What the logs of workers on this machine tell of a job, in the order of time."""
    wanted = f" job={database.jobs.find(prefix).digest[:SHORT_DIGEST]} "
    lines: list[str] = []
    for path in WorkDir(database.address).workers.glob("*.log*"):
        lines += path.read_text(encoding="utf-8", errors="replace").splitlines()
    return sorted(line for line in lines if wanted in f"{line} ")


def retry(database: Database, prefixes: Sequence[str], where: JobFilter) -> int:
    """Queue failed and cancelled jobs again; how many that were.

    Args:
        database: open for writing.
        prefixes: first characters of digests.
        where: which jobs, where no prefixes are given.
    """
    return database.jobs.retry(meant(database, prefixes, where))


def cancel(database: Database, prefixes: Sequence[str], where: JobFilter) -> int:
    """Cancel queued and running jobs, chosen as by ``retry``; how many that were. Their checkpoints go."""
    number = database.jobs.cancel(meant(database, prefixes, where))
    WorkDir(database.address).sweep(database)
    return number


def meant(database: Database, prefixes: Sequence[str], where: JobFilter) -> JobFilter:
    """The jobs whose digests begin so; without any, those that a filter lets through."""
    if not prefixes:
        return precise(database, where)
    return JobFilter(digests=tuple(database.jobs.find(prefix).digest for prefix in prefixes))


def job_document(planned: Planned) -> _Row:
    """A planned job as JSON values: what it would be queued as."""
    spec = planned.job.canonical()
    changes = {one.name: spec["perturbation"][one.name] for one in applied(planned.job.perturbation)}
    return {"digest": planned.digest, "label": planned.label, **spec, "perturbation": changes}


def changes_row(change: Perturbation) -> _Row:
    """What is done to the data, as listings show it: some in columns of their own, the rest as typed."""
    others = [one.text for one in change.changes if one.options or one.name not in OWN_COLUMNS]
    row: _Row = {name: change.value(name) or None for name in OWN_COLUMNS}
    return row | ({"perturbation": " ".join(others)} if others else {})


def _row(job: JobRow) -> _Row:
    return {
        "job": job.digest[:SHORT_DIGEST],
        "state": str(job.state),
        "model": job.model,
        "task": job.task,
        "method": job.label,
        **changes_row(job.perturbation),
        "seed": job.seed,
        "attempts": job.attempts,
        "priority": job.priority or None,
    }


def _past(scores: Iterable[PastScore]) -> list[_Row]:
    fields = ("evaluation", "metric", "old", "new", "code")
    return [{"attempt": one.number, **{name: getattr(one, name) for name in fields}} for one in scores]


def _running(job: JobRow) -> _Row:
    lease = None if job.expires is None else round(job.expires - time.time())
    return {**_row(job), "worker": job.owner, "lease_seconds": lease}


def _attempt(attempt: Any) -> _Row:
    ended = attempt.ended is not None and attempt.started is not None
    return {
        "attempt": attempt.number,
        "worker": attempt.worker,
        "started": _moment(attempt.started),
        "seconds": round(attempt.ended - attempt.started, 1) if ended else None,
        "outcome": str(attempt.outcome) if attempt.outcome else "running",
        "message": attempt.message,
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else moment(seconds)


def _seconds_left(database: Database, running: int) -> float | None:
    """From what jobs like those that wait have taken; jobs of an unknown kind count as the mean of all."""
    known = database.jobs.durations()
    if not known:
        return None
    mean = sum(known.values()) / len(known)
    total = sum(number * known.get(kind, mean) for kind, number in database.jobs.waiting().items())
    return total / max(1, running)
