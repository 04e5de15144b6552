"""What a statistic comes to: a significance, an interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Significance:
    """The outcome of a test, two-sided unless its function says otherwise.

    Attributes:
        test: its name.
        p: in [0, 1].
        statistic: what was compared with its distribution under no difference.
        n: the pairs (blocks, examples) behind it.
        smallest: the smallest p that the test can reach with these; 0 where there is no such bound.
    """

    test: str
    p: float
    statistic: float
    n: int
    smallest: float = 0.0


@dataclass(frozen=True)
class Interval:
    """A value with what its confidence interval spans.

    Attributes:
        value: the estimate.
        low: the lower end.
        high: the upper end.
        n: the pairs (runs, blocks) behind it.
        level: the confidence, in (0, 1).
        kind: how it was made: ``t``, ``chi-squared``, ``noncentral t``, ``bootstrap``.
    """

    value: float
    low: float
    high: float
    n: int
    level: float = 0.95
    kind: str = "t"


@dataclass(frozen=True)
class NoAnswer:
    """A question that the data do not answer.

    Attributes:
        why: the reason, in words.
        n: the pairs (runs, blocks) that there are.
        needs: how many would answer it; 0 where more would not help by themselves.
    """

    why: str
    n: int
    needs: int = 0

    def __str__(self) -> str:
        """The reason in one line."""
        return f"{self.why}: needs {self.needs}, has {self.n}" if self.needs else self.why


def too_few(n: int, needs: int, what: str = "pairs") -> NoAnswer:
    """The answer where there are fewer than a statistic needs."""
    return NoAnswer(f"too few {what}", n, needs)
