"""The columns of a table, and the caption that says how to read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ftbench import metrics
from ftbench.render.layouts import Difference, Measure, Part
from ftbench.render.numbers import SPREAD
from ftbench.render.table import OWN, SHARED, Column
from ftbench.services.reporting import failed
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import Reported
from ftbench.stats import statistics
from ftbench.stats.family import PROBABILITY, TWO_PART

Blocks = Mapping[float, Sequence[Block]]
"""ratio -> one block for each measure."""


def columns_of(
    part: Part, blocks: Blocks, tasks: Sequence[Reported], baseline: str, estimand: str
) -> Iterator[Column]:
    """The columns that a part's scores have."""
    for at, measure in enumerate(part.measures):
        own = OWN if at else ""
        measured = {measure.metric or task.metric for task in tasks}
        for task in tasks:
            metric = measure.metric or task.metric
            yield Column(
                key=task.name,
                kind="score",
                title=task.title,
                subtitle=metrics.heading_of(metric),
                show=measure.show,
                task=task.name,
                evaluation=task.evaluation,
                metric=metric,
                measure=own,
            )
        one = next(iter(measured)) if len(measured) == 1 else "own"
        subtitle = metrics.heading_of(one) if len(part.measures) > 1 else ""
        yield Column("average", "average", "Avg", subtitle, measure.show, measure=own)
        if any(found[at].needs_shared for found in blocks.values()):
            yield Column(SHARED, "average", "Avg*", subtitle, measure.show, measure=own)
        if measure.difference:
            yield _difference(measure, measure.difference, baseline, own, estimand)
    yield Column("group", "group", "Group")
    yield from failed.failure_columns([found[0] for found in blocks.values()], estimand == TWO_PART)
    yield Column("runs", "runs", "Runs")


def _difference(measure: Measure, one: Difference, baseline: str, own: str, estimand: str) -> Column:
    """The column of differences; one to the baseline that is tested shows how sure it is."""
    title, signed, show = one.title.format(baseline=baseline), one.signed, measure.show
    if one.against == "baseline" and not own:
        show = ("mean", "interval") if "mean" in show else show
        if estimand == PROBABILITY:
            title, signed = f"P(> {baseline})", False
    return Column(
        "difference", "difference", title, show=show, signed=signed, measure=own, against=one.against
    )


def caption_of(part: Part, baseline: str, estimand: str) -> str:
    """How to read the cells, and what the column after the average is."""
    difference = part.measures[0].difference
    rule = difference.rule if difference else ""
    if difference and estimand == PROBABILITY and difference.against == "baseline":
        rule = "P(> {baseline}): how often a run beats that of {baseline} with its task and seed, × 100."
    return f"{part.caption} {rule}".strip().format(baseline=baseline, shown=_statistics(part))


def _statistics(part: Part) -> str:
    """The statistics of a part in words, as cells have them: ``Mean (max)``."""
    first, *others = ((name, statistics.find(name)) for name in part.measures[0].show)
    words = ", ".join(text for text in (first[1].title, first[1].detail) if text).capitalize()
    for name, one in others:
        if name == SPREAD:
            words += f" ± {one.title} ({one.detail})"
        else:
            words += f" ({', '.join(text for text in (one.title, one.detail) if text)})"
    return words
