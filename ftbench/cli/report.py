"""``ftbench report``: the tables."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ftbench.cli._options import DatabaseOption, JsonOption, MethodsFilter, ModelsFilter, TasksFilter
from ftbench.cli._output import note
from ftbench.errors import FtbenchError, UnknownName, UsageError
from ftbench.settings import database_address

PIPE_WIDTH = 120


def report(
    table: Annotated[str, typer.Option("--table", metavar="NAME", help="main or robustness.")] = "main",
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="METHOD", help="What differences are taken to.")
    ] = "vanilla",
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help="rich (default), markdown, latex, csv, json or html."),
    ] = None,
    as_json: JsonOption = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write here; .md, .tex, .csv, .json, .html set the format."
        ),
    ] = None,
    show: Annotated[
        str | None,
        typer.Option("--show", metavar="LIST", help="Statistics in a cell: mean, median, iqm, max, std."),
    ] = None,
    without_collapsed: Annotated[
        bool, typer.Option("--without-collapsed", help="Leave out runs with constant predictions.")
    ] = False,
    macros: Annotated[
        str | None,
        typer.Option("--macros", metavar="FILE", help="Write the numbers as LaTeX commands here, too."),
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Print the table of a paper: scores per task and method, with what is missing marked.

    Exits with 1 where there is nothing to report, and says which command would fill the table.
    """
    from ftbench.reports import FORMATS, latex_macros, render
    from ftbench.services import reports as service

    chosen = chosen_format(format_, as_json, output, FORMATS)
    request = service.Request(table, models, tasks, methods, baseline, show, not without_collapsed)
    found = service.build(database_address(db), request)
    if macros is not None:
        deliver(latex_macros.render(found), macros)
    if chosen == "html":
        from ftbench.services.report_page import page

        text = page(database_address(db), found)
    else:
        width = shutil.get_terminal_size((PIPE_WIDTH, 24)).columns if output is None else PIPE_WIDTH
        text = render(found, chosen, width=width, styled=output is None and styled())
    deliver(text, output)


def deliver(text: str, output: str | None) -> None:
    """Print a report, or write it into a file."""
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise FtbenchError(f"{output}: cannot be written: {error.strerror}") from error
    note(f"wrote {output}")


def chosen_format(given: str | None, as_json: bool, output: str | None, known: Sequence[str]) -> str:
    """The format: the flag, else what the file's name says, else rich."""
    from ftbench.reports import SUFFIXES

    if as_json:
        if given not in (None, "json"):
            raise UsageError(f"--json and --format {given} contradict each other; give one of them")
        return "json"
    if given is None:
        named = SUFFIXES.get(Path(output).suffix.lower(), "rich") if output else "rich"
        return named if named in known else "rich"
    if given not in known:
        raise UnknownName("format", given, known)
    return given


def styled() -> bool:
    """Whether bold and underline reach a reader: a terminal that has not been told otherwise."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain
