"""``ftbench export``, ``ingest``, ``merge``: jobs and results to files, from them, and between databases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ftbench.cli import _requests as requests
from ftbench.cli._databases import reading
from ftbench.cli._options import (
    DatabaseOption,
    JsonOption,
    MethodsFilter,
    ModelsFilter,
    RenameOption,
    TasksFilter,
    WhereOption,
)
from ftbench.cli._output import check_output, counted, note, print_json, print_rows, say, tell
from ftbench.cli._streams import after_work
from ftbench.errors import UsageError
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.db import Database, Merged
    from ftbench.services.exchange.files import Ingested
    from ftbench.services.scores.selection import Selection


def export(
    jobs: Annotated[
        Path | None, typer.Option("--jobs", metavar="FILE", help="Write the queued jobs here, one a line.")
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option("--scores", metavar="FILE", help="Write the scores here, one a row: .csv or .parquet."),
    ] = None,
    track: Annotated[
        str | None,
        typer.Option(
            "--track",
            metavar="NAME,…",
            help="Send curves and scores of done jobs there: trackio, wandb, mlflow, tensorboard.",
        ),
    ] = None,
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    where: WhereOption = None,
    rename: RenameOption = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="No more than so many jobs.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Write queued jobs to a file, where they stay queued; or the scores of done ones, also to a tracker."""
    from ftbench.domain import shell
    from ftbench.services.exchange import files as exchange
    from ftbench.services.exchange import frames, tracking
    from ftbench.services.jobs import precise
    from ftbench.services.planning import rerun

    if sum(one is not None for one in (jobs, scores, track)) != 1:
        raise UsageError("export what? give --jobs FILE, --scores FILE or --track NAME, one of them")
    followed = () if track is None else tracking.usable_trackers(requests.names(track))
    address = database_address(db)
    check_output("--jobs", jobs, address)
    check_output("--scores", scores, address)
    request = requests.without_baseline(models, tasks, [methods or ""], (rename, None), where)
    if jobs is None and limit is not None:
        raise UsageError("--limit is for --jobs: scores are written whole")
    if scores is None and rename:
        raise UsageError("--rename is for --scores: jobs keep their names")
    with reading(address) as database:
        if track is not None:
            _send(database, request, followed)
            return
        if scores is not None:
            count = frames.write_scores(database, scores, request)
            for line in rerun.separated(database, request.lets_through(database.results.cells()))[1]:
                note(line)
            tell(f"wrote {counted(count, 'score')} of {address} to {scores}")
            return
        assert jobs is not None
        request.check(database.results.cells())
        queued = precise(database, requests.jobs("queued", models, tasks, methods, where))
        found = exchange.export_jobs(database, jobs, queued, limit)
    tell(f"wrote {counted(found.written, 'queued job')} of {address} to {jobs}")
    if found.waiting:
        note(
            f"left out {counted(found.waiting, 'job')} queued before the model or rows were on the machine: "
            "what is to be trained is known once they are there (`ftbench prepare`) and a worker or "
            "`ftbench queue` has seen them"
        )
    if found.written:
        file = shell.quoted(jobs.name)
        tell(f"run them with: python -m ftbench.training.execute --jobs {file} --events events.jsonl")


def _send(database: Database, request: Selection, followed: Sequence[str]) -> None:
    """Send done jobs to trackers, and say how many and where."""
    from ftbench.services.exchange import tracking

    for name in followed:
        count, place = tracking.send_done(database, request, name)
        tell(f"sent {counted(count, 'done job')} of {database.address} to {name}, {place}")


def ingest(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Events of `python -m ftbench.training.execute`.")
    ],
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record the results in files of events; what is recorded already is left alone."""
    from dataclasses import asdict

    from ftbench.db import open_database
    from ftbench.services.exchange import files as exchange

    failed = False
    with open_database(database_address(db)) as database:
        for file in files:
            found = exchange.ingest(database, file)
            failed = failed or bool(found.failed or found.unknown)
            with after_work():
                if as_json:
                    print_json({"file": str(file), **asdict(found)})
                else:
                    _tell(file, found)
    raise typer.Exit(1 if failed else 0)


def _tell(file: Path, found: Ingested) -> None:
    parts = [f"{counted(found.recorded, 'result')} recorded"]
    if found.known:
        parts.append(f"{found.known} already there")
    if found.running:
        parts.append(f"{found.running} left to the workers that run them")
    if found.unfinished:
        parts.append(f"{counted(len(found.unfinished), 'unfinished job')} ignored")
    say(f"{file}: {', '.join(parts)}")
    for digest, reason in found.failed.items():
        note(f"failed there, still to be done here: {digest[:12]} {reason}")
    for digest in found.unknown:
        note(f"not a job of this database: {digest[:12]}")


def merge(
    others: Annotated[list[str], typer.Argument(metavar="OTHER...", help="Databases to read.")],
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over the jobs, scores and claims of other databases; again changes nothing.

    Of scores that differ, those that are here stay, and those from there are kept as past scores, which no
    table uses.
    """
    from dataclasses import asdict

    from ftbench.services.exchange import merging

    address = database_address(db)
    found = {}
    for other, merged in merging.merge_all(address, others):
        found[other] = merged
        if not as_json:
            tell(f"{other}: {_taken(merged)}")
    if as_json:
        print_json([{"database": other, **asdict(merged)} for other, merged in found.items()])
        return
    with after_work():
        for other, merged in found.items():
            for name in merged.other_plans:
                note(f"{other}: the top-up '{name}' is another one here, which stays")
            for name in merged.other_studies:
                note(f"{other}: the study '{name}' is another one here, which stays")
        rows = [
            {"database": other, **asdict(one), "digest": one.digest[:12]}
            for other, merged in found.items()
            for one in merged.conflicts
        ]
        if rows:
            say()
            differ = counted(len(rows), "number")
            say(f"{differ} came out otherwise; the one that is here counts, both are kept:")
            print_rows(rows)


def _taken(merged: Merged) -> str:
    parts = [f"{counted(merged.added, 'job')} added"]
    for number, what in (
        (merged.completed, "done there and not here"),
        (merged.known, "already here"),
        (merged.running, "left to the workers that run them"),
    ):
        parts += [f"{number} {what}"] if number else []
    parts += [counted(merged.claims, "claim")] if merged.claims else []
    parts += [counted(merged.plans, "top-up")] if merged.plans else []
    parts += [f"{merged.studies} stud{'y' if merged.studies == 1 else 'ies'}"] if merged.studies else []
    return ", ".join(parts)
