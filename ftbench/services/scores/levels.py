"""Topped-up jobs: at which level a table that shows them may mark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ftbench.db import Database, JobFilter
from ftbench.domain.job import Job
from ftbench.domain.topup import TopupPlan
from ftbench.stats.leaderboard import ALPHA


@dataclass(frozen=True)
class Topped:
    """A plan, and the digests of all jobs that it is about, run or not."""

    plan: TopupPlan
    digests: frozenset[str]


def topped(database: Database) -> list[Topped]:
    """The plans of a database, each with its jobs."""
    plans = database.topups.list()
    stand = {digest for plan in plans for pair in plan.pairs for digest in pair}
    rows = database.jobs.list(JobFilter(digests=tuple(stand))) if stand else []
    jobs = {row.digest: Job.from_canonical(row.spec) for row in rows}
    return [
        Topped(
            plan,
            frozenset(
                replace(jobs[digest], seed=seed).digest
                for digest in {digest for pair in plan.pairs for digest in pair}
                if digest in jobs
                for seed in plan.seeds
            ),
        )
        for plan in plans
    ]


def strictest(found: Sequence[Topped], digests: Iterable[str]) -> tuple[float, tuple[str, ...]]:
    """The level for the marks of a table with these jobs, and what the table says of it."""
    shown = set(digests) if found else set()
    plans = [one.plan for one in found if one.digests & shown]
    if not plans:
        return ALPHA, ()
    plan = min(plans, key=lambda plan: plan.level)
    return min(ALPHA, plan.level), (plan.said(),)
