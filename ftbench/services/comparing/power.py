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
    Field("why", "", shown=False),
)


@dataclass(frozen=True)
class PowerRequest:
    """What is to be found, and how surely; scores as fractions.

    Attributes:
        difference: the difference to be found, above 0.
        seeds: how many there will be; None: as many as were measured.
        alpha: of the test, in [``LEAST_ALPHA``, 1); divide it by the number of comparisons that will be made.
        wanted: the power, in (alpha, ``MOST_POWER``].

    Raises:
        BadValue: a value out of its range.
    """

    difference: float = 0.01
    seeds: int | None = None
    alpha: float = 0.05
    wanted: float = 0.8

    def __post_init__(self) -> None:
        """Refuse what has no answer."""
        if not 0 < self.difference < 1:
            raise BadValue(f"difference {100 * self.difference:g}: give points above 0 and below 100")
        if self.seeds is not None and self.seeds < 2:
            raise BadValue(f"seeds {self.seeds}: a paired test needs 2 or more")
        if not LEAST_ALPHA <= self.alpha < 1:
            raise BadValue(f"alpha {self.alpha:g}: give a level from {LEAST_ALPHA:g} to below 1")
        if not self.alpha < self.wanted <= MOST_POWER:
            raise BadValue(f"power {self.wanted:g}: give a probability above alpha and up to {MOST_POWER:g}")


def measured_power(database: Database, runs: CompareRequest, request: PowerRequest) -> list[Sheet]:
    """Power of the comparisons in a database, by the spread of the paired differences that are there.

    Raises:
        UnknownName: a method, model or task that nothing carries.
        FtbenchError: there is nothing to compare.
    """
    said = _notes(request)
    return [
        Sheet("power", f"Power: {one.title}", FIELDS, tuple(_rows(one, request)), (*said, *one.aside))
        for one in compared_runs(database, runs)
    ]


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
    row = {"spread": spread, **_answer(spread, request.seeds, request)}
    return [Sheet("power", "Power of a paired t-test", FIELDS, (row,), _notes(request))]


def _rows(compared: Compared, request: PowerRequest) -> Iterator[dict[str, Any]]:
    for left, right in compared.pairs:
        for title, one, other in compared.columns(left, right):
            pairs = paired.differences(one, other)
            row: dict[str, Any] = {"task": title, **compared.names(left, right), "measured": len(pairs)}
            if len(pairs) > 1:
                spread = float(pairs.std(ddof=1))
                row |= {"spread": spread, **_answer(spread, request.seeds or len(pairs), request)}
            else:
                row["why"] = "a spread needs 2 pairs"
            yield row


def _answer(spread: float, seeds: int, request: PowerRequest) -> dict[str, Any]:
    smallest = power.smallest_difference(spread, seeds, request.alpha, request.wanted)
    needed = power.seeds_needed(request.difference, spread, request.alpha, request.wanted)
    return {
        "seeds": seeds,
        "smallest": smallest if isinstance(smallest, float) else None,
        "difference": request.difference,
        "needed": needed if isinstance(needed, int) else None,
        "why": None if isinstance(needed, int) else str(needed),
    }


def _notes(request: PowerRequest) -> tuple[str, ...]:
    return (
        f"Paired t-test, two-sided, alpha {request.alpha:g}, power {request.wanted:g}. Spread: standard "
        "deviation of the paired differences over seeds, ddof 1, in points; measured with few seeds it is "
        "itself uncertain. "
        "Alpha is not corrected: divide it by the number of comparisons that the table will make.",
    )
