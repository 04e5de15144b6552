"""``ftbench compare``: whether methods differ, and by how much."""

from __future__ import annotations

from typing import Annotated

import typer

from ftbench.cli._options import (
    DatabaseOption,
    DataOption,
    JsonOption,
    ModelsFilter,
    PerturbFilter,
    TasksFilter,
    perturb_at,
)
from ftbench.cli._output import check_output
from ftbench.cli.report import chosen_format, deliver, styled
from ftbench.settings import database_address

SCHEMA = "ftbench.compare/1"


def compare(
    methods: Annotated[list[str], typer.Argument(metavar="METHOD…", help="Two methods or more.")],
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    noise: Annotated[float, typer.Option("--noise", help="Compare the runs with this label noise.")] = 0.0,
    reduction: Annotated[
        float, typer.Option("--reduction", help="Compare the runs with this reduction.")
    ] = 0.0,
    perturb: PerturbFilter = None,
    test: Annotated[
        str, typer.Option("--test", metavar="NAME", help="t (default), wilcoxon or sign-flip.")
    ] = "t",
    correction: Annotated[
        str, typer.Option("--correction", metavar="NAME", help="holm (default), bh or none.")
    ] = "holm",
    region: Annotated[
        float,
        typer.Option("--region", metavar="POINTS", help="Differences within this are none in practice."),
    ] = 1.0,
    examples: Annotated[
        bool, typer.Option("--examples", help="Compare predictions too, example by example, seed by seed.")
    ] = False,
    data_dir: DataOption = None,
    format_: Annotated[str | None, typer.Option("--format", metavar="NAME", help="{lists}.")] = None,
    as_json: JsonOption = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write here; .md, .csv and .json set the format."
        ),
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Compare methods seed by seed on each task, and across tasks: the first minus the second.

    Exits with 1 where there is nothing to compare.
    """
    from ftbench.render import render_sheets
    from ftbench.services.comparing import by_task as service

    address = database_address(db)
    chosen = chosen_format(format_, as_json, output, lists=True)
    check_output("--output", output, address)
    changes = perturb_at({"noise": noise, "reduction": reduction}, perturb)
    request = service.CompareRequest(
        tuple(methods), models, tasks, changes, test, correction, region / 100, examples, data_dir
    )
    sheets = service.compare(address, request)
    deliver(render_sheets(sheets, chosen, schema=SCHEMA, styled=output is None and styled()), output)
