"""Jobs that were trained with other code than stands now: told, queued again, old scores beside new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ftbench import trust
from ftbench.db import Database, JobFilter, JobRow, JobSummary, PastScore, ValueRow
from ftbench.domain.cards import CARDS
from ftbench.domain.job import Job
from ftbench.domain.plan import Plan
from ftbench.domain.result import State
from ftbench.errors import UsageError
from ftbench.services.planning.cards import card_of_job
from ftbench.services.planning.commands import retry_command
from ftbench.services.scores.jobs import reported
from ftbench.services.scores.settings import plain_value
from ftbench.services.scores.stale import Codes, Stale, codes_of, one_code, stale


@dataclass(frozen=True)
class Restarted:
    """What ``retry --stale`` did.

    Attributes:
        jobs: queued again.
        unknown: method -> done jobs that could not be judged, since its code is not here.
        scores: the old numbers of the jobs that were meant, beside the new ones.
    """

    jobs: int
    unknown: Mapping[str, int]
    scores: Sequence[PastScore]


def separated(
    database: Database, cells: Sequence[JobSummary], codes: Codes | None = None
) -> tuple[list[JobSummary], tuple[str, ...]]:
    """The jobs of a table, those of other code set aside, and what is to be said of these and older ones."""
    codes = codes or codes_of(database, cells)
    kept = one_code(cells, codes)
    found = stale((cell for cell in kept if cell.scored or cell.aside), codes)
    return kept, note(replace(found, unlike={}), codes, database.address)


def note(found: Stale, codes: Codes, address: str) -> tuple[str, ...]:
    """Lines that count, method by method, the scores of other code; none where there are none.

    Args:
        found: the counts.
        codes: the code behind them.
        address: of the database, for the command that runs such jobs again.
    """
    lines = (
        ("Left out: trained with other code than the rest of the method", found.aside, True),
        ("Trained with another state of the method's code than the one installed", found.older, True),
        (
            "Trained with a state of the method's code that an earlier version recorded, not comparable",
            found.unlike,
            False,
        ),
    )
    return tuple(
        f"{words}: {_listed(counts, found.of)} jobs{_again(counts, found, codes, address) if old else '.'}"
        for words, counts, old in lines
        if counts
    )


def _listed(counts: Mapping[str, int], of: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count} of {of[name]}" for name, count in sorted(counts.items()))


def _again(counts: Mapping[str, int], found: Stale, codes: Codes, address: str) -> str:
    names = sorted(name for name in counts if name in found.here)
    if not names:
        return "; the code of today is not here."
    return f"; run them again with: {retry_command(names, codes.own.files, address)}"


def queued_over(database: Database, whole: Plan) -> tuple[str, ...]:
    """What is to be said when a plan's methods have scores of other code: one more seed would join them."""
    plugins = {p.job.method: p.places.get("plugins") for p in whole.jobs}
    cells = database.results.cells(JobFilter(methods=tuple(plugins), states=(State.DONE,)))
    if not cells:
        return ()
    files = {name: trust.once_named(given) for name, given in plugins.items()}
    named = {name: there[0] for name, there in files.items() if there}
    codes = codes_of(database, cells, named)
    old = stale(cells, codes)
    if not old.older:
        return ()
    command = retry_command(sorted(old.older), codes.own.files, database.address)
    return (
        f"done with other code than stands now: {_listed(old.older, old.of)} jobs; no table will mix them "
        f"with what is run now. Run them again with: {command}",
    )


def restart(database: Database, where: JobFilter, named: Mapping[str, str] | None = None) -> Restarted:
    """Queue the done jobs again whose code differs from the one that stands now.

    Args:
        database: open for writing.
        where: which jobs.
        named: method -> its file, where the user has named it.

    Raises:
        UsageError: the filter is for other states than done.
    """
    if set(where.states) - {State.DONE}:
        raise UsageError("--stale is about done jobs: leave --state out")
    for file in (named or {}).values():
        trust.name(file)
    cells = [*database.results.cells(where), *database.results.trials(where)]
    codes = codes_of(database, cells, named)
    now = {name: codes.now(name) for name in dict.fromkeys(cell.method for cell in cells)}
    known = [cell for cell in cells if codes.comparable(cell)]
    unknown = Counter(cell.method for cell in known if not now[cell.method])
    old = {c.digest for c in known if now[c.method] and codes.comparable(c) != now[c.method]}
    rows = database.jobs.list(JobFilter(digests=tuple(old))) if old else []
    jobs = database.jobs.restart({row.digest: _placed(row, codes, named or {}) for row in rows})
    return Restarted(jobs, unknown, database.results.past(where))


def _placed(row: JobRow, codes: Codes, named: Mapping[str, str]) -> Mapping[str, object]:
    """Where a job's things are, with the file that its method comes from now."""
    files = list(codes.own.files.get(row.method, ()))
    if not files:
        return row.places
    digests = {**row.places.get("digests", {}), **{file: trust.digest(file) for file in files}}
    places = {**row.places, "plugins": files, "digests": digests}
    if row.method in named:
        method = card_of_job(Job.from_canonical(row.spec), places).document()
        places[CARDS] = {**(row.places.get(CARDS) or {}), "method": method}
    return places


def old_and_new(scores: Sequence[PastScore]) -> list[dict[str, object]]:
    """A row for each cell of a grid and state of the old code: the means of old and new numbers, × 100.

    Both means are over the jobs that are done again; the old one over all of them while none is. Of a job
    that was run again several times, the number before the last time counts.

    Args:
        scores: of jobs that were run again, oldest first.
    """
    stored = [ValueRow(one.digest, one.evaluation, one.metric, one.old) for one in scores]
    shown = reported(dict.fromkeys(one.task for one in scores), scores, stored)
    latest = {
        one.digest: one
        for one in scores
        if (one.evaluation, one.metric) == (shown[one.task].evaluation, shown[one.task].metric)
    }
    cells: dict[tuple[object, ...], list[PastScore]] = {}
    for one in latest.values():
        cell = one.model, one.task, one.label, one.perturbation, one.recipe.text, one.code
        cells.setdefault(cell, []).append(one)
    told = _told_apart([group[0] for group in cells.values()])
    return [{**_row(group), "recipe": " ".join(told(group[0])) or None} for group in cells.values()]


def _told_apart(firsts: Sequence[PastScore]) -> Callable[[PastScore], list[str]]:
    """The recipe settings that differ between cells of one model, task, method and perturbation."""
    alike: dict[tuple[object, ...], list[PastScore]] = {}
    for one in firsts:
        alike.setdefault((one.model, one.task, one.method, one.perturbation), []).append(one)

    def told(one: PastScore) -> list[str]:
        others = alike[one.model, one.task, one.method, one.perturbation]
        return [
            f"{name}={plain_value(value)}"
            for name, value in one.recipe.items()
            if any(other.recipe.get(name) != value for other in others)
        ]

    return told


def _row(group: Sequence[PastScore]) -> dict[str, object]:
    both = [one for one in group if one.new is not None]
    old = [one.old for one in both or group]
    new = [one.new for one in both if one.new is not None]
    first = group[0]
    row: dict[str, object] = {
        "model": first.model,
        "task": first.task,
        "method": first.label,
        "perturbation": " ".join(change.text for change in first.perturbation.changes) or None,
        "metric": first.metric,
        "old_code": first.code,
        "jobs": len(group),
        "done_again": len(both),
        "old": round(100 * sum(old) / len(old), 2),
    }
    if new:
        row["new"] = round(100 * sum(new) / len(new), 2)
        row["difference"] = round(100 * (sum(new) / len(new) - sum(old) / len(old)), 2)
    return row
