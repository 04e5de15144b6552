"""Top-up: further seeds where nothing is shown yet, by a plan that is declared at the first call.

Compared is each method with the baseline on each task, under every setting that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ftbench.db import Database, JobFilter, JobRow
from ftbench.domain.job import Job
from ftbench.domain.plan import Plan, Planned
from ftbench.domain.topup import TopupPlan
from ftbench.errors import BadValue, FtbenchError, UsageError
from ftbench.perturbations import CLEAN, Condition
from ftbench.render.sheet import Field, Sheet
from ftbench.render.table import PENDING
from ftbench.services.comparing.request import CompareRequest, compared_runs
from ftbench.services.comparing.topup_looks import (
    ENDED,
    Pair,
    decisions,
    looked,
    of_plan,
    pairs_of,
    states_of,
)
from ftbench.services.planning import costs, queue
from ftbench.services.scores.jobs import ReportJob
from ftbench.services.scores.selection import Selection
from ftbench.services.scores.stale import OTHER_CODE
from ftbench.stats import sequential
from ftbench.stats.leaderboard import ALPHA
from ftbench.stats.sequential import OPEN

LOOKS, MOST = 3, 20
FIELDS = (
    Field("setting", "Setting"),
    Field("task", "Task"),
    Field("comparison", "Names", shown=False),
    Field("comparison_title", "Comparison"),
    Field("n", "n", "count"),
    Field("difference", "Δ", "points"),
    Field("low", "from", "points"),
    Field("high", "to", "points"),
    Field("p", "p (t)", "p"),
    Field("p_corrected", "corrected", "p"),
    Field("state", "State"),
    Field("look", "At look", "count"),
    Field("seeds", "More seeds", "count"),
)


@dataclass(frozen=True)
class TopupRequest:
    """Which comparisons are to be settled; None where the plan, or else the default, says it.

    Attributes:
        name: what the plan is called, the same at every call.
        selection: its methods are compared with its baseline, each.
        condition: what was done to the data.
        looks: how many there will be.
        most: seeds at the last one.
        margin: differences within it are none in practice, as a fraction.
        budget: hours for what this call queues.

    Raises:
        BadValue: a value out of its range.
    """

    name: str
    selection: Selection
    condition: Condition = CLEAN
    looks: int | None = None
    most: int | None = None
    margin: float | None = None
    budget: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no plan can be."""
        if self.looks is not None and not 2 <= self.looks <= 20:
            raise BadValue(f"looks {self.looks}: give 2 to 20; one look needs no plan")
        if self.margin is not None and not 0 <= self.margin < 1:
            raise BadValue(f"margin {100 * self.margin:g}: give points from 0 to below 100")
        if self.budget is not None and self.budget <= 0:
            raise BadValue(f"budget {self.budget:g}: give hours above 0")

    @property
    def runs(self) -> CompareRequest:
        """The baseline's and the methods' runs."""
        asked = self.selection
        sides = (*([asked.baseline] if asked.baseline else []), *asked.methods)
        return CompareRequest(replace(asked, methods=sides), self.condition)


@dataclass(frozen=True)
class TopupCall:
    """What a call found, and what it would queue.

    Attributes:
        plan: with the looks taken by now.
        sheet: every comparison.
        jobs: what is to be queued.
        seconds: what they will take.
        waiting: jobs that must end before the next look.
    """

    plan: TopupPlan
    sheet: Sheet
    jobs: Plan
    seconds: float
    waiting: int


def topup(database: Database, request: TopupRequest, *, dry_run: bool = False) -> TopupCall:
    """Take the looks that are due, and queue seeds for the comparisons that are still open.

    Args:
        database: open for writing, unless it is a dry run.
        request: which comparisons.
        dry_run: only say what would be done.

    Raises:
        UsageError: a plan that differs from the one declared, or overlaps another.
        FtbenchError: there is nothing to compare.
    """
    pairs = list(pairs_of(compared_runs(database, request.runs), request.selection.baseline_label))
    if not pairs:
        raise FtbenchError(f"nothing to top up: no task has jobs of both sides of {request.name}")
    plans = database.topups.list()
    plan = next((plan for plan in plans if plan.name == request.name), None)
    plan = _same(plan, request) if plan else _declare(pairs, plans, request)
    pairs = of_plan(plan, pairs)
    stand = tuple({digest for pair in plan.pairs for digest in pair})
    rows = {row.digest: row for row in database.jobs.list(JobFilter(digests=stand))}
    if lost := {digest for pair in plan.pairs for digest in pair} - rows.keys():
        raise FtbenchError(f"{plan.name}: {len(lost)} jobs of the plan cannot be read")
    plan = looked(plan, pairs)
    jobs, waiting = _wanted(plan, pairs, rows)
    known = database.jobs.durations()
    if jobs.jobs and request.budget is not None:
        jobs, _ = costs.capped(jobs, request.budget, known)
    seconds = costs.estimate_plan(jobs, known).seconds
    if not dry_run:
        database.topups.record(plan)
        if jobs.jobs:
            queue.put_jobs(database, jobs)
    return TopupCall(plan, _sheet(plan, pairs, rows, jobs), jobs, seconds, waiting)


def _same(plan: TopupPlan, request: TopupRequest) -> TopupPlan:
    """The plan that was declared; it does not change any more."""
    for flag, asked, declared in (
        ("looks", request.looks, plan.looks),
        ("max-seeds", request.most, plan.sizes[-1]),
        ("margin", request.margin, plan.margin),
    ):
        if asked is not None and asked != declared:
            shown = 100 * declared if flag == "margin" else declared
            raise UsageError(f"--{flag}: {plan.name} was declared with {shown:g}; a plan cannot change")
    return plan


def _declare(pairs: Sequence[Pair], plans: Sequence[TopupPlan], request: TopupRequest) -> TopupPlan:
    """A new plan: the seeds that are there are those of the first look."""
    sides = [(pair, key) for pair in pairs for key in (pair.method, pair.baseline)]
    there = sorted({seed for pair, key in sides for seed in pair.jobs(key)})
    looks, most = request.looks or LOOKS, request.most or max(MOST, 2 * len(there))
    if most < len(there) + looks - 1:
        raise BadValue(
            f"max-seeds {most}: {len(there)} seeds are there; {looks} looks need {looks - 1} more at least"
        )
    mine = {job.cell.digest for pair in pairs for job in pair.jobs(pair.method).values()}
    for plan in plans:
        if any(digest in mine for digest, _ in plan.pairs):
            raise UsageError(f"{request.name}: such runs are in another plan, which goes on: {plan.name}")
    free = (seed for seed in range(most + max(there) + 1) if seed not in there)
    seeds = (*there, *(next(free) for _ in range(most - len(there))))
    stand = tuple((_first(pair.jobs(pair.method)), _first(pair.jobs(pair.baseline))) for pair in pairs)
    sizes = sequential.sizes(len(there), most, looks)
    return TopupPlan(request.name, stand, ALPHA, request.margin or 0.0, seeds, sizes)


def _first(jobs: dict[int, ReportJob]) -> str:
    return jobs[min(jobs)].cell.digest


def _wanted(plan: TopupPlan, pairs: Sequence[Pair], rows: dict[str, JobRow]) -> tuple[Plan, int]:
    """The jobs that the next look still needs, seed by seed; and how many must end before it."""
    if plan.taken == plan.looks:
        return Plan((), ()), 0
    seeds = plan.seeds_at(plan.taken + 1)
    jobs: dict[str, Planned] = {}
    waiting = set()
    for pair, digests, (how, _) in zip(pairs, plan.pairs, states_of(plan), strict=True):
        if how != OPEN:
            continue
        stand = dict(zip((pair.method, pair.baseline), digests, strict=True))
        for (key, seed), status in pair.statuses(seeds).items():
            row = rows[stand[key]]
            job = replace(Job.from_canonical(row.spec), seed=seed)
            if status in PENDING or status == OTHER_CODE:
                waiting.add(job.digest)
            elif status not in ENDED:
                jobs[job.digest] = Planned(job, job.digest, row.label, row.places)
    ordered = sorted(jobs.values(), key=lambda planned: seeds.index(planned.job.seed))
    return Plan(tuple(ordered), ()), len(waiting)


def _sheet(plan: TopupPlan, pairs: Sequence[Pair], rows: dict[str, JobRow], jobs: Plan) -> Sheet:
    queued = {planned.digest for planned in jobs.jobs}
    look = max(plan.taken, 1)
    lines = []
    for pair, digests, (how, at), decision in zip(
        pairs, plan.pairs, states_of(plan), decisions(plan, pairs, look), strict=True
    ):
        stand = Job.from_canonical(rows[digests[0]].spec)
        differences = pair.differences(plan.seeds_at(at or look))
        line: dict[str, Any] = {
            "setting": pair.compared.title,
            "task": pair.compared.block.tasks[pair.column].title,
            **pair.compared.names(pair.method, pair.baseline),
            "n": len(differences),
            "difference": float(differences.mean()) if len(differences) else None,
            "p": decision.p,
            "p_corrected": decision.p_corrected,
            "state": how,
            "look": at or None,
            "seeds": sum(replace(stand, seed=seed).digest in queued for seed in plan.seeds) or None,
        }
        if decision.interval is not None:
            line |= {"low": decision.interval.low, "high": decision.interval.high}
        lines.append(line)
    aside = dict.fromkeys(line for pair in pairs for line in pair.compared.aside)
    return Sheet("topup", f"Top-up: {plan.name}", FIELDS, tuple(lines), (*_notes(plan), *aside))


def _notes(plan: TopupPlan) -> Iterator[str]:
    sizes = ", ".join(str(n) for n in plan.sizes)
    percent = f"{100 * plan.level:.3g} %"
    yield (
        f"Declared: {plan.looks} looks at {sizes} seeds, each at {percent}, together {100 * plan.alpha:g} %; "
        f"Holm over the {len(plan.pairs)} comparisons inside a look; taken: {plan.taken}. Intervals: "
        f"{100 - 100 * plan.level:.4g} %."
    )
    if plan.margin:
        yield f"equivalent: the interval lies within ±{100 * plan.margin:g} points."
    if plan.taken == plan.looks:
        yield "The last look is taken: what is open stays open."
