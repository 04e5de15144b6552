"""``ftbench topup``: more seeds where the seeds that there are do not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ftbench.cli import _requests as requests
from ftbench.cli._databases import compared, reading
from ftbench.cli._delivery import Delivery
from ftbench.cli._options import (
    DatabaseOption,
    JsonOption,
    ModelsFilter,
    NamesOption,
    PerturbFilter,
    RenameOption,
    TasksFilter,
)
from ftbench.cli._output import counted
from ftbench.cli._streams import after_work
from ftbench.errors import UnknownName, UsageError
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.services.comparing.topup import TopupCall

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
    rename: RenameOption = None,
    called: NamesOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the seeds and write nothing.")] = False,
    as_json: JsonOption = False,
    db: DatabaseOption = None,
) -> None:
    """Queue further seeds for the comparisons that are not settled, by a plan declared at the first call.

    Call it again whenever its jobs have ended: it takes the next look and queues what is still open.
    Without methods: list the plans that are declared.
    """
    from ftbench.render import render_sheets
    from ftbench.services.comparing import topup as service
    from ftbench.services.comparing import topup_plans

    if until != RESOLVED:
        raise UnknownName("state", until, [RESOLVED])
    address, to = database_address(db), Delivery(as_json=as_json)
    chosen = to.chosen(lists=True)
    if not methods:
        plan = {"--budget": budget, "--looks": looks, "--max-seeds": max_seeds, "--margin": margin}
        jobs = {"--models": models, "--tasks": tasks, "--noise": noise, "--reduction": reduction}
        _refuse({**plan, **jobs, "--perturb": perturb, "--rename": rename, "--names": called})
        with reading(address) as database:
            plans = [topup_plans.listed(database)]
        to.deliver(render_sheets(plans, chosen, schema=SCHEMA, width=to.width, styled=to.styled))
        return
    condition = requests.condition({"noise": noise, "reduction": reduction}, perturb)
    request = service.TopupRequest(
        _name(methods, baseline, {"models": models, "tasks": tasks}, condition.title),
        requests.against(models, tasks, methods, baseline, (rename, called)),
        condition,
        looks,
        max_seeds,
        None if margin is None else margin / 100,
        budget,
    )
    with compared(address, write=not dry_run) as database:
        found = service.topup(database, request, dry_run=dry_run)
    shown = replace(found.sheet, notes=(*found.sheet.notes, *_notes(found, address, dry_run)))
    text = render_sheets([shown], chosen, schema=SCHEMA, width=to.width, styled=to.styled)
    if dry_run:
        to.deliver(text)
        return
    with after_work():
        to.deliver(text)


def _name(methods: Sequence[str], baseline: str, filters: Mapping[str, str | None], condition: str) -> str:
    """What a plan is called: what was typed, whatever the order of the methods and the places of files."""
    called = sorted(Path(name).stem if name.endswith(".py") else name for name in methods)
    given = "".join(f" · {name}={text}" for name, text in filters.items() if text)
    return f"{', '.join(called)} against {baseline}{condition}{given}"


def _notes(found: TopupCall, address: str, dry_run: bool) -> Iterator[str]:
    """What was queued, and what to do next."""
    from ftbench.domain.duration import span
    from ftbench.services.planning.commands import worker_command

    number = len(found.jobs.jobs)
    if number:
        done = "would queue" if dry_run else "queued"
        yield f"{done} {counted(number, 'job')}, about {span(found.seconds)} of one worker"
    if found.waiting:
        yield f"the next look waits for {counted(found.waiting, 'job')}"
    if (number or found.waiting) and not dry_run:
        yield f"run them with: {worker_command(address)}; then call topup again"


def _refuse(flags: Mapping[str, object]) -> None:
    """Flags of a plan, where the plans are only listed."""
    for flag, given in flags.items():
        if given:
            raise UsageError(f"{flag} needs the methods, such as: ftbench topup bidrop {flag} …")
