"""``ftbench launch status``, ``stop``, ``top-up``: what became of the workers that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ftbench.cli._databases import tell_aside
from ftbench.cli._options import DatabaseOption, JsonOption
from ftbench.cli._output import counted, note, print_json, print_rows, say, tell
from ftbench.errors import DatabaseReadOnly, FtbenchError
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.db import Database, Launched
    from ftbench.services.launching.base import Engine

LaunchArgument = Annotated[
    str | None, typer.Argument(metavar="[LAUNCH]", help="The first characters of its id; all by default.")
]
_COLUMNS = ("number", "state", "node", "engine_id", "restarts", "started", "ended", "reason")


def status(
    launch: LaunchArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were stopped.")] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the launches and their workers, as the engine has them now."""
    address = database_address(db)
    with _to_be_looked_at(address) as database:
        chosen = _chosen(database, launch, everything or launch is not None)
        found = [_looked_at(database, address, one) for one in chosen]
        tell_aside(database)
    if as_json:
        print_json([_json(one, address) for one in found])
        return
    if not found:
        say("no launches; ftbench launch local or ftbench launch slurm starts workers")
    for at, one in enumerate(found):
        if at:
            say()
        _show(one, address)


def stop(
    launch: Annotated[str, typer.Argument(metavar="LAUNCH", help="The first characters of its id.")],
    db: DatabaseOption = None,
) -> None:
    """Stop a launch: its workers write checkpoints, give their jobs back and end."""
    from ftbench.db import open_database
    from ftbench.services.launching import care

    address = database_address(db)
    with open_database(address) as database:
        found = database.launches.find(launch)
        ended = care.stopped(database, _engine(address, found), found)
    tell(f"launch {found.launch.id} is stopped; {counted(len(ended), 'worker')} told to end")


def top_up(
    launch: LaunchArgument = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Open a paused launch again; forgets the nodes left alone.")
    ] = False,
    db: DatabaseOption = None,
) -> None:
    """Bring launches back to the number of workers that was asked for, as long as jobs are queued.

    One shot, to be called from cron. Exit code 1 where a launch is paused.
    """
    from ftbench.db import open_database
    from ftbench.domain.launch import LaunchState
    from ftbench.services.launching import care, engines

    address, paused = database_address(db), False
    with open_database(address) as database:
        for one in _chosen(database, launch, everything=launch is not None):
            if not engines.engine_of(one.launch.engine).tops_up:
                if launch is not None:
                    raise FtbenchError(f"launch {one.launch.id} is kept by its own `ftbench launch local`")
                continue
            engine = _engine(address, one)
            one = care.reconciled(database, engine, one)
            if resume and one.launch.state is LaunchState.PAUSED:
                one = care.reopened(database, engine, one)
            if one.launch.state is LaunchState.PAUSED:
                note(f"launch {one.launch.id} is paused: {one.launch.reason}; {care.advice(one, address)}")
                paused = True
                continue
            new = care.topped_up(database, engine, one)
            running = len(care.live_of(one))
            tell(f"launch {one.launch.id}: {counted(len(new), 'worker')} more, beside {running}")
    raise typer.Exit(1 if paused else 0)


def for_jobs(count: int, workers: int, queued: int, backlog: int) -> str:
    """How many workers there are to be, and why not as many as were asked for."""
    if count >= workers:
        return f"{counted(count, 'worker')} for {counted(queued, 'queued job')}"
    if not queued:
        return "no workers: no job is queued"
    each = f", one for each {backlog}" if backlog > 1 else ""
    return f"{counted(count, 'worker')} in the place of {workers}: {counted(queued, 'queued job')}{each}"


def _chosen(database: Database, launch: str | None, everything: bool) -> list[Launched]:
    from ftbench.domain.launch import LaunchState

    if launch is not None:
        return [database.launches.find(launch)]
    return [one for one in database.launches.list() if everything or one.launch.state != LaunchState.STOPPED]


def _engine(address: str, found: Launched) -> Engine:
    from ftbench.services.launching import engines
    from ftbench.services.launching.base import folder_of

    return engines.engine_of(found.launch.engine)(folder_of(address, found.launch.id))


def _to_be_looked_at(address: str) -> Database:
    """The database, to write down what the engine says; for reading where nothing else is allowed."""
    from ftbench.db import open_database

    try:
        return open_database(address)
    except DatabaseReadOnly:
        return open_database(address, write=False)


def _looked_at(database: Database, address: str, found: Launched) -> Launched:
    """A launch as the engine has it; as the database has it where the engine cannot be asked here."""
    from ftbench.services.launching import care

    try:
        return care.reconciled(database, _engine(address, found), found)
    except FtbenchError as error:
        note(f"launch {found.launch.id} as the database has it: {error}")
        return found


def _show(found: Launched, address: str) -> None:
    from ftbench.domain.launch import Standing
    from ftbench.domain.moment import moment
    from ftbench.services.launching import care

    launch = found.launch
    running = sum(one.state is Standing.RUNNING for one in found.allocations)
    say(
        f"launch {launch.id}: {launch.engine}, {launch.state}, since {moment(launch.asked)}, "
        f"{running} of {counted(launch.workers, 'worker')} running"
    )
    if launch.reason:
        say(f"{launch.state}: {launch.reason}")
    advice = care.advice(found, address)
    if advice:
        say(advice)
    rows = [vars(one) for one in found.allocations]
    times = ("started", "ended")
    shown = [{**row, **{t: moment(row[t]) if row[t] is not None else None for t in times}} for row in rows]
    print_rows([{**row, "restarts": row["restarts"] or None} for row in shown], _COLUMNS)


def _json(found: Launched, address: str) -> dict[str, object]:
    from ftbench.services.launching import care

    launch = {**vars(found.launch), "barred": list(found.launch.barred)}
    rows = [{k: v for k, v in vars(one).items() if k != "launch"} for one in found.allocations]
    return {**launch, "advice": care.advice(found, address) or None, "allocations": rows}
