"""What a database has to show, read once for all pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ftbench.db import AttemptRow, Database, Document, JobRow, JobSummary, ValueRow
from ftbench.domain.study import Study
from ftbench.render.html.article import ListEntry
from ftbench.services.reporting.page import OWN, TOOK
from ftbench.services.scores.jobs import Reported, ReportJob, join, reported
from ftbench.services.scores.own import NO_METHODS, OwnMethods, own_methods
from ftbench.services.scores.stale import Codes, codes_of, one_code
from ftbench.services.scores.titles import title_of

#: How states of jobs are coloured.
TONES = {"done": "good", "failed": "bad", "cancelled": "warn", "queued": "", "running": "warn"}


@dataclass(frozen=True)
class Evidence:
    """The rows of a database.

    Attributes:
        database: where more can be asked.
        rows: all jobs, in the order of queueing.
        cells: those that may stand in tables; of those that may not, because their method's code is another
            one than the rest's, ``aside`` says so.
        trials: the jobs of tunings.
        values: all scores.
        shown: task -> what is reported of it.
        jobs: digest -> the job of a cell as reports see it.
        failures: digest -> its tries that did not end well.
        took: digest -> what it took: seconds, MiB, worker.
        around: digest -> what it ran with.
        studies: the tunings.
        codes: the code behind the cells.
        own: the methods that are not installed.
    """

    database: Database
    rows: Sequence[JobRow]
    cells: Sequence[JobSummary]
    trials: Sequence[JobSummary]
    values: Sequence[ValueRow]
    shown: Mapping[str, Reported]
    jobs: Mapping[str, ReportJob]
    failures: Mapping[str, Sequence[AttemptRow]]
    took: Mapping[str, Sequence[Any]]
    around: Mapping[str, Document]
    studies: Sequence[Study]
    codes: Codes
    own: OwnMethods = NO_METHODS

    @cached_property
    def scores(self) -> dict[str, dict[tuple[str, str], float]]:
        """Digest -> evaluation set and metric -> value."""
        found: dict[str, dict[tuple[str, str], float]] = {}
        for one in self.values:
            found.setdefault(one.digest, {})[one.evaluation, one.metric] = one.value
        return found

    @cached_property
    def aside(self) -> frozenset[str]:
        """The digests of done jobs whose scores stand in no table."""
        return frozenset(cell.digest for cell in self.cells if cell.aside)

    def method(self, label: str) -> str:
        """A method as readers see it."""
        return title_of(label, self.own)

    def task(self, name: str) -> str:
        """A task as papers print it."""
        return self.shown[name].title if name in self.shown else name

    def state(self, row: JobRow) -> ListEntry:
        """Where a job stands, and what became of it beyond that."""
        words, tone, job = str(row.state), TONES.get(str(row.state), ""), self.jobs.get(row.digest)
        tries = self.failures.get(row.digest, ())
        if row.state == "failed" and tries and tries[-1].outcome is not None:
            words = f"failed: {tries[-1].outcome}"
        elif row.digest in self.aside:
            words, tone = "done, other code", "warn"
        elif job is not None and row.state == "done" and job.collapsed:
            words, tone = "done, collapsed", "warn"
        return ListEntry(words, tone=tone)


def gather(database: Database) -> Evidence:
    """Read it.

    Raises:
        DatabaseError: it cannot be read.
    """
    results = database.results
    rows, cells, trials, values = database.jobs.list(), results.cells(), results.trials(), results.values()
    codes, own = codes_of(database, cells), own_methods(database, [*cells, *trials])
    cells = one_code(cells, codes)
    shown = reported((cell.task for cell in (*cells, *trials)), cells, values, own.tasks)
    jobs = {job.cell.digest: job for job in join(cells, values, shown)}
    digests = {row.digest for row in rows}
    return Evidence(
        database,
        rows,
        cells,
        trials,
        values,
        shown,
        jobs,
        database.failures.attempts(),
        results.ran(digests, list(TOOK.values())),
        results.surroundings(digests, OWN),
        database.studies.list(),
        codes,
        own,
    )
