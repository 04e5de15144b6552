"""The looks of a top-up plan: its comparisons, and what each look says of them.

A look is taken once all of its jobs have ended, so that its seeds are those that were planned, and not those
at which the scores looked good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ftbench.domain.topup import TopupPlan
from ftbench.errors import FtbenchError
from ftbench.services.scores.compared import Compared
from ftbench.services.scores.jobs import DONE, MethodKey, ReportJob, baseline_of
from ftbench.stats import paired, sequential
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.sequential import OPEN, Decision

ENDED = (DONE, "failed", "diverged")


@dataclass(frozen=True)
class Pair:
    """A comparison: where its runs are."""

    compared: Compared
    method: MethodKey
    baseline: MethodKey
    column: int

    @property
    def shares(self) -> tuple[str, str]:
        """What its spread is shared with: the comparisons of one setting on one task."""
        return self.compared.title, self.compared.block.tasks[self.column].name

    def jobs(self, key: MethodKey) -> dict[int, ReportJob]:
        """The runs of one side: seed -> job."""
        return dict(self.compared.block.jobs.get((key, self.compared.block.tasks[self.column].name), {}))

    def differences(self, seeds: Sequence[int]) -> FloatArray:
        """Method minus baseline on some seeds, (pairs,)."""
        block = self.compared.block
        at = [row for row, seed in enumerate(block.seeds) if seed in seeds]
        mine, theirs = (block.scores[key][at, self.column] for key in (self.method, self.baseline))
        return paired.differences(mine, theirs)

    def statuses(self, seeds: Sequence[int]) -> dict[tuple[MethodKey, int], str]:
        """Where each job stands; "" for one that is not there."""
        sides = {key: self.jobs(key) for key in (self.method, self.baseline)}
        return {(k, s): jobs[s].status if s in jobs else "" for k, jobs in sides.items() for s in seeds}


def pairs_of(found: Sequence[Compared], baseline: str) -> Iterator[Pair]:
    """Each method against the baseline, on each task of which both have jobs."""
    for compared in found:
        block = compared.block
        against = baseline_of(baseline, compared.labels, block.methods)
        if against is None:
            continue
        for method in (key for key in block.methods if key != against):
            for column in range(len(block.tasks)):
                pair = Pair(compared, method, against, column)
                if pair.jobs(method) and pair.jobs(against):
                    yield pair


def of_plan(plan: TopupPlan, pairs: Sequence[Pair]) -> list[Pair]:
    """The comparisons of a plan in its order; what came later is none of it.

    Raises:
        FtbenchError: one of them is gone.
    """
    found = {}
    for pair in pairs:
        for one in pair.jobs(pair.method).values():
            for other in pair.jobs(pair.baseline).values():
                found[one.cell.digest, other.cell.digest] = pair
    if lost := [both for both in plan.pairs if both not in found]:
        raise FtbenchError(f"{plan.name}: {len(lost)} comparisons of the plan are not in the database")
    return [found[both] for both in plan.pairs]


def states_of(plan: TopupPlan) -> list[tuple[str, int]]:
    """Of each pair, what settled it and at which look; ``open`` and 0 for the others."""
    states = [(OPEN, 0)] * len(plan.pairs)
    for look, outcome in enumerate(plan.outcomes, start=1):
        states = [
            state if state[0] != OPEN or how == OPEN else (how, look)
            for state, how in zip(states, outcome, strict=True)
        ]
    return states


def looked(plan: TopupPlan, pairs: Sequence[Pair]) -> TopupPlan:
    """The plan with the looks taken whose jobs have all ended; at the first, those that are there."""
    while plan.taken < plan.looks and (not plan.taken or any(how == OPEN for how, _ in states_of(plan))):
        statuses = _open_jobs(plan, pairs)
        ready = (*ENDED, "") if not plan.taken else ENDED
        if any(status not in ready for status in statuses):
            break
        outcome = tuple(decision.how for decision in decisions(plan, pairs, plan.taken + 1))
        plan = replace(plan, outcomes=(*plan.outcomes, outcome))
    return plan


def _open_jobs(plan: TopupPlan, pairs: Sequence[Pair]) -> list[str]:
    """Where the jobs of the next look stand, of the pairs that are open."""
    seeds = plan.seeds_at(plan.taken + 1)
    states = states_of(plan)
    mine = [pair for pair, (how, _) in zip(pairs, states, strict=True) if how == OPEN]
    return [status for pair in mine for status in pair.statuses(seeds).values()]


def decisions(plan: TopupPlan, pairs: Sequence[Pair], look: int) -> list[Decision]:
    """What a look says: a pair that an earlier one settled is seen with the seeds that it had then."""
    ends = [at or look for _, at in states_of(plan)]
    seen = [pair.differences(plan.seeds_at(end)) for pair, end in zip(pairs, ends, strict=True)]
    return sequential.decide(seen, plan.level, plan.margin, [pair.shares for pair in pairs])
