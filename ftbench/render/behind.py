"""What is behind a number of a table: the cells of scores that it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ftbench.render.table import SHARED, Cell, Column, Group, Report, Row, Section


@dataclass(frozen=True)
class Source:
    """A cell of scores behind a number.

    Attributes:
        title: the method, the task, and the ratio where the table has several.
        group: the ratio.
        row: the method.
        column: the column of the scores.
        cell: the scores; of an average over shared runs, only those.
    """

    title: str
    group: Group
    row: Row
    column: Column
    cell: Cell


def sources(report: Report, section: Section, group: Group, row: Row, column: Column) -> list[Source]:
    """The cells of scores that a number comes from; of a score, the cell itself.

    Args:
        report: the tables.
        section: the number's table.
        group: its ratio.
        row: its method.
        column: its column.
    """
    cell = row.cells[section.columns.index(column)]
    if not cell.applies:
        return []
    if column.kind == "score":
        return [_source(group, row, column, cell)]
    if column.kind == "estimate":
        return list(_along(report, section.scores, row, column, set(cell.seeds)))
    places = [(group, row), *(_other(report, section, group, row) if column.kind == "difference" else [])]
    scores = _scores_beside(section, column)
    found = []
    for score in scores:
        at = section.columns.index(score)
        compared = [(g, r) for g, r in places if r.cells[at].n]
        seeds = _shared_seeds(section, group, column, cell, score, compared)
        for g, r in compared:
            mine = r.cells[at]
            found.append(_source(g, r, score, mine if seeds is None else _only(mine, seeds)))
    return [source for source in found if source.cell.n]


def _along(report: Report, basis: Section, row: Row, column: Column, seeds: set[int]) -> Iterator[Source]:
    """The scores behind an estimate of a curve: those at every ratio, and the baseline's at the same."""
    for group in basis.groups:
        mine = [r for r in group.rows if _same(r, row)]
        other = group.named(report.baseline) if column.compared else None
        for one in filter(None, [*mine, other]):
            for score in _scores_beside(basis, column):
                found = _only(one.cells[basis.columns.index(score)], seeds)
                if found.n:
                    yield _source(group, one, score, found)


def _scores_beside(section: Section, column: Column) -> list[Column]:
    """The scores of the block that an average or difference belongs to."""
    return [c for c in section.columns if c.kind == "score" and c.measure == column.measure]


def _other(report: Report, section: Section, group: Group, row: Row) -> Iterator[tuple[Group, Row]]:
    """What a difference is taken to: the baseline's row, or the method's clean run."""
    if _against(section) == "clean":
        clean = [g for g in section.groups if g.ratio == 0.0]
        yield from ((g, r) for g in clean for r in g.rows if _same(r, row))
    else:
        other = group.named(report.baseline)
        yield from [(group, other)] if other and other is not row else []


def _against(section: Section) -> str:
    return next((c.against for c in section.columns if c.kind == "difference"), "baseline")


def _shared_seeds(
    section: Section,
    group: Group,
    column: Column,
    cell: Cell,
    score: Column,
    compared: Sequence[tuple[Group, Row]],
) -> set[int] | None:
    """The seeds that a number is over, where these are not all; None for all."""
    at = section.columns.index(score)
    if column.kind == "average" and column.key != SHARED:
        return None
    if len({g.ratio for g, _ in compared}) > 1:  # a drop: the seeds that both ratios have
        return set.intersection(*(set(r.cells[at].seeds) for _, r in compared))
    if cell.tested is not None:  # a difference that is tested: the seeds that both have with every task
        over = [section.columns.index(c) for c in _tasks_of(section, column)]
        sets = [set(r.cells[i].seeds) for _, r in compared for i in over]
        return set.intersection(*sets) if sets else set()
    if not cell.reduced:
        return None
    scores = [section.columns.index(c) for c in _scores_beside(section, column)]
    rows = [r for r in group.rows if any(r.cells[i].n for i in scores)]
    return set.intersection(*(set(r.cells[at].seeds) for r in rows)) if rows else set()


def _tasks_of(section: Section, column: Column) -> list[Column]:
    """The scores that a number is over: of tasks that some row has."""
    rows = [row for group in section.groups for row in group.rows]
    beside = _scores_beside(section, column)
    return [c for c in beside if any(row.cells[section.columns.index(c)].n for row in rows)]


def _only(cell: Cell, seeds: set[int]) -> Cell:
    if seeds.issuperset(cell.seeds):
        return cell
    kept = [at for at, seed in enumerate(cell.seeds) if seed in seeds]
    return replace(
        cell,
        n=len(kept),
        seeds=tuple(cell.seeds[at] for at in kept),
        values=tuple(cell.values[at] for at in kept),
        jobs=tuple(cell.jobs[at] for at in kept),
        statistics={"mean": sum(cell.values[at] for at in kept) / len(kept)} if kept else {},
    )


def _source(group: Group, row: Row, column: Column, cell: Cell) -> Source:
    return Source(
        " · ".join(x for x in (row.shown, column.title, group.title) if x), group, row, column, cell
    )


def _same(left: Row, right: Row) -> bool:
    return (left.method, left.hparams) == (right.method, right.hparams)
