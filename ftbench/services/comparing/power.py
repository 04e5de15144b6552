"""Power: what a comparison can show with the seeds it has, and how many a difference would need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ftbench.db import Database
from ftbench.errors import BadValue, UsageError
from ftbench.render.sheet import Field, Sheet
from ftbench.services.comparing.request import CompareRequest, compared_runs
from ftbench.services.scores.compared import Compared
from ftbench.stats import paired, power
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Interval
from ftbench.stats.leaderboard import ALPHA
from ftbench.stats.spread import deviation

USUAL = 0.01
"""The difference that is sought where none is given; of a metric in its own unit, its margin."""
LEAST_ALPHA, MOST_POWER = 1e-12, 0.9999  # beyond these rounding decides
FIELDS = (
    Field("task", "Task"),
    Field("comparison", "Names", shown=False),
    Field("comparison_title", "Comparison"),
    Field("measured", "n measured", "count"),
    Field("spread", "Spread", "score"),
    Field("seeds", "Seeds", "count"),
    Field("smallest", "Shows from", "score"),
    Field("difference", "A difference of", "score"),
    Field("needed", "needs seeds", "count"),
    Field("needed_low", "from", "count"),
    Field("needed_high", "to", "count"),
    Field("alpha", "Level", "p", shown=False),
    Field("why", "", shown=False),
)


@dataclass(frozen=True)
class PowerRequest:
    """What is to be found, and how surely; scores as fractions.

    Attributes:
        difference: the difference to be found, above 0.
        seeds: how many there will be; None: as many as were measured.
        alpha: of each test, in [``LEAST_ALPHA``, 1); None: 0.05 over the comparisons of the table, as Holm's
            first step has it.
        wanted: the power, in (alpha, ``MOST_POWER``].

    Raises:
        BadValue: a value out of its range.
    """

    difference: float = USUAL
    seeds: int | None = None
    alpha: float | None = None
    wanted: float = 0.8

    def __post_init__(self) -> None:
        """Refuse what has no answer."""
        if not 0 < self.difference < 1:
            raise BadValue(f"difference {100 * self.difference:g}: give points above 0 and below 100")
        if self.seeds is not None and self.seeds < 2:
            raise BadValue(f"seeds {self.seeds}: a paired test needs 2 or more")
        if self.alpha is not None and not LEAST_ALPHA <= self.alpha < 1:
            raise BadValue(f"alpha {self.alpha:g}: give a level from {LEAST_ALPHA:g} to below 1")
        if not self.level(1) < self.wanted <= MOST_POWER:
            raise BadValue(f"power {self.wanted:g}: give a probability above alpha and up to {MOST_POWER:g}")

    def level(self, comparisons: int) -> float:
        """Of each of so many tests."""
        return ALPHA / max(1, comparisons) if self.alpha is None else self.alpha


def measured_power(database: Database, runs: CompareRequest, request: PowerRequest) -> list[Sheet]:
    """Power of the comparisons in a database, by the spread of the paired differences that are there.

    Raises:
        UnknownName: a method, model or task that nothing carries.
        FtbenchError: there is nothing to compare.
    """
    sheets = []
    for one in compared_runs(database, runs):
        found = list(_pairs(one))
        level = request.level(len(found))
        sought = request.difference
        if not one.fraction:
            sought = one.block.measured.margin if sought == USUAL else 100 * sought
        rows = tuple(names | _measured(pairs, level, request, sought) for names, pairs in found)
        notes = (*_notes(level, len(found), request, one.fraction), *one.aside)
        sheets.append(Sheet("power", f"Power: {one.title}", FIELDS, rows, notes, (), one.fraction))
    return sheets


def stated(spread: float, request: PowerRequest) -> list[Sheet]:
    """Power for a spread of paired differences that is stated.

    Raises:
        BadValue: the spread is out of its range.
        UsageError: the number of seeds is not given.
    """
    if not 0 < spread < 1:
        raise BadValue(f"spread {100 * spread:g}: give points above 0 and below 100")
    if request.seeds is None:
        raise UsageError("a stated spread has no seeds: give --seeds, such as --seeds 10")
    level = request.level(1)
    row = {"spread": spread, **_answer(spread, request.seeds, level, request, request.difference)}
    return [Sheet("power", "Power of a paired t-test", FIELDS, (row,), _notes(level, 1, request))]


def _pairs(compared: Compared) -> Iterator[tuple[dict[str, Any], FloatArray]]:
    """Every comparison with its paired differences."""
    for left, right in compared.pairs:
        for title, one, other in compared.columns(left, right):
            yield {"task": title, **compared.names(left, right)}, paired.differences(one, other)


def _measured(pairs: FloatArray, level: float, request: PowerRequest, sought: float) -> dict[str, Any]:
    """The answer to a spread that was measured, and what its own uncertainty makes of the seeds."""
    row: dict[str, Any] = {"measured": len(pairs)}
    spread = deviation(pairs)
    if not isinstance(spread, Interval):
        return row | {"why": "a spread needs 2 pairs"}
    row |= {
        "spread": spread.value,
        **_answer(spread.value, request.seeds or len(pairs), level, request, sought),
    }
    for name, end in (("needed_low", spread.low), ("needed_high", spread.high)):
        needed = power.seeds_needed(sought, end, level, request.wanted)
        row[name] = needed if isinstance(needed, int) else None
    if row["needed"] is not None and row["needed_high"] is None:
        row["why"] = f"at most: more than {power.MOST_SEEDS:,} seeds"
    return row


def _answer(spread: float, seeds: int, level: float, request: PowerRequest, sought: float) -> dict[str, Any]:
    smallest = power.smallest_difference(spread, seeds, level, request.wanted)
    needed = power.seeds_needed(sought, spread, level, request.wanted)
    return {
        "seeds": seeds,
        "smallest": smallest if isinstance(smallest, float) else None,
        "difference": sought,
        "needed": needed if isinstance(needed, int) else None,
        "alpha": level,
        "why": None if isinstance(needed, int) else str(needed),
    }


def _notes(level: float, comparisons: int, request: PowerRequest, fraction: bool = True) -> tuple[str, ...]:
    own = request.alpha is None and comparisons > 1
    said = f" ({ALPHA:g} over the {comparisons} comparisons of this table)" if own else ""
    return (
        f"Paired t-test, two-sided, level {level:.3g}{said}, power {request.wanted:g}. Spread: standard "
        f"deviation of the paired differences over seeds, ddof 1{', in points' * fraction}. From, to: the "
        "seeds that the ends of its 95 % interval (chi-squared) need; few seeds know little of their spread.",
    )
