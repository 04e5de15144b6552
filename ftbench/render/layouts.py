"""The tables that ``ftbench report`` knows, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType


@dataclass(frozen=True)
class Difference:
    """A column of differences between averages.

    Attributes:
        title: its heading; ``{baseline}`` is filled in.
        against: ``baseline``: the row minus the baseline, at the same ratio;
            ``clean``: the same method's clean run minus the row, paired by task and seed.
        signed: whether a gain gets a plus sign.
    """

    title: str
    against: str
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
class Part:
    """One table of a layout.

    Attributes:
        name: as the formats for machines write it.
        title: the heading.
        axis: the perturbation whose ratios make groups of rows, or None: clean runs only.
        measures: the blocks of columns.
        caption: how to read it; ``{baseline}`` and ``{shown}``, the statistics, are filled in.
        curve: whether a row is a method's whole curve over the ratios, instead of its scores at one of them.
    """

    name: str
    title: str
    axis: str | None
    measures: tuple[Measure, ...]
    caption: str
    curve: bool = False


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
    "Avg: unweighted mean over the tasks, given where every seed queued for every task has its score."
)

MAIN = Layout(
    "main",
    (
        Part(
            "main",
            "Main results",
            None,
            (Measure(None, ("mean", "max"), Difference("Δ {baseline}", "baseline")),),
            "Clean training data. {shown} over seeds, × 100; n: seeds. " + AVERAGE_RULE + " "
            "Δ: Avg minus that of {baseline}.",
        ),
    ),
)

ROBUSTNESS = Layout(
    "robustness",
    (
        Part(
            "noise",
            "Label noise",
            "noise",
            (Measure(None, ("mean",), Difference("drop", "clean", signed=False)),),
            "A fraction of the training labels replaced by wrong ones; ratio 0 is the clean run. "
            "{shown} over seeds, × 100; n: seeds. "
            + AVERAGE_RULE
            + " Drop: the same method's clean run minus the noisy "
            "one, over the tasks and seeds that both have.",
        ),
        Part(
            "reduction",
            "Class imbalance",
            "reduction",
            (
                Measure("accuracy_label1", ("mean",), Difference("gain", "baseline")),
                Measure(None, ("mean",)),
            ),
            "A fraction of the training rows with label 1 removed; ratio 0 is the clean run. First the "
            "accuracy on evaluation rows with label 1 (predicting 1 always scores 100), then each task's own "
            "metric. {shown} over seeds, × 100; n: seeds. " + AVERAGE_RULE + " Gain: the average accuracy on "
            "label 1 minus that of {baseline} at the same ratio.",
        ),
    ),
)

CURVE_RULE = (
    "Each seed's average over the tasks makes a curve; n: seeds with every task at every ratio. Slope: the "
    "points gained or lost for every 10 % of the ratio, a line fitted to each seed. Area: under the curve, "
    "over its width: the mean score along it. Below {baseline}: the ratio from which the mean is below that "
    "of {baseline}, straight lines between ratios. Δ slope: minus the slope of {baseline}, seed by seed. "
    "In brackets 95 % intervals over seeds; of a ratio, where the two cannot be told apart."
)

CURVES = Layout(
    "curves",
    (
        Part(
            "noise_curve",
            "Scores against label noise",
            "noise",
            (Measure(None, ("mean",)),),
            "Clean and noisy training labels, by the ratio of wrong ones. " + CURVE_RULE,
            curve=True,
        ),
        Part(
            "reduction_curve",
            "Scores against class imbalance",
            "reduction",
            (Measure("accuracy_label1", ("mean",)), Measure(None, ("mean",))),
            "All training rows and fewer, by the ratio of those with label 1 that are removed. First the "
            "accuracy on evaluation rows with label 1, then each task's own metric. " + CURVE_RULE,
            curve=True,
        ),
    ),
)

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {layout.name: layout for layout in (MAIN, ROBUSTNESS, CURVES)}
)

STATISTIC_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "mean": "mean",
        "median": "median",
        "iqm": "interquartile mean",
        "max": "max",
        "std": "standard deviation, ddof 1",
    }
)

METRIC_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "accuracy": "accuracy",
        "accuracy_label1": "label 1",
        "f1": "F1",
        "matthews": "Matthews",
        "pearson": "Pearson",
        "spearman": "Spearman",
        "mse": "MSE",
    }
)
