"""Plots: from the database, through the tables of a report, to specifications."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ftbench.db import Database
from ftbench.domain.provenance import RAN
from ftbench.errors import BadValue, NothingToReport, UnknownName
from ftbench.render.plots import KINDS
from ftbench.render.table import Section
from ftbench.services.planning import commands
from ftbench.services.reporting.build import build_report
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores import levels
from ftbench.services.scores.levels import Topped
from ftbench.services.scores.rescored import MetricChoice
from ftbench.services.scores.selection import Selection
from ftbench.stats.leaderboard import ALPHA

if TYPE_CHECKING:
    import pandas as pd

COSTS: Mapping[str, tuple[str, ...]] = {name: RAN[name] for name in ("training_seconds", "peak_memory_mb")}
ALONE = ("exclusive",)


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


def draw(database: Database, request: PlotRequest) -> dict[str, Any]:
    """One figure: a plot for each table of the report.

    Raises:
        UnknownName: a model, task, method or hyper-parameter that nothing carries.
        NothingToReport: there are no scores to draw.
        FtbenchError: the plotting packages are missing, or the kind cannot be drawn of these jobs.
    """
    from ftbench.render.plots import theme

    theme.load_plotting()
    report = build_report(database, request.report)
    sections = [section for section in report.sections if _has_scores(section)]
    if not sections:
        run = commands.worker_command(database.address)
        raise NothingToReport(f"no scores to draw yet; run the jobs with: {run}")
    if request.kind == "ranks":  # of several tables those that can have some
        sections = [section for section in sections if _ranked(section)] or sections[:1]
    return theme.stacked([_plot(database, request, section) for section in sections])


def _ranked(section: Section) -> bool:
    from ftbench.render import tidy
    from ftbench.render.plots.ranks import LEAST_TASKS

    frame = tidy.score_frame(section)
    return frame["task"].nunique() >= LEAST_TASKS and len(_task_means(frame)) > 1


def _has_scores(section: Section) -> bool:
    return any(cell.values for group in section.groups for row in group.rows for cell in row.cells)


def _plot(database: Database, request: PlotRequest, section: Section) -> dict[str, Any]:
    from ftbench.render import tidy
    from ftbench.render.plots import cost, curves, spread

    title, kind = section.title, request.kind
    frame, unit = tidy.drawn_frame(section, kind == "robustness"), tidy.unit_of(section, kind == "robustness")
    if kind == "strip":
        return spread.strip(frame, title, violin=request.violin, counts=tidy.run_counts(section), unit=unit)
    if kind == "sweep":
        return _sweep(frame, title, request.over, unit)
    if kind == "robustness":
        return curves.robustness(frame, title, section.axis or "", section.groups[0].percent, unit)
    if kind == "ranks":
        return with_groups(
            tidy.turned_frame(section, frame), title, levels.topped(database), request.critical
        )
    if kind == "learning":
        losses = with_losses(database, frame)
        if losses.empty:
            raise NothingToReport("learning: these jobs have no logged losses")
        return curves.learning(losses, title)
    took = database.results.ran(set(frame["job"]), (*COSTS.values(), ALONE))
    costs, timed = with_costs(took, frame)
    if not costs[list(COSTS)].notna().to_numpy().any():
        raise NothingToReport("cost: these jobs have no recorded times")
    return cost.cost(costs, title, better_ones(tidy.turned_frame(section, frame)), timed, unit)


def _sweep(frame: pd.DataFrame, title: str, over: str | None, unit: str) -> dict[str, Any]:
    """The one method that has several settings; over a hyper-parameter that is named, several methods.

    Raises:
        BadValue: no method has several settings, or several have and no hyper-parameter is named.
        UnknownName: no method has the hyper-parameter.
    """
    from ftbench.render.plots import spread, sweeps

    counts = frame.groupby("method", sort=False)["hparams"].nunique()
    several = [str(name) for name in counts[counts > 1].index]
    if len(several) == 1:
        return spread.sweep(frame[frame["method"] == several[0]], title, over, unit)
    if over is None or not several:
        told = (
            f"choose one of {', '.join(several)} with --methods, or a hyper-parameter of several with --over"
            if several
            else "queue one as 'bidrop[k=2|3]'"
        )
        raise BadValue(f"sweep: {len(several)} methods have several settings; {told}")
    placed, order, left_out = along(frame, over)
    told = (
        f"The runs of each method at each value of {over}; one that does not have it stands at all of them."
    )
    if left_out:
        told += f" Left out: {', '.join(left_out)}, of which other settings differ."
    return sweeps.sweep_of_several(placed, order, over, title, told, unit=unit)


def along(frame: pd.DataFrame, over: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    """The scores by the value that their method has of a hyper-parameter.

    Args:
        frame: see ``ftbench.render.tidy``.
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
    mine = frame[has].assign(place=frame["hparams"].map(values), label=frame["method"])
    other = frame[~has]
    settings = other.groupby("method", sort=False)["hparams"].nunique()
    left_out = [str(name) for name in settings[settings > 1].index]
    other = other[~other["method"].isin(left_out)]
    return pd.concat([*(other.assign(place=place) for place in order), mine]), order, left_out


def with_costs(took: Mapping[str, Sequence[Any]], frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The scores, with what each job took: its values of ``COSTS``; and which runs' times they are.

    A run beside others is slower for that: its time does not count where some runs were alone.

    Args:
        took: job -> its values of ``COSTS``, then whether it had the machine to itself.
        frame: the scores.
    """
    nothing = [None] * (len(COSTS) + 1)
    columns = {name: [took.get(job, nothing)[at] for job in frame["job"]] for at, name in enumerate(COSTS)}
    costs = frame.assign(**columns).astype(dict.fromkeys(COSTS, float))
    alone = frame["job"].map(lambda job: bool(took.get(job, nothing)[-1]))
    whole = set(frame["label"]) == set(frame["label"][alone])
    if alone.all():
        return costs, ""
    if not whole:
        return costs, "Times of runs beside others on one machine are among them, and longer for that."
    costs.loc[~alone, "training_seconds"] = math.nan
    return costs, f"Times of the {int(alone.sum())} of {len(alone)} runs that had the machine to themselves."


def better_ones(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """The pairs of methods, by label, of which the first is better on average over the tasks.

    It is where the 95 % t interval of their differences, paired by seed, lies above 0.
    """
    import numpy as np

    from ftbench.stats import paired
    from ftbench.stats.findings import Interval

    seeds = frame.pivot_table(index=["label", "seed"], columns="task", values="value", aggfunc="mean")
    averages = seeds.dropna().mean(axis=1).unstack("label")  # a row for each seed
    found = set()
    for one, other in itertools.permutations(averages.columns, 2):
        apart = np.asarray((averages[one] - averages[other]).dropna(), dtype=float)
        interval = paired.t_interval(apart)
        if isinstance(interval, Interval) and interval.low > 0:
            found.add((str(one), str(other)))
    return found


def with_groups(
    frame: pd.DataFrame, title: str, topped: Sequence[Topped], critical: float | None = None
) -> dict[str, Any]:
    """The diagram of average ranks; Nemenyi's groups at the level that seeds which were topped up allow."""
    from ftbench.render.plots import ranks

    level, said = levels.strictest(topped, frame["job"])
    how = (f"Nemenyi, {level:.3g}", *said) if critical is None else ("as given, whatever its level",)
    return ranks.ranks(frame, title, *with_ranks(frame, critical, level), (*how, friedman_of(frame)))


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

    A run of its own inside a job is named beside the method. Empty where nothing was logged.
    """
    import pandas as pd

    jobs = frame.drop_duplicates("job").set_index("job")
    rows = database.results.losses(jobs.index)
    found = pd.DataFrame(rows, columns=["job", "run", "step", "value"])
    found = found.join(jobs[["task", "label", "seed"]], on="job")
    other = found["run"] != "main"
    return found.assign(label=found["label"].where(~other, found["label"] + " (" + found["run"] + ")"))
