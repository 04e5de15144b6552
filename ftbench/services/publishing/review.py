"""The page for those who review: what was declared and tuned, what failed, and what is not in the tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ftbench.db import JobSummary
from ftbench.domain.job import SHORT_DIGEST
from ftbench.domain.result import Outcome, State
from ftbench.errors import NothingToReport
from ftbench.printable import printable
from ftbench.render.html.article import ArticleSection, Folded, listing_of, section_of
from ftbench.render.sheet import Field, Sheet
from ftbench.render.table import Report
from ftbench.services.claims.listed import listed as claims
from ftbench.services.publishing.evidence import Evidence
from ftbench.services.publishing.site import PublishedSite
from ftbench.services.publishing.snapshot import Judged
from ftbench.services.scores.selection import Selection
from ftbench.services.tuning import budgets, ledger

_LONGEST = 200  # characters of an error
_GROUP = (
    Field("model", "Model"),
    Field("task", "Task"),
    Field("method", "Method"),
    Field("condition", "Data"),
)
_FAILED = (
    *_GROUP,
    Field("runs", "Runs", "count"),
    Field("diverged", "Diverged", "count"),
    Field("collapsed", "Collapsed", "count"),
    Field("seeds", "Seeds"),
)
_ERRORS = (
    Field("outcome", "Outcome"),
    Field("message", "Message"),
    Field("jobs", "Jobs", "count"),
    Field("job", "First of them"),
)
_MISSING = (
    Field("table", "Table"),
    Field("method", "Method"),
    Field("column", "Column"),
    Field("condition", "Data"),
    Field("there", "Seeds there", "count"),
    Field("planned", "of", "count"),
    Field("why", "Why others are not"),
)
_TOPUPS = (
    Field("name", "Plan"),
    Field("looks", "Looks", "count"),
    Field("taken", "Taken", "count"),
    Field("seeds", "Seeds at most", "count"),
    Field("alpha", "Error of all looks", "share"),
)


def put_review(
    site: PublishedSite, found: Evidence, judged: Judged, reports: Sequence[Report], pages: Mapping[str, str]
) -> None:
    """Write the page.

    Args:
        site: the folder.
        found: what there is.
        judged: what the database as it was tells of itself.
        reports: the tables that were written.
        pages: digest -> the address of the job's page.
    """
    lead = [
        "What a table does not show by itself: which of it was said before the runs, how much search each "
        "method was given, which runs failed and how they count, and what is missing."
    ]
    sections = [
        *_declared(found),
        *_tuned(found),
        _failed(found),
        *_left_out(found, judged, reports, pages),
        _checked(found, judged),
    ]
    site.article("Review", "review.html", lead, sections)


def _declared(found: Evidence) -> Iterator[ArticleSection]:
    (sheet,) = claims(found.database)
    yield section_of(sheet, "declared")
    plans = found.database.topups.list()
    if plans:
        rows = [
            {
                "name": printable(plan.name),
                "looks": plan.looks,
                "taken": plan.taken,
                "seeds": len(plan.seeds),
                "alpha": plan.alpha,
            }
            for plan in plans
        ]
        note = (
            "Seeds were added where nothing was shown yet, by plans declared before, at fewer looks' levels."
        )
        yield section_of(
            Sheet("topups", "Seeds that were topped up", _TOPUPS, tuple(rows), (note,)), "topups"
        )


def _tuned(found: Evidence) -> Iterator[ArticleSection]:
    studies = ledger.listed(found.database)
    tuned = {name for study in found.studies for name in study.declared["methods"]}
    others = sorted({cell.method for cell in found.cells} - {name.partition("[")[0] for name in tuned})
    lines = (
        ["No study is declared: every run has the recipe that its job page shows."]
        if not studies.rows
        else []
    )
    if others and studies.rows:
        lines.append(f"In no study, and so with their default recipe: {', '.join(others)}.")
    listings = [listing_of(studies)] if studies.rows else []
    folded = [
        Folded(f"What was declared of {one.name}", texts=[json.dumps(one.declared, indent=2, default=str)])
        for one in found.studies
    ]
    yield ArticleSection("What was tuned", "tuned", lines=lines, listings=listings, folded=folded)
    for name, title, make in (
        ("spent", "What each method was given, and chose", ledger.ledger),
        ("budgets", "What a budget buys", budgets.budgets),
    ):
        try:
            sheet = make(found.database, Selection(baseline=None)) if studies.rows else None
        except NothingToReport:
            continue
        if sheet is not None:
            yield ArticleSection(title, name, listings=[listing_of(sheet)], notes=sheet.notes)


def _failed(found: Evidence) -> ArticleSection:
    """Runs that diverged or collapsed, which count."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for cell in found.cells:
        groups.setdefault(_axes(found, cell), []).append(found.jobs[cell.digest])
    rows = []
    for axes, jobs in groups.items():
        bad = [job for job in jobs if job.diverged or job.collapsed]
        if bad:
            rows.append(
                {
                    **dict(zip(("model", "task", "method", "condition"), axes, strict=True)),
                    "runs": sum(bool(job.scores) for job in jobs),
                    "diverged": sum(job.diverged for job in bad),
                    "collapsed": sum(job.collapsed for job in bad),
                    "seeds": ", ".join(str(job.cell.seed) for job in bad),
                }
            )
    notes = (
        "Diverged: a loss or gradient is not finite; such a run counts as the chance level of its metric.",
        "Collapsed: constant predictions, or a training loss at chance; such a run stays in the mean.",
    )
    sheet = Sheet("failed", "What collapsed or diverged", _FAILED, tuple(rows), notes)
    return section_of(sheet if rows else _none(sheet, "No run collapsed or diverged."), "failed")


def _none(sheet: Sheet, words: str) -> Sheet:
    return Sheet(sheet.name, sheet.title, sheet.fields, (), (words,))


def _axes(found: Evidence, cell: JobSummary) -> tuple[str, ...]:
    change = ", ".join(one.spoken for one in cell.perturbation.changes)
    return cell.model, found.task(cell.task), found.method(cell.label), change


def _left_out(
    found: Evidence, judged: Judged, reports: Sequence[Report], pages: Mapping[str, str]
) -> Iterator[ArticleSection]:
    missing = Sheet("missing", "What is missing in the tables", _MISSING, tuple(_missing(reports)))
    yield section_of(
        missing if missing.rows else _none(missing, "No cell of a table lacks a seed."), "missing"
    )
    errors = Sheet("errors", "Jobs without a result", _ERRORS, tuple(_errors(found)))
    links = {digest[:SHORT_DIGEST]: address for digest, address in pages.items()} if errors.rows else {}
    yield section_of(errors if errors.rows else _none(errors, "No job failed."), "errors", links)
    yield ArticleSection("Set aside", "aside", lines=list(_aside(found, judged)) or ["Nothing."])


def _missing(reports: Iterable[Report]) -> Iterator[dict[str, Any]]:
    seen = set()
    for report in reports:
        for section in (one.scores for one in report.sections):
            for group in section.groups:
                for row in group.rows:
                    for column, cell in zip(section.columns, row.cells, strict=True):
                        why = ", ".join(f"{n} {reason}" for reason, n in cell.missing.items() if n)
                        place = section.title, row.label, column.name, group.title
                        if column.kind == "score" and why and cell.applies and place not in seen:
                            seen.add(place)
                            yield {
                                "table": section.title,
                                "method": row.shown,
                                "column": f"{column.title} {column.subtitle}".strip(),
                                "condition": group.title or None,
                                "there": cell.n,
                                "planned": cell.planned,
                                "why": why,
                            }


def _errors(found: Evidence) -> Iterator[dict[str, Any]]:
    """Failed and cancelled jobs by how they ended; divergence is an outcome of the method, told above."""
    alike: dict[tuple[str, str], list[str]] = {}
    for row in found.rows:
        if row.state is State.CANCELLED:
            alike.setdefault(("cancelled", ""), []).append(row.digest)
        tries = found.failures.get(row.digest, ())
        if row.state is State.FAILED and tries and tries[-1].outcome is not Outcome.DIVERGED:
            alike.setdefault((str(tries[-1].outcome), tries[-1].message[:_LONGEST]), []).append(row.digest)
    for (outcome, message), digests in sorted(alike.items(), key=lambda one: -len(one[1])):
        yield {"outcome": outcome, "message": message, "jobs": len(digests), "job": digests[0][:SHORT_DIGEST]}


def _aside(found: Evidence, judged: Judged) -> Iterator[str]:
    for name, number in sorted(judged.stale.aside.items()):
        yield f"{name}: {number} runs stand in no table, trained with other code than the rest of the method."
    for name, number in sorted(judged.stale.older.items()):
        yield f"{name}: {number} runs were trained with another state of its code than the one installed."
    for name, number in sorted(judged.stale.unlike.items()):
        yield f"{name}: {number} runs carry a digest of their code of an earlier form, not comparable."
    for held in found.database.failures.held():
        yield f"Held back: {held.words()}."
    past = found.database.results.past()
    if past:
        jobs = len({one.digest for one in past})
        yield f"{jobs} jobs were run again, or differ elsewhere; {len(past)} earlier numbers are kept."
    for digest, reason in sorted(found.database.aside.items()):
        yield f"Left out as unreadable: {printable(digest)[:40]}: {printable(reason)}"


def _checked(found: Evidence, judged: Judged) -> ArticleSection:
    """What a check of the whole database says."""
    if not judged.troubles:
        return ArticleSection(
            "What a check says",
            "checked",
            lines=[
                "The database is whole: every row can be read, and the chain bears out scores and claims."
            ],
        )
    lines = [
        f"{one.kind}, {one.rows} rows of {one.table or 'the file'}: {one.first}" for one in judged.troubles
    ]
    return ArticleSection("What a check says", "checked", lines=[printable(line) for line in lines])
