"""``ftbench plot``: figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ftbench.cli._databases import reading_if_there, reported, studied
from ftbench.cli._options import (
    DatabaseOption,
    DataOption,
    MethodsFilter,
    MetricOption,
    ModelsFilter,
    RenameOption,
    TasksFilter,
)
from ftbench.cli._output import check_output, note
from ftbench.cli._requests import asked, selection
from ftbench.errors import BadValue, UsageError
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.services.scores.selection import Selection

#: The kinds of plots that a flag is for.
KINDS = {
    "--over": ("sweep",),
    "--critical": ("ranks",),
    "--pairs": ("reproduction",),
    "--suite": ("reproduction", "sweep"),
    "--violin": ("strip",),
}


def plot(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="strip, sweep, robustness, learning, cost, ranks, budget, reproduction."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write here: .svg, .pdf or .png.")
    ],
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    over: Annotated[
        str | None,
        typer.Option("--over", metavar="NAME", help="sweep: the hyper-parameter; with it several methods."),
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
        typer.Option(
            "--suite", metavar="NAME", help="reproduction, sweep: a paper's table or figure, dps/figure2."
        ),
    ] = None,
    violin: Annotated[
        bool, typer.Option("--violin", help="strip: the density of the runs instead of a box.")
    ] = False,
    rename: RenameOption = None,
    metric: MetricOption = None,
    data_dir: DataOption = None,
    db: DatabaseOption = None,
) -> None:
    """Draw a figure of the tables' scores.

    Needs the packages of `pip install 'ftbench[plots]'`.
    """
    from ftbench.render import plots
    from ftbench.services.reporting import plots as service
    from ftbench.services.scores.rescored import MetricChoice

    address = database_address(db)
    plots.check_name(output)
    check_output("--output", output, address)
    given = {"--over": over, "--critical": critical, "--pairs": pairs, "--suite": suite}
    _check_flags(kind, {**given, "--violin": violin or None})
    if critical is not None and not 0 < critical < float("inf"):
        raise BadValue(f"--critical {critical:g}: give a difference of ranks above 0")
    if metric is not None and (suite is not None or kind in ("reproduction", "budget")):
        raise UsageError("--metric does not go with a paper's table, nor with 'budget'; leave it out")
    if kind == "reproduction":
        if rename:
            raise UsageError("--rename is for methods of jobs, not for the lines of a paper's table")
        if (pairs is None) == (suite is None):
            raise UsageError("reproduction: give the pairs with --pairs FILE, or a table with --suite NAME")
        spec = _pairs(pairs) if pairs else _suite(kind, address, str(suite), methods, tasks, models)
    elif suite is not None:
        if over is not None:
            raise UsageError("sweep: give a hyper-parameter with --over, or a figure with --suite, not both")
        spec = _suite(kind, address, suite, methods, tasks, models)
    elif kind == "budget":
        if rename:
            raise UsageError("--rename does not go with budget; leave it out")
        spec = _budget(address, selection(models, tasks, methods))
    else:
        jobs = selection(models, tasks, methods, renamed=rename)
        by = MetricChoice.of(metric, data_dir)
        request = service.PlotRequest(kind, jobs, over, critical, violin, by)
        with reported(address, request.report) as opened:
            spec = service.draw(opened, request)
    plots.write(spec, output)
    note(f"wrote {output}")


def _budget(address: str, jobs: Selection) -> dict[str, Any]:
    """What trials of studies bought."""
    from ftbench.services.tuning.plot import draw_budget

    with studied(address) as database:
        return draw_budget(database, jobs)


def _check_flags(kind: str, flags: Mapping[str, object]) -> None:
    """Refuse a flag that is for another kind of plot."""
    for flag, given in flags.items():
        if given is not None and kind not in KINDS[flag]:
            named = " and ".join(f"'{one}'" for one in KINDS[flag])
            raise UsageError(
                f"{flag} is for the plot{'s' * (len(KINDS[flag]) > 1)} {named}, not for '{kind}'"
            )


def _pairs(file: Path) -> dict[str, Any]:
    """Published against measured scores of a file."""
    from ftbench.services.papers import reproduction

    return reproduction.draw_pairs(file)


def _suite(
    kind: str, address: str, name: str, methods: str | None, tasks: str | None, models: str | None
) -> dict[str, Any]:
    """A paper's table: published against measured scores, or over its conditions."""
    from ftbench.services.papers import reproduction, sweep
    from ftbench.services.papers.request import SuiteRequest

    given = asked(suite=True, methods=methods, tasks=tasks, models=models)
    with reading_if_there(address) as database:
        draw = sweep.draw_conditions if kind == "sweep" else reproduction.draw_suite
        return draw(address, database, SuiteRequest(name, given))
