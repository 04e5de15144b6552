"""Updates that runs in fp16 left out, because a gradient overflowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ftbench.db import Database, JobSummary


class SkippedUpdates(NamedTuple):
    """What became of the updates of a job.

    Attributes:
        skipped: those that were left out.
        steps: of its runs; a step of a search updates weights and attention.
    """

    skipped: int
    steps: int

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> SkippedUpdates:
        """What a provenance tells; of one that tells nothing, or what cannot be, nothing was left out."""
        runs = facts.get("runs")
        told = [run for run in runs.values() if isinstance(run, dict)] if isinstance(runs, dict) else []
        return cls(*(sum(_count(run.get(name)) for run in told) for name in ("skipped", "total_steps")))

    def words(self) -> str:
        """In a line; "" where nothing was left out."""
        if not self.skipped:
            return ""
        many = "update was" if self.skipped == 1 else "updates were"
        return f"{self.skipped:,} {many} left out in {self.steps:,} steps, because a gradient overflowed"


def skipped_updates(database: Database, cells: Iterable[JobSummary]) -> dict[str, SkippedUpdates]:
    """What became of the updates of jobs that were trained in fp16, by digest; of others nothing is read."""
    half = {cell.digest for cell in cells if cell.recipe.get("precision") == "fp16"}
    facts = database.results.provenances(half) if half else {}
    return {digest: SkippedUpdates.of(told) for digest, told in facts.items()}


def overflow_lines(found: Mapping[str, SkippedUpdates], cells: Iterable[JobSummary]) -> Iterator[str]:
    """The note of a table that shows these jobs, where updates were left out in any of them."""
    shown = {cell.digest: cell.label for cell in cells if cell.digest in found}
    lost: Counter[str] = Counter()
    for digest, label in shown.items():
        lost[label] += found[digest].skipped
    sums = SkippedUpdates(lost.total(), sum(found[digest].steps for digest in shown))
    if sums.skipped:
        jobs = sum(found[digest].skipped > 0 for digest in shown)
        by = ", ".join(f"{label} {number:,}" for label, number in lost.items() if number)
        yield f"fp16: {sums.words()}, in {jobs:,} of {len(shown):,} jobs: {by}."


def _count(value: object) -> int:
    """A number of updates; 0 for what is none."""
    return value if type(value) is int and value > 0 else 0
