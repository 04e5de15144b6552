"""Top-up plans: how many seeds there may come to be, and at which of them the comparisons are looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TopupPlan:
    """What was declared before seeds were added, and what the looks have settled since.

    Attributes:
        name: methods, baseline and filters, in words; one plan for each.
        pairs: digests of two jobs of each comparison: one of the method, one of the baseline.
        alpha: the family-wise error of all looks together.
        margin: differences within it are none in practice, as a fraction; 0: not asked.
        seeds: all that may be run, in order; those that were there first.
        sizes: how many of them each look takes.
        outcomes: of each look taken, what it says of each pair: see ``stats.sequential``.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    alpha: float
    margin: float
    seeds: tuple[int, ...]
    sizes: tuple[int, ...]
    outcomes: tuple[tuple[str, ...], ...] = ()

    @property
    def looks(self) -> int:
        """How many there will be."""
        return len(self.sizes)

    @property
    def taken(self) -> int:
        """How many there were."""
        return len(self.outcomes)

    @property
    def level(self) -> float:
        """Of each look."""
        return self.alpha / self.looks

    def seeds_at(self, look: int) -> tuple[int, ...]:
        """What a look takes; the first is 1."""
        return self.seeds[: self.sizes[look - 1]]

    def said(self) -> str:
        """What a table that shows such scores must say."""
        where = f"look {max(self.taken, 1)} of {self.looks}"
        return f"Seeds were topped up: {where}, marks at {100 * self.level:.3g} %."
