"""The lines under a table: what is missing, and what an average is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ftbench.domain.axes import seed_ranges
from ftbench.render.table import PENDING, Cell, Column, Group
from ftbench.services.reporting.remarks import remark_lines
from ftbench.services.scores.block import Block

LISTED = 6


def notes(
    columns: Sequence[Column],
    groups: Sequence[Group],
    blocks: Mapping[float, Block],
    *,
    lacks_baseline: str,
    twins: int,
) -> tuple[str, ...]:
    """The notes of a table.

    Args:
        columns: its columns.
        groups: its rows.
        blocks: the first measure, by ratio.
        lacks_baseline: the baseline, where the table has no row for it.
        twins: jobs that were left out because another one has their place.
    """
    lines = [
        *_missing(columns, groups),
        *_collapsed(columns, groups),
        *_shared(groups, blocks),
        *_differences(columns, groups),
        *_tested(columns, groups),
    ]
    if lacks_baseline:
        lines.append(f"{lacks_baseline} has no jobs here, so there is no difference to it.")
    return (*lines, *remark_lines(columns, groups), *_unknown(blocks), *_twins(twins))


def _missing(columns: Sequence[Column], groups: Sequence[Group]) -> Iterator[str]:
    found = [
        (" ".join([row.shown, "on", column.title, *([f"at {group.title}"] if group.title else [])]), cell)
        for group in groups
        for row in group.rows
        # Blocks of other metrics have the same jobs.
        for column, cell in zip(columns, row.cells, strict=True)
        if column.kind == "score" and not column.measure
    ]
    incomplete = [(name, cell) for name, cell in found if not cell.complete]
    if not incomplete:
        return
    reasons: Counter[str] = sum((Counter(cell.missing) for _, cell in incomplete), Counter())
    text = f"Incomplete cells: {len(incomplete)} of {len(found)}."
    for mark, meaning, mine in (
        ("…", "still to come", [r for r in reasons if r in PENDING]),
        ("!", "will not come by themselves", [r for r in reasons if r not in PENDING]),
    ):
        if mine:
            text += f" {mark} {meaning}: " + ", ".join(f"{reasons[r]} {r}" for r in sorted(mine)) + "."
    yield text
    lost = [(name, _lost(cell)) for name, cell in incomplete if _lost(cell)]
    if lost:
        listed = "; ".join(f"{name}: {what}" for name, what in lost[:LISTED])
        yield f"! {listed}" + (f"; and {len(lost) - LISTED} more cells." if len(lost) > LISTED else ".")


def _collapsed(columns: Sequence[Column], groups: Sequence[Group]) -> Iterator[str]:
    found = [
        (" ".join([row.shown, "on", column.title, *([f"at {group.title}"] if group.title else [])]), cell)
        for group in groups
        for row in group.rows
        for column, cell in zip(columns, row.cells, strict=True)
        if cell.collapsed and not column.measure
    ]
    if found:
        listed = "; ".join(f"{name}: {cell.collapsed}" for name, cell in found[:LISTED])
        more = f"; and {len(found) - LISTED} more cells" if len(found) > LISTED else ""
        yield (
            "c: runs that collapsed (one prediction for all rows, or a training loss at chance); they count: "
            f"{listed}{more}. Without them: --without-collapsed."
        )


def _lost(cell: Cell) -> str:
    return ", ".join(f"{n} {reason}" for reason, n in sorted(cell.missing.items()) if reason not in PENDING)


def _shared(groups: Sequence[Group], blocks: Mapping[float, Block]) -> Iterator[str]:
    for group, block in zip(groups, blocks.values(), strict=True):
        if not block.needs_shared:
            continue
        which = block.shared
        tasks_of: dict[tuple[int, ...], list[str]] = {}
        for at, task in enumerate(block.tasks):
            seeds = tuple(np.array(block.seeds, dtype=object)[which[:, at]].tolist())
            tasks_of.setdefault(seeds, []).append(task.title)
        told = [
            f"{', '.join(titles)} (seed{'s' * (len(seeds) > 1)} {seed_ranges(seeds)})"
            for seeds, titles in tasks_of.items()
            if seeds
        ]
        where = f", {group.title}" if group.title else ""
        over = "; ".join(told) if told else "there is none yet"
        yield f"Avg*{where}: over the tasks and seeds that every method with a score has: {over}."


def _differences(columns: Sequence[Column], groups: Sequence[Group]) -> Iterator[str]:
    starred = any(
        column.kind != "score" and cell.reduced and cell.mean is not None
        for group in groups
        for row in group.rows
        for column, cell in zip(columns, row.cells, strict=True)
    )
    if starred:
        yield "Averages and differences with * or n are over fewer scores than were queued: n of them."


def _tested(columns: Sequence[Column], groups: Sequence[Group]) -> Iterator[str]:
    """Cells whose test is over another number of seeds than their mean: of pairs, one side may lack some."""
    found = [
        " ".join([row.shown, "on", column.title, *([f"at {group.title}"] if group.title else [])])
        + f": {cell.tested.n} of n={cell.n}"
        for group in groups
        for row in group.rows
        for column, cell in zip(columns, row.cells, strict=True)
        if column.kind == "score" and cell.tested and cell.tested.n != cell.n and cell.tested.unit == "seeds"
    ]
    if found:
        more = f"; and {len(found) - LISTED} more cells" if len(found) > LISTED else ""
        listed = "; ".join(found[:LISTED])
        yield f"Tests over other seeds than their cells, those that the baseline shares: {listed}{more}."


def _unknown(blocks: Mapping[float, Block]) -> Iterator[str]:
    for task in next(iter(blocks.values())).tasks:
        if not task.known:
            yield (
                f"Task {task.name} is not installed here; {task.metric} on {task.evaluation} is shown, "
                "because the database has it first."
            )


def _twins(twins: int) -> Iterator[str]:
    if twins:
        jobs = "1 job that differs" if twins == 1 else f"{twins} jobs that differ"
        yield (
            f"Left out: {jobs} from another one only in what a table does not show "
            "(evaluation sets, seeds of single streams)."
        )
