"""``ftbench queue``: put the jobs of a grid into the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ftbench.cli import _config
from ftbench.cli._databases import reading, studied
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
from ftbench.cli._requests import asked, names
from ftbench.cli._streams import after_work
from ftbench.errors import UsageError
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.db import Added
    from ftbench.domain.hparams import Value
    from ftbench.domain.perturbation import Perturbation
    from ftbench.domain.plan import Plan
    from ftbench.services.planning.queue import QueueRequest

ASK_ABOVE = 1_000
AXES = ("model", "task", "method", "train_size", "reduction", "noise", "perturbation")
NOT_AXES = ("text", "label", "db", "data-dir", "budget", "priority", "dry-run", "json", "yes")


def _axis(flag: str, help: str, metavar: str = "LIST") -> Any:
    return typer.Option(flag, metavar=metavar, help=help)


def queue(
    methods: Annotated[str | None, _axis("--methods", "bidrop,rdrop, 'bidrop[k=2|3]' or ./mine.py.")] = None,
    tasks: Annotated[
        str | None,
        _axis("--tasks", "cola,rte, a group (glue-small, glue, toy), a file of yours (./reviews.csv)."),
    ] = None,
    text: TextOption = None,
    label: LabelOption = None,
    models: Annotated[
        str | None,
        _axis("--models", "Names, hub ids (id@revision) or folders; bert-base, tiny for toy tasks."),
    ] = None,
    seeds: Annotated[
        str | None, _axis("--seeds", "10 is 0 to 9; 0,3,7 is those; 7, is seed 7. Default 5.")
    ] = None,
    vary: Annotated[
        str | None,
        _axis("--vary", "Random streams to give the --seeds one at a time, the rest keeping the first."),
    ] = None,
    noise: Annotated[str | None, _axis("--noise", "Ratios of wrong training labels; 0 is clean.")] = None,
    reduction: Annotated[str | None, _axis("--reduction", "Ratios by which label 1 is reduced.")] = None,
    train_size: Annotated[str | None, _axis("--train-size", "Numbers of training rows; full is all.")] = None,
    perturb: Annotated[list[str] | None, _axis("--perturb", PERTURB, "NAME=LIST")] = None,
    evaluate: Annotated[
        str | None,
        _axis("--evaluate", "Score on other tasks, too: snli,sick:test; rte@linear is a probe."),
    ] = None,
    retention: Annotated[
        bool,
        typer.Option("--retention", help="Measure, too, how far the weights moved and what was forgotten."),
    ] = False,
    set_: Annotated[
        list[str] | None,
        _axis(
            "--set",
            "A recipe setting, lr=1e-5 or 'lr=1e-5|2e-5'; may be repeated for others.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    suite: Annotated[
        str | None,
        _axis("--suite", "A paper's table, bidrop/table5; the axes given replace its own.", "NAME"),
    ] = None,
    variant: Annotated[
        str | None, _axis("--variant", "paper (default), or published: as the authors' code.", "NAME")
    ] = None,
    keep_head: Annotated[
        bool,
        typer.Option("--keep-head", help="Keep a checkpoint's own head, where its classes are the task's."),
    ] = False,
    no_baseline: Annotated[bool, typer.Option("--no-baseline", help="Do not add vanilla.")] = False,
    tuned: Annotated[
        bool, typer.Option("--tuned", help="Each method of a study with the values that it chose there.")
    ] = False,
    study: Annotated[str | None, _axis("--study", "With --tuned: which, of several.", "NAME")] = None,
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="HOURS", help="Queue only as many seeds as should fit."),
    ] = None,
    priority: Annotated[int, typer.Option("--priority", help="Higher runs first.")] = 0,
    config: Annotated[
        str | None, typer.Option("--config", "-C", metavar="FILE", help="YAML; the keys are these flags.")
    ] = None,
    data_dir: DataOption = None,
    db: DatabaseOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the jobs and write nothing.")] = False,
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Queue a grid of jobs: its axes are crossed.

    Without axes: list what is queued.
    """
    named = {_key(name): value for name, value in locals().items() if name not in ("config", "budget")}
    given: dict[str, Any] = {
        name: None if value in (False, 0, []) else value for name, value in named.items()
    }
    if study is not None and not tuned:
        raise UsageError("--study goes with --tuned: it says whose choices are meant")
    given["budget"] = budget  # 0 hours are refused, not passed over
    if config is not None:
        given = _config.under(given, _config.read(config, list(given)))
    if all(given[name] is None for name in given if name not in NOT_AXES):
        _list(database_address(given["db"]), bool(given["json"]))
        return
    _queue(given)


def _key(parameter: str) -> str:
    """What a parameter is called on the command line and in a file of flags."""
    return parameter.removeprefix("as_").rstrip("_").replace("_", "-")


def _queue(given: dict[str, Any]) -> None:
    from ftbench.services.planning import queue as service
    from ftbench.services.planning import rerun

    request = _request(given)
    plan = _tuned(request, given) if given["tuned"] else service.make_plan(request)
    for line in plan.notes:
        note(line)
    for cell in plan.left_out:
        jobs = f" ({counted(cell.jobs, 'job')})" if cell.jobs else ""
        note(f"left out: {cell.cell}{jobs}: {cell.reason}")
    if given["budget"] is not None:
        plan = _capped(plan, given["budget"], database_address(given["db"]))
    if given["dry-run"]:
        _show(plan, request.asked.settings.axes, bool(given["json"]))
        return
    number, address = len(plan.jobs), database_address(given["db"])
    if number > ASK_ABOVE and not confirmed(f"Queue {counted(number, 'job')} in {address}?", given["yes"]):
        raise typer.Abort()
    added = service.add(plan, address, given["priority"] or 0)
    with after_work():
        _tell(plan, added, address, bool(given["json"]))
    with reading(address) as database:
        for line in rerun.queued_over(database, plan):
            note(line)


def _request(given: Mapping[str, Any]) -> QueueRequest:
    """What is to be queued, by the texts of the flags."""
    from ftbench.domain.target import target_choices
    from ftbench.services.planning.queue import QueueRequest

    named = {name: given[_key(name)] for name in ("noise", "reduction", "train_size")}
    return QueueRequest(
        asked(
            suite=given["suite"] is not None,
            methods=given["methods"],
            tasks=given["tasks"],
            models=given["models"],
            seeds=given["seeds"],
            perturb=perturb_of(named, given["perturb"]),
            settings=(*(given["set"] or ()), *(["head=kept"] if given["keep-head"] else [])),
            variant=given["variant"],
            text=given["text"],
            label=given["label"],
        ),
        evaluate=None if given["evaluate"] is None else target_choices(given["evaluate"]),
        retention=bool(given["retention"]),
        suite=given["suite"],
        vary=None if given["vary"] is None else names(given["vary"]),
        baseline=not given["no-baseline"],
        data_dir=given["data-dir"],
    )


def _tuned(request: QueueRequest, given: Mapping[str, Any]) -> Plan:
    """The runs of a study's choices."""
    from ftbench.services.tuning.reporting_runs import TunedRequest, tuned_plan

    for flag in ("suite", "vary", "evaluate", "retention", "train-size", "no-baseline", "data-dir"):
        if given[flag] is not None:
            raise UsageError(f"--{flag} does not go with --tuned; leave one of the two out")
    seeds = {} if request.asked.seeds is None else {"seeds": request.asked.seeds}
    with studied(database_address(given["db"])) as database:
        return tuned_plan(database, TunedRequest(request.asked, given["study"] or "", **seeds))


def _capped(plan: Plan, hours: float, address: str) -> Plan:
    """The seeds that fit into a budget."""
    from ftbench.domain.duration import span
    from ftbench.services.planning import costs

    known = costs.measured_seconds(address)
    kept, out = costs.capped(plan, hours, known)
    took = costs.estimate_plan(kept, known)
    left = f"; {counted(out, 'seed')} left out" if out else ""
    note(f"budget: about {span(took.seconds)} for {counted(took.jobs, 'job')} ({took.basis}){left}")
    return kept


def _tell(plan: Plan, added: Added, address: str, as_json: bool) -> None:
    if as_json:
        left_out = [{"cell": c.cell, "reason": c.reason, "jobs": c.jobs} for c in plan.left_out]
        counts = {"added": added.added, "known": added.known, "revived": added.revived}
        print_json(
            {**counts, "database": address, "left_out": left_out, "jobs": [p.digest for p in plan.jobs]}
        )
        return
    if added.added:
        known = f"; {counted(added.known, 'job')} of the grid were known" if added.known else ""
        say(f"queued {counted(added.added, 'job')} in {address}{known}")
    else:
        known = counted(added.known + added.revived, "job")
        say(f"nothing new: all {known} of this grid are in {address} already")
    if added.revived:
        say(f"{counted(added.revived, 'cancelled job')} queued again")
    if added.added or added.revived:
        from ftbench.services.planning.commands import worker_command

        say(f"run them with: {worker_command(address)}")


def _show(plan: Plan, settings: Sequence[str], as_json: bool) -> None:
    """Print what a plan would queue: a line per cell, with its number of seeds.

    Args:
        plan: the jobs.
        settings: of the recipe, those that are axes.
        as_json: print the jobs as JSON.
    """
    from ftbench.services.jobs import changes_row, job_document

    if as_json:
        print_json([job_document(planned) for planned in plan.jobs])
        return
    cells: dict[tuple[str, str, str, Perturbation, tuple[Value, ...]], int] = {}
    for planned in plan.jobs:
        job, recipe = planned.job, planned.job.recipe.canonical()
        values = tuple(recipe.get(name) for name in settings)
        at = job.model, job.task, planned.label, job.perturbation, values
        cells[at] = cells.get(at, 0) + 1
    rows = [
        {"model": model, "task": task, "method": label, **changes_row(change)}
        | {**dict(zip(settings, values, strict=True)), "seeds": n}
        for (model, task, label, change, values), n in cells.items()
    ]
    print_rows(rows, (*AXES, *settings, "seeds"))
    say(f"would queue {counted(len(plan.jobs), 'job')}; nothing was written")


def _list(address: str, as_json: bool) -> None:
    from ftbench.services import jobs as service

    with reading(address) as database:
        rows = service.listed(database, service.job_filter(["queued"]))
    if as_json:
        print_json(rows)
        return
    columns = ("job", *AXES, "seed", "attempts", "priority")
    print_rows(
        rows, columns, empty=f"nothing is queued in {address}; queue a grid with --methods and --tasks"
    )
