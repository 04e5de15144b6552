"""``ftbench query`` and ``why``: what the database holds, and what is behind a number of a table."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ftbench.cli._databases import reading, reported
from ftbench.cli._options import (
    DatabaseOption,
    DataOption,
    JsonOption,
    MetricOption,
    ModelsFilter,
    TasksFilter,
)
from ftbench.cli._output import counted, print_json, print_rows, say, text
from ftbench.cli._requests import BASELINE, selection
from ftbench.errors import UsageError
from ftbench.printable import csv_cell
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.services.reporting.why import Answer

DIGITS = 15  # of numbers that a query gave: times have ten before the point


def query(
    sql: Annotated[str, typer.Argument(metavar="SELECT", help="One query; see docs/schema.md.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: JsonOption = False,
    db: DatabaseOption = None,
) -> None:
    """Ask the database in SQL; whatever would change it is refused by the database itself."""
    if as_csv and as_json:
        raise UsageError("--csv and --json contradict each other; give one of them")
    with reading(database_address(db)) as database:
        columns, found = database.query(sql)
    rows = [[_plain(value) for value in row] for row in found]
    names = [f"{name}:{at}" if name in columns[:at] else name for at, name in enumerate(columns)]
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([[csv_cell(value) for value in row] for row in (names, *rows)])
        return
    mappings = [dict(zip(names, row, strict=True)) for row in rows]
    if as_json:
        print_json(mappings)
    else:
        print_rows(mappings, names, empty="no rows", digits=DIGITS)


def _plain(value: Any) -> Any:
    """A value as it can be printed; of bytes, how many there are."""
    if value is None or not isinstance(value, bytes):
        return value
    return f"<{len(value):,} bytes>"


def why(
    row: Annotated[str, typer.Argument(metavar="ROW", help="The method, as the table names it.")],
    column: Annotated[str, typer.Argument(metavar="COLUMN", help="A task, average or difference.")],
    table: Annotated[
        str, typer.Option("--table", metavar="NAME", help="main, robustness or curves.")
    ] = "main",
    ratio: Annotated[
        float | None, typer.Option("--ratio", metavar="X", help="Of the perturbation, such as 0.1.")
    ] = None,
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="METHOD", help="What differences are taken to.")
    ] = BASELINE,
    metric: MetricOption = None,
    data_dir: DataOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is behind a number of a table: jobs, seeds, scores, commands.

    A number of several tables or ratios is shown for each; --models and --ratio choose.
    """
    from ftbench.services.reporting import why as service
    from ftbench.services.reporting.request import ReportRequest
    from ftbench.services.scores.rescored import MetricChoice

    jobs, by = selection(models, tasks, None, baseline), MetricChoice.of(metric, data_dir)
    request = ReportRequest(jobs, table, metric=by)
    with reported(database_address(db), request) as database:
        answers = service.explain(database, service.WhyRequest(request, row, column, ratio))
    if as_json:
        print_json([answer.document() for answer in answers])
        return
    for at, answer in enumerate(answers):
        if at:
            say()
        _tell(answer)


def _tell(answer: Answer) -> None:
    say(f"{answer.title}: {answer.number}")
    for part in answer.parts:
        say(f"{part.title}: {part.number} of {counted(len(part.jobs), 'job')}" + _lost(part.missing))
        if part.jobs:
            print_rows(
                part.jobs, ("job", "seed", "score", "seconds", "device", "worker", "commit", "ftbench")
            )
        for command in part.commands:
            say(f"  {command}")


def _lost(missing: dict[str, int]) -> str:
    return f" (missing: {text({k: v for k, v in missing.items() if v})})" if any(missing.values()) else ""
