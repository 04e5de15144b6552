"""``ftbench report``: the tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ftbench.cli._databases import reading_if_there, reported, studied
from ftbench.cli._delivery import Delivery, deliver
from ftbench.cli._options import (
    PERTURB,
    DatabaseOption,
    DataOption,
    JsonOption,
    MethodsFilter,
    MetricOption,
    ModelsFilter,
    NamesOption,
    RenameOption,
    TasksFilter,
    WhereOption,
    perturb_of,
)
from ftbench.cli._output import check_output
from ftbench.cli._requests import BASELINE, asked, names, printed, selection
from ftbench.errors import UnknownName, UsageError
from ftbench.settings import database_address

if TYPE_CHECKING:
    from ftbench.services.papers.request import PrintedRequest, SuiteRequest
    from ftbench.services.reporting.request import ReportRequest
    from ftbench.services.scores.selection import Selection

#: Tables of studies, which are lists of findings.
TUNING = ("tuning", "budget")
SCHEMA = "ftbench.tuning/1"
TableOption = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="NAME",
        help="main (default), robustness, curves, retention, tuning, budget, or as --suite takes it.",
    ),
]
SuiteOption = Annotated[
    str | None,
    typer.Option("--suite", metavar="NAME", help="A paper's table beside ours: bidrop/table5, lowresource."),
]
PublishedOption = Annotated[
    str | None,
    typer.Option("--published", metavar="NAME", help="The printed numbers: bidrop, bidrop/table5, or all."),
]
BaselineOption = Annotated[
    str, typer.Option("--baseline", metavar="METHOD", help="What differences are taken to.")
]
SeedsOption = Annotated[
    str | None, typer.Option("--seeds", metavar="LIST", help="With --suite: another number of seeds.")
]
NoiseOption = Annotated[
    str | None, typer.Option("--noise", metavar="LIST", help="With --suite: other ratios.")
]
ReductionOption = Annotated[
    str | None, typer.Option("--reduction", metavar="LIST", help="With --suite: other ratios.")
]
SizesOption = Annotated[
    str | None, typer.Option("--train-size", metavar="LIST", help="With --suite: other numbers of rows.")
]
PerturbOption = Annotated[
    list[str] | None, typer.Option("--perturb", metavar="NAME=LIST", help=f"With --suite: {PERTURB}")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="With --suite: a recipe setting.")
]
VariantOption = Annotated[
    str | None, typer.Option("--variant", metavar="NAME", help="With --suite: paper or published.")
]
MarginOption = Annotated[
    str | None,
    typer.Option(
        "--margin",
        metavar="LIST",
        help="With --suite: points within which means agree: 1, or accuracy=1,matthews=2.",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="{formats}."),
]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write here; .md, .tex, .csv, .json, .html set the format."
    ),
]
ShowOption = Annotated[
    str | None,
    typer.Option("--show", metavar="LIST", help="Statistics in a cell: {statistics}."),
]
CollapsedOption = Annotated[bool, typer.Option("--without-collapsed", help="Leave out runs that collapsed.")]
DivergedOption = Annotated[
    str, typer.Option("--diverged", metavar="AS", help="A diverged run counts as chance, or as missing.")
]
EstimandOption = Annotated[
    str,
    typer.Option(
        "--estimand",
        metavar="NAME",
        help="What marks are about: mean, probability (of being better), two-part.",
    ),
]
TunedOption = Annotated[
    str,
    typer.Option(
        "--tuned", metavar="WHICH", help="Runs with a study's choices: no (default), only, or both."
    ),
]
MacrosOption = Annotated[
    str | None,
    typer.Option("--macros", metavar="FILE", help="Write the numbers as LaTeX commands here, too."),
]


def report(
    table: TableOption = None,
    suite: SuiteOption = None,
    published: PublishedOption = None,
    models: ModelsFilter = None,
    tasks: TasksFilter = None,
    methods: MethodsFilter = None,
    where: WhereOption = None,
    baseline: BaselineOption = BASELINE,
    seeds: SeedsOption = None,
    noise: NoiseOption = None,
    reduction: ReductionOption = None,
    train_size: SizesOption = None,
    perturb: PerturbOption = None,
    set_: SetOption = None,
    variant: VariantOption = None,
    margin: MarginOption = None,
    format_: FormatOption = None,
    as_json: JsonOption = False,
    output: OutputOption = None,
    show: ShowOption = None,
    without_collapsed: CollapsedOption = False,
    diverged: DivergedOption = "chance",
    estimand: EstimandOption = "mean",
    tuned: TunedOption = "no",
    macros: MacrosOption = None,
    rename: RenameOption = None,
    called: NamesOption = None,
    metric: MetricOption = None,
    data_dir: DataOption = None,
    db: DatabaseOption = None,
) -> None:
    """Print the table of a paper: scores per task and method, with what is missing marked.

    Exits with 1 where there is nothing to report, and says which command would fill the table.
    """
    address, to = database_address(db), Delivery(format_, as_json, output)
    _check_choice({"--published": published, "--suite": suite, "--table": table})
    _check_files(output, macros, address)
    named = suite if suite is not None else table if _beyond_layouts(table) else None
    ours = {"--baseline": baseline != BASELINE, "--macros": macros}
    ours |= {"--estimand": estimand != "mean"}
    ours |= {"--without-collapsed": without_collapsed, "--rename": bool(rename), "--names": called}
    ours |= {"--where": where, "--tuned": tuned != "no", "--metric": metric, "--data-dir": data_dir}
    axes = {"--seeds": seeds, "--noise": noise, "--reduction": reduction, "--train-size": train_size}
    papers = {**axes, "--perturb": perturb, "--set": set_, "--variant": variant, "--margin": margin}
    shown = {"--diverged": diverged != "chance", "--show": show}
    if published is not None:
        filters = {"--models": models, "--tasks": tasks, "--methods": methods}
        _refuse("--published", {**filters, **shown, **ours, **papers})
        _published(printed(published), to)
    elif table in TUNING:
        ours |= {"--where": None, "--rename": None, "--names": None}
        _refuse(f"the table '{table}'", {**ours, **papers, **shown})
        jobs = selection(models, tasks, methods, called=(rename, called), where=where)
        _tuning(address, table, jobs, to)
    elif named is not None:
        from ftbench.metrics import Margins, margins
        from ftbench.services.papers.request import SuiteRequest

        _refuse("--suite", ours)
        changes = perturb_of({"noise": noise, "reduction": reduction, "train_size": train_size}, perturb)
        given = asked(
            suite=True,
            methods=methods,
            tasks=tasks,
            models=models,
            seeds=seeds,
            perturb=changes,
            settings=set_ or (),
            variant=variant,
        )
        within = Margins() if margin is None else margins(margin)
        _suites(address, SuiteRequest(named, given, within, diverged, names(show)), to)
    else:
        from ftbench.services.reporting.request import ReportRequest
        from ftbench.services.scores.rescored import MetricChoice

        _refuse("a table of all jobs", papers)
        jobs = selection(models, tasks, methods, baseline, (rename, called), where)
        by = MetricChoice.of(metric, data_dir)
        request = ReportRequest(
            jobs, table or "main", names(show), not without_collapsed, diverged, estimand, tuned, by
        )
        _tables(address, request, macros, to)


def _tables(address: str, request: ReportRequest, macros: str | None, to: Delivery) -> None:
    """The tables of the database's jobs."""
    from ftbench.render import latex_macros, render
    from ftbench.services.reporting import build, page
    from ftbench.services.scores import looks

    chosen = to.chosen()
    with reported(address, request) as database:
        how = f"{request.estimand} {request.diverged} {request.collapsed}"
        how += f" {request.metric.metric.name()}" if request.metric else ""
        found = looks.told_in_report(address, build.build_report(database, request), how)
        if chosen == "html":
            text = page.page(database, found)
        else:
            text = render(found, chosen, width=to.width, styled=to.styled)
    if macros is not None:
        deliver(latex_macros.render(found), macros)
    to.deliver(text)


def _tuning(address: str, table: str, jobs: Selection, to: Delivery) -> None:
    """What studies spent and chose, or what a budget buys."""
    from ftbench.render import render_sheets
    from ftbench.services.tuning import budgets, ledger

    chosen = to.chosen(lists=True)
    with studied(address) as database:
        make = ledger.ledger if table == "tuning" else budgets.budgets
        found = make(database, jobs)
    to.deliver(render_sheets([found], chosen, schema=SCHEMA, width=to.width, styled=to.styled))


def _suites(address: str, request: SuiteRequest, to: Delivery) -> None:
    """Papers' tables, with our scores beside the printed ones."""
    from ftbench.render import render_suites
    from ftbench.services.papers import page, report
    from ftbench.services.scores import looks

    chosen = to.chosen()
    with reading_if_there(address) as database:
        tables = looks.told_in_suites(address, report.suite_reports(address, database, request))
    if chosen == "html":
        to.deliver(page.page(tables))
    else:
        to.deliver(render_suites(tables, chosen, width=to.width, styled=to.styled))


def _published(request: PrintedRequest, to: Delivery) -> None:
    """The printed numbers alone."""
    from ftbench.services.papers import published

    chosen = to.chosen(lists=True)
    to.deliver(published.shown_published(request, chosen, width=to.width, styled=to.styled))


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

    if table is None or table in LAYOUTS or table in TUNING:
        return False
    from ftbench.services.planning import suite_cards

    if not suite_cards.names_suites(table):
        raise UnknownName("table", table, [*LAYOUTS, *TUNING, *suite_cards.names()])
    return True
