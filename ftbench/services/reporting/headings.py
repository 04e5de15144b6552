"""The columns of a table, and the caption that says how to read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ftbench import metrics
from ftbench.render.layouts import Difference, Measure, Part
from ftbench.render.numbers import SPREAD
from ftbench.render.table import OWN, SHARED, Column
from ftbench.services.reporting import failed
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import Reported
from ftbench.services.scores.rescored import told_of_metric
from ftbench.stats import statistics
from ftbench.stats.family import PROBABILITY, TWO_PART

Blocks = Mapping[float, Sequence[Block]]
"""ratio -> one block for each measure."""


def columns_of(
    part: Part, blocks: Blocks, tasks: Sequence[Reported], baseline: str, estimand: str
) -> Iterator[Column]:
    """The columns that a part's scores have."""
    firsts = next(iter(blocks.values()))
    for column in _columns(part, blocks, tasks, baseline, estimand):
        metric = firsts[1 if column.measure else 0].measured
        share = estimand == PROBABILITY and column.kind == "difference" and column.against == "baseline"
        yield replace(column, fraction=metric.percent or share, higher=metric.higher)


def _columns(
    part: Part, blocks: Blocks, tasks: Sequence[Reported], baseline: str, estimand: str
) -> Iterator[Column]:
    for at, measure in enumerate(part.measures):
        own = OWN if at else ""
        measured = {measure.metric or task.metric for task in tasks}
        for task in tasks:
            metric = measure.metric or task.metric
            found = task.measured if metric == task.metric else metrics.of_score(metric)
            yield Column(
                key=task.name,
                kind="score",
                title=task.title,
                subtitle=found.heading or metric,
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
            difference = as_it_is_lost(measure.difference, blocks)
            yield _difference(measure, difference, baseline, own, estimand)
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


def as_it_is_lost(one: Difference, blocks: Blocks) -> Difference:
    """The difference of a changed run to the clean one, which is a rise where lower scores are better."""
    if one.against != "clean" or next(iter(blocks.values()))[0].sign > 0:
        return one
    changed = one.rule.partition("clean run minus the ")[2]
    which, _, over = changed.partition(" one, ")
    rule = f"Rise: the {which} run minus the same method's clean one, {over}"
    return replace(one, title="rise", rule=rule)


def caption_of(part: Part, blocks: Blocks, baseline: str, estimand: str) -> tuple[str, str]:
    """What the cells are; and how to read the averages and the column after them."""
    difference = part.measures[0].difference
    rule = as_it_is_lost(difference, blocks).rule if difference else ""
    if difference and estimand == PROBABILITY and difference.against == "baseline":
        rule = "P(> {baseline}): how often a run beats that of {baseline} with its task and seed, × 100."
    text, rules = (
        one.strip().format(baseline=baseline, shown=_statistics(part))
        for one in (part.caption, f"{part.rules} {rule}")
    )
    chosen = next((task.own for task in next(iter(blocks.values()))[0].tasks if task.own), None)
    if chosen is None:
        return text, rules
    shown = text if chosen.percent else text.replace("over seeds, × 100.", "over seeds.")
    return f"{told_of_metric(chosen)} {shown}", rules


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
