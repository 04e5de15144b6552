"""``ftbench tune``: every method tuned on the same budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ftbench.cli import _requests as requests
from ftbench.cli._databases import reading_if_there, studied
from ftbench.cli._delivery import Delivery
from ftbench.cli._options import (
    PERTURB,
    DatabaseOption,
    DataOption,
    JsonOption,
    LabelOption,
    TextOption,
    YesOption,
    perturb_of,
)
from ftbench.cli._output import confirmed, counted, note, print_json, print_rows, say
from ftbench.cli._space import space as space_named
from ftbench.cli._streams import after_work
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.services.tuning.study import TuneCall, TuneRequest

SCHEMA = "ftbench.studies/1"
ASK_ABOVE = 1_000


def tune(
    methods: Annotated[
        str | None,
        typer.Option("--methods", metavar="LIST", help="bidrop,rdrop or 'bidrop[k=3]'."),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option("--tasks", metavar="LIST", help="cola,rte, a group: glue-small, toy, or ./reviews.csv."),
    ] = None,
    text: TextOption = None,
    label: LabelOption = None,
    models: Annotated[
        str | None,
        typer.Option("--models", metavar="LIST", help="As queue takes them."),
    ] = None,
    trials: Annotated[
        float,
        typer.Option("--trials", metavar="N", help="Of each method, model, task and study; counts --unit."),
    ] = 20,
    unit: Annotated[
        str,
        typer.Option("--unit", metavar="NAME", help="What --trials counts: trials (default), passes, hours."),
    ] = "trials",
    studies: Annotated[
        int, typer.Option("--studies", metavar="S", help="How often all is done, with other draws and rows.")
    ] = 3,
    space: Annotated[
        str, typer.Option("--space", metavar="NAME", help="default, paper, or a YAML file of your own.")
    ] = "default",
    select: Annotated[
        str,
        typer.Option("--select", metavar="NAME", help="A trial's score: final (default), or best-step."),
    ] = "final",
    sampler: Annotated[
        str,
        typer.Option("--sampler", metavar="NAME", help="sobol (default), or tpe, which learns in rounds."),
    ] = "sobol",
    batch: Annotated[
        int | None, typer.Option("--batch", metavar="N", help="With --sampler tpe: trials of a round (10).")
    ] = None,
    name: Annotated[
        str,
        typer.Option("--name", metavar="STUDY", help="What the study is called."),
    ] = "tuning",
    train_size: Annotated[
        str | None,
        typer.Option("--train-size", metavar="LIST", help="Numbers of training rows."),
    ] = None,
    noise: Annotated[
        str | None, typer.Option("--noise", metavar="LIST", help="With --tune-each-condition: label noise.")
    ] = None,
    reduction: Annotated[
        str | None, typer.Option("--reduction", metavar="LIST", help="With --tune-each-condition.")
    ] = None,
    perturb: Annotated[list[str] | None, typer.Option("--perturb", metavar="NAME=LIST", help=PERTURB)] = None,
    tune_each_condition: Annotated[
        bool, typer.Option("--tune-each-condition", help="Choose on each change to the data by itself.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A recipe setting, which is then not searched."),
    ] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="NAME", help="paper (default), or published.")
    ] = None,
    no_baseline: Annotated[bool, typer.Option("--no-baseline", help="Do not tune vanilla.")] = False,
    data_dir: DataOption = None,
    db: DatabaseOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the draws and write nothing.")] = False,
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Queue the trials of a study: draws of settings, the same budget for every method.

    Trials are scored on training rows that are held out for it. Call it again at any time: what was declared
    stays, and only what is missing is queued. Without methods: list the studies.
    """
    from ftbench.services.tuning.study import TuneRequest

    address = database_address(db)
    if methods is None and tasks is None:
        _list(address, as_json)
        return
    request = TuneRequest(
        requests.asked(
            methods=methods,
            tasks=tasks,
            models=models,
            perturb=perturb_of({"noise": noise, "reduction": reduction, "train_size": train_size}, perturb),
            settings=set_ or (),
            variant=variant,
            text=text,
            label=label,
        ),
        name,
        trials,
        unit,
        studies,
        space_named(space),
        tune_each_condition,
        not no_baseline,
        data_dir,
        select,
        sampler,
        batch,
    )
    _tune(request, address, dry_run=dry_run, as_json=as_json, yes=yes)


def _tune(request: TuneRequest, address: str, *, dry_run: bool, as_json: bool, yes: bool) -> None:
    from ftbench.db import create_database
    from ftbench.domain.study import TPE
    from ftbench.services.tuning import going_on
    from ftbench.services.tuning import study as service

    with reading_if_there(address) as there:
        planned = service.tune(there, request, dry_run=True)
    for cell in planned.jobs.left_out:
        note(f"left out: {cell.cell}: {cell.reason}")
    if dry_run:
        _show(planned, as_json)
        return
    number = len(planned.jobs.jobs)
    if number > ASK_ABOVE and not confirmed(f"Queue {counted(number, 'trial')} in {address}?", yes):
        raise typer.Abort()
    with create_database(address) as database:
        call = service.tune(database, request)
        last = call.study.sampler != TPE or not going_on.undrawn(database, call.study)
        again = "" if last else going_on.again(database, call.study)
    with after_work():
        _tell(call, address, as_json, again)


def _tell(call: TuneCall, address: str, as_json: bool, again: str = "") -> None:
    from ftbench.domain.duration import span
    from ftbench.services.planning.commands import example, worker_command

    assert call.added is not None
    study, fresh = call.study, call.added.added + call.added.revived
    if as_json:
        left_out = [{"cell": c.cell, "reason": c.reason} for c in call.jobs.left_out]
        told = {"study": study.name, "new": call.new, "trials": len(study.trials), "queued": fresh}
        print_json({**told, "database": address, "declared": dict(study.declared), "left_out": left_out})
        return
    by_method = {name: sum(t.method == name for t in study.trials) for name in study.declared["methods"]}
    listed = ", ".join(f"{name} {count}" for name, count in by_method.items())
    say(f"study {study.name}: {counted(len(study.trials), 'trial')} ({listed})")
    if not fresh:
        say(f"nothing new: all of them are in {address} already")
    else:
        say(f"queued {counted(fresh, 'trial')} in {address}, about {span(call.seconds)} of one worker")
    say(f"run them with: {worker_command(address)}")
    if again:
        say(f"when they have ended, draw the next round with: {again}")
    say(f"then see: {example('report', '--table', 'tuning', address=address)}")


def _show(call: TuneCall, as_json: bool) -> None:
    """The draws, a line for each method, study and number; the values that differ from the default recipe."""
    from ftbench.services.tuning.values import departures, spelled

    rows: list[dict[str, Any]] = []
    seen = set()
    starts = {
        (t.method, t.repeat, p.job.model, p.job.task): p.job
        for t, p in zip(call.study.trials, call.jobs.jobs, strict=True)
        if t.draw == 0
    }
    for trial, planned in zip(call.study.trials, call.jobs.jobs, strict=True):
        if (at := (trial.method, trial.repeat, trial.draw)) not in seen:
            seen.add(at)
            job = planned.job
            start = starts[trial.method, trial.repeat, job.model, job.task]
            values = departures(job.recipe.canonical(), job.hparams, start.recipe.canonical(), start.hparams)
            rows.append({"method": trial.method, "study": trial.repeat, "draw": trial.draw, "values": values})
    if as_json:
        print_json(rows)
        return
    shown = [{**row, "values": spelled(row["values"])} for row in rows]
    print_rows(shown, ("method", "study", "draw", "values"))
    say(f"would queue {counted(len(call.jobs.jobs), 'trial')}; nothing was written")


def _list(address: str, as_json: bool) -> None:
    from ftbench.render import render_sheets
    from ftbench.services.tuning import ledger

    to = Delivery(as_json=as_json)
    chosen = to.chosen(lists=True)
    with studied(address) as database:
        found = ledger.listed(database)
    to.deliver(render_sheets([found], chosen, schema=SCHEMA, width=to.width, styled=to.styled))
