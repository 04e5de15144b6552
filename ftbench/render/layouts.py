"""The tables that ``ftbench report`` knows, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from ftbench import metrics


@dataclass(frozen=True)
class Difference:
    """A column of differences between averages.

    Attributes:
        title: its heading; ``{baseline}`` is filled in.
        against: ``baseline``: the row minus the baseline, at the same ratio;
            ``clean``: the same method's clean run minus the row, paired by task and seed.
        rule: what it is, a sentence.
        signed: whether a gain gets a plus sign.
    """

    title: str
    against: str
    rule: str
    signed: bool = True


@dataclass(frozen=True)
class Measure:
    """A block of columns: one for each task, then their average, then a difference.

    Attributes:
        metric: the metric, or None for the one that each task reports.
        show: the statistics to show.
        difference: the column after the average.
    """

    metric: str | None
    show: tuple[str, ...]
    difference: Difference | None = None


@dataclass(frozen=True)
class Axis:
    """A perturbation, as tables by its value show it.

    Attributes:
        name: as it is typed without a value: ``noise``, ``noise[kind=pairflip]``.
        title: the heading.
        caption: what is done to how much of what, a sentence without its point.
        changed: what a changed run is called.
        along: the caption of its curves; "" for one made of ``caption``.
        metric: of the scores that stand first; "" for the tasks' own alone.
        percent: whether its values are fractions, shown × 100.
    """

    name: str
    title: str
    caption: str
    changed: str = "changed"
    along: str = ""
    metric: str = ""
    percent: bool = True


@dataclass(frozen=True)
class Part:
    """One table of a layout.

    Attributes:
        name: as the formats for machines write it.
        title: the heading.
        axis: the perturbation whose ratios make groups of rows, or None: clean runs only.
        measures: the blocks of columns.
        caption: what its cells are; ``{baseline}`` and ``{shown}``, the statistics, are filled in.
        rules: how to read the rest, in the note below it.
        curve: whether a row is a method's whole curve over the ratios, instead of its scores at one of them.
        percent: whether the ratios are fractions, shown × 100.
    """

    name: str
    title: str
    axis: str | None
    measures: tuple[Measure, ...]
    caption: str
    rules: str = ""
    curve: bool = False
    percent: bool = True


@dataclass(frozen=True)
class Layout:
    """A named report: one table or several."""

    name: str
    parts: tuple[Part, ...]

    def showing(self, statistics: tuple[str, ...]) -> Layout:
        """The layout with other statistics in its cells; as it is where none are given."""
        if not statistics:
            return self
        parts = [
            replace(part, measures=tuple(replace(measure, show=statistics) for measure in part.measures))
            for part in self.parts
        ]
        return replace(self, parts=tuple(parts))


AVERAGE_RULE = (
    "n: seeds. Avg: unweighted mean over the tasks, given where every seed queued for every task has its "
    "score."
)

MAIN = Layout(
    "main",
    (
        Part(
            "main",
            "Main results",
            None,
            (
                Measure(
                    None,
                    ("mean", "std"),
                    Difference("Δ {baseline}", "baseline", "Δ: Avg minus that of {baseline}."),
                ),
            ),
            "Clean training data. {shown} over seeds, × 100.",
            AVERAGE_RULE,
        ),
    ),
)

#: What was measured of the models is added to it, task by task.
RETAINED = Layout(
    "retention",
    (replace(MAIN.parts[0], name="retention", title="Scores, and what they cost the pretrained model"),),
)

CLEAN_VALUE = "ratio 0 is the clean run"


def robustness_layout(axes: Sequence[Axis]) -> Layout:
    """A table for each perturbation, its rows by ratio."""
    return Layout("robustness", tuple((_gain if axis.metric else _drop)(axis) for axis in axes))


def _drop(axis: Axis) -> Part:
    clean = CLEAN_VALUE if axis.percent else "0 is the clean run"
    rule = (
        f"Drop: the same method's clean run minus the {axis.changed} one, over the tasks and seeds that "
        "both have."
    )
    return Part(
        axis.name,
        axis.title,
        axis.name,
        (Measure(None, ("mean",), Difference("drop", "clean", rule, signed=False)),),
        f"{axis.caption}; {clean}. {{shown}} over seeds, × 100.",
        AVERAGE_RULE,
        percent=axis.percent,
    )


def _first(metric: str) -> tuple[str, str, str]:
    """A metric in words, what to know of it, and its average in words."""
    one = metrics.of_score(metric)
    warning = f" ({one.warning})" if one.warning else ""
    return metrics.said(one), warning, one.average or f"the average {metrics.said(one)}"


def _gain(axis: Axis) -> Part:
    """The scores of a metric of its own first, and the gain over the baseline."""
    first, warning, average = _first(axis.metric)
    rule = f"Gain: {average} minus that of {{baseline}} at the same ratio."
    return Part(
        axis.name,
        axis.title,
        axis.name,
        (
            Measure(axis.metric, ("mean",), Difference("gain", "baseline", rule)),
            Measure(None, ("mean",)),
        ),
        f"{axis.caption}; {CLEAN_VALUE}. First the {first}{warning}, then each task's own metric. "
        "{shown} over seeds, × 100.",
        AVERAGE_RULE,
        percent=axis.percent,
    )


CURVE_RULE = (
    "Each seed's average over the tasks makes a curve; n: seeds with every task at every ratio. Slope: the "
    "points gained or lost for every 10 % of the ratio, a line fitted to each seed. Area: under the curve, "
    "over its width: the mean score along it. Below {baseline}: the ratio from which the mean is below that "
    "of {baseline}, straight lines between ratios. Δ slope: minus the slope of {baseline}, seed by seed. "
    "In brackets 95 % intervals over seeds; of a ratio, where the two cannot be told apart."
)


def curves_layout(axes: Sequence[Axis]) -> Layout:
    """A table for each perturbation whose values are fractions, a row for each method's curve."""
    return Layout("curves", tuple(_curve(axis) for axis in axes if axis.percent))


def _curve(axis: Axis) -> Part:
    first = (Measure(axis.metric, ("mean",)),) if axis.metric else ()
    told = f"{axis.along or axis.caption + ', by that fraction.'} "
    told += f"First the {_first(axis.metric)[0]}, then each task's own metric. " if axis.metric else ""
    return Part(
        f"{axis.name}_curve",
        f"Scores against {axis.title[:1].lower()}{axis.title[1:]}",
        axis.name,
        (*first, Measure(None, ("mean",))),
        told.strip(),
        CURVE_RULE,
        curve=True,
    )


#: The layouts by name; those of perturbations are made for the ones that there are.
LAYOUTS: Mapping[str, Callable[[Sequence[Axis]], Layout]] = MappingProxyType(
    {
        "main": lambda axes: MAIN,
        "robustness": robustness_layout,
        "curves": curves_layout,
        "retention": lambda axes: RETAINED,
    }
)


def statistics() -> tuple[str, ...]:
    """What cells may show."""
    from ftbench.stats import statistics

    return statistics.names()
