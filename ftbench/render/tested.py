"""What tables tell apart: a difference to the baseline, and how often runs failed."""

from __future__ import annotations

from dataclasses import dataclass

UNLESS = "°"
"""Stands behind a mark that failures might undo which the runs do not exclude."""


@dataclass(frozen=True)
class Tested:
    """A cell's difference to the baseline, paired by seed; fractions.

    Attributes:
        difference: the mean difference; of P(A > B) how far that is from one half.
        low: of its 95 % interval.
        high: likewise.
        n: the seeds that both have, or the studies that they belong to.
        p: of the test alone.
        p_corrected: over all that the table tests.
        mark: ``BETTER`` or ``WORSE`` where that is significant, else "".
        test: of ``p_corrected``: ``max-T``, ``t`` or ``signs``.
        p_holm: of an average: by t-tests with Holm's correction; None for others.
        undone_by: the share of failures beyond those seen that would take the difference away, where the
            better one's runs do not exclude it and it is marked; None elsewhere.
        unit: what ``n`` counts: ``seeds`` or ``studies``.
    """

    difference: float
    low: float
    high: float
    n: int
    p: float
    p_corrected: float
    mark: str = ""
    test: str = "t"
    p_holm: float | None = None
    undone_by: float | None = None
    unit: str = "seeds"

    @property
    def shown(self) -> str:
        """The mark, with ``°`` where unseen failures might undo it."""
        return self.mark + UNLESS * (self.undone_by is not None)


@dataclass(frozen=True)
class FailureRate:
    """How often a method's runs failed: diverged or collapsed.

    Attributes:
        failed: how many did.
        runs: of how many that have ended.
        low: of the share's exact 95 % interval.
        high: likewise.
        test: of the difference to the baseline; "" without one.
        p: of that test.
        p_corrected: by Holm, over the methods of all tables.
        mark: ``BETTER`` where it fails less, ``WORSE`` where it fails more, "" where neither is shown.
    """

    failed: int
    runs: int
    low: float
    high: float
    test: str = ""
    p: float | None = None
    p_corrected: float | None = None
    mark: str = ""
