"""Suite reports: a paper's table from the database, with the printed numbers beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ftbench import suites, tasks
from ftbench.db import Database, JobFilter, JobSummary, ScoreRow, ValueRow
from ftbench.domain.axes import MethodChoice
from ftbench.methods.base import BASELINE
from ftbench.metrics import Margins
from ftbench.models.resolve import model_id
from ftbench.render.suite_table import (
    SuiteCell,
    SuiteGroup,
    SuiteHead,
    SuiteReport,
    SuiteRow,
    SuiteSection,
)
from ftbench.render.table import Cell
from ftbench.services.papers import cells as suite_cells
from ftbench.services.papers import claims as suite_claims
from ftbench.services.papers import differences, layout, notes, orders, times
from ftbench.services.papers.cells import JobsByCell, PanelGrid, Rule
from ftbench.services.papers.claims import Measured
from ftbench.services.papers.layout import Place
from ftbench.services.papers.request import SuiteRequest
from ftbench.services.planning import suite_grid
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.suite_grid import Wanted
from ftbench.services.scores import levels
from ftbench.services.scores.jobs import CHANCE
from ftbench.services.scores.levels import Topped, strictest
from ftbench.services.scores.overflowed import SkippedUpdates, skipped_updates
from ftbench.services.scores.stale import Codes, codes_of, one_code
from ftbench.suites import TIME, Line, Panel, Suite, claims
from ftbench.suites.published import AVERAGE, Published

PLAIN = MethodChoice(BASELINE, {})
AVG, DELTA = SuiteHead(AVERAGE, "Avg"), SuiteHead("difference", "Δ")


@dataclass(frozen=True)
class SuiteSource:
    """What a report is made from.

    Attributes:
        address: of the database.
        rows: its jobs.
        scores: theirs.
        facts: digest -> what the job ran with, for reports on time.
        codes: the code behind them.
        topped: the jobs whose seeds were topped up.
        skipped_updates: digest -> what became of its updates, of jobs that were trained in fp16.
    """

    address: str
    rows: Sequence[JobSummary] = ()
    scores: Sequence[ScoreRow | ValueRow] = ()
    facts: Mapping[str, Mapping[str, object]] | None = None
    codes: Codes = field(default_factory=Codes)
    topped: Sequence[Topped] = ()
    skipped_updates: Mapping[str, SkippedUpdates] = field(default_factory=dict)


def suite_reports(address: str, database: Database | None, request: SuiteRequest) -> tuple[SuiteReport, ...]:
    """The tables of a suite, or of the suites of a short name; one for each recipe that was asked for.

    Args:
        address: of the database, for the commands that fill the tables.
        database: whose jobs; without one, or where it has none of them, every cell is missing.
        request: which tables.

    Raises:
        UsageError: an unknown name, or an override that leaves nothing.
        DatabaseError: the database cannot be read.
    """
    found, asked = suites.chosen(request.name), request.asked
    changed = [suite_grid.adapted(suite, asked) for suite in found]
    source = _read(database, changed) if database else SuiteSource(address)
    return tuple(
        table(
            one, _titled(now, asked, recipe), recipe, source, request.margins, request.diverged, request.show
        )
        for one, now in zip(found, changed, strict=True)
        for recipe in asked.by_recipe()
    )


def _titled(suite: Suite, asked: Asked, one: Asked) -> Suite:
    """A suite that says which of several recipes it is under, in its title and in those of its conditions."""
    values = one.settings.values()
    told = [f"{name}={values[name]}" for name in asked.settings.axes]
    if not told:
        return suite
    blocks = [replace(b, title=", ".join([*([b.title] if b.title else []), *told])) for b in suite.blocks]
    return replace(suite, title=" · ".join([suite.title, *told]), blocks=tuple(blocks))


def table(
    suite: Suite,
    changed: Suite,
    asked: Asked,
    source: SuiteSource,
    margins: Margins,
    diverged: str = CHANCE,
    show: tuple[str, ...] = (),
) -> SuiteReport:
    """One suite's table.

    Args:
        suite: the paper's.
        changed: under the axes that were given.
        asked: those axes.
        source: the database's rows.
        margins: within which two means agree.
        diverged: what runs of ours that diverged count as: ``chance`` or ``missing``.
        show: the statistics of a cell, of a suite of scores; () for those of the paper.
    """
    jobs = JobsByCell(source.rows, source.scores, diverged)
    measured = [] if suite.kind == TIME else list(_blocks(changed, asked, jobs))
    digests = (job for one in measured for row in one.rows.values() for cell in row for job in cell.jobs)
    level, why = strictest(source.topped, digests)
    rule = Rule(margins, level)
    make = times.grids if suite.kind == TIME else _grids
    sections = tuple(_sections(changed, list(make(changed, asked, jobs, source.facts or {}, rule))))
    cells = [c for s in sections for g in s.groups for r in g.rows for c in r.cells if c.applies]
    return SuiteReport(
        name=suite.name,
        title=changed.title,
        statistics=("ratio",) if suite.kind == TIME else show or changed.statistics,
        margins={} if suite.kind == TIME else _margins(changed, margins),
        sections=sections,
        caption=(*notes.caption(suite, asked, rule, _diverged(measured)), *why),
        notes=(
            *orders.order_lines(changed, measured, level),
            *notes.notes(suite, asked, cells, source.address),
            *notes.overflowed(cells, source.rows, source.skipped_updates),
            *notes.older_code(cells, source.rows, source.codes, source.address),
        ),
        claims=tuple(
            suite_claims.check_claim(claim, measured, level) for claim in claims.claims_of(suite.name)
        ),
    )


def _grids(
    suite: Suite, asked: Asked, jobs: JobsByCell, facts: Mapping[str, object], given: Rule
) -> Iterator[PanelGrid]:
    """The blocks of a suite of scores."""
    wanted = list(suite_grid.wanted_cells(suite, asked))
    other_tasks = _task_names(suite) != _task_names(suites.find(suite.name))
    clean = _measured(suite, suite.blocks[0], wanted, jobs)
    for block in suite.blocks:
        places = layout.printed_places(block)
        cells = _measured(suite, block, wanted, jobs)
        base = {line: row for line, row in cells.items() if line.method == PLAIN and not line.doubled}
        averaged = sum(place.averaged for place in places) > 1
        apart = [at for at, place in enumerate(places) if place.difference]
        rows = []
        for line, row in cells.items():
            printed = _by_column(layout.printed(suite, block, line))
            rule = replace(given, departs=(*block.departs, *_departs(suite, line, asked)))
            shown = [
                suite_cells.compared(cell, printed.get(place.key, {}), place.metric, rule)
                for cell, place in zip(row, places, strict=True)
            ]
            whole = replace(rule, departs=(*rule.departs, "over other tasks")) if other_tasks else rule
            average = _average(places, row, printed, whole)
            shown = [] if suite.averages_only else shown
            shown += [average] * averaged
            if averaged and suite.difference:
                other = clean.get(line) if differences.is_drop(suite, block) else _first(base)
                shown.append(differences.of_averages(suite, block, line, places, row, other))
            shown += [differences.of_column(suite, block, line, at, row, _first(base)) for at in apart]
            rows.append((SuiteHead(line.name, line.title), tuple(shown)))
        heads = [] if suite.averages_only else [SuiteHead(p.key, p.title, p.metric) for p in places]
        heads += [AVG] * averaged + [DELTA] * bool(averaged and suite.difference)
        heads += [SuiteHead(DELTA.key, f"{DELTA.title} {places[at].title}") for at in apart]
        yield PanelGrid(block, tuple(heads), tuple(rows))


def _diverged(measured: Sequence[Measured]) -> bool:
    return any(cell.diverged for one in measured for row in one.rows.values() for cell in row)


def _margins(suite: Suite, margins: Margins) -> dict[str, float]:
    """Metric -> points, of the metrics that a suite scores."""
    metrics = dict.fromkeys(p.metric for block in suite.blocks for p in layout.printed_places(block))
    return {metric: margins.of(metric) for metric in metrics}


def _task_names(suite: Suite) -> set[str]:
    return {spec.name for block in suite.blocks for spec in tasks.expand(block.tasks)}


def _measured(
    suite: Suite, block: Panel, wanted: Sequence[Wanted], jobs: JobsByCell
) -> dict[Line, list[Cell]]:
    """Line -> its cells, one for each column of the block."""
    found: dict[Line, list[Cell]] = {}
    for line in block.lines:
        mine = {w.task.name: jobs.of(w, block.model) for w in wanted if w.block is block and w.line is line}
        found[line] = [
            suite_cells.measured_cell(mine[place.task], place, suite.seeds, jobs.diverged)
            for place in layout.printed_places(block)
        ]
    return found


def _blocks(suite: Suite, asked: Asked, jobs: JobsByCell) -> Iterator[Measured]:
    """What was measured, by condition."""
    wanted = list(suite_grid.wanted_cells(suite, asked))
    for block in suite.blocks:
        averaged = tuple(place.averaged for place in layout.printed_places(block))
        yield Measured(block, _measured(suite, block, wanted, jobs), averaged)


def _average(
    places: Sequence[Place], row: Sequence[Cell], printed: Mapping[str, Mapping[str, Published]], rule: Rule
) -> SuiteCell:
    parts = [(cell, place) for cell, place in zip(row, places, strict=True) if place.averaged]
    cell = suite_cells.averaged_cell([c for c, _ in parts], [p.key for _, p in parts])
    pairs = [(c, printed.get(p.key, {}), p.metric) for c, p in parts]
    return suite_cells.compared_average(cell, printed.get(AVERAGE, {}), pairs, rule)


def _first(rows: Mapping[Line, list[Cell]]) -> list[Cell] | None:
    return next(iter(rows.values()), None)


def _by_column(printed: Mapping[tuple[str, str], Published]) -> dict[str, dict[str, Published]]:
    found: dict[str, dict[str, Published]] = {}
    for (column, statistic), cell in printed.items():
        found.setdefault(column, {})[statistic] = cell
    return found


def _departs(suite: Suite, line: Line, asked: Asked) -> Iterator[str]:
    """How all cells of a line depart from the paper."""
    by_hand = [text for text in asked.settings.texts if text not in suite.printed_under]
    if by_hand:
        yield "set by hand: " + ", ".join(by_hand)
    if asked.variant is not None:
        own, now = (suite_grid.grid_method_of(line, variant) for variant in (None, asked.variant))
        if own.hparams != now.hparams:
            yield f"{asked.variant} variant"


def _sections(suite: Suite, grids: Sequence[PanelGrid]) -> Iterator[SuiteSection]:
    """The blocks with the same columns together; methods as columns where the paper has them so."""
    several = len(suite.models()) > 1
    columns: tuple[SuiteHead, ...] = ()
    groups: list[SuiteGroup] = []
    for grid in grids:
        heads, rows = grid.columns, grid.rows
        if suite.transposed:
            heads = tuple(head for head, _ in grid.rows)
            rows = tuple(
                (column, tuple(cells[at] for _, cells in grid.rows)) for at, column in enumerate(grid.columns)
            )
        if groups and heads != columns:
            yield SuiteSection(columns, tuple(groups))
            groups = []
        columns = heads
        block = grid.block
        title = ", ".join(([block.model] if several else []) + ([block.title] if block.title else []))
        shown = tuple(SuiteRow(head, cells) for head, cells in rows)
        groups.append(SuiteGroup(title, block.setting, block.model, shown))
    if groups:
        yield SuiteSection(columns, tuple(groups))


def _read(database: Database, changed: Sequence[Suite]) -> SuiteSource:
    models = tuple(dict.fromkeys(model_id(model) for suite in changed for model in suite.models()))
    where = JobFilter(models=models)
    rows = database.results.cells(where)
    scores = database.results.values(where)
    timed = any(suite.kind == TIME for suite in changed)
    facts = database.results.provenances({row.digest for row in rows}) if timed else None
    codes, topped = codes_of(database, rows), levels.topped(database)
    half = skipped_updates(database, rows)
    return SuiteSource(database.address, one_code(rows, codes), scores, facts, codes, topped, half)
