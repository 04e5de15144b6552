"""``ftbench worker``: trains what is queued."""

from __future__ import annotations

from typing import Annotated

import typer

from ftbench.cli._options import DatabaseOption, DataOption
from ftbench.cli._output import counted
from ftbench.cli._requests import names
from ftbench.cli._streams import after_work
from ftbench.errors import BadValue
from ftbench.settings import checkpoint_seconds, database_address, place
from ftbench.settings import data_dir as chosen_data_dir


def worker(
    gpu: Annotated[
        int | None,
        typer.Option("--gpu", metavar="N", help="Train on this GPU; else on what there is, the CPU last."),
    ] = None,
    drain: Annotated[bool, typer.Option("--drain", help="End when nothing is queued any more.")] = False,
    lease: Annotated[
        float,
        typer.Option("--lease", metavar="SECONDS", help="After so much silence a worker has lost its job."),
    ] = 60.0,
    threads: Annotated[
        int | None,
        typer.Option("--threads", metavar="N", help="CPU threads; a database's first worker fixes them."),
    ] = None,
    slots: Annotated[
        str | None,
        typer.Option(
            "--slots",
            metavar="N|auto",
            help="Train N jobs at once; auto finds out what pays. By default 1 on a GPU and with --threads, "
            "else one a core.",
        ),
    ] = None,
    max_jobs: Annotated[
        int | None, typer.Option("--max-jobs", metavar="N", help="End after so many jobs.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="MINUTES", help="Stop a job that takes longer.")
    ] = None,
    time: Annotated[
        str | None,
        typer.Option("--time", metavar="SPAN", help="End after so long: 8h; SLURM's limit counts by itself."),
    ] = None,
    idle: Annotated[
        str | None, typer.Option("--idle", metavar="SPAN", help="End after so long without a job: 10m.")
    ] = None,
    track: Annotated[
        str | None,
        typer.Option(
            "--track",
            metavar="NAME,…",
            help="Send curves and scores there, too, as jobs run: trackio, wandb, mlflow, tensorboard.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print the worker's log on standard error, too.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option("--name", help="The worker's name, worker-PID by default [FTBENCH_WORKER]."),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods", metavar="FILE,…", help="Files of plug-ins that jobs may run here [FTBENCH_PLUGINS]."
        ),
    ] = None,
    data_dir: DataOption = None,
    db: DatabaseOption = None,
) -> None:
    """Train the queued jobs. Ctrl-C puts back into the queue what is not done."""
    _check("--lease", lease, "seconds")
    _check("--timeout", timeout, "minutes")
    _check("--max-jobs", max_jobs, "jobs")
    _check("--threads", threads, "threads")
    checkpoint_seconds()  # of the environment: refused before a job is taken
    number = None if slots is None else _slots(slots)
    from ftbench.db import open_database
    from ftbench.domain.amount import limit_seconds
    from ftbench.services.exchange import tracking
    from ftbench.services.launching.allotted import allotted
    from ftbench.services.tuning.going_on import waiting
    from ftbench.services.worker import log, machine, progress, sharing
    from ftbench.services.worker import threads as cpu
    from ftbench.services.worker import worker as service
    from ftbench.services.worker.insisting import LOCK, Insisting
    from ftbench.services.worker.options import Options, worker_name
    from ftbench.services.worker.workdir import WorkDir

    limit = None if time is None else limit_seconds(time, "--time")
    patience = None if idle is None else limit_seconds(idle, "--idle")
    followed = () if track is None else tracking.usable_trackers(names(track))
    folder = chosen_data_dir(data_dir) if data_dir else None
    if folder is not None and not folder.is_dir():
        raise BadValue(f"--data-dir {folder}: no such folder")
    insist, address, called = Insisting(typer.echo), database_address(db), worker_name(name)
    with allotted(address, called, typer.echo) as held:
        if held.refusal:
            typer.echo(held.refusal)
            return
        device = machine.choose_device(gpu)
        with insist(lambda: open_database(address, timeout=LOCK)) as database:
            at_once, each = (
                insist(lambda: sharing.share_cores(database, device, threads))
                if slots is None
                else (number, insist(lambda: cpu.fixed_threads(database, threads, number)))
            )
            options = Options(
                name=called,
                device=device,
                threads=each,
                slots=at_once,
                lease=lease,
                drain=drain,
                max_jobs=max_jobs,
                timeout=None if timeout is None else 60 * timeout,
                seconds=held.seconds(limit),
                idle=patience,
                data_dir=folder,
                methods=_files(methods),
            )
            display = progress.to_terminal()
            if slots is None and at_once != 1:
                display.say(
                    f"{at_once} jobs at once, {counted(each, 'thread')} each; with --slots 1 one has the "
                    "machine to itself, so that its time can be compared"
                )
            logs, echo = WorkDir(database.address).workers, display.aside if verbose else None
            with after_work(), log.kept_log(logs, options.name, display.say, echo):
                shown: progress.Progress = display
                if followed:
                    senders = tracking.start_senders(followed, address, display.say)
                    shown = tracking.TrackedProgress(display, database, senders)
                working = service.Worker(database, options, shown)
                held.tally = working.tally
                code = working.run().exit_code
            for line in waiting(database):
                typer.echo(line)
    raise typer.Exit(code)


def _slots(given: str) -> int | None:
    """The number of jobs at once; None for ``auto``."""
    if given == "auto":
        return None
    if not given.isdecimal() or int(given) < 1:
        raise BadValue(f"--slots {given}: give a number of jobs, 1 or more, or auto")
    return int(given)


def _files(given: str | None) -> tuple[str, ...]:
    """The plug-in files that may run.

    Raises:
        BadValue: one that is not there.
    """
    from ftbench.domain.axes import split_names

    paths = split_names(given or "")
    for path in paths:
        if not place(path, "--methods").is_file():
            raise BadValue(f"--methods {path}: no such file; jobs of installed methods need no naming")
    return paths


def _check(flag: str, value: float | None, unit: str) -> None:
    if value is not None and not 0 < value < float("inf"):
        raise BadValue(f"{flag} {value:g}: give a number of {unit} above 0")
