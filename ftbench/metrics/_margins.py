"""What difference of two scores is none in practice: a margin for each metric, in points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ftbench.errors import BadValue, UnknownName
from ftbench.metrics._registry import of_score, usable


@dataclass(frozen=True)
class Margins:
    """The margins of a table.

    Attributes:
        given: metric -> points, in the place of its own; above 0 and below 100.
        everywhere: one for all other metrics; None for their own.

    Raises:
        BadValue: a margin that is none.
    """

    given: Mapping[str, float] = field(default_factory=dict)
    everywhere: float | None = None

    def __post_init__(self) -> None:
        """Refuse a margin that is none."""
        for margin in (*self.given.values(), *([] if self.everywhere is None else [self.everywhere])):
            if not 0 < margin < 100:
                raise BadValue(f"margin {margin:g}: give points above 0 and below 100, such as 1")

    def of(self, metric: str) -> float:
        """A metric's, in points."""
        usual = of_score(metric).margin if self.everywhere is None else self.everywhere
        return self.given.get(metric, usual)

    def averaged(self, metrics: Iterable[str]) -> float:
        """That of a mean over columns: the mean of theirs, which it keeps where each column keeps its own."""
        found = [self.of(metric) for metric in metrics]
        return sum(found) / len(found) if found else self.of("")


def margins(text: str) -> Margins:
    """``1`` for all metrics, or ``accuracy=1,matthews=2``, which leaves the others theirs.

    Raises:
        BadValue: a margin that is no number, or none.
        UnknownName: there is no such metric.
    """
    given: dict[str, float] = {}
    everywhere = None
    for entry in (part.strip() for part in text.split(",")):
        metric, named, points = entry.rpartition("=")
        try:
            value = float(points)
        except ValueError:
            raise BadValue(f"margin '{entry}': give points, such as 1, or accuracy=1,matthews=2") from None
        if not named and everywhere is None:
            everywhere = value
        elif metric not in (known := [one.name() for one in usable()]):
            raise (
                UnknownName("metric", metric, known)
                if named
                else BadValue(
                    f"margin '{text}': give one number, or one for each metric, as accuracy=1,matthews=2"
                )
            )
        elif metric in given:
            raise BadValue(f"margin '{text}': {metric} is given twice")
        else:
            given[metric] = value
    return Margins(given, everywhere)
