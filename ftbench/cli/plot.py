"""``ftbench plot``: figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ftbench.cli._databases import reading_if_there, reported, studied
from ftbench.cli._options import (
    DatabaseOption,
    DataOption,
    MethodsFilter,
    MetricOption,
    ModelsFilter,
    NamesOption,
    RenameOption,
    TasksFilter,
)
from ftbench.cli._output import check_output, note, tell
from ftbench.cli._requests import asked, names, selection
from ftbench.errors import BadValue, UsageError
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.render.plots.theme import Plot
    from ftbench.services.reporting.plots import PlotRequest
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
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="A heading; by default there is none.")
    ] = None,
    width: Annotated[
        str | None,
        typer.Option(
            "--width", metavar="LENGTH", help="Inches, 8cm, 219pt, or of LaTeX: column, text, 0.5text."
        ),
    ] = None,
    height: Annotated[
        str | None, typer.Option("--height", metavar="LENGTH", help="Likewise; by default as it comes.")
    ] = None,
    font: Annotated[
        str | None, typer.Option("--font", metavar="NAME", help="That of the paper, such as Times New Roman.")
    ] = None,
    rename: RenameOption = None,
    called: NamesOption = None,
    metric: MetricOption = None,
    data_dir: DataOption = None,
    db: DatabaseOption = None,
) -> None:
    """Draw a figure of the tables' scores, and print the caption that says how to read it.

    Needs the packages of `pip install 'ftbench[plots]'`.
    """
    from ftbench.render import plots
    from ftbench.render.plots.canvas import Canvas, inches
    from ftbench.render.plots.fonts import lacking_fonts
    from ftbench.services.reporting.plots import PlotRequest
    from ftbench.services.scores.rescored import MetricChoice

    address = database_address(db)
    canvas = Canvas(title or "", inches("--width", width), inches("--height", height), names(font))
    plots.check_name(output)
    check_output("--output", output, address)
    given = {"--over": over, "--critical": critical, "--pairs": pairs, "--suite": suite}
    _check_flags(kind, {**given, "--violin": violin or None})
    if critical is not None and not 0 < critical < float("inf"):
        raise BadValue(f"--critical {critical:g}: give a difference of ranks above 0")
    printed = suite is not None or kind == "reproduction"
    if metric is not None and (printed or kind == "budget"):
        raise UsageError("--metric does not go with a paper's table, nor with 'budget'; leave it out")
    if printed and (rename or called):
        flag = "--rename" if rename else "--names"
        raise UsageError(f"{flag} is for methods of jobs, not for the lines of a paper's table")
    if kind == "reproduction" and (pairs is None) == (suite is None):
        raise UsageError("reproduction: give the pairs with --pairs FILE, or a table with --suite NAME")
    if suite is not None and over is not None:
        raise UsageError("sweep: give a hyper-parameter with --over, or a figure with --suite, not both")
    if printed:
        found = _pairs(pairs) if pairs else _suite(kind, address, str(suite), methods, tasks, models)
    elif kind == "budget":
        found = _budget(address, selection(models, tasks, methods, called=(rename, called)))
    else:
        jobs, by = (
            selection(models, tasks, methods, called=(rename, called)),
            MetricChoice.of(metric, data_dir),
        )
        found = _scores(address, PlotRequest(kind, jobs, over, critical, violin, by))
    plots.write(found, output, canvas)
    note(f"wrote {output}")
    for name in lacking_fonts(canvas.fonts):
        note(f"--font '{name}': this machine has no such font; others stand in for it")
    for plot in found:
        tell(plot.caption)


def _scores(address: str, request: PlotRequest) -> tuple[Plot, ...]:
    """The scores of a database's tables."""
    from ftbench.services.reporting.plots import draw

    with reported(address, request.report) as database:
        return draw(database, request)


def _budget(address: str, jobs: Selection) -> tuple[Plot, ...]:
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


def _pairs(file: Path) -> tuple[Plot, ...]:
    """Published against measured scores of a file."""
    from ftbench.services.papers import reproduction

    return (reproduction.draw_pairs(file),)


def _suite(
    kind: str, address: str, name: str, methods: str | None, tasks: str | None, models: str | None
) -> tuple[Plot, ...]:
    """A paper's table: published against measured scores, or over its conditions."""
    from ftbench.services.papers import reproduction, sweep
    from ftbench.services.papers.request import SuiteRequest

    given = asked(suite=True, methods=methods, tasks=tasks, models=models)
    with reading_if_there(address) as database:
        draw = sweep.draw_conditions if kind == "sweep" else reproduction.draw_suite
        return (draw(address, database, SuiteRequest(name, given)),)
