"""``ftbench demo``: from an empty database to a leaderboard, on what ships with the package."""

from __future__ import annotations

from typing import Annotated

import typer

from ftbench.cli._databases import named
from ftbench.cli._options import DatabaseOption
from ftbench.cli._output import counted, tell
from ftbench.cli._requests import asked
from ftbench.cli._streams import after_work

DATABASE = "ftbench-demo.db"
METHODS = "vanilla,rdrop,bidrop"
TASKS = "toy"
ROWS = "400"
SLOTS = 4  # of more, starting takes longer than training


def demo(
    seeds: Annotated[str, typer.Option("--seeds", metavar="LIST", help="As ftbench queue takes them.")] = "2",
    db: DatabaseOption = None,
) -> None:
    """Compare three methods on the toy tasks with the embedded model.

    Takes a minute or two on a CPU. The same as: ftbench queue, ftbench worker --drain, ftbench report.
    """
    from ftbench.cli import report
    from ftbench.db import create_database
    from ftbench.services.planning import queue
    from ftbench.services.worker import machine, progress, threads
    from ftbench.services.worker import worker as service
    from ftbench.services.worker.options import Options, worker_name

    address = db or DATABASE
    grid = asked(methods=METHODS, tasks=TASKS, seeds=seeds, perturb=[f"train_size={ROWS}"])
    plan = queue.make_plan(queue.QueueRequest(grid))
    given = f"--methods {METHODS} --tasks {TASKS} --seeds {seeds} --train-size {ROWS}"
    tell(f"{counted(len(plan.jobs), 'job')}: ftbench queue {given}")
    queue.add(plan, address)
    with create_database(address) as database:
        device = machine.choose_device(None)
        options = Options(
            name=worker_name(),
            device=device,
            threads=threads.fixed_threads(database, 1),  # the matrices of tiny are too small for two
            slots=min(threads.most_slots(device, 1), SLOTS) if device == "cpu" else 1,
            drain=True,
        )
        code = service.Worker(database, options, progress.to_terminal()).run().exit_code
    if code > 1:
        raise typer.Exit(code)  # interrupted: the table would be half empty
    tell()
    with after_work():
        report.report(table="main", db=address)
    tell(f"\nthe results are in {address}; try: ftbench status{named(address)}")
    raise typer.Exit(code)
