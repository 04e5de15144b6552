"""Where each printed number of a suite stands: condition, line, column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ftbench import tasks
from ftbench.domain.target import Target
from ftbench.suites import TIME, Line, Panel, Suite, published
from ftbench.suites.published import AVERAGE, Published

TIME_RATIO, TRAINABLE = "time_ratio", "percent_trainable"


@dataclass(frozen=True)
class Place:
    """A column of scores.

    Attributes:
        key: its name: the printed one, else the evaluation set's.
        title: as the paper prints it.
        task: what is trained on.
        evaluation: what is scored.
        metric: which metric.
        classes: how many its task has; 0 where a number is to be predicted.
        averaged: whether it counts in the average.
        difference: whether its difference to vanilla is printed.
    """

    key: str
    title: str
    task: str
    evaluation: str
    metric: str
    classes: int = 0
    averaged: bool = True
    difference: bool = False


def printed_places(block: Panel) -> tuple[Place, ...]:
    """The columns of a block."""
    specs = tasks.expand(block.tasks)
    if not block.columns:
        return tuple(
            Place(
                spec.name,
                spec.title,
                spec.name,
                spec.evaluation[0].name,
                block.metric or block.metrics.get(spec.name, spec.metric),
                len(spec.labels),
            )
            for spec in specs
        )
    (trained,) = specs
    found = []
    for column in block.columns:
        other = Target.of(column.evaluation).task
        scored = tasks.find(other) if other else trained
        metric = block.metric or scored.metric
        key = column.published or column.evaluation
        at = trained.name, column.evaluation, metric, len(scored.labels), column.averaged, column.difference
        found.append(Place(key, column.title, *at))
    return tuple(found)


def printed(suite: Suite, block: Panel, line: Line) -> Mapping[tuple[str, str], Published]:
    """The printed numbers of a line: (column, statistic) -> number; a time's column is its metric."""
    found = {}
    for cell in _lines(suite.source, suite.printed_in).get(_place_of(suite, block, line), ()):
        column = cell.metric if suite.kind == TIME else cell.task
        found[column, cell.statistic] = cell
    return found


def placed(suite: Suite) -> Iterator[Published]:
    """The printed numbers that have a place in a suite."""
    for block in suite.blocks:
        known = {place.key for place in printed_places(block)} | {AVERAGE, TIME_RATIO, TRAINABLE}
        for line in block.lines:
            yield from (c for (column, _), c in printed(suite, block, line).items() if column in known)


def _place_of(suite: Suite, block: Panel, line: Line) -> tuple[str, str, str]:
    model = block.printed_model or block.model
    return model, line.name, "-" if line.ours else line.setting or block.setting


@cache
def _lines(source: str, exhibit: str) -> Mapping[tuple[str, str, str], Sequence[Published]]:
    """The numbers of a table by model, method and setting; the parameters trained go with the time."""
    found: dict[tuple[str, str, str], list[Published]] = {}
    for cell in published.cells(source, exhibit):
        setting = "time_usage" if cell.setting == "trainable_params" else cell.setting
        found.setdefault((cell.model, cell.method, setting), []).append(cell)
    return found
