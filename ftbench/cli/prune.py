"""``ftbench prune``: free the space of what finished jobs have left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from ftbench.cli._output import confirmed, counted, note, print_json, print_rows, say, tell
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.services.pruning import Remains

KindsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[THING]...",
        help="checkpoints, logs, workers (their logs), attempts; all where none is given.",
    ),
]
OlderOption = Annotated[
    str | None,
    typer.Option("--older-than", metavar="SPAN", help="Not touched for so long: 12h, 30d, 2w."),
]
LargerOption = Annotated[
    str | None,
    typer.Option("--larger-than", metavar="SIZE", help="Of so many bytes each: 500, 64K, 10M."),
]


def prune(
    kinds: KindsArgument = None,
    older_than: OlderOption = None,
    larger_than: LargerOption = None,
    state: StateOption = None,
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    where: WhereOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing; say what would be.")] = False,
    yes: YesOption = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what jobs that are over have left: checkpoints, logs, failed attempts of done ones.

    Jobs, scores, curves, logits and what scores ran with stay. Asks first.
    """
    from ftbench.db import open_database
    from ftbench.domain import amount
    from ftbench.services import pruning

    address = database_address(db)
    asked = pruning.Prune(
        tuple(dict.fromkeys(kinds or ())),
        requests.jobs(state, models, tasks, methods, where),
        0.0 if older_than is None else amount.span_seconds(older_than, "--older-than"),
        0 if larger_than is None else amount.size_bytes(larger_than, "--larger-than"),
    )
    with reading(address) as database:
        remains = pruning.found(database, asked)
    if dry_run and as_json:
        print_json([_json(one) for one in remains])
        return
    if not as_json:
        _show(remains, pruning.KINDS)
    if dry_run or not remains:
        return
    if not confirmed(f"Delete this of {address}?", yes):
        raise typer.Abort()
    with open_database(address) as database:
        remains = pruning.found(database, asked)  # a job may have been queued again while we asked
        left = pruning.delete(database, remains)
    gone = [one for one in remains if one not in left]
    if as_json:
        print_json([_json(one) for one in gone])
    else:
        tell(f"deleted {counted(len(gone), 'thing')}, {sum(one.bytes for one in gone):,} bytes")
    for one in left:
        note(f"cannot be deleted: {one.path}")
    raise typer.Exit(1 if left else 0)


def _show(remains: list[Remains], kinds: tuple[str, ...]) -> None:
    rows: list[dict[str, object]] = []
    for kind in kinds:
        these = [one for one in remains if one.kind == kind]
        if these:
            jobs = {one.job for one in these} - {""}
            size = sum(one.bytes for one in these)
            rows.append({"what": kind, "things": len(these), "jobs": len(jobs) or None, "bytes": size})
    print_rows(rows, empty="nothing to delete")
    if rows:
        say(f"in all: {counted(len(remains), 'thing')}, {sum(one.bytes for one in remains):,} bytes")


def _json(one: Remains) -> dict[str, object]:
    path, number = None if one.path is None else str(one.path), one.number or None
    return {"what": one.kind, "job": one.job or None, "bytes": one.bytes, "path": path, "attempt": number}
