"""``ftbench status``, ``show``, ``logs``, ``retry``, ``cancel``: where jobs stand, and changing it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ftbench.cli import _requests as requests
from ftbench.cli._databases import reading
from ftbench.cli._options import (
    DatabaseOption,
    JsonOption,
    MethodsFilter,
    ModelsFilter,
    StateOption,
    TasksFilter,
    WhereOption,
    YesOption,
)
from ftbench.cli._output import confirmed, counted, note, print_card, print_json, print_rows, say, tell, text
from ftbench.cli._streams import after_work
from ftbench.errors import UsageError
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.db import JobFilter

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="The first characters of its digest.")]
JobsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[JOB]...", help="First characters of digests.")
]
AllOption = Annotated[bool, typer.Option("--all", help="All of them.")]
RERUN = "model task method perturbation recipe metric old_code jobs done_again old new difference".split()
AXES = ("model", "task", "method", "train_size", "reduction", "noise", "perturbation", "seed")


def status(
    state: StateOption = None,
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    where: WhereOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where the jobs stand, what runs, and the time left.

    With --state: list the jobs in these states.
    """
    from ftbench.domain.duration import span
    from ftbench.services import jobs as service
    from ftbench.services.planning.commands import for_table
    from ftbench.services.scores.selection import Selection
    from ftbench.services.tuning.going_on import waiting

    address, asked = database_address(db), requests.jobs(state, models, tasks, methods, where)
    if state is not None:
        with reading(address) as database:
            rows = service.listed(database, asked)
        if as_json:
            print_json(rows)
        else:
            print_rows(rows, ("job", "state", *AXES, "attempts"), empty=f"no such jobs in {address}")
        return
    with reading(address) as database:
        found, rounds_ended = service.status(database, asked), waiting(database)
    if as_json:
        print_json({"database": address, **asdict(found)})
        return
    total = sum(found.counts.values())
    states = ", ".join(f"{n:,} {name}" for name, n in found.counts.items() if n)
    say(
        f"{address}: {counted(total, 'job')}"
        + (f": {states}" if states else f"; queue some with: {for_table(Selection(), address)}")
    )
    if found.running:
        say()
        print_rows(found.running, ("job", *AXES, "attempts", "worker", "lease_seconds"))
    if found.cells:
        say()
        cells = [{k: v or None for k, v in cell.items()} for cell in found.cells]
        print_rows(cells, ("model", "task", "method", *found.counts))
    if found.held:
        say()
        for line in found.held:
            say(f"waiting: {line}")
    if found.seconds_left is not None and (found.counts["queued"] or found.counts["running"]):
        say()
        say(f"time left: about {span(found.seconds_left)}")
    for line in rounds_ended:
        say(line)


def show(job: JobArgument, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show a job: settings, scores, attempts, provenance."""
    from ftbench.services import jobs as service

    with reading(database_address(db)) as database:
        found = service.show(database, job)
    if as_json:
        print_json(found)
        return
    card = {k: found[k] for k in ("job", "state", "label", "priority", "created", "worker")}
    print_card({**card, "waits for": _awaited(found["places"])})
    say()
    print_card(_lines(found["spec"]))
    for part in ("scores", "past_scores", "attempts"):
        if found[part]:
            say()
            say(f"{part.replace('_', ' ')}:")
            print_rows(found[part])
    if found["provenance"]:
        say()
        say("provenance:")
        print_card(found["provenance"])
    if "skipped_updates" in found:
        say()
        say(f"fp16: {found['skipped_updates']}")
    say()
    say("queue it again with:")
    say(f"  {found['command']}")


def _awaited(places: dict[str, Any]) -> str:
    """What a job waits for to be told which it is; "" where that is known."""
    from ftbench.domain.places import DATA, MODEL, unresolved

    words = {MODEL: "its model", DATA: "its rows"}
    missing = " and ".join(words.get(mark, mark) for mark in unresolved(places))
    return f"{missing}, not here when it was queued; then it has another digest" if missing else ""


def _lines(spec: dict[str, Any]) -> dict[str, Any]:
    """A job's canonical form for readers: a line per part, what is not set left out."""
    model, task, method = spec["model"], spec["task"], spec["method"]
    recipe = {k: v for k, v in spec["recipe"].items() if v is not None}
    return {
        "model": f"{model['id']} ({model['revision']})",
        "task": f"{task['name']} ({task['revision']}), evaluated on {', '.join(task['evaluation'])}",
        "method": f"{method['name']} {text(method['hparams'])}".strip(),
        "seed": spec["seed"],
        "perturbation": spec["perturbation"],
        "streams": spec.get("streams"),
        "recipe": recipe,
    }


def logs(
    job: JobArgument,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Lines of the log file's end.")] = 40,
    workers: Annotated[
        bool, typer.Option("--workers", help="Instead: what the workers' logs tell of the job, line by line.")
    ] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a job's attempts, tracebacks and log."""
    from ftbench.domain.duration import span
    from ftbench.services import jobs as service

    if workers:
        with reading(database_address(db)) as database:
            told = service.moves(database, job)
        if as_json:
            print_json(told)
        else:
            say("\n".join(told) or "no worker's log on this machine tells of it")
        return
    with reading(database_address(db)) as database:
        found = service.logs(database, job, lines)
    if as_json:
        print_json(found)
        return
    say(f"{found['job'][:12]}  {found['state']}")
    for attempt in found["attempts"]:
        took = f" after {span(attempt['seconds'])}" if attempt["seconds"] is not None else ""
        say(f"attempt {attempt['attempt']} on {attempt['worker']}: {attempt['outcome']}{took}")
        for part in (attempt["message"], attempt["traceback"]):
            if part:
                say("\n".join(f"  {line}" for line in part.rstrip().splitlines()))
    if found["file"]:
        say(f"{found['file']}:")
        say("\n".join(f"  {line}" for line in found["lines"]))
    else:
        say("no log file on this machine")


def retry(
    jobs: JobsArgument = None,
    state: StateOption = None,
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    where: WhereOption = None,
    all_: AllOption = False,
    stale: Annotated[
        bool,
        typer.Option("--stale", help="Instead: done jobs whose method's code has changed since they ran."),
    ] = False,
    yes: YesOption = False,
    db: DatabaseOption = None,
) -> None:
    """Queue failed and cancelled jobs again; with --stale, those that were trained with older code.

    With --stale, the old scores are kept, and shown beside the new ones when it is called again.
    """
    asked = requests.jobs(state, models, tasks, methods, where)
    if stale:
        _restart(jobs or [], asked, requests.method_files(methods), yes, database_address(db))
        return
    _change("retry", jobs or [], asked, all_, yes, database_address(db))


def _restart(jobs: list[str], where: JobFilter, files: dict[str, str], yes: bool, address: str) -> None:
    from ftbench.db import ALL, open_database
    from ftbench.services import jobs as service
    from ftbench.services.planning import rerun
    from ftbench.services.planning.commands import worker_command

    if jobs and where != ALL:
        raise UsageError("give either jobs or filters, not both")
    if not jobs and not confirmed(f"Queue all such jobs of {address} again that have older code?", yes):
        raise typer.Abort()
    with open_database(address) as database:
        found = rerun.restart(database, service.meant(database, jobs, where), files)
    tell(f"{counted(found.jobs, 'job')} with other code queued again")
    for name, number in found.unknown.items():
        note(
            f"{name}: its code is not here, so that {counted(number, 'job')} cannot be judged; name its "
            f"file, such as --methods ./{name}.py"
        )
    if found.jobs:
        tell(f"run them with: {worker_command(address)}")
    rows = rerun.old_and_new(found.scores)
    if rows:
        with after_work():
            say()
            print_rows(rows, RERUN)


def cancel(
    jobs: JobsArgument = None,
    state: StateOption = None,
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    where: WhereOption = None,
    all_: AllOption = False,
    yes: YesOption = False,
    db: DatabaseOption = None,
) -> None:
    """Cancel queued and running jobs."""
    asked = requests.jobs(state, models, tasks, methods, where)
    _change("cancel", jobs or [], asked, all_, yes, database_address(db))


def _change(verb: str, jobs: list[str], where: JobFilter, everything: bool, yes: bool, address: str) -> None:
    from ftbench.db import ALL, open_database
    from ftbench.services import jobs as service

    if not jobs and where == ALL and not everything:
        raise UsageError(f"{verb} what? give jobs, a filter (--tasks cola), or --all")
    if not jobs and not confirmed(f"{verb.capitalize()} all such jobs of {address}?", yes):
        raise typer.Abort()
    if jobs and where != ALL:
        raise UsageError("give either jobs or filters, not both")
    with open_database(address) as database:
        if verb == "retry":
            number, done = service.retry(database, jobs, where), "queued again"
        else:
            number, done = service.cancel(database, jobs, where), "cancelled"
    tell(f"{counted(number, 'job')} {done}")
