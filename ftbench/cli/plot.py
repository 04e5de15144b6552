"""``ftbench plot``: figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ftbench.cli._options import DatabaseOption, MethodsFilter, ModelsFilter, TasksFilter
from ftbench.cli._output import check_output, note
from ftbench.errors import BadValue, UsageError
from ftbench.settings import database_address


def plot(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="strip, sweep, robustness, learning, cost, ranks or reproduction."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write here: .svg, .pdf or .png.")
    ],
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    over: Annotated[
        str | None, typer.Option("--over", metavar="NAME", help="sweep: the hyper-parameter.")
    ] = None,
    critical: Annotated[
        float | None,
        typer.Option("--critical", metavar="X", help="ranks: the critical difference (Nemenyi's)."),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", metavar="FILE", help="reproduction: CSV with name, published, measured."),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option("--suite", metavar="NAME", help="reproduction: a paper's table, bidrop/table5."),
    ] = None,
    violin: Annotated[
        bool, typer.Option("--violin", help="strip: the density of the runs instead of a box.")
    ] = False,
    db: DatabaseOption = None,
) -> None:
    """Draw a figure of the tables' scores.

    Needs the packages of `pip install 'ftbench[plots]'`.
    """
    from ftbench.render import plots
    from ftbench.services.reporting import plots as service
    from ftbench.services.reporting.request import ReportRequest

    address = database_address(db)
    plots.check_name(output)
    check_output("--output", output, address)
    for flag, given, wanted in (
        ("--over", over, "sweep"),
        ("--critical", critical, "ranks"),
        ("--pairs", pairs, "reproduction"),
        ("--suite", suite, "reproduction"),
        ("--violin", violin or None, "strip"),
    ):
        if given is not None and kind != wanted:
            raise UsageError(f"{flag} is for the plot '{wanted}', not for '{kind}'")
    if critical is not None and not 0 < critical < float("inf"):
        raise BadValue(f"--critical {critical:g}: give a difference of ranks above 0")
    if kind == "reproduction":
        if (pairs is None) == (suite is None):
            raise UsageError("reproduction: give the pairs with --pairs FILE, or a table with --suite NAME")
        from ftbench.services.papers import reproduction

        if pairs is not None:
            spec = reproduction.draw_pairs(pairs)
        else:
            asked = reproduction.Asked(methods, tasks, models)
            spec = reproduction.draw_suite(address, str(suite), asked)
    else:
        request = ReportRequest(models, tasks, methods)
        spec = service.draw(address, kind, request, over=over, critical=critical, violin=violin)
    plots.write(spec, output)
    note(f"wrote {output}")
