"""Jobs: what ``status``, ``show``, ``logs``, ``retry`` and ``cancel`` do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ftbench.db import Database, JobFilter, JobRow, open_database
from ftbench.db.rows import OWN_COLUMNS
from ftbench.domain import axes
from ftbench.domain.job import SHORT_DIGEST
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.plan import Planned
from ftbench.domain.result import State
from ftbench.errors import UnknownName, UsageError
from ftbench.hub import without_tokens
from ftbench.perturbations import applied
from ftbench.services.planning.commands import for_job
from ftbench.services.worker.workdir import WorkDir

Row = dict[str, Any]


@dataclass(frozen=True)
class Status:
    """Where the jobs of a database stand.

    Attributes:
        counts: jobs by state.
        cells: a row per model, task and method with its counts.
        running: a row per running job.
        seconds_left: with as many jobs at once as run now, at least one; None where nothing is known.
    """

    counts: Mapping[str, int]
    cells: list[Row]
    running: list[Row]
    seconds_left: float | None


def job_filter(
    states: Iterable[str] = (),
    models: str | None = None,
    tasks: str | None = None,
    methods: str | None = None,
) -> JobFilter:
    """A filter from lists as the flags take them.

    Raises:
        UnknownName: a state that does not exist.
    """
    known = [state.value for state in State]
    for name in states:
        if name not in known:
            raise UnknownName("state", name, known)
    return JobFilter(
        states=tuple(State(name) for name in states),
        models=axes.names(models or ""),
        tasks=axes.names(tasks or ""),
        methods=_labels(methods or ""),
    )


def listed(address: str, where: JobFilter) -> list[Row]:
    """The jobs that a filter lets through, in the order in which they were queued."""
    with open_database(address, write=False) as database:
        return [_row(job) for job in database.jobs.list(where)]


def status(address: str, where: JobFilter) -> Status:
    """Counts, cells, running jobs and the time left for the jobs that a filter lets through."""
    with open_database(address, write=False) as database:
        tally = database.jobs.tally(where)
        wanted = not where.states or State.RUNNING in where.states
        running = database.jobs.list(replace(where, states=(State.RUNNING,))) if wanted else ()
        left = _seconds_left(database, len(running)) if where == JobFilter() else None
    counts = {state.value: 0 for state in State}
    cells: dict[tuple[str, str, str], Row] = {}
    for (model, task, label, state), number in tally.items():
        counts[state] += number
        empty = {"model": model, "task": task, "method": label} | dict.fromkeys(counts, 0)
        cells.setdefault((model, task, label), empty)[state] += number
    return Status(counts, list(cells.values()), [_running(job) for job in running], left)


def show(address: str, prefix: str) -> Row:
    """Everything that is known of a job."""
    with open_database(address, write=False) as database:
        job = database.jobs.find(prefix)
        results = database.results
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
        "attempts": attempts,
        "provenance": dict(provenance),
        "command": for_job(job.spec, job.places),
    }


def logs(address: str, prefix: str, lines: int) -> Row:
    """The attempts of a job with their tracebacks, and the end of its log file on this machine."""
    with open_database(address, write=False) as database:
        job = database.jobs.find(prefix)
        attempts = [{**_attempt(a), "traceback": a.traceback} for a in database.results.attempts(job.digest)]
    path = WorkDir(address).log(job.digest)
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() and lines else ""
    return {
        "job": job.digest,
        "state": str(job.state),
        "attempts": attempts,
        "file": str(path) if path.is_file() else None,
        "lines": without_tokens(text).splitlines()[-lines:],
    }


def moves(address: str, prefix: str) -> list[str]:
    """What the logs of workers on this machine tell of a job, in the order of time."""
    with open_database(address, write=False) as database:
        wanted = f" job={database.jobs.find(prefix).digest[:SHORT_DIGEST]} "
    lines: list[str] = []
    for path in WorkDir(address).workers.glob("*.log*"):
        lines += path.read_text(encoding="utf-8", errors="replace").splitlines()
    return sorted(line for line in lines if wanted in f"{line} ")


def retry(address: str, prefixes: Sequence[str], where: JobFilter) -> int:
    """Queue failed and cancelled jobs again; how many that were."""
    return _change(address, prefixes, where, lambda database, chosen: database.jobs.retry(chosen))


def cancel(address: str, prefixes: Sequence[str], where: JobFilter) -> int:
    """Cancel queued and running jobs; how many that were."""
    return _change(address, prefixes, where, lambda database, chosen: database.jobs.cancel(chosen))


def _change(
    address: str, prefixes: Sequence[str], where: JobFilter, change: Callable[[Database, JobFilter], int]
) -> int:
    if prefixes and where != JobFilter():
        raise UsageError("give either jobs or filters, not both")
    with open_database(address) as database:
        if prefixes:
            where = JobFilter(digests=tuple(database.jobs.find(p).digest for p in prefixes))
        return change(database, where)


def _labels(text: str) -> tuple[str, ...]:
    """Method names and labels; a comma inside brackets does not separate."""
    from ftbench import methods

    labels = [
        f"{c.name}[{','.join(f'{k}={v}' for k, v in c.given.items())}]" if c.given else c.name
        for c in axes.methods(text)
    ]
    return tuple(methods.ALIASES.get(label.lower(), label) for label in labels)


def document(planned: Planned) -> Row:
    """A planned job as JSON values: what it would be queued as."""
    spec = planned.job.canonical()
    changes = {one.name: spec["perturbation"][one.name] for one in applied(planned.job.perturbation)}
    return {"digest": planned.digest, "label": planned.label, **spec, "perturbation": changes}


def changes_row(change: Perturbation) -> Row:
    """What is done to the data, as listings show it: some in columns of their own, the rest as typed."""
    others = [one.text for one in change.changes if one.options or one.name not in OWN_COLUMNS]
    row: Row = {name: change.value(name) or None for name in OWN_COLUMNS}
    return row | ({"perturbation": " ".join(others)} if others else {})


def _row(job: JobRow) -> Row:
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


def _running(job: JobRow) -> Row:
    lease = None if job.expires is None else round(job.expires - time.time())
    return {**_row(job), "worker": job.owner, "lease_seconds": lease}


def _attempt(attempt: Any) -> Row:
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
    if seconds is None:
        return None
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _seconds_left(database: Database, running: int) -> float | None:
    """From what jobs like those that wait have taken; jobs of an unknown kind count as the mean of all."""
    known = database.jobs.durations()
    if not known:
        return None
    mean = sum(known.values()) / len(known)
    total = sum(number * known.get(kind, mean) for kind, number in database.jobs.waiting().items())
    return total / max(1, running)
