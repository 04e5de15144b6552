"""Plots: from the database, through the tables of a report, to specifications."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ftbench.db import Database
from ftbench.errors import BadValue, NothingToReport, UnknownName
from ftbench.render.plots import KINDS
from ftbench.render.table import Row, Section
from ftbench.services.planning import commands
from ftbench.services.reporting.build import build_report
from ftbench.services.reporting.costs import ALONE, COSTS, better_ones, with_costs
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores import levels
from ftbench.services.scores.levels import Topped
from ftbench.services.scores.rescored import MetricChoice
from ftbench.services.scores.selection import Selection
from ftbench.stats.leaderboard import ALPHA

if TYPE_CHECKING:
    import pandas as pd

    from ftbench.render.plots.looks import Looks
    from ftbench.render.plots.theme import Plot


@dataclass(frozen=True)
class PlotRequest:
    """A figure of the tables' scores.

    Attributes:
        kind: one of ``KINDS``, but ``reproduction``.
        selection: which jobs.
        over: the hyper-parameter of a sweep.
        critical: the critical difference of ranks; None for Nemenyi's.
        violin: the runs' density in a strip, instead of boxes.
        metric: what runs are scored by; None: what each task reports.

    Raises:
        UnknownName: there is no such kind.
    """

    kind: str
    selection: Selection = field(default_factory=Selection)
    over: str | None = None
    critical: float | None = None
    violin: bool = False
    metric: MetricChoice | None = None

    def __post_init__(self) -> None:
        """Refuse a kind that there is not."""
        if self.kind not in KINDS:
            raise UnknownName("plot", self.kind, KINDS)

    @property
    def report(self) -> ReportRequest:
        """The report whose scores are drawn."""
        table = "robustness" if self.kind == "robustness" else "main"
        return ReportRequest(self.selection, table, metric=self.metric)


def draw(database: Database, request: PlotRequest) -> tuple[Plot, ...]:
    """A plot for each table of the report; together they are the figure.

    Raises:
        UnknownName: a model, task, method or hyper-parameter that nothing carries.
        NothingToReport: there are no scores to draw.
        FtbenchError: the plotting packages are missing, or the kind cannot be drawn of these jobs.
    """
    from ftbench.render.plots import looks, theme

    theme.load_plotting()
    report = build_report(database, request.report)
    sections = [section for section in report.sections if _has_scores(section)]
    if not sections:
        run = commands.worker_command(database.address)
        raise NothingToReport(f"no scores to draw yet; run the jobs with: {run}")
    if request.kind == "ranks":  # of several tables those that can have some
        sections = [section for section in sections if _ranked(section)] or sections[:1]
    found = looks.of_report(report)
    return tuple(_plot(database, request, section, found) for section in sections)


def _ranked(section: Section) -> bool:
    from ftbench.render import tidy
    from ftbench.render.plots.ranks import LEAST_TASKS

    frame = tidy.score_frame(section)
    return frame["task"].nunique() >= LEAST_TASKS and len(_task_means(frame)) > 1


def _has_scores(section: Section) -> bool:
    return any(cell.values for group in section.groups for row in group.rows for cell in row.cells)


def _plot(database: Database, request: PlotRequest, section: Section, looks: Looks) -> Plot:
    from ftbench.render import tidy
    from ftbench.render.plots import cost, curves, spread

    title, kind = section.title, request.kind
    frame, unit = tidy.drawn_frame(section, kind == "robustness"), tidy.unit_of(section, kind == "robustness")
    if kind == "strip":
        counts = tidy.run_counts(section)
        return spread.strip(frame, title, looks, violin=request.violin, counts=counts, unit=unit)
    if kind == "sweep":
        return _sweep(frame, section, request.over, unit)
    if kind == "robustness":
        return curves.robustness(frame, title, section.axis or "", looks, section.groups[0].percent, unit)
    if kind == "ranks":
        turned, topped = tidy.turned_frame(section, frame), levels.topped(database)
        return with_groups(turned, title, looks, topped, request.critical)
    if kind == "learning":
        losses = with_losses(database, frame)
        if losses.empty:
            raise NothingToReport("learning: these jobs have no logged losses")
        return curves.learning(losses, title, with_runs(looks, losses))
    took = database.results.ran(set(frame["job"]), (*COSTS.values(), ALONE))
    costs, timed = with_costs(took, frame)
    if not costs[list(COSTS)].notna().to_numpy().any():
        raise NothingToReport("cost: these jobs have no recorded times")
    return cost.cost(costs, title, better_ones(tidy.turned_frame(section, frame)), looks, timed, unit)


def _sweep(frame: pd.DataFrame, section: Section, over: str | None, unit: str) -> Plot:
    """The one method that has several settings; over a hyper-parameter that is named, several methods.

    Raises:
        BadValue: no method has several settings, or several have and no hyper-parameter is named.
        UnknownName: no method has the hyper-parameter.
    """
    from ftbench.render.plots import spread, sweeps
    from ftbench.render.plots.looks import of_names

    counts = frame.groupby("method", sort=False)["hparams"].nunique()
    several = [str(name) for name in counts[counts > 1].index]
    if len(several) == 1:
        return spread.sweep(frame[frame["method"] == several[0]], section.title, over, unit)
    if over is None or not several:
        told = (
            f"choose one of {', '.join(several)} with --methods, or a hyper-parameter of several with --over"
            if several
            else "queue one as 'bidrop[k=2|3]'"
        )
        raise BadValue(f"sweep: {len(several)} methods have several settings; {told}")
    called = {row.shown: _method_title(row) for group in section.groups for row in group.rows}
    placed, order, left_out = along(frame.assign(called=frame["label"].map(called)), over)
    told = (
        f"The runs of each method at each value of {over}; one that does not have it stands at all of them."
    )
    if left_out:
        told += f" Left out: {', '.join(left_out)}, of which other settings differ."
    plain = of_names(placed["method"])  # whatever the setting
    named = zip(placed["label"], placed["method"], strict=True)
    looks = {label: plain[method] for label, method in named}
    return sweeps.sweep_of_several(placed, order, over, section.title, told, looks, unit=unit)


def along(frame: pd.DataFrame, over: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    """The scores by the value that their method has of a hyper-parameter.

    Args:
        frame: see ``ftbench.render.tidy``, and what each method is ``called`` whatever its setting.
        over: the hyper-parameter.

    Returns:
        The scores with their ``place``, a method without the hyper-parameter at every one; the places in
        order; and the methods that are left out: without it, and with several settings.

    Raises:
        UnknownName: no method has it.
    """
    import pandas as pd

    from ftbench.render.plots.spread import value_rank, value_text

    known = {text: json.loads(text) for text in frame["hparams"].unique()}
    if not any(over in one for one in known.values()):
        raise UnknownName("hyper-parameter", over, sorted({name for one in known.values() for name in one}))
    has = frame["hparams"].map(lambda text: over in known[text])
    values = {text: value_text(one[over]) for text, one in known.items() if over in one}
    ranked = sorted(
        {value_rank(one[over]): value_text(one[over]) for one in known.values() if over in one}.items()
    )
    order = [text for _, text in ranked]
    mine = frame[has].assign(place=frame["hparams"].map(values), label=frame["called"])
    other = frame[~has]
    settings = other.groupby("method", sort=False)["hparams"].nunique()
    several = settings[settings > 1].index
    left_out = list(dict.fromkeys(other["called"][other["method"].isin(several)]))
    other = other[~other["method"].isin(several)]
    return pd.concat([*(other.assign(place=place) for place in order), mine]), order, left_out


def with_groups(
    frame: pd.DataFrame,
    title: str,
    looks: Looks,
    topped: Sequence[Topped],
    critical: float | None = None,
) -> Plot:
    """The diagram of average ranks; Nemenyi's groups at the level that seeds which were topped up allow."""
    from ftbench.render.plots import ranks

    level, said = levels.strictest(topped, frame["job"])
    how = (f"Nemenyi, {level:.3g}", *said) if critical is None else ("as given, whatever its level",)
    found, difference = with_ranks(frame, critical, level)
    return ranks.ranks(frame, title, found, looks, difference, (*how, friedman_of(frame)))


def with_ranks(
    frame: pd.DataFrame, critical: float | None = None, level: float = ALPHA
) -> tuple[dict[str, float], float | None]:
    """Method -> its average rank over the tasks, ascending, and the critical difference.

    Methods without a score on every task are left out. The difference is Nemenyi's at a level unless one is
    given; there is none for one task.
    """
    from ftbench.stats import ranks

    means = _task_means(frame)
    methods, tasks = means.shape
    if not methods:
        return {}, critical
    average = ranks.average_ranks(means.to_numpy().T)
    named = sorted(zip(map(str, means.index), map(float, average), strict=True), key=lambda one: one[1])
    if critical is None and tasks > 1 and methods > 1:
        critical = ranks.critical_difference(tasks, methods, level)
    return dict(named), critical


def friedman_of(frame: pd.DataFrame) -> str:
    """What Friedman's test says of the methods that have a score on every task, in a sentence."""
    from ftbench.render.numbers import p_equals
    from ftbench.stats import ranks
    from ftbench.stats.findings import Significance

    found = ranks.friedman(_task_means(frame).to_numpy().T)
    if not isinstance(found, Significance):
        return f"No Friedman test: {found}."
    return f"Friedman's test that all are equal: {p_equals(found.p)}."


def _task_means(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds: a row for each method that has every task, a column for each task."""
    return frame.groupby(["label", "task"], sort=False)["value"].mean().unstack("task").dropna()


def with_losses(database: Database, frame: pd.DataFrame) -> pd.DataFrame:
    """The logged losses of the scores' jobs: ``task``, ``label``, ``seed``, ``step``, ``value``.

    A run of its own inside a job is named beside the method, whose own label is ``method_label``. Empty where
    nothing was logged.
    """
    import pandas as pd

    jobs = frame.drop_duplicates("job").set_index("job")
    rows = database.results.losses(jobs.index)
    found = pd.DataFrame(rows, columns=["job", "run", "step", "value"])
    found = found.join(jobs[["task", "label", "seed"]], on="job")
    other = found["run"] != "main"
    label = found["label"].where(~other, found["label"] + " (" + found["run"] + ")")
    return found.assign(method_label=found["label"], label=label)


def with_runs(looks: Looks, losses: pd.DataFrame) -> Looks:
    """The looks of all that has losses: a run inside a job looks as its method."""
    named = zip(losses["label"], losses["method_label"], strict=True)
    return {label: looks[method] for label, method in named}


def _method_title(row: Row) -> str:
    """What readers see of a row without its setting: ``Bi-Drop`` of ``Bi-Drop (k=3)``."""
    inside = row.label.partition("[")[2].removesuffix("]").replace(",", ", ")
    return row.shown.removesuffix(f" ({inside})") if inside else row.shown
