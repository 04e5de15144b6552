"""``ftbench report``: the tables."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from ftbench.cli._options import DatabaseOption, JsonOption, MethodsFilter, ModelsFilter, TasksFilter
from ftbench.cli._output import note
from ftbench.errors import FtbenchError, UnknownName, UsageError
from ftbench.settings import database_address

PIPE_WIDTH = 120


def report(
    table: Annotated[
        str | None,
        typer.Option("--table", metavar="NAME", help="main (default), robustness, or as --suite takes it."),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite", metavar="NAME", help="A paper's table beside ours: bidrop/table5, lowresource."
        ),
    ] = None,
    published: Annotated[
        str | None,
        typer.Option(
            "--published", metavar="NAME", help="The printed numbers: bidrop, bidrop/table5, or all."
        ),
    ] = None,
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="METHOD", help="What differences are taken to.")
    ] = "vanilla",
    seeds: Annotated[
        str | None, typer.Option("--seeds", metavar="LIST", help="With --suite: another number of seeds.")
    ] = None,
    noise: Annotated[
        str | None, typer.Option("--noise", metavar="LIST", help="With --suite: other ratios.")
    ] = None,
    reduction: Annotated[
        str | None, typer.Option("--reduction", metavar="LIST", help="With --suite: other ratios.")
    ] = None,
    train_size: Annotated[
        str | None, typer.Option("--train-size", metavar="LIST", help="With --suite: other numbers of rows.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="With --suite: a recipe setting.")
    ] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="NAME", help="With --suite: paper or published.")
    ] = None,
    margin: Annotated[
        float, typer.Option("--margin", metavar="POINTS", help="With --suite: a smaller difference is none.")
    ] = 1.0,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="rich (default), markdown, csv or json.")
    ] = None,
    as_json: JsonOption = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write here; .md, .csv and .json set the format."
        ),
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Print the table of a paper: scores per task and method, with what is missing marked.

    Exits with 1 where there is nothing to report, and says which command would fill the table.
    """
    chosen = _format(format_, as_json, output)
    width = PIPE_WIDTH if output else shutil.get_terminal_size((PIPE_WIDTH, 24)).columns
    styled = _styled() and output is None
    if published is not None:
        from ftbench.services import published as printed

        text = printed.shown(published, chosen)
    elif suite is not None or _beyond_layouts(table):
        from ftbench.reports import render_suites
        from ftbench.services import suite_report
        from ftbench.services.suite_grid import Asked

        asked = Asked(methods, tasks, models, seeds, noise, reduction, train_size, tuple(set_ or ()), variant)
        tables = suite_report.build(database_address(db), suite or table or "", asked, margin)
        text = render_suites(tables, chosen, width=width, styled=styled)
    else:
        from ftbench.reports import render
        from ftbench.services import reports as service

        request = service.Request(table or "main", models, tasks, methods, baseline)
        text = render(service.build(database_address(db), request), chosen, width=width, styled=styled)
    if output is None:
        typer.echo(text, nl=False)
        return
    _write(Path(output), text)
    note(f"wrote {output}")


def _beyond_layouts(table: str | None) -> bool:
    """Whether a table's name means suites; the layouts of our own come first."""
    from ftbench.reports import LAYOUTS
    from ftbench.services import suite_cards

    return table is not None and table not in LAYOUTS and suite_cards.names_suites(table)


def _format(given: str | None, as_json: bool, output: str | None) -> str:
    """The format: the flag, else what the file's name says, else rich."""
    from ftbench.reports import FORMATS, SUFFIXES

    if as_json:
        if given not in (None, "json"):
            raise UsageError(f"--json and --format {given} contradict each other; give one of them")
        return "json"
    if given is None:
        return SUFFIXES.get(Path(output).suffix.lower(), "rich") if output else "rich"
    if given not in FORMATS:
        raise UnknownName("format", given, FORMATS)
    return given


def _styled() -> bool:
    """Whether bold and underline reach a reader: a terminal that has not been told otherwise."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FtbenchError(f"{path}: cannot be written: {error.strerror}") from error
