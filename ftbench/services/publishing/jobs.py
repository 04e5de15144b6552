"""The pages of jobs: what is behind each number of a table, seed by seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ftbench import metrics
from ftbench.db import JobRow
from ftbench.domain.job import SHORT_DIGEST
from ftbench.domain.moment import moment
from ftbench.domain.target import HELD_OUT
from ftbench.perturbations import spoken
from ftbench.printable import printable
from ftbench.render.html import Figure
from ftbench.render.html.article import (
    ArticleSection,
    Folded,
    ListEntry,
    ListHead,
    Listing,
    ListRow,
    anchor_of,
)
from ftbench.render.html.frame import NavLink
from ftbench.render.numbers import NOTHING, in_unit
from ftbench.services.planning.commands import for_job
from ftbench.services.publishing.evidence import TONES, Evidence
from ftbench.services.publishing.job_groups import JobCell, JobPage, anchor
from ftbench.services.publishing.site import PublishedSite, plotting
from ftbench.services.reporting.page import TOOK
from ftbench.services.reporting.plots import with_losses

FOLDER = "jobs/"
STATES = tuple(TONES)
_TRACEBACKS = 20  # of a cell are shown; more of them say the same


def put_job_pages(site: PublishedSite, found: Evidence, pages: Sequence[JobPage]) -> None:
    """Write the list of all jobs, and the pages that it leads to."""
    heads = [ListHead("Method"), ListHead("Task"), ListHead("Model"), ListHead("Jobs", number=True)]
    there = [state for state in STATES if any(row.state == state for row in found.rows)]
    heads += [ListHead(state, number=True) for state in there]
    listing = Listing(heads, [_line(found, page, there) for page in pages], "jobs")
    count = f"{len(found.rows):,} job" + ("" if len(found.rows) == 1 else "s")
    lead = [f"{count}: every number of a table comes from some of them."]
    lead += ["Trials of tunings are among them."] if found.trials else []
    section = ArticleSection("By method, task and model", "jobs-by-method", listings=[listing])
    nothing = ["No jobs are queued in this database."]
    site.article("Jobs", "jobs.html", lead if pages else nothing, [section] if pages else [])
    drawn = plotting()
    for page in pages:
        _put_page(site, found, page, [one for one in pages if one.name != page.name], drawn)


def _line(found: Evidence, page: JobPage, states: Sequence[str]) -> ListRow:
    counts = Counter(str(job.state) for job in page.jobs)
    words = f"{found.method(page.method)}" + (f", part {page.part} of {page.parts}" if page.parts > 1 else "")
    entries = [
        ListEntry(printable(words), FOLDER + page.name),
        ListEntry(found.task(page.task)),
        ListEntry(page.model),
        _count(len(page.jobs)),
    ]
    return ListRow([*entries, *(_count(counts[state], TONES[state]) for state in states)])


def _count(number: int, tone: str = "") -> ListEntry:
    return ListEntry(f"{number:,}" if number else NOTHING, value=number, tone=tone if number else "")


def _put_page(
    site: PublishedSite, found: Evidence, page: JobPage, others: Iterable[JobPage], drawn: bool
) -> None:
    title = f"{found.method(page.method)} on {found.task(page.task)}, {page.model}"
    told = dict(_titles(page.cells, found))
    sections = [_section(found, cell, told[cell_id(cell)], at) for at, cell in enumerate(page.cells, start=1)]
    figure = _losses(found, page, told) if drawn else None
    if figure is not None:
        sections.insert(0, ArticleSection("Learning", "learning", figures=[figure]))
    near = [one for one in others if (one.model, one.method) == (page.model, page.method)]
    beside = (NavLink(_near(found, one, page), one.name) for one in near)
    more = [NavLink("All jobs", "../jobs.html"), *beside]
    site.article(printable(title), FOLDER + page.name, [], sections, part="jobs.html", more=more)


def _near(found: Evidence, one: JobPage, page: JobPage) -> str:
    return found.task(one.task) if one.task != page.task or one.parts == 1 else f"part {one.part}"


def cell_id(cell: JobCell) -> str:
    """What tells a cell from the others of its page."""
    return cell.first.digest


def _titles(cells: Sequence[JobCell], found: Evidence) -> Iterator[tuple[str, str]]:
    """The cells in words: the method, what was done to the data, and what tells those alike apart."""
    plain = {cell_id(cell): _plain_title(cell.first, found) for cell in cells}
    for cell in cells:
        mine = plain[cell_id(cell)]
        alike = [one.first.spec["recipe"] for one in cells if plain[cell_id(one)] == mine]
        own = cell.first.spec["recipe"]
        differs = [k for k in own if any(one.get(k) != own[k] for one in alike)]
        recipe = [f"{name}={_value(own[name])}" for name in differs]
        other = [cell.first.digest[:SHORT_DIGEST]] if len(alike) > 1 and not recipe else []
        yield cell_id(cell), " · ".join([mine, *recipe, *other])


def _plain_title(job: JobRow, found: Evidence) -> str:
    changes = spoken(job.perturbation.condition)
    changes += [f"{job.train_size:,} training rows"] if job.train_size else []
    trial = ["trial, scored on held-out rows"] if HELD_OUT in job.spec["task"]["evaluation"] else []
    return printable(" · ".join([found.method(job.label), *changes, *trial]))


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else printable(str(value))


def _section(found: Evidence, cell: JobCell, title: str, at: int) -> ArticleSection:
    first, seeds = cell.first, sorted({job.seed for job in cell.jobs})
    trial = HELD_OUT in first.spec["task"]["evaluation"]
    commands = [] if trial else [for_job(first.spec, first.places, seeds)]
    digests = [(f"seed {job.seed}", job.digest) for job in cell.jobs]
    folded = [Folded("Hyper-parameters and recipe", _settings(first)), Folded("Digests", digests)]
    folded += _ran_with(found, cell.jobs)
    return ArticleSection(
        title,
        anchor_of(title, at),
        listings=[_listing(found, cell.jobs)],
        commands=commands,
        folded=[*folded, *_tries(found, cell.jobs)],
    )


def _settings(job: JobRow) -> list[tuple[str, str]]:
    spec = job.spec
    told = {"model": f"{spec['model']['id']} at {spec['model']['revision']}"}
    told |= {"rows": f"{spec['task']['name']} at {spec['task']['revision']}"}
    told |= {f"{job.method}: {name}": _value(value) for name, value in spec["method"]["hparams"].items()}
    told |= {name: _value(value) for name, value in spec["recipe"].items() if value is not None}
    return [(printable(name), printable(value)) for name, value in told.items()]


def _listing(found: Evidence, jobs: Sequence[JobRow]) -> Listing:
    columns = _columns(found, jobs)
    heads = [ListHead("Seed", number=True), ListHead("State")]
    heads += [ListHead(_heading(*column), number=True) for column in columns]
    took = [found.took.get(job.digest, ()) for job in jobs]
    there = [at for at in range(len(TOOK)) if any(one and one[at] is not None for one in took)]
    named = [list(TOOK)[at] for at in there]
    heads += [ListHead("tries", number=True), *(ListHead(name, number=name != "worker") for name in named)]
    rows = [_row(found, job, columns, there) for job in sorted(jobs, key=lambda job: job.seed)]
    return Listing([*heads, ListHead("job")], rows)


def _columns(found: Evidence, jobs: Sequence[JobRow]) -> list[tuple[str, str]]:
    """Evaluation set and metric of all scores, what the task reports first."""
    there = dict.fromkeys(key for job in jobs for key in found.scores.get(job.digest, ()))
    shown = found.shown.get(jobs[0].task)
    first = (shown.evaluation, shown.metric) if shown else ("", "")
    return sorted(there, key=lambda key: (key != first, key[0] != first[0], key))


def _heading(evaluation: str, metric: str) -> str:
    return f"{metrics.heading_of(metric)}, {evaluation}"


def _row(found: Evidence, job: JobRow, columns: Sequence[tuple[str, str]], there: Sequence[int]) -> ListRow:
    scores, took = found.scores.get(job.digest, {}), found.took.get(job.digest, (None,) * len(TOOK))
    entries = [ListEntry(str(job.seed), value=job.seed), found.state(job)]
    for column in columns:
        value = scores.get(column)
        text = NOTHING if value is None else in_unit(value, metrics.of_score(column[1]).percent)
        entries.append(ListEntry(text, value="" if value is None else value))
    entries.append(ListEntry(str(job.attempts), value=job.attempts))
    for value in (took[at] for at in there):
        shown = f"{value:.1f}" if isinstance(value, float) else NOTHING if value is None else str(value)
        entries.append(ListEntry(printable(shown), value="" if value is None else value))
    return ListRow([*entries, ListEntry(job.digest[:SHORT_DIGEST])], anchor(job.digest))


def _ran_with(found: Evidence, jobs: Iterable[JobRow]) -> Iterator[Folded]:
    """What the jobs ran with, each surroundings once."""
    known: dict[str, tuple[Mapping[str, Any], list[int]]] = {}
    for job in jobs:
        if (facts := found.around.get(job.digest)) is not None and facts:
            known.setdefault(facts.text, (facts, []))[1].append(job.seed)
    for shared, seeds in known.values():
        named = "" if len(known) == 1 else f": seeds {', '.join(map(str, sorted(seeds)))}"
        told = [(printable(name), printable(_told(value))) for name, value in shared.items()]
        yield Folded(f"Ran with{named}", told)


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_told(one)}" for name, one in value.items())
    return str(value)


def _tries(found: Evidence, jobs: Iterable[JobRow]) -> Iterator[Folded]:
    """The tries that did not end well."""
    shown = 0
    for job in jobs:
        for one in found.failures.get(job.digest, ()):
            shown += 1
            if shown > _TRACEBACKS:
                return
            when = moment(one.ended) if one.ended is not None else "not ended"
            facts = [("outcome", str(one.outcome)), ("ended", when), ("worker", one.worker)]
            texts = [text for text in (one.message, one.traceback) if text]
            title = f"Seed {job.seed}, try {one.number}: {one.outcome}"
            yield Folded(title, facts, texts=texts)


def _losses(found: Evidence, page: JobPage, told: Mapping[str, str]) -> Figure | None:
    """The losses of a page's jobs, a panel for each cell; None where none were logged.

    Panels leave out the method, of which the page is, where something else tells them apart.
    """
    import pandas as pd

    from ftbench.render.plots import curves
    from ftbench.render.plots.looks import of_names

    method = found.method(page.method)
    brief = {name: title.removeprefix(method).strip(" ·") or title for name, title in told.items()}
    rows = [
        {"job": job.digest, "task": found.task(page.task), "label": brief[cell_id(cell)], "seed": job.seed}
        for cell in page.cells
        for job in cell.jobs
        if job.digest in found.scores
    ]
    if not rows or len(page.cells) > curves.PANELS:
        return None
    losses = with_losses(found.database, pd.DataFrame(rows))
    if losses.empty or losses[["task", "label"]].drop_duplicates().shape[0] > curves.PANELS:
        return None
    (look,) = of_names([page.method]).values()
    looks = dict.fromkeys(losses["label"], look)
    return Figure("Training losses", curves.learning(losses, "Learning", looks))
