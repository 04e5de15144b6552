"""Exchange: jobs to a file and results from one, for machines that cannot reach the database.

The other end is ``python -m ftbench.training.execute --jobs FILE --events FILE``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ftbench.db import Database, JobFilter
from ftbench.domain.events import Collector, End, parse
from ftbench.domain.places import unresolved
from ftbench.errors import BadValue, DataError, FtbenchError, ProtocolError, UnknownName
from ftbench.metrics import score_bounds
from ftbench.secrets import masked
from ftbench.services.worker.workdir import WorkDir

WORKER = "ingest"  # who the attempts of ingested results are recorded under


@dataclass
class Ingested:
    """What became of the jobs in a file of events.

    Attributes:
        recorded: their results are in the database now.
        known: they were done already; their scores were left alone.
        running: a worker of the database has them; nothing was recorded.
        failed: digest -> why it failed there; the job stays as it is.
        unfinished: digests whose end is not in the file.
        unknown: digests that the database does not have.
    """

    recorded: int = 0
    known: int = 0
    running: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Exported:
    """What became of the jobs that were to be exported.

    Attributes:
        written: how many were.
        waiting: how many were left out, because their identity waits for a model or rows.
    """

    written: int
    waiting: int = 0


def export_jobs(database: Database, path: Path, where: JobFilter, limit: int | None = None) -> Exported:
    """Write jobs as JSON lines ``{"digest", "job", "places"}``, in the order of the queue; they stay queued.

    A job whose identity waits for a model or rows is left out: results would come back under another one.

    Args:
        database: whose jobs.
        path: the file; replaced as a whole, or not at all.
        where: which jobs.
        limit: no more than so many.

    Raises:
        FtbenchError: the file cannot be written.
    """
    found = database.jobs.list(where)
    known = [row for row in found if not unresolved(row.places)]
    rows = sorted(known, key=lambda row: -row.priority)[:limit]
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            for row in rows:
                line = {"digest": row.digest, "job": dict(row.spec), "places": dict(row.places)}
                file.write(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FtbenchError(f"{path} cannot be written: {error.strerror}") from error
    return Exported(len(rows), len(found) - len(known))


def ingest(database: Database, path: Path) -> Ingested:
    """Record the results in a file of events; again changes nothing.

    A job counts once its ``done`` is read, so that a wrong line leaves no job half-recorded; the jobs before
    it are recorded.

    Raises:
        DataError: the file cannot be read, or a line is no event; names the line.
        DatabaseError: the database cannot be written.
    """
    report = Ingested()
    unknown: set[str] = set()
    open_jobs: dict[str, None] = {}
    try:
        for collector, end in _jobs(path, open_jobs):
            if collector.digest not in unknown and not _record(database, collector, end, report):
                unknown.add(collector.digest)
                report.unknown.append(collector.digest)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    report.unfinished.extend(open_jobs)
    WorkDir(database.address).sweep(database)
    return report


def _record(database: Database, collector: Collector, end: End, report: Ingested) -> bool:
    """Take one ended job in; False where the database does not know it."""
    digest = collector.digest
    try:
        row = database.jobs.find(digest)
    except (UnknownName, BadValue):
        return False
    if row.digest != digest:
        return False
    if end.kind == "failed":
        report.failed[digest] = f"{end.outcome}: {masked(end.message)}"
    elif database.jobs.complete(digest, collector.result(_began(collector)), WORKER):
        report.failed.pop(digest, None)
        report.recorded += 1
    elif database.jobs.find(digest).state == "running":
        report.running += 1
    else:
        report.known += 1
    return True


def _began(collector: Collector) -> dict[str, float]:
    """When the job was begun, by the clock there; a claim is older, or it does not count as declared."""
    return {} if collector.began is None else {"began": collector.began}


def _jobs(path: Path, open_jobs: dict[str, None]) -> Iterator[tuple[Collector, End]]:
    """The jobs of a file that ended in ``done`` or ``failed``; ``open_jobs`` keeps those that have not."""
    collector: Collector | None = None
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            if not line.endswith(b"\n"):
                return  # the process was killed while it wrote this
            try:
                event = parse(line)
                if event["event"] == "started":
                    collector = Collector(_digest(event), score_bounds)
                    open_jobs[collector.digest] = None
                if collector is None:
                    if event["event"] == "ready":
                        continue
                    raise ProtocolError(f"the event '{event['event']}' belongs to no job")
                end = collector.take(event)
            except ProtocolError as error:
                raise DataError(f"{path}, line {number}: {error}") from None
            if end is None:
                continue
            if end.kind != "stopped":
                open_jobs.pop(collector.digest, None)
                yield collector, end
            collector = None


def _digest(event: dict[str, object]) -> str:
    digest = event.get("digest")
    if not isinstance(digest, str) or not digest.isprintable() or len(digest) > 200:
        raise ProtocolError("the event 'started' has no proper 'digest'")
    return digest
