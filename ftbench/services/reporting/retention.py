"""What a gain has cost: how far the weights moved and what was forgotten, beside each task's score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ftbench.db import JobSummary, ScoreRow, ValueRow
from ftbench.domain.target import RETENTION
from ftbench.errors import NothingToReport
from ftbench.render.table import Cell, Column, Report, Row, Section

#: Digest of a job -> metric -> value.
Kept = Mapping[str, Mapping[str, float]]

RULE = (
    "Moved: the distance of the weights from the pretrained ones, ‖θ − θ₀‖ / ‖θ₀‖ in percent, over what was"
    " pretrained; what a tuner adds is merged first, and a prompt, which is no weight, is taken off. LM loss:"
    " nats a token on a fixed English text, with the pretrained head, before → after. Both are means over the"
    " seeds whose scores stand beside them, and in no average."
)


def measured(scores: Iterable[ScoreRow | ValueRow]) -> Kept:
    """What was measured of each job's model, of those of which it was."""
    found: dict[str, dict[str, float]] = {}
    for row in scores:
        if row.evaluation == RETENTION:
            found.setdefault(row.digest, {})[row.metric] = row.value
    return found


def those_measured(cells: Sequence[JobSummary], kept: Kept, filled: str) -> list[JobSummary]:
    """The jobs of which it was measured.

    Args:
        cells: the jobs.
        kept: what was measured.
        filled: the command that would queue such jobs.

    Raises:
        NothingToReport: there are none.
    """
    found = [cell for cell in cells if cell.digest in kept]
    if not found:
        raise NothingToReport(
            f"no job here was measured for retention; queue them with: {filled} --retention"
        )
    return found


def with_retention(report: Report, kept: Kept) -> Report:
    """The tables with two columns more for each task."""
    return replace(report, sections=tuple(_beside(section, kept) for section in report.sections))


def _beside(section: Section, kept: Kept) -> Section:
    at = [n for n, column in enumerate(section.columns) if column.kind == "score"]
    columns: list[Column] = []
    for n, column in enumerate(section.columns):
        columns.append(column)
        if n in at:
            columns += [
                Column(f"{column.key}_moved", "text", column.title, "moved %", task=column.task),
                Column(f"{column.key}_lm_loss", "text", column.title, "LM loss", task=column.task),
            ]
    groups = tuple(
        replace(group, rows=tuple(_row(row, at, kept) for row in group.rows)) for group in section.groups
    )
    return replace(section, columns=tuple(columns), groups=groups, caption=(*section.caption, RULE))


def _row(row: Row, at: Sequence[int], kept: Kept) -> Row:
    cells: list[Cell] = []
    for n, cell in enumerate(row.cells):
        cells.append(cell)
        if n in at:
            values = [kept[job] for job in cell.jobs if job in kept]
            cells += [Cell(text=_moved(values)), Cell(text=_lost(values))]
    return replace(row, cells=tuple(cells))


def _moved(values: Sequence[Mapping[str, float]]) -> str:
    mean = _mean(values, "moved")
    return "–" if mean is None else f"{100 * mean:.2f}"


def _lost(values: Sequence[Mapping[str, float]]) -> str:
    before, after = _mean(values, "lm_loss_before"), _mean(values, "lm_loss_after")
    return "–" if before is None or after is None else f"{before:.2f} → {after:.2f}"


def _mean(values: Sequence[Mapping[str, float]], metric: str) -> float | None:
    there = [one[metric] for one in values if metric in one]
    return sum(there) / len(there) if there else None
