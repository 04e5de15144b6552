"""What a comparison was asked for, and the runs that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ftbench import methods
from ftbench.db import Database, JobSummary, ScoreRow, ValueRow
from ftbench.domain.axes import MethodChoice
from ftbench.domain.study import Study
from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.metrics import Metric
from ftbench.perturbations import CLEAN, Condition
from ftbench.services.planning import commands, rerun
from ftbench.services.scores import levels
from ftbench.services.scores.choices import Choices
from ftbench.services.scores.compared import Compared, arranged
from ftbench.services.scores.jobs import MethodKey, join, labels, reported
from ftbench.services.scores.rescored import MetricChoice, rescored, told_of_metric
from ftbench.services.scores.selection import Selection, by_name, in_order, is_of, roughly
from ftbench.services.scores.stale import codes_of
from ftbench.services.scores.titles import titles
from ftbench.stats.correction import CORRECTIONS

USUAL_REGION = 0.01
TESTS = {"t": "paired t", "wilcoxon": "Wilcoxon", "sign-flip": "sign-flip"}


@dataclass(frozen=True)
class CompareRequest:
    """A comparison of methods.

    Attributes:
        selection: its methods are compared, in their order.
        condition: what was done to the data of the compared runs.
        test: whose p are corrected and marked: ``t``, ``wilcoxon`` or ``sign-flip``.
        correction: ``holm``, ``bh`` or ``none``.
        region: half the region of practical equivalence, as a fraction.
        examples: whether predictions are compared too.
        data_dir: the folder with the data sets, for their labels.
        untested: whether each comparison without a test, or with fewer seeds, is named instead of counted.
        study: whose choices the compared runs have; "" for runs that were not tuned.
        metric: what runs are scored by; None: what each task reports.

    Raises:
        UnknownName: an unknown test or correction.
        BadValue: a ratio or a region outside [0, 1).
    """

    selection: Selection
    condition: Condition = CLEAN
    test: str = "t"
    correction: str = "holm"
    region: float = USUAL_REGION
    examples: bool = False
    data_dir: str | None = None
    untested: bool = False
    study: str = ""
    metric: MetricChoice | None = None

    @property
    def measured_by(self) -> str:
        """The metric that the reader chose; "" for the tasks' own."""
        return self.metric.metric.name() if self.metric else ""

    def region_of(self, metric: Metric) -> float:
        """Half the region of practical equivalence; of a metric in its own unit, usually its margin."""
        usual = not metric.percent and self.region == USUAL_REGION
        return metric.margin if usual else self.region * (1 if metric.percent else 100)

    def __post_init__(self) -> None:
        """Refuse what no comparison can be."""
        if self.test not in TESTS:
            raise UnknownName("test", self.test, TESTS)
        if self.correction not in CORRECTIONS:
            raise UnknownName("correction", self.correction, CORRECTIONS)
        if not 0 <= self.region < 1:
            raise BadValue(f"region {100 * self.region:g}: give points from 0 to below 100")


def compared_runs(database: Database, request: CompareRequest) -> list[Compared]:
    """The runs of a database that a comparison is about.

    Raises:
        UnknownName: a method, model or task that nothing carries.
        FtbenchError: there is nothing to compare.
    """
    choices, meant = [by_name(one) for one in request.selection.methods], request.condition.perturbation
    asked = replace(request.selection, baseline=choices[0] if choices else None)
    cells, study = _runs_of(database, request.study)
    asked.check(cells)
    chosen = [
        cell
        for cell in asked.lets_through(cells)
        if cell.perturbation.condition == meant.condition and meant.train_size in (None, cell.train_size)
    ]
    scores: Sequence[ScoreRow | ValueRow] = database.results.values(roughly(chosen, cells))
    codes, topped = codes_of(database, chosen), levels.topped(database)
    chosen, others = _one_setting(chosen, choices)
    chosen, aside = rerun.separated(database, chosen, codes)
    own = rescored(database, chosen, scores, request.metric, asked.folders())
    chosen, scores = list(own.cells), own.scores
    names = in_order([c.task for c in chosen], asked.task_names())
    shown = reported(names, chosen, scores, codes.own.tasks, own.shown)
    jobs, condition = join(chosen, scores, shown), request.condition.title
    named = labels(jobs)
    order, told = _order(named, choices), titles(named, codes.own, asked.naming)
    settings = arranged(jobs, shown, order, codes.own, condition, topped, study)
    by = (told_of_metric(request.metric.metric),) if request.metric else ()
    aside = (*by, *own.notes, *aside, *others, *((study.said(),) if study else ()))
    found = [replace(one, aside=aside, titles=told) for one in settings if one.pairs]
    if not found:
        wanted = ", ".join(choice.text for choice in choices)
        why = "".join(f". {line}" for line in aside)
        raise FtbenchError(f"no scores of two of these methods under one setting: {wanted}{condition}{why}")
    return found


def _runs_of(database: Database, study: str) -> tuple[list[JobSummary], Study | None]:
    """The runs with a study's choices, or those of none; and the study.

    Raises:
        UnknownName: there is no such study.
        FtbenchError: no runs have its choices.
    """
    choices, cells = Choices.of(database), database.results.cells()
    if not study:
        return choices.untuned(cells)[0], None
    studies = {one.name: one for one in database.studies.list()}
    if study not in studies:
        raise UnknownName("study", study, studies)
    tuned = choices.tuned(cells).get(study)
    if not tuned:
        example = commands.example("queue", "--tuned", "--study", study, address=database.address)
        raise FtbenchError(f"no runs have the choices of study {study}; queue them with: {example}")
    return tuned, studies[study]


def _one_setting(
    cells: Sequence[JobSummary], choices: Sequence[MethodChoice]
) -> tuple[list[JobSummary], list[str]]:
    """The jobs, of methods that were named alone those of one setting; and what is said of the others.

    It is the default; where a database has no run of that, the only one that it has runs of.

    Raises:
        BadValue: it has runs of several, none of them the default.
    """
    alone = [one for one in choices if not one.given and not one.every]
    dropped: set[str] = set()
    said = []
    for choice in alone:
        mine = [cell for cell in cells if is_of(cell, choice)]
        settings = {cell.hparams.text: cell.label for cell in mine}
        default = {text for text, label in settings.items() if label == methods.canonical(choice.name)}
        meant = default or (settings.keys() if len(settings) == 1 else set())
        if settings and not meant:
            every = replace(choice, every=True).text
            raise BadValue(
                f"method '{choice.text}': no runs with its default setting; name one of "
                f"{', '.join(sorted(settings.values()))}, or all of them: '{every}'"
            )
        left_out = settings.keys() - meant
        if left_out:
            said.append(
                f"{choice.text}: its default setting alone; for the other {len(left_out)} of this database, "
                f"too: '{replace(choice, every=True).text}'."
            )
        dropped |= {cell.digest for cell in mine if cell.hparams.text in left_out}
    named = [one for one in choices if one.given or one.every]
    kept = [c for c in cells if c.digest not in dropped or any(is_of(c, one) for one in named)]
    return kept, said


def _order(named: dict[MethodKey, str], asked: Sequence[MethodChoice]) -> list[MethodKey]:
    """The methods in the order asked for."""

    def place(key: MethodKey) -> int:
        exact = [at for at, choice in enumerate(asked) if choice.text == named[key]]
        same = [at for at, choice in enumerate(asked) if methods.canonical(choice.name) == key.method]
        return min(exact or same or [len(asked)])

    return sorted(named, key=place)
