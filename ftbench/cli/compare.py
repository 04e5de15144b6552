"""``ftbench compare``: whether methods differ, and by how much."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from ftbench.cli import _requests as requests
from ftbench.cli._databases import compared
from ftbench.cli._delivery import Delivery
from ftbench.cli._options import (
    DatabaseOption,
    DataOption,
    JsonOption,
    MetricOption,
    ModelsFilter,
    NamesOption,
    PerturbFilter,
    RenameOption,
    TasksFilter,
)
from ftbench.cli._output import check_output
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
    untested: Annotated[
        bool,
        typer.Option("--untested", help="Name each comparison without a test, and dropped seeds."),
    ] = False,
    study: Annotated[
        str | None,
        typer.Option("--study", metavar="NAME", help="Compare the runs with the choices of this tuning."),
    ] = None,
    metric: MetricOption = None,
    data_dir: DataOption = None,
    rename: RenameOption = None,
    called: NamesOption = None,
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

    A name means its default setting alone, ``'bidrop[*]'`` all the settings of the database.

    Exits with 1 where there is nothing to compare.
    """
    from ftbench.render import render_sheets
    from ftbench.services.comparing import by_task as service
    from ftbench.services.comparing.request import CompareRequest
    from ftbench.services.scores import looks
    from ftbench.services.scores.rescored import MetricChoice

    address, to = database_address(db), Delivery(format_, as_json, output)
    chosen = to.chosen(lists=True)
    check_output("--output", output, address)
    runs = requests.compared(models, tasks, methods, (rename, called), command="compare")
    condition = requests.condition({"noise": noise, "reduction": reduction}, perturb)
    request = CompareRequest(
        runs, condition, test, correction, region / 100, examples, data_dir, untested, study or ""
    )
    request = replace(request, metric=MetricChoice.of(metric, data_dir))
    with compared(address) as database:
        sheets = looks.told_in_sheets(address, service.compare(database, request))
    to.deliver(render_sheets(sheets, chosen, schema=SCHEMA, width=to.width, styled=to.styled))
