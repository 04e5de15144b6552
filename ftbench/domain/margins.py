"""What difference of two scores is none in practice: a margin for each metric, in points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ftbench.errors import BadValue, UnknownName

#: A point of accuracy is what papers argue about. On two classes of one size Matthews is 2 · accuracy − 1, so
#: that the same wrong answers move it by two points; label 1 alone has about half of the rows, and one more
#: of them wrong moves its accuracy by twice as much. F1 moves like accuracy; a correlation of scores near 1
#: spreads less between seeds than any of these, and gets no more room than they.
POINTS: Mapping[str, float] = MappingProxyType(
    {"accuracy": 1.0, "accuracy_label1": 2.0, "f1": 1.0, "matthews": 2.0, "pearson": 1.0, "spearman": 1.0}
)
OTHER = 1.0
"""That of any other metric."""


@dataclass(frozen=True)
class Margins:
    """The margins of a table.

    Attributes:
        given: metric -> points, in the place of ``POINTS``; above 0 and below 100.
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
        usual = POINTS.get(metric, OTHER) if self.everywhere is None else self.everywhere
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
        elif metric not in POINTS:
            raise (
                UnknownName("metric", metric, POINTS)
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
