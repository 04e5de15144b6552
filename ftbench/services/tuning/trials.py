"""Trials: the jobs of a study, method by method, as far as each one's budget goes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ftbench import methods
from ftbench.db.rows import Axes
from ftbench.domain import plan
from ftbench.domain.axes import MethodChoice
from ftbench.domain.hparams import Value
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.plan import LeftOut, Planned
from ftbench.domain.space import Space
from ftbench.domain.study import FIRST_SEED, HOURS, PASSES, Study, Trial
from ftbench.domain.target import HELD_OUT
from ftbench.errors import UsageError
from ftbench.services.planning import cards, costs, lookup
from ftbench.services.tuning.draws import Draw, draws

MOST = 4096
"""Draws that are looked at: a small space of lists has no more that differ."""

#: What a trial takes of its budget.
Price = Callable[[Planned], float]
_Cell = tuple[str, str, Perturbation]


@dataclass(frozen=True)
class Competitor:
    """A method that is tuned.

    Attributes:
        choice: as it was asked for.
        variant: where the choice gives none.
        label: as tables name it.
    """

    choice: MethodChoice
    variant: str
    label: str

    def drawn(self, draw: Draw) -> plan.GridMethod:
        """The method with the hyper-parameters of a draw."""
        given = {**self.choice.given, **{name: str(value) for name, value in draw.hparams.items()}}
        return lookup.grid_method(MethodChoice(self.choice.name, given), self.variant)


@dataclass(frozen=True)
class Budget:
    """What each method may spend on each model, task and condition, in one repetition.

    Attributes:
        amount: of the unit.
        unit: ``trials``, ``passes`` or ``hours``.
        price: of a trial.
        most: trials beyond which no draw is made before results are known; None: no such number.
    """

    amount: float
    unit: str
    price: Price
    most: int | None = None


def price_in(unit: str, known: Mapping[Axes, float]) -> Price:
    """What a trial takes in a unit; ``known`` are seconds as measured."""
    if unit == PASSES:
        return _passes
    if unit == HOURS:
        return lambda planned: costs.estimate_plan(plan.Plan((planned,), ()), known).seconds / 3600
    return lambda planned: 1.0


def _passes(planned: Planned) -> float:
    """Forward and backward passes of an update: draws share their lengths, so nothing else differs."""
    files = tuple(planned.places.get("plugins") or ())
    return cards.passes(planned.job, methods.of_row(planned.job.method, files))


@dataclass(frozen=True)
class Laid:
    """The trials of a study with their jobs, in the order in which they are run; and what is left out."""

    trials: tuple[Trial, ...]
    jobs: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]


def lay(
    grids: Sequence[plan.Grid],
    competitors: Sequence[Competitor],
    space: Space,
    repeats: int,
    budget: Budget,
    there: Study | None = None,
    scored_on: tuple[str, ...] = (HELD_OUT,),
) -> Laid:
    """The trials of a study: all methods' first draws, then their second ones, as far as budgets go.

    The seed of a repetition is the same in all its trials, so that they share head, order and held-out rows:
    what differs between two draws is then their values, and not the luck of a seed.

    Args:
        grids: models, tasks and conditions that are crossed.
        competitors: the methods.
        space: what is searched.
        repeats: how often, each time with another seed.
        budget: of each method and cell.
        there: the study, where it was declared before: its trials are those, and budgets are not asked.
        scored_on: the evaluation of its jobs.

    Raises:
        UsageError: a budget that not even one trial fits into.
    """
    found: list[tuple[Trial, Planned]] = []
    left_out: dict[LeftOut, None] = {}
    for grid in [replace(one, held_out=scored_on) for one in grids]:
        for one in competitors:
            for repeat in range(repeats):
                for draw, planned in _spent(grid, one, space, repeat, budget, there, left_out):
                    found.append((Trial(planned.digest, one.label, repeat, draw), planned))
    found.sort(key=lambda pair: (pair[0].repeat, pair[0].draw))
    return Laid(tuple(t for t, _ in found), tuple(p for _, p in found), tuple(left_out))


def _spent(
    grid: plan.Grid,
    one: Competitor,
    space: Space,
    repeat: int,
    budget: Budget,
    there: Study | None,
    left_out: dict[LeftOut, None],
) -> Iterator[tuple[int, Planned]]:
    """The trials of one method in one repetition: (number of the draw, job); no job twice."""
    spent: dict[_Cell, float] = {}
    made: dict[_Cell, int] = {}
    over: set[_Cell] = set()
    digests: set[str] = set()
    seed = FIRST_SEED + repeat
    known = [t for t in there.trials if (t.method, t.repeat) == (one.label, repeat)] if there else []
    kept, last = {t.digest for t in known}, max((t.draw for t in known), default=0)
    for draw in different(space, one.label, seed):
        fixed = grid.settings[0]
        whole = plan.crossed(
            [
                replace(
                    grid,
                    methods=(one.drawn(draw),),
                    seeds=(seed,),
                    settings=({**fixed, **draw.settings},),
                )
            ]
        )
        if not draw.number:
            left_out |= dict.fromkeys(whole.left_out)
        for planned in whole.jobs:
            cell = planned.job.model, planned.job.task, planned.job.perturbation
            spent.setdefault(cell, 0.0)
            if cell in over or planned.digest in digests:
                continue
            if there is None:
                price = budget.price(planned)
                made[cell] = made.get(cell, 0) + 1
                if made[cell] == budget.most:
                    over.add(cell)
                if spent[cell] + price > budget.amount * (1 + 1e-9):
                    _refuse_nothing(one.label, spent[cell], price, budget)
                    over.add(cell)
                    continue
                spent[cell] += price
            elif planned.digest not in kept:
                continue
            digests.add(planned.digest)
            yield draw.number, planned
        if not spent or over == spent.keys() or (there and draw.number >= last):
            return


def _refuse_nothing(label: str, spent: float, price: float, budget: Budget) -> None:
    if not spent:
        raise UsageError(
            f"budget of {budget.amount:g} {budget.unit}: the first trial of {label} takes {price:.3g}; "
            "give more"
        )


def different(space: Space, label: str, seed: int) -> Iterator[Draw]:
    """The draws of a method, those of the same values once; their numbers stay as they are."""
    shared, further = space.of(label)
    dimensions = (*shared, *further)
    size = math.prod(len(one.values) or MOST for one in dimensions)
    seen: set[tuple[tuple[str, Value], ...]] = set()
    for draw in draws(space, label, seed):
        values = (*draw.shared.items(), *draw.further.items(), *draw.hparams.items())
        if values not in seen:
            seen.add(values)
            yield draw
        if draw.number >= MOST or len(seen) > size or (draw.number and not dimensions):
            return
