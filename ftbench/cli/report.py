"""``ftbench report``: the tables."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ftbench.cli._options import (
    PERTURB,
    DatabaseOption,
    JsonOption,
    MethodsFilter,
    ModelsFilter,
    TasksFilter,
    perturb_of,
)
from ftbench.cli._output import check_output, note
from ftbench.errors import BadValue, FtbenchError, UnknownName, UsageError
from ftbench.settings import database_address

PIPE_WIDTH = 120
BASELINE = "vanilla"


def report(
    table: Annotated[
        str | None,
        typer.Option(
            "--table", metavar="NAME", help="main (default), robustness, curves, or as --suite takes it."
        ),
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
    ] = BASELINE,
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
    perturb: Annotated[
        list[str] | None, typer.Option("--perturb", metavar="NAME=LIST", help=f"With --suite: {PERTURB}")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="With --suite: a recipe setting.")
    ] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="NAME", help="With --suite: paper or published.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", metavar="POINTS", help="With --suite: a smaller difference is none (1)."),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help="{formats}."),
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
        typer.Option("--show", metavar="LIST", help="Statistics in a cell: {statistics}."),
    ] = None,
    without_collapsed: Annotated[
        bool, typer.Option("--without-collapsed", help="Leave out runs that collapsed.")
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
    address, width = database_address(db), PIPE_WIDTH
    _check_choice({"--published": published, "--suite": suite, "--table": table})
    _check_files(output, macros, address)
    named = suite if suite is not None else table if _beyond_layouts(table) else None
    ours: dict[str, object] = {"--baseline": baseline != BASELINE, "--show": show, "--macros": macros}
    ours["--without-collapsed"] = without_collapsed
    asked: dict[str, object] = {
        "--seeds": seeds,
        "--noise": noise,
        "--reduction": reduction,
        "--train-size": train_size,
        "--perturb": perturb,
    }
    asked |= {"--set": set_, "--variant": variant, "--margin": margin}
    if output is None:
        width = shutil.get_terminal_size((PIPE_WIDTH, 24)).columns
    bold = output is None and styled()
    if published is not None:
        from ftbench.services.papers import published as printed

        filters = {"--models": models, "--tasks": tasks, "--methods": methods}
        _refuse("--published", {**filters, **ours, **asked})
        text = printed.shown(published, chosen_format(format_, as_json, output, lists=True), styled=bold)
    elif named is not None:
        from ftbench.domain.axes import Asked
        from ftbench.render import render_suites
        from ftbench.services.papers import report

        _refuse("--suite", ours)
        chosen = chosen_format(format_, as_json, output)
        changes = perturb_of({"noise": noise, "reduction": reduction, "train_size": train_size}, perturb)
        axes = Asked(methods, tasks, models, seeds, changes, tuple(set_ or ()), variant)
        tables = report.build(address, named, axes, report.MARGIN if margin is None else margin)
        if chosen == "html":
            from ftbench.services.papers import page as suite_page

            text = suite_page.page(tables)
        else:
            text = render_suites(tables, chosen, width=width, styled=bold)
    else:
        from ftbench.render import latex_macros, render
        from ftbench.services.reporting import build as service
        from ftbench.services.reporting import page as report_page
        from ftbench.services.reporting.request import ReportRequest

        _refuse("a table of all jobs", asked)
        chosen = chosen_format(format_, as_json, output)
        request = ReportRequest(
            models, tasks, methods, baseline, "main" if table is None else table, show, not without_collapsed
        )
        found = service.build(address, request)
        if chosen == "html":
            text = report_page.page(address, found)
        else:
            text = render(found, chosen, width=width, styled=bold)
        if macros is not None:
            deliver(latex_macros.render(found), macros)
    deliver(text, output)


def _refuse(what: str, flags: Mapping[str, object]) -> None:
    """Flags that mean nothing here are told, not passed over."""
    for flag, given in flags.items():
        if given:
            raise UsageError(f"{flag} does not go with {what}; leave one of the two out")


def _check_choice(flags: Mapping[str, str | None]) -> None:
    """Of the flags that say what to print, one."""
    given = [flag for flag, value in flags.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} contradict each other; give one of them")


def _check_files(output: str | None, macros: str | None, address: str) -> None:
    check_output("--output", output, address)
    check_output("--macros", macros, address)
    if output is not None and macros is not None and Path(output).absolute() == Path(macros).absolute():
        raise UsageError(f"--output and --macros are both {output}; name two files")


def _beyond_layouts(table: str | None) -> bool:
    """Whether a table's name means suites; the layouts of our own come first."""
    from ftbench.render import LAYOUTS

    if table is None or table in LAYOUTS:
        return False
    from ftbench.services.planning import suite_cards

    if not suite_cards.names_suites(table):
        raise UnknownName("table", table, [*LAYOUTS, *suite_cards.names()])
    return True


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


def chosen_format(given: str | None, as_json: bool, output: str | None, *, lists: bool = False) -> str:
    """The format: the flag, else what the file's name says, else rich; ``lists``: for lists of findings."""
    from ftbench.render import formats

    if as_json:
        if given not in (None, "json"):
            raise UsageError(f"--json and --format {given} contradict each other; give one of them")
        return "json"
    suffix = Path(output or "").suffix.lower()
    if given is None and not suffix:
        return "rich"
    if given is None:
        named = formats.suffixes(lists=lists)
        if suffix not in named:
            told = ", ".join(sorted(named))
            raise BadValue(f"--output {output}: name a file that ends in {told}, or give --format")
        return named[suffix]
    if given not in formats.names(lists=lists):
        raise UnknownName("format", given, formats.names(lists=lists))
    return given


def styled() -> bool:
    """Whether bold and underline reach a reader: a terminal that has not been told otherwise."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain
