"""What a table can tell apart: averages and cells against the baseline's, and the groups of methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ftbench.render.table import BETTER, SURVIVORS, WORSE, Cell, Column, Group, Row
from ftbench.render.tested import UNLESS, Tested
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import MethodKey
from ftbench.stats import paired, probability
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.family import MAX_T, MEAN, PROBABILITY, SIGNS
from ftbench.stats.findings import Interval
from ftbench.stats.leaderboard import ALPHA, Leaderboard, judge

GROUPED_UP_TO = 50
"""Rows up to which all pairs are tested; a longer table is a sweep, not a leaderboard."""
SURVIVED = "seen by the runs that did not fail alone"
FEW = "fewer than two {unit} in common with the baseline"
NEEDED = 6
"""Seeds from which signs can reach a p below 0.05: the smallest is 2 of 2^n."""
LACKS = "not every task can be compared with the baseline"
EQUAL = "all differences are equal"


@dataclass(frozen=True)
class Marking:
    """What marks are about.

    Attributes:
        methods: the rows' methods, in their order.
        baseline: what is compared with; None: nothing is.
        name: the baseline's.
        level: below which p are marked; smaller where seeds were topped up.
        estimand: ``mean``, ``probability`` or ``two-part``.
        unit: what tests are over, in words: ``seeds``, or the ``studies`` whose choices seeds share.
    """

    methods: Sequence[MethodKey]
    baseline: MethodKey | None
    name: str
    level: float = ALPHA
    estimand: str = "mean"
    unit: str = "seeds"

    @property
    def at(self) -> int | None:
        """The baseline's row."""
        return None if self.baseline is None else self.methods.index(self.baseline)

    @property
    def grouped(self) -> bool:
        """Whether pairs are tested."""
        return 1 < len(self.methods) <= GROUPED_UP_TO


def marked_groups(
    groups: Sequence[Group], blocks: Sequence[Block], columns: Sequence[Column], about: Marking
) -> tuple[tuple[Group, ...], str, FloatArray | None]:
    """The rows with what differs from the baseline and with the methods' groups, and how to read it.

    The last is (ratios, methods, methods) p of the averages' pairs; None where pairs are not tested.

    Args:
        groups: the rows, by ratio.
        blocks: the first measure, by ratio.
        columns: of the table.
        about: what is marked.
    """
    scores = np.stack([_ranked(block, about.methods) for block in blocks])
    found = judge(scores, about.at, grouped=about.grouped, estimand=about.estimand, alpha=about.level)
    result = []
    for table, group in enumerate(groups):
        tell = _Table(found, scores[table], table, about, columns, blocks[table])
        result.append(replace(group, rows=tuple(map(tell.row, range(len(group.rows)), group.rows))))
    told = list(_caption(found, about, columns))
    told[1:1] = _unless(result)
    return tuple(result), " ".join(told), found.pairs if about.grouped else None


def _ranked(block: Block, methods: Sequence[MethodKey]) -> FloatArray:
    """What is tested, (methods, seeds, tasks); nothing of a method that is seen by its survivors alone."""
    dropped = np.stack([block.survivors(method) for method in methods])  # (methods, tasks)
    scores = np.stack([block.scores[method] for method in methods])
    return block.sampled(np.where(dropped[:, None, :], np.nan, scores))


@dataclass(frozen=True)
class _Table:
    """One ratio, judged."""

    found: Leaderboard
    scores: FloatArray  # (methods, seeds or studies, tasks)
    table: int
    about: Marking
    columns: Sequence[Column]
    block: Block

    def row(self, place: int, row: Row) -> Row:
        cells = list(row.cells)
        if place == self.about.at and self.about.estimand == PROBABILITY:
            at = answered_in(self.columns)
            cells[at] = cells[at] if self.columns[at].kind == "average" else Cell(applies=False)
        if self.about.at is not None and place != self.about.at and any(self.found.counts):
            for at in range(self.scores.shape[2]):  # the first measure's tasks are the first columns
                cells[at] = self._cell(cells[at], place, at)
            at = answered_in(self.columns)
            cells[at] = self._average(cells[at], place)
        if self.about.grouped and np.isfinite(self._pairs).any():
            at = next(at for at, column in enumerate(self.columns) if column.kind == "group")
            text = self.found.letters(self.table, self.about.level)[place]
            why = "" if text else "no average over every task that can be compared with all others"
            cells[at] = Cell(text=text, untested=why)
        return replace(row, cells=tuple(cells))

    @property
    def _pairs(self) -> FloatArray:
        pairs: FloatArray = self.found.pairs[self.table]
        above: FloatArray = pairs[np.triu_indices(len(pairs), 1)]
        return above

    def _cell(self, cell: Cell, place: int, at: int) -> Cell:
        """A score with its difference to the baseline on the task."""
        baseline = self.about.at or 0
        pairs = paired.differences(self.scores[place, :, at], self.scores[baseline, :, at])
        p, plain = float(self.found.cells[self.table, place, at]), paired.t_tests(pairs[:, None])[0][0]
        interval: object = paired.t_interval(pairs)
        if self.about.estimand == PROBABILITY:
            interval = _from_half(probability.tosses(probability.wins(pairs[:, None])))
        told = self._told(cell, interval, len(pairs), float(plain), p)
        return replace(told, tested=self._unless(told.tested, place, [at]))

    def _average(self, cell: Cell, place: int) -> Cell:
        """The average or its difference, tested over every task; the difference is that of the test."""
        first = self.found.first
        at = self.table * len(self.about.methods) + place
        p, means = float(self.found.averages[self.table, place]), first.means
        if not self.found.whole[self.table, place]:
            return self._without(cell, place)
        low, high = (float(end[at]) for end in means.interval())
        interval: object = Interval(float(means.value[at]), low, high, int(means.n[at]))
        if self.about.estimand == PROBABILITY:
            interval = _from_half(probability.tosses(first.wins[:, at]))
        told = self._told(cell, interval, int(means.n[at]), float(means.p[at]), p)
        tested = told.tested
        if tested is None:
            return told
        tested = replace(tested, test=first.test, p_holm=_number(first.holm[at]))
        tested = self._unless(tested, place, np.flatnonzero(first.used[at]).tolist()) or tested
        if self.columns[answered_in(self.columns)].kind != "difference":
            return replace(told, tested=tested)
        half = 0.5 if self.about.estimand == PROBABILITY else 0.0
        shown = {**(cell.statistics if not half else {}), "mean": tested.difference + half}
        over = tuple(str(c.task) for c in self.columns[: self.scores.shape[2]])
        there = tuple(name for name, used in zip(over, first.used[at], strict=True) if used)
        low, high = tested.low + half, tested.high + half
        n = cell.n if self.block.studies else tested.n * len(there)
        return replace(told, statistics=shown, tested=tested, low=low, high=high, n=n, tasks=there)

    def _unless(self, tested: Tested | None, place: int, tasks: Sequence[int]) -> Tested | None:
        """A mark of means with the failures that would undo it, as far as the better one's runs allow."""
        if tested is None or not tested.mark or self.about.estimand != MEAN:
            return tested
        better = self.about.methods[place if tested.difference > 0 else self.about.at or 0]
        return replace(tested, undone_by=self.block.undone_by(better, tested.difference, tasks))

    def _without(self, cell: Cell, place: int) -> Cell:
        """An average that cannot be compared; a probability is then none at all."""
        there = cell.mean is not None or np.isfinite(self.scores[place]).any()
        found = replace(cell, untested=LACKS if there else "")
        return found if self.about.estimand != PROBABILITY else replace(found, statistics={})

    def _told(self, cell: Cell, interval: object, n: int, plain: float, p: float) -> Cell:
        if not np.isfinite(p) or not isinstance(interval, Interval):
            why = EQUAL if n > 1 else FEW.format(unit=self.about.unit)
            return replace(cell, untested=why if cell.mean is not None else "")
        mark = "" if p >= self.about.level else BETTER if interval.value > 0 else WORSE
        ends = interval.value, interval.low, interval.high
        return replace(cell, tested=Tested(*ends, n, plain, p, mark, unit=self.about.unit))


def answered_in(columns: Sequence[Column]) -> int:
    """The place of the column that shows how the average compares: the first measure's difference, or it."""
    first = [at for at, column in enumerate(columns) if not column.measure and column.key != SURVIVORS]
    differences = [at for at in first if columns[at].kind == "difference"]
    against = [at for at in differences if columns[at].against == "baseline"]
    return against[0] if against else next(at for at in first if columns[at].key == "average")


def _from_half(found: object) -> object:
    """P(A > B) as its distance from one half."""
    if not isinstance(found, Interval):
        return found
    return replace(found, value=found.value - 0.5, low=found.low - 0.5, high=found.high - 0.5)


def _number(p: float) -> float | None:
    return float(p) if np.isfinite(p) else None


def _caption(found: Leaderboard, about: Marking, columns: Sequence[Column]) -> Iterator[str]:
    averages, cells, pairs = found.counts
    if not any(found.counts):
        yield f"Nothing is tested: a test needs two methods with two {about.unit} in common."
        return
    if about.baseline is not None:
        yield f"{BETTER} {WORSE}: better or worse than {about.name}; n/c: cannot be compared, no test."
    if about.grouped:
        yield (
            "Group: methods whose averages over every task cannot be told apart share a letter; these tasks "
            "are fixed."
        )
    elif len(about.methods) > GROUPED_UP_TO:
        yield f"No groups: more than {GROUPED_UP_TO} rows."
    then = [_counted(cells, "cell")] * bool(cells) + [_counted(pairs, "other pair")] * bool(pairs)
    asked = [f"{_counted(averages, 'average')} against {about.name}"] * bool(averages)
    if then and averages:
        asked.append(f"where one is told apart, its share of the level passes to {' and '.join(then)}")
    elif then:
        asked += then
    yield f"Tested at {about.level:.3g} in all, by {about.unit}: {'; '.join(asked)}. {_test(found, about)}"
    untested = _untested(columns)
    if untested:
        yield f"Not tested: {untested}."


def _unless(groups: Sequence[Group]) -> Iterator[str]:
    """What a degree sign says, where there is one."""
    cells = (cell for group in groups for row in group.rows for cell in row.cells)
    if any(cell.tested and cell.tested.undone_by is not None for cell in cells):
        yield (
            f"{UNLESS}: unless the better one fails more often than it did here: a share of failures that "
            "its runs do not exclude (95 %) would take the difference away; groups are about the runs as "
            "they are."
        )


def _test(found: Leaderboard, about: Marking) -> str:
    """By what the averages are tested."""
    if found.first.test == SIGNS:
        compared = "a run" if about.unit == "seeds" else "the mean of a study's runs"
        whole = f"max-T by the signs of whole {about.unit}"
        told = f"Compared is how often {compared} is better, ties half; {whole}."
        return f"{told} {_reach(found, about.unit)}".rstrip()
    shared = "no spread is taken to be below the table's mean"
    if found.first.test == MAX_T:
        return f"Max-T by the signs of whole {about.unit}; {shared}."
    return f"Paired t-tests, Bonferroni; {shared}."


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _reach(found: Leaderboard, unit: str) -> str:
    """Whether there are seeds or studies enough for a mark."""
    n = int(found.first.means.n.max(initial=0))
    return f"With {n} {unit} no mark can be reached; {NEEDED} are needed." if n < NEEDED else ""


def _untested(columns: Sequence[Column]) -> str:
    """The columns that no mark is about, in words."""
    at = answered_in(columns)
    own = [c.title for c in columns if c.kind == "score" and c.measure]
    told = [f"each task's own metric ({', '.join(dict.fromkeys(own))})"] if own else []
    told += [c.title for i, c in enumerate(columns) if c.kind == "difference" and i != at]
    return ", ".join(told)
