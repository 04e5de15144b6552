"""Declared claims tested: a family of their own, apart from what tables and comparisons explore.

A claim is tested under each setting (model, recipe) that its two methods share: one-sided paired t over the
seeds' averages of its tasks, Holm over the claims that were declared in time, those without scores included:
what has not been run yet takes nothing off the correction. A claim that was declared late stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ftbench import metrics
from ftbench.db import ClaimRow, Database, JobSummary, ScoreRow, ValueRow
from ftbench.domain.perturbation import Perturbation
from ftbench.errors import FtbenchError
from ftbench.perturbations import heading
from ftbench.render.numbers import in_unit, p_equals, unless
from ftbench.render.table import PENDING, Section
from ftbench.services.claims.declared import about
from ftbench.services.planning import rerun
from ftbench.services.planning.own_files import NO_OWN, OwnFiles
from ftbench.services.scores import levels as topup_levels
from ftbench.services.scores.choices import Choices
from ftbench.services.scores.compared import Compared, arranged
from ftbench.services.scores.jobs import Reported, ReportJob, join, reported
from ftbench.services.scores.own import own_changes, own_methods
from ftbench.services.scores.rescored import MetricChoice, rescored
from ftbench.services.scores.selection import in_order, roughly
from ftbench.services.scores.settings import Setting
from ftbench.services.scores.stale import codes_of
from ftbench.stats import paired
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.correction import holm
from ftbench.stats.findings import Interval, NoAnswer, Significance
from ftbench.stats.leaderboard import ALPHA

HOLDS, NOT_SHOWN, CONTRADICTED, EMPTY = "holds", "not shown", "contradicted", "no scores yet"


@dataclass(frozen=True)
class TestedClaim:
    """A claim under one setting.

    Attributes:
        row: the claim, as declared.
        setting: under which it was tested; None where its methods share none yet.
        tasks: names of the tasks that are averaged.
        pairs: (pairs,) by how much the first method's seed averages are better, as fractions or in the
            metric's unit.
        waiting: whether jobs of it are queued or running.
        level: below which it holds; smaller where seeds were topped up.
        aside: what is said of jobs that are left out for their code.
        lacking: why jobs of it could not be scored by its metric, a line each.
        own: the files of users' own that it is about.
        p: one-sided, of the claim; None without a test.
        opposite: the same of its opposite.
        undone_by: the share of the better method's failures, beyond those seen, that would take its lead
            away, where its runs do not exclude it.
        p_corrected: over the declared claims; None without a test, and for a claim that does not count.
        verdict: in words.
    """

    row: ClaimRow
    setting: Setting | None
    tasks: tuple[str, ...]
    pairs: FloatArray
    waiting: bool
    level: float = ALPHA
    aside: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    own: OwnFiles = NO_OWN
    p: float | None = None
    opposite: float | None = None
    undone_by: float | None = None
    p_corrected: float | None = None
    verdict: str = ""

    @property
    def standing(self) -> str:
        """``declared``, ``declared late`` with the scores that were there, or why it does not count."""
        if self.row.untrue:
            return f"not counted as declared: {self.row.untrue}"
        if not self.row.late:
            return "declared"
        there, now = max(self.row.scored, self.row.older), self.row.scored_now
        where = "were there" if self.row.scored else "came in a file that does not show they began later"
        return f"declared late ({there} of {now} scores {where})"

    @property
    def differences(self) -> FloatArray:
        """(pairs,) the first method's seed averages minus the second's, as tables have them."""
        metric = self.row.claim.metric
        return self.pairs if not metric or metrics.of_score(metric).higher else -self.pairs

    @property
    def interval(self) -> Interval | None:
        """Their mean and its 95 % interval; None from one pair."""
        found = paired.t_interval(self.differences)
        return found if isinstance(found, Interval) else None

    @property
    def fraction(self) -> bool:
        """Whether its scores are fractions, shown × 100."""
        return not self.row.claim.metric or metrics.of_score(self.row.claim.metric).percent

    def line(self) -> str:
        """The claim and what came of it, in one line."""
        verdict = self.verdict if self.row.counts else "exploratory"
        if self.undone_by is not None:
            verdict += f", {unless(self.row.claim.better, self.undone_by)}"
        said = f"{self.standing}: {self.row.claim.text}: {verdict}"
        if found := self.interval:
            at, low, high = (
                in_unit(value, self.fraction, signed=True) for value in (found.value, found.low, found.high)
            )
            said += f"; {at}{' points' if self.fraction else ''}, {low} to {high}, n={found.n}"
        if self.p_corrected is not None:
            return f"{said}, one-sided {p_equals(self.p_corrected)} (Holm over the declared claims only)"
        return f"{said}, one-sided {p_equals(self.p)}, uncorrected" if self.p is not None else said


def tested(
    database: Database, cells: Sequence[JobSummary] | None = None, data_dir: str | None = None
) -> list[TestedClaim]:
    """Every claim under every setting, in the order in which they were declared.

    Args:
        database: that holds the claims.
        cells: all its jobs; None: they are read where there are claims.
        data_dir: the folder with the data sets, for the labels of metrics that are computed; None for the
            usual places.
    """
    rows = database.claims.list()
    if not rows:
        return []
    cells, _ = Choices.of(database).untuned(database.results.cells() if cells is None else cells)
    mine = [cell for cell in cells if any(about(row.claim, cell) for row in rows)]
    scores = database.results.values(roughly(mine, cells))
    codes, (files, told) = codes_of(database, mine), own_changes(database, mine)
    own = own_methods(database, cells)  # a claim without runs is of methods that ran elsewhere
    mine, aside = rerun.separated(database, mine, codes)
    shown = reported(in_order([cell.task for cell in mine], ()), mine, scores, own.tasks)
    topped = topup_levels.topped(database)
    measured: dict[str, _Measured] = {"": (shown, join(mine, scores, shown), ())}
    for metric in {row.claim.metric for row in rows} - {""}:
        those = [cell for cell in mine if any(about(r.claim, cell) for r in rows if r.claim.metric == metric)]
        measured[metric] = _by(metric, database, those, scores, data_dir)
    found: list[TestedClaim] = []
    for row in rows:
        reports, jobs, lacking = measured[row.claim.metric]
        runs = [job for job in jobs if about(row.claim, job.cell)]
        keys = list(dict.fromkeys(job.key for job in runs))
        settings = arranged(runs, reports, keys, codes.own, heading(row.claim.condition, told), topped)
        under = [one for each in settings for one in _under(row, replace(each, aside=aside), runs)]
        waiting = any(job.status in PENDING for job in runs)
        under = under or [TestedClaim(row, None, row.claim.tasks, np.empty(0), waiting)]
        places = OwnFiles(own.files, files, own.tasks).over(row.places)
        found += [replace(one, own=places, lacking=lacking) for one in under]
    return _judged(found)


_Measured = tuple[Mapping[str, Reported], list[ReportJob], tuple[str, ...]]


def _by(
    metric: str,
    database: Database,
    cells: Sequence[JobSummary],
    scores: Sequence[ScoreRow | ValueRow],
    data_dir: str | None,
) -> _Measured:
    """Tasks and jobs as a metric has them, and what is left out; none where they cannot be scored by it."""
    try:
        found = rescored(database, cells, scores, MetricChoice.of(metric, data_dir))
    except FtbenchError as error:
        return {}, [], (str(error),) if cells else ()
    shown = {name: found.shown[name] for name in in_order(list(found.shown), ())}
    return shown, join(found.cells, found.scores, shown), found.notes


def lines_for_table(found: Iterable[TestedClaim], section: Section, metric: str = "") -> Iterator[str]:
    """What the claims say that a table shows: both methods, under its setting and one of its ratios.

    Args:
        found: the claims.
        section: the table.
        metric: what it scores by; "" for the tasks' own metrics.
    """
    for one in found:
        if one.setting is None or not _same(one.setting, section) or one.row.claim.metric != metric:
            continue
        about = one.row.claim.condition
        ratio = (
            next((c.value for c in about.changes if c.axis == section.axis), 0.0) if section.axis else None
        )
        others = [change for change in about.changes if change.axis != section.axis]
        labels = [{row.label for row in group.rows} for group in section.groups if group.ratio == ratio]
        shown = any({one.row.claim.better, one.row.claim.worse} <= names for names in labels)
        if shown and not others and {c.task for c in section.columns} & set(one.tasks):
            yield one.line()


def lines_for_comparison(
    found: Iterable[TestedClaim], compared: Compared, condition: Perturbation, metric: str = ""
) -> Iterator[str]:
    """What the claims say that a comparison is about, under its setting; see ``lines_for_table``."""
    labels = set(compared.labels.values())
    tasks = {task.name for task in compared.block.tasks}
    for one in found:
        claim = one.row.claim
        same = one.setting is not None and _same(one.setting, compared.setting) and claim.metric == metric
        if same and claim.condition == condition:
            if {claim.better, claim.worse} <= labels and tasks & set(one.tasks):
                yield one.line()


def _same(setting: Setting, other: Setting | Section) -> bool:
    mine = setting.model, setting.train_size, setting.changed
    return mine == (other.model, other.train_size, other.changed)


def _under(row: ClaimRow, compared: Compared, jobs: Sequence[ReportJob]) -> Iterator[TestedClaim]:
    """A claim under one setting; nothing where one of its methods is not there.

    Tasks that it names are all averaged; where it names none, those for which both methods have jobs.
    """
    block = compared.block
    labelled = {(job.key, job.cell.label) for job in jobs}
    sides = [
        [key for key in block.methods if (key, label) in labelled]
        for label in (row.claim.better, row.claim.worse)
    ]
    for better, worse in product(*sides):
        shared = [
            at
            for at, task in enumerate(block.tasks)
            if block.jobs.get((better, task.name)) and block.jobs.get((worse, task.name))
        ]
        names = tuple(block.tasks[at].name for at in shared)
        waiting = any(job.status in PENDING for job in jobs)
        if not names or set(row.claim.tasks) - set(names):
            pairs, undone = np.empty(0), None
        else:
            mine, theirs = (block.merits(key)[:, shared].mean(axis=1) for key in (better, worse))
            pairs = paired.differences(mine, theirs)
            undone = block.undone_by(better, float(pairs.mean()), shared) if len(pairs) else None
        yield TestedClaim(
            row,
            compared.setting,
            row.claim.tasks or names,
            pairs,
            waiting,
            compared.level,
            compared.aside,
            undone_by=undone,
        )


def _judged(found: Sequence[TestedClaim]) -> list[TestedClaim]:
    """The claims with p and verdict."""
    answers = [paired.t_test(one.pairs) for one in found]
    sided = [paired.one_sided(a) if isinstance(a, Significance) else None for a in answers]
    at = [place for place, one in enumerate(found) if one.row.counts]
    both = np.array([sided[place] or (1.0, 1.0) for place in at]).reshape(-1, 2)
    corrected = {place: (holm(both[:, 0])[i], holm(both[:, 1])[i]) for i, place in enumerate(at)}
    result = []
    for place, (one, answer, p) in enumerate(zip(found, answers, sided, strict=True)):
        own = corrected.get(place) if p else None
        verdict = _verdict(one, answer, own)
        result.append(
            replace(
                one,
                p=p[0] if p else None,
                opposite=p[1] if p else None,
                p_corrected=float(own[0]) if own else None,
                verdict=verdict,
                undone_by=one.undone_by if verdict == HOLDS else None,
            )
        )
    return result


def _verdict(one: TestedClaim, answer: Significance | NoAnswer, corrected: tuple[float, float] | None) -> str:
    if not one.row.counts:
        return one.standing
    if not len(one.pairs):
        return EMPTY
    if isinstance(answer, NoAnswer) and answer.needs:
        return f"too few seeds: needs {answer.needs}"
    if corrected is None:
        return NOT_SHOWN
    return HOLDS if corrected[0] < one.level else CONTRADICTED if corrected[1] < one.level else NOT_SHOWN
