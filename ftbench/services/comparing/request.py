"""What a comparison was asked for, and the runs that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ftbench.db import open_database
from ftbench.domain import axes
from ftbench.domain.perturbation import Perturbation
from ftbench.errors import BadValue, FtbenchError, UnknownName, UsageError
from ftbench.perturbations import single, titled
from ftbench.services.scores import levels
from ftbench.services.scores.compared import Compared, arranged
from ftbench.services.scores.jobs import MethodKey, join, labels, reported
from ftbench.services.scores.selection import Selection, in_order, plugins_of, roughly
from ftbench.settings import sqlite_path
from ftbench.stats.correction import CORRECTIONS

TESTS = {"t": "paired t", "wilcoxon": "Wilcoxon", "sign-flip": "sign-flip"}


@dataclass(frozen=True)
class CompareRequest:
    """The flags, as they were given.

    Attributes:
        methods: names or labels, two at least.
        models: only these.
        tasks: only these.
        perturb: what was done to the data of the compared runs, ``NAME=value`` each.
        test: whose p are corrected and marked: ``t``, ``wilcoxon`` or ``sign-flip``.
        correction: ``holm``, ``bh`` or ``none``.
        region: half the region of practical equivalence, as a fraction.
        examples: whether predictions are compared too.
        data_dir: the folder with the data sets, for their labels.
    """

    methods: tuple[str, ...]
    models: str | None = None
    tasks: str | None = None
    perturb: tuple[str, ...] = ()
    test: str = "t"
    correction: str = "holm"
    region: float = 0.01
    examples: bool = False
    data_dir: str | None = None

    @property
    def perturbation(self) -> Perturbation:
        """What was done to the data of the compared runs.

        Raises:
            UsageError: a perturbation that there is not, or several values of one.
        """
        return single(self.perturb)

    def check(self) -> None:
        """Refuse what no comparison can be.

        Raises:
            UsageError: fewer than two methods, an unknown test or correction, a region outside [0, 1).
        """
        if len({name.strip() for name in self.methods} - {""}) < 2:
            raise UsageError("compare needs two methods or more, such as: ftbench compare bidrop vanilla")
        if self.test not in TESTS:
            raise UnknownName("test", self.test, TESTS)
        if self.correction not in CORRECTIONS:
            raise UnknownName("correction", self.correction, CORRECTIONS)
        if not 0 <= self.region < 1:
            raise BadValue(f"region {100 * self.region:g}: give points from 0 to below 100")


def find(address: str, request: CompareRequest) -> list[Compared]:
    """The runs of a database that a comparison is about.

    Raises:
        UnknownName: a method, model or task that nothing carries.
        FtbenchError: no database, or nothing to compare in it.
    """
    request.check()
    asked_for = request.perturbation
    path = sqlite_path(address)
    if path is not None and not path.exists():
        raise FtbenchError(f"there is no database '{address}'; make and fill it with: ftbench queue")
    asked = Selection(
        models=request.models,
        tasks=request.tasks,
        methods=",".join(request.methods),
        baseline=request.methods[0],
    )
    with open_database(address, write=False) as database:
        cells = database.results.cells()
        asked.check(cells)
        chosen = [
            cell
            for cell in asked.lets_through(cells)
            if cell.perturbation.condition == asked_for.condition
            and asked_for.train_size in (None, cell.train_size)
        ]
        scores = database.results.values(roughly(chosen, cells))
        plugins = plugins_of(database, chosen)
        topped = levels.topped(database)
    shown = reported(in_order([c.task for c in chosen], asked.task_names()), chosen, scores)
    jobs, condition = join(chosen, scores, shown), titled(request.perturb)
    order = _order(labels(jobs), request.methods)
    found = [one for one in arranged(jobs, shown, order, plugins, condition, topped) if one.pairs]
    if not found:
        wanted = ", ".join(request.methods)
        raise FtbenchError(f"no scores of two of these methods under one setting: {wanted}{condition}")
    return found


def _order(named: dict[MethodKey, str], wanted: Sequence[str]) -> list[MethodKey]:
    """The methods in the order asked for."""
    asked = list(wanted)

    def place(key: MethodKey) -> int:
        exact = [at for at, text in enumerate(asked) if text == named[key]]
        same = [at for at, choice in enumerate(axes.methods(",".join(asked))) if choice.name == key.method]
        return min(exact or same or [len(asked)])

    return sorted(named, key=place)
