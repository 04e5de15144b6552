"""Ledger: what each method of a study has spent, what it chose, and what that was worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ftbench import methods, tasks
from ftbench.db import Database, JobFilter, JobSummary
from ftbench.domain.job import Job
from ftbench.domain.provenance import RAN
from ftbench.domain.target import held_out_count
from ftbench.errors import BadValue, FtbenchError, NothingToReport
from ftbench.render.sheet import Field, Sheet
from ftbench.services.planning import cards
from ftbench.services.planning.declaring import declare_command
from ftbench.services.scores.choices import Choices
from ftbench.services.scores.jobs import ReportJob, join, reported
from ftbench.services.scores.own import own_methods, own_tasks
from ftbench.services.scores.searches import Searched, searches
from ftbench.services.scores.selection import Selection
from ftbench.services.scores.titles import called_of
from ftbench.services.tuning.values import departures, spelled

LISTED = (
    Field("study", "Study"),
    Field("methods", "Methods"),
    Field("budget", "Budget"),
    Field("studies", "Studies", "count"),
    Field("space", "Space"),
    Field("trials", "Trials", "count"),
    Field("ended", "Ended", "count"),
    Field("failed", "Failed", "count"),
)


def listed(database: Database) -> Sheet:
    """The studies in the order in which they were declared.

    Raises:
        DatabaseError: the database cannot be read.
    """
    found = searches(database)
    rows = []
    for study in database.studies.list():
        mine = {t.digest: t for one in found if one.study.name == study.name for t in one.tried}
        told = study.declared
        rows.append(
            {
                "study": study.name,
                "methods": ", ".join(told["methods"]),
                "budget": f"{told['budget']:g} {told['unit']}",
                "studies": study.repeats,
                "space": told["space"]["name"],
                "trials": len(study.trials),
                "ended": sum(one.ended for one in mine.values()),
                "failed": sum(one.failed for one in mine.values()),
            }
        )
    example = declare_command(database.address)
    notes = () if rows else (f"No study is declared; declare one with: {example}",)
    return Sheet("studies", "Studies", LISTED, tuple(rows), notes)


FIELDS = (
    Field("study", "Study", shown=False),
    Field("model", "Model"),
    Field("task", "Task"),
    Field("condition", "Data"),
    Field("method", "Name", shown=False),
    Field("method_title", "Method"),
    Field("repeat", "Study", "count"),
    Field("trials", "Trials", "count"),
    Field("ended", "Ended", "count"),
    Field("failed", "Failed", "count"),
    Field("passes", "Passes", "count"),
    Field("hours", "Hours", "number"),
    Field("draw", "Draw", "count"),
    Field("values", "Chosen"),
    Field("held_out", "Held out", "score"),
    Field("reported", "Reported", "score"),
    Field("n", "n", "count"),
    Field("default", "Default", "score"),
    Field("gain", "Gain", "points"),
    Field("behind", "Behind", "points"),
)
NOTES = (
    "Passes: forward and backward passes of a batch, of the trials that ended. Held out: the chosen trial's "
    "score on the training rows held out for it: the best of many, and so too high. Reported: the mean of "
    "the runs with these values on the reported split, over n seeds; default: of the same seeds with the "
    "default recipe; gain: the first minus the second.",
    "Behind: the best mean on the reported split that the method has there with any study's choice or the "
    "default recipe, minus this one, over the seeds that each has: what selection cost, as far as it was "
    "run. No trial is scored there.",
)


def ledger(database: Database, selection: Selection, study: str = "") -> Sheet:
    """What each method of the studies has spent and chosen, a line for each repetition.

    Args:
        database: whose.
        selection: which models, tasks and methods; the baseline is let through.
        study: only this one; "" for all.

    Raises:
        NothingToReport: no study has such a method.
        UnknownName: a name that nothing carries.
    """
    found = searches(database)
    cells = database.results.cells()
    selection.check([*cells, *(one.start for one in found)])
    starts = {one.start.digest for one in found}
    meant = {cell.digest for cell in selection.lets_through([one.start for one in found])} & starts
    chosen = [one for one in found if one.start.digest in meant and study in ("", one.study.name)]
    if not chosen:
        example = declare_command(database.address)
        raise NothingToReport(f"no trials of such methods; declare a study with: {example}")
    runs = _Runs(database, cells, chosen)
    own = own_methods(database, [one.start for one in chosen])
    called = called_of((one.method for one in chosen), own, selection.naming)
    rows = [{**runs.row(one), "method_title": called[one.method]} for one in chosen]
    said = dict.fromkeys(one.study.said() for one in chosen)
    return Sheet("tuning", "Tuning", FIELDS, tuple(rows), (*said, *NOTES))


class _Runs:
    """The reporting runs of a database beside its trials."""

    def __init__(self, database: Database, cells: Sequence[JobSummary], found: Sequence[Searched]) -> None:
        values = database.results.values()
        shown = reported((cell.task for cell in cells), cells, values, own_tasks(database, cells))
        self._jobs = {job.cell.digest: job for job in join(cells, values, shown)}
        self._metrics = {name: task.metric for name, task in shown.items()}
        self._choices, self._all = Choices(found), found
        digests = {tried.digest for one in found for tried in one.tried}
        self._seconds = database.results.ran(digests, [RAN["wall_seconds"]])
        self._rows = {row.digest: row for row in database.jobs.list(JobFilter(digests=tuple(digests)))}
        self._tuned: dict[tuple[Any, ...], list[ReportJob]] = {}
        for job in self._jobs.values():
            for one in self._choices.chosen_for(job.cell):
                self._tuned.setdefault(_key(one), []).append(job)

    def row(self, one: Searched) -> dict[str, Any]:
        """A line of the ledger."""
        chosen, start = one.chosen, one.start
        line: dict[str, Any] = {
            "study": one.study.name,
            "model": start.model,
            "task": start.task,
            "condition": ", ".join(change.spoken for change in start.perturbation.changes) or None,
            "method": one.method,
            "repeat": one.repeat,
            "trials": len(one.tried),
            "ended": sum(tried.ended for tried in one.tried),
            "failed": sum(tried.failed for tried in one.tried),
            "passes": sum(self._passes(tried.digest) for tried in one.tried if tried.ended),
            "hours": sum(self._hours(tried.digest) for tried in one.tried),
        }
        if chosen is None or chosen.run is None:
            return line
        values = departures(chosen.run.recipe, chosen.run.hparams, start.recipe, start.hparams)
        mine = self._scores(self._tuned.get(_key(one), ()))
        line |= {"draw": chosen.draw, "values": spelled(values), "held_out": chosen.score}
        if mine:
            usual = self._scores(self._with_settings(start, mine.keys()))
            line |= {
                "reported": _mean(mine.values()),
                "n": len(mine),
                "default": _mean(usual.values()) if usual else None,
            }
            if usual.keys() == mine.keys():
                line["gain"] = _mean(mine.values()) - _mean(usual.values())
            line["behind"] = max(self._means(one)) - _mean(mine.values())
        return line

    def _means(self, one: Searched) -> list[float]:
        """The means on the reported split of all choices of a method, and of its default recipe."""
        same = [other for other in self._all if _key(other)[:-1] == _key(one)[:-1]]
        found = [self._scores(self._tuned.get(_key(other), ())) for other in same]
        seeds = {seed for scores in found for seed in scores}
        found.append(self._scores(self._with_settings(one.start, seeds)))
        return [_mean(scores.values()) for scores in found if scores]

    def _with_settings(self, start: JobSummary, seeds: Iterable[int]) -> list[ReportJob]:
        wanted = set(seeds)
        return [
            job
            for job in self._jobs.values()
            if job.cell.seed in wanted
            and job.cell._replace(digest="", seed=0, label="", state=start.state, last_outcome=None, aside="")
            == start._replace(digest="", seed=0, label="", last_outcome=None, aside="", trial=False)
        ]

    def _scores(self, jobs: Iterable[ReportJob]) -> dict[int, float]:
        """Seed -> score on the reported split, of those that have one."""
        scored = ((job.cell.seed, job.score(self._metrics[job.cell.task])) for job in jobs)
        return {seed: value for seed, value in scored if np.isfinite(value)}

    def _hours(self, digest: str) -> float:
        (seconds,) = self._seconds.get(digest, (None,))
        return float(seconds or 0.0) / 3600

    def _passes(self, digest: str) -> int:
        """Forward and backward passes of a trial, as far as its rows are known."""
        row = self._rows.get(digest)
        if row is None:
            return 0
        job = Job.from_canonical(row.spec)
        try:
            task = tasks.task_of_job(job.task, row.places)
            rows = cards.training_rows(job, task)
            each = cards.passes(job, task, methods.of_row(job.method, tuple(row.places.get("plugins") or ())))
            return round(each * job.recipe.total_steps(rows - held_out_count(rows)))
        except (FtbenchError, BadValue):
            return 0


def _key(one: Searched) -> tuple[Any, ...]:
    start = one.start
    where = start.model, start.model_revision, start.task, start.data_revision, start.perturbation
    return one.study.name, one.method, *where, one.repeat


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return float(np.mean(found)) if found else float("nan")
