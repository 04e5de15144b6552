"""``ftbench topup``: more seeds where the seeds that there are do not tell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import typer

from ftbench.cli._options import (
    DatabaseOption,
    JsonOption,
    ModelsFilter,
    PerturbFilter,
    TasksFilter,
    perturb_at,
)
from ftbench.cli._output import counted
from ftbench.cli.report import deliver, styled
from ftbench.errors import UnknownName, UsageError
from ftbench.settings import DEFAULT_DATABASE, database_address

SCHEMA = "ftbench.topup/1"
RESOLVED = "resolved"


def topup(
    methods: Annotated[
        list[str] | None, typer.Argument(metavar="[METHOD…]", help="Each is compared with the baseline.")
    ] = None,
    until: Annotated[
        str, typer.Option("--until", metavar="STATE", help="resolved (default): until every pair is settled.")
    ] = RESOLVED,
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="HOURS", help="Queue only as many seeds as should fit."),
    ] = None,
    looks: Annotated[
        int | None, typer.Option("--looks", metavar="K", help="How often the pairs are tested: 3 by default.")
    ] = None,
    max_seeds: Annotated[
        int | None,
        typer.Option("--max-seeds", metavar="N", help="Seeds at the last look: 20, or twice those there."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", metavar="POINTS", help="Differences within this are none in practice."),
    ] = None,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="METHOD", help="What the methods are compared with.")
    ] = "vanilla",
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    noise: Annotated[float, typer.Option("--noise", help="Of the runs with this label noise.")] = 0.0,
    reduction: Annotated[float, typer.Option("--reduction", help="Of the runs with this reduction.")] = 0.0,
    perturb: PerturbFilter = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the seeds and write nothing.")] = False,
    as_json: JsonOption = False,
    db: DatabaseOption = None,
) -> None:
    """Queue further seeds for the comparisons that are not settled, by a plan declared at the first call.

    Call it again whenever its jobs have ended: it takes the next look and queues what is still open.
    Without methods: list the plans that are declared.
    """
    from ftbench.domain.duration import span
    from ftbench.render import render_sheets
    from ftbench.services.comparing import topup as service
    from ftbench.services.comparing import topup_plans

    if until != RESOLVED:
        raise UnknownName("state", until, [RESOLVED])
    address = database_address(db)
    if not methods:
        plan: dict[str, object] = {
            "--budget": budget,
            "--looks": looks,
            "--max-seeds": max_seeds,
            "--margin": margin,
        }
        plan |= {"--models": models, "--tasks": tasks, "--noise": noise, "--reduction": reduction}
        _refuse({**plan, "--perturb": perturb})
        plans = [topup_plans.listed(address)]
        deliver(render_sheets(plans, "json" if as_json else "rich", schema=SCHEMA, styled=styled()), None)
        return
    request = service.TopupRequest(
        tuple(methods),
        baseline,
        models,
        tasks,
        perturb_at({"noise": noise, "reduction": reduction}, perturb),
        looks,
        max_seeds,
        None if margin is None else margin / 100,
        budget,
    )
    found = service.topup(address, request, dry_run=dry_run)
    notes = [*found.sheet.notes]
    number, named = (
        len(found.jobs.jobs),
        "" if address == DEFAULT_DATABASE else f" --db {shlex.quote(address)}",
    )
    if number:
        done = "would queue" if dry_run else "queued"
        notes.append(f"{done} {counted(number, 'job')}, about {span(found.seconds)} of one worker")
    if found.waiting:
        notes.append(f"the next look waits for {counted(found.waiting, 'job')}")
    if (number or found.waiting) and not dry_run:
        notes.append(f"run them with: ftbench worker{named}; then call topup again")
    shown = replace(found.sheet, notes=tuple(notes))
    text = render_sheets([shown], "json" if as_json else "rich", schema=SCHEMA, styled=styled())
    deliver(text, None)


def _refuse(flags: Mapping[str, object]) -> None:
    """Flags of a plan, where the plans are only listed."""
    for flag, given in flags.items():
        if given:
            raise UsageError(f"{flag} needs the methods, such as: ftbench topup bidrop {flag} …")
