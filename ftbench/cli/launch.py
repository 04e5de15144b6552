"""``ftbench launch``: workers on this host or on a cluster, started together and looked after."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ftbench.cli import launches
from ftbench.cli._options import DatabaseOption, DataOption
from ftbench.cli._output import counted, say, tell
from ftbench.cli._requests import names
from ftbench.errors import BadValue
from ftbench.secrets import masked
from ftbench.settings import data_dir as chosen_data_dir
from ftbench.settings import database_address, db_flag, place, sqlite_path

app = typer.Typer(help="Start workers here or on a cluster, and look after them.", rich_markup_mode=None)

SlotsOption = Annotated[
    str, typer.Option("--slots", metavar="N|auto", help="Jobs at once in each worker; auto finds what pays.")
]
LeaseOption = Annotated[
    str | None, typer.Option("--lease", metavar="SECONDS", help="As of ftbench worker: 60 by default.")
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", metavar="N", help="As of ftbench worker: CPU threads.")
]
PluginsOption = Annotated[
    str | None, typer.Option("--methods", metavar="FILE,…", help="Files of plug-ins that jobs may run.")
]
TrackOption = Annotated[
    str | None,
    typer.Option("--track", metavar="NAME,…", help="As of ftbench worker: trackers that curves go to, too."),
]


@app.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("slurm")
def slurm(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- ARGUMENT…]", help="Handed to sbatch as they are.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="How many workers.")] = 1,
    gpus: Annotated[
        int, typer.Option("--gpus-per-worker", metavar="0|1", help="0: workers that train on the CPU.")
    ] = 1,
    slots: SlotsOption = "1",
    time: Annotated[
        str | None, typer.Option("--time", metavar="SPAN", help="Limit of a start: 8h, 30m, 1-00:00:00.")
    ] = None,
    idle: Annotated[
        str, typer.Option("--idle", metavar="SPAN", help="A worker ends after so long without a job.")
    ] = "10m",
    backlog: Annotated[
        int, typer.Option("--backlog", metavar="JOBS", help="One worker for each so many queued jobs.")
    ] = 1,
    lease: LeaseOption = None,
    threads: ThreadsOption = None,
    methods: PluginsOption = None,
    track: TrackOption = None,
    data_dir: DataOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the script and submit nothing.")] = False,
    db: DatabaseOption = None,
) -> None:
    """Have SLURM start workers: one array of jobs, started again where they are pre-empted.

    Never more workers than queued jobs. What stands after -- goes to sbatch: -- --partition=gpu --account=me
    """
    from ftbench.db import open_database
    from ftbench.domain.amount import limit_seconds
    from ftbench.domain.launch import Launch, worth
    from ftbench.domain.result import State
    from ftbench.services.launching import care
    from ftbench.services.launching import slurm as engine_file
    from ftbench.services.launching.arguments import WorkerArguments
    from ftbench.services.launching.base import folder_of, new_id
    from ftbench.services.launching.script import Script

    given = engine_file.checked_arguments(arguments or ())
    _check_worker_numbers(workers, backlog, gpus)
    seconds = None if time is None else limit_seconds(time, "--time")
    limit_seconds(idle, "--idle")
    chosen_files = _files(methods), _folder(data_dir), _trackers(track)
    told = WorkerArguments(slots, lease, threads, time, idle, False, *chosen_files)
    address, launch = database_address(db), Launch(new_id(), "slurm", workers, backlog)
    folder = folder_of(address, launch.id)
    words = told.words(0 if gpus else None)
    script = Script(launch.id, folder, words, _in_script(address, db), gpus, seconds)
    engine = engine_file.Slurm(folder, script, given)
    with open_database(address) as database:
        queued = database.jobs.counts()[State.QUEUED]
        if dry_run:
            count = worth(launch, (), queued)
            say(script.text())
            say(f"# {launches.for_jobs(count, workers, queued, backlog)}; it would be handed over with:")
            say(f"# {' '.join(engine.command(max(1, count), 0))}")
            return
        engine_file.check_there()
        if sqlite_path(address) is not None:
            engine_file.check_one_host(address)
        new = care.begun(database, engine, launch)
    tell(launches.for_jobs(len(new), workers, queued, backlog))
    if new:
        tell(f"launch {launch.id}: {counted(len(new), 'worker')} asked of SLURM")
        tell(f"see them with: ftbench launch status{db_flag(address)}")


@app.command("ray")
def ray(
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="How many workers.")] = 1,
    gpus: Annotated[
        int, typer.Option("--gpus-per-worker", metavar="0|1", help="0: workers that train on the CPU.")
    ] = 1,
    slots: SlotsOption = "1",
    idle: Annotated[
        str, typer.Option("--idle", metavar="SPAN", help="A worker ends after so long without a job.")
    ] = "10m",
    backlog: Annotated[
        int, typer.Option("--backlog", metavar="JOBS", help="One worker for each so many queued jobs.")
    ] = 1,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="HOST:PORT", help="The cluster; else RAY_ADDRESS, or this node's."),
    ] = None,
    lease: LeaseOption = None,
    threads: ThreadsOption = None,
    methods: PluginsOption = None,
    track: TrackOption = None,
    data_dir: DataOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be asked for.")] = False,
    db: DatabaseOption = None,
) -> None:
    """Have a Ray cluster that is there already run workers: one actor each, made again where it is lost.

    Never more workers than queued jobs. ftbench has to be installed on the nodes.
    """
    from ftbench.db import open_database
    from ftbench.domain.amount import limit_seconds
    from ftbench.domain.launch import Launch, worth
    from ftbench.domain.result import State
    from ftbench.services.launching import care
    from ftbench.services.launching.arguments import WorkerArguments
    from ftbench.services.launching.base import folder_of, new_id
    from ftbench.services.launching.ray import Ray, WorkerPlan
    from ftbench.services.launching.ray_cluster import checked_address

    cluster = checked_address(address)
    _check_worker_numbers(workers, backlog, gpus)
    limit_seconds(idle, "--idle")
    chosen_files = _files(methods), _folder(data_dir), _trackers(track)
    told = WorkerArguments(slots, lease, threads, None, idle, False, *chosen_files)
    database_here, launch = database_address(db), Launch(new_id(), "ray", workers, backlog)
    shown = _in_script(database_here, None)
    if shown is None:
        how = "put it into ~/.pgpass on the nodes (PGPASSFILE)"
        raise BadValue(f"{masked(database_here)}: Ray would keep and show the password: {how}")
    plan = WorkerPlan(cluster, shown, told.words(0 if gpus else None), gpus, threads or 1, os.getcwd())
    with open_database(database_here) as database:
        queued = database.jobs.counts()[State.QUEUED]
        if dry_run:
            say(plan.words())
            say(f"# {launches.for_jobs(worth(launch, (), queued), workers, queued, backlog)}")
            return
        new = care.begun(database, Ray(folder_of(database_here, launch.id), plan), launch)
    tell(launches.for_jobs(len(new), workers, queued, backlog))
    if new:
        tell(f"launch {launch.id}: {counted(len(new), 'worker')} asked of Ray, which keeps them from now on")
        tell(f"see them with: ftbench launch status{db_flag(database_here)}")


app.command("status")(launches.status)
app.command("stop")(launches.stop)
app.command("top-up")(launches.top_up)


@app.command("local")
def local(
    gpus: Annotated[
        str | None, typer.Option("--gpus", metavar="LIST", help="One worker on each: 0-7, 0,2; else on all.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="So many workers on the CPU.")
    ] = None,
    slots: SlotsOption = "1",
    drain: Annotated[bool, typer.Option("--drain", help="End when nothing is queued any more.")] = False,
    idle: Annotated[
        str | None, typer.Option("--idle", metavar="SPAN", help="A worker ends after so long without a job.")
    ] = None,
    lease: LeaseOption = None,
    threads: ThreadsOption = None,
    methods: PluginsOption = None,
    track: TrackOption = None,
    data_dir: DataOption = None,
    db: DatabaseOption = None,
) -> None:
    """Start one worker on each GPU of this host, restart those that die, and stay until Ctrl-C."""
    from ftbench.db import open_database
    from ftbench.domain.amount import limit_seconds
    from ftbench.domain.launch import Launch
    from ftbench.services.launching import care
    from ftbench.services.launching.arguments import WorkerArguments
    from ftbench.services.launching.base import folder_of, new_id
    from ftbench.services.launching.local import Local, devices
    from ftbench.services.launching.watch import LocalWatch

    if idle is not None:
        limit_seconds(idle, "--idle")
    if workers is not None:
        _check_number("--workers", workers)
    chosen = devices(gpus, workers)
    chosen_files = _files(methods), _folder(data_dir), _trackers(track)
    told = WorkerArguments(slots, lease, threads, None, idle, drain, *chosen_files)
    posts = [("the CPU" if gpu is None else f"GPU {gpu}", told.words(gpu)) for gpu in chosen]
    address, launch = database_address(db), Launch(new_id(), "local", len(posts))
    engine = Local(folder_of(address, launch.id))
    with open_database(address) as database:
        care.begun(database, engine, launch, whole=True)
        tell(f"launch {launch.id}: {counted(len(posts), 'worker')}; what they print: {engine.folder}")
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if workers is not None else {}
        environment = {"FTBENCH_DB": address, **hidden}
        code = LocalWatch(database, engine, launch, posts, tell, environment=environment).run()
    raise typer.Exit(code)


def _check_number(flag: str, value: int) -> None:
    if value < 1:
        raise BadValue(f"{flag} {value}: give a number, 1 or more")


def _check_worker_numbers(workers: int, backlog: int, gpus: int) -> None:
    _check_number("--workers", workers)
    _check_number("--backlog", backlog)
    if gpus not in (0, 1):
        raise BadValue(f"--gpus-per-worker {gpus}: a worker trains on one GPU (1) or on the CPU (0)")


def _in_script(address: str, db: str | None) -> str | None:
    """The address that a script may hold; None where it stands in the environment and holds a password.

    Raises:
        BadValue: it holds a password and was typed.
    """
    path = sqlite_path(address)
    if path is not None:
        return str(path.absolute())
    if masked(address) == address:
        return address
    if db is not None:
        how = "put the password into ~/.pgpass (PGPASSFILE), or the address into FTBENCH_DB"
        raise BadValue(f"--db {masked(address)}: a script must not hold a password: {how}")
    return None


def _files(given: str | None) -> str | None:
    """Files of plug-ins by their whole paths.

    Raises:
        BadValue: one that is not there.
    """
    from ftbench.domain.axes import split_names

    paths = [place(path, "--methods") for path in split_names(given or "")]
    for path in paths:
        if not path.is_file():
            raise BadValue(f"--methods {path}: no such file; jobs of installed methods need no naming")
    return ",".join(str(path.absolute()) for path in paths) or None


def _trackers(given: str | None) -> str | None:
    """Trackers, files by their whole paths.

    Raises:
        UsageError: there is no such tracker, or it cannot be used here.
    """
    if given is None:
        return None
    from ftbench.services.exchange.tracking import usable_trackers

    return ",".join(usable_trackers(names(given)))


def _folder(given: str | None) -> str | None:
    """A folder with data by its whole path.

    Raises:
        BadValue: it is not there.
    """
    folder = chosen_data_dir(given) if given else None
    if folder is not None and not folder.is_dir():
        raise BadValue(f"--data-dir {folder}: no such folder")
    return None if folder is None else str(folder.absolute())
