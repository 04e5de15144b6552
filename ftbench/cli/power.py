"""``ftbench power``: what so many seeds can show."""

from __future__ import annotations

from typing import Annotated

import typer

from ftbench.cli import _requests as requests
from ftbench.cli._databases import compared, reading
from ftbench.cli._delivery import Delivery
from ftbench.cli._options import (
    DatabaseOption,
    DataOption,
    JsonOption,
    MetricOption,
    ModelsFilter,
    NamesOption,
    RenameOption,
    TasksFilter,
)
from ftbench.errors import UsageError
from ftbench.settings import database_address

SCHEMA = "ftbench.power/1"


def power(
    methods: Annotated[
        list[str] | None,
        typer.Argument(metavar="[METHOD…]", help="Two or more, for the spread that they have."),
    ] = None,
    spread: Annotated[
        float | None,
        typer.Option("--spread", metavar="POINTS", help="Instead of methods: of the paired differences."),
    ] = None,
    difference: Annotated[
        float, typer.Option("--difference", metavar="POINTS", help="The difference to be found.")
    ] = 1.0,
    seeds: Annotated[
        int | None, typer.Option("--seeds", metavar="N", help="How many; by default those that are there.")
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option("--alpha", help="Level of each test; by default 0.05 over the comparisons."),
    ] = None,
    wanted: Annotated[float, typer.Option("--power", help="How probably the difference is found.")] = 0.8,
    sources: Annotated[
        bool,
        typer.Option("--sources", help="Instead: where a method's spread comes from (see queue --vary)."),
    ] = False,
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    rename: RenameOption = None,
    called: NamesOption = None,
    metric: MetricOption = None,
    data_dir: DataOption = None,
    format_: Annotated[str | None, typer.Option("--format", metavar="NAME", help="{lists}.")] = None,
    as_json: JsonOption = False,
    db: DatabaseOption = None,
) -> None:
    """Say what difference so many seeds can show, and how many seeds a difference needs."""
    from ftbench.render import render_sheets
    from ftbench.services.comparing import power as service
    from ftbench.services.comparing import variance_sources
    from ftbench.services.comparing.request import CompareRequest
    from ftbench.services.comparing.variance_sources import SourcesRequest
    from ftbench.services.scores.rescored import MetricChoice

    address, to = database_address(db), Delivery(format_, as_json)
    chosen = to.chosen(lists=True)
    if sources and (not methods or spread is not None):
        raise UsageError("--sources needs methods, such as bidrop, and no --spread")
    if not sources and (spread is None) == (not methods):
        raise UsageError(
            "power needs either methods, such as bidrop vanilla, or --spread POINTS with --seeds N"
        )
    if metric is not None and (sources or spread is not None):
        raise UsageError("--metric goes with methods that are compared, and neither --sources nor --spread")
    if spread is not None and (models or tasks or rename or called):
        raise UsageError(
            "--models, --tasks, --rename and --names go with methods: a stated --spread is of no runs"
        )
    if sources:
        asked = SourcesRequest.of(requests.without_baseline(models, tasks, methods or (), (rename, called)))
        with reading(address) as database:
            sheets = variance_sources.measured_sources(database, asked)
        to.deliver(render_sheets(sheets, chosen, schema=SCHEMA, width=to.width, styled=to.styled))
        return
    request = service.PowerRequest(difference / 100, seeds, alpha, wanted)
    if spread is not None:
        sheets = service.stated(spread / 100, request)
    else:
        runs = CompareRequest(
            requests.compared(models, tasks, methods or (), (rename, called), command="power"),
            metric=MetricChoice.of(metric, data_dir),
        )
        with compared(address) as database:
            sheets = service.measured_power(database, runs, request)
    to.deliver(render_sheets(sheets, chosen, schema=SCHEMA, width=to.width, styled=to.styled))
