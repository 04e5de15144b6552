"""The grid of a queue as a heat map: how far each cell is, and what of it is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ftbench.db.board_rows import GridCount
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import State

#: What a cell is called by the first of these that it has jobs of.
_WORST = (State.FAILED, State.RUNNING, State.QUEUED, State.CANCELLED)


@dataclass(frozen=True)
class HeatCell:
    """A method on a task under a condition.

    Attributes:
        counts: its jobs by state; {} where none was ever queued.
        wanted: as many as the fullest cell of its column has: a table compares the methods of one.
    """

    counts: Mapping[State, int]
    wanted: int

    @property
    def jobs(self) -> int:
        """All of its jobs."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """Those that are done."""
        return self.counts.get(State.DONE, 0)

    @property
    def kind(self) -> str:
        """What it is called: ``missing``, a state, or ``fewer``, where all is done and others have more."""
        if not self.jobs:
            return "missing"
        found = next((str(state) for state in _WORST if self.counts.get(state)), "")
        return found or ("fewer" if self.jobs < self.wanted else "done")

    @property
    def tenths(self) -> int:
        """How far it is, from 0 to 10; 10 where nothing is missing alone."""
        return min(9, 10 * self.done // self.wanted) if self.done < self.wanted else 10

    @property
    def words(self) -> str:
        """What it holds, for those who do not see its colour: ``3 done, 1 failed, 1 not queued``."""
        told = [f"{number} {state}" for state, number in self.counts.items() if number]
        missing = self.wanted - self.jobs
        return ", ".join([*told, *([f"{missing} not queued"] if missing else [])])


@dataclass(frozen=True)
class HeatMap:
    """The cells of one model's runs, or of its trials in one study.

    Attributes:
        model: its name.
        study: whose trials they are; "" for runs.
        columns: a task and what is done to its data, each.
        rows: a method's label and its cells, in the order of the columns.
    """

    model: str
    study: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]

    @property
    def missing(self) -> int:
        """Cells without any job."""
        return sum(cell.kind == "missing" for _, cells in self.rows for cell in cells)


def heat_maps(grid: Iterable[GridCount]) -> tuple[HeatMap, ...]:
    """A map for each model and for its trials, with labels and columns in the order of queueing."""
    found: dict[tuple[str, str], list[GridCount]] = {}
    for one in grid:
        found.setdefault((one.model, one.study), []).append(one)
    return tuple(_map(*which, rows) for which, rows in found.items())


def condition_words(perturbation: Perturbation) -> str:
    """What is done to the data, in words; "" for the clean run."""
    return ", ".join(one.spoken for one in perturbation.changes)


def _map(model: str, study: str, rows: Iterable[GridCount]) -> HeatMap:
    counts: dict[tuple[str, tuple[str, str]], Counter[State]] = {}
    for one in rows:
        column = one.task, condition_words(one.perturbation)
        counts.setdefault((one.label, column), Counter())[one.state] += one.jobs
    labels = dict.fromkeys(label for label, _ in counts)
    tasks = list(dict.fromkeys(task for _, (task, _) in counts))
    columns = sorted(dict.fromkeys(column for _, column in counts), key=lambda one: tasks.index(one[0]))
    wanted: dict[tuple[str, str], int] = {}
    for (_, column), found in counts.items():
        wanted[column] = max(wanted.get(column, 0), found.total())
    order = list(State)

    def cell(label: str, column: tuple[str, str]) -> HeatCell:
        found = counts.get((label, column), Counter())
        return HeatCell({state: found[state] for state in order if found[state]}, wanted[column])

    filled = ((label, tuple(cell(label, column) for column in columns)) for label in labels)
    return HeatMap(model, study, tuple(columns), tuple(filled))
