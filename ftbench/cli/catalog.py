"""``ftbench methods``, ``tasks``, ``models``, ``suites``, ``prepare``: what there is, and fetching it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from ftbench.cli._databases import reading_if_there
from ftbench.cli._options import (
    PERTURB,
    DatabaseOption,
    DataOption,
    JsonOption,
    LabelOption,
    TextOption,
    columns,
    perturb_of,
)
from ftbench.cli._output import note, print_card, print_json, print_rows, say, tell
from ftbench.cli._requests import asked, names
from ftbench.cli._streams import after_work
from ftbench.errors import UsageError
from ftbench.settings import data_dir as data_folder
from ftbench.settings import database_address

NameArgument = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show this one whole.")]


def _instead(flag: str, help: str) -> Any:
    return typer.Option(flag, metavar="LIST", help=help)


def methods(
    name: NameArgument = None,
    plugins: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="FILE", help="A method of your own; may be repeated."),
    ] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the methods, or show one with its hyper-parameters, and the values that studies chose for it."""
    from ftbench.services import catalog as service

    if name is not None:
        card = service.method_card(name)
        _print({**card, **_chosen(card["name"], database_address(db))}, as_json)
        return
    rows = service.list_methods(plugins or ())
    if not as_json:  # a line each: the card of one says the rest
        rows = [{**row, **{key: row[key].partition(";")[0] for key in ("paper", "cost")}} for row in rows]
    _print_usable(rows, as_json, ("name", "family", "paper", "cost"))
    if not as_json and (line := service.tuners_line()):
        say(line)


def _chosen(method: str, address: str) -> dict[str, Any]:
    """What the studies of the database chose for a method, where there are any."""
    with reading_if_there(address) as database:
        if database is None:
            return {}
        from ftbench.services.tuning.recommended import recommended

        rows = recommended(database, method)
    return {"chosen by tuning": rows} if rows else {}


def tasks(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="Show this one whole; ./reviews.csv or owner/name is one of your own."
        ),
    ] = None,
    text: TextOption = None,
    label: LabelOption = None,
    models: Annotated[
        str | None,
        typer.Option("--models", metavar="LIST", help="Of your own file: lengths in tokens of these, too."),
    ] = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Near-duplicates of training rows, and labels that disagree.")
    ] = False,
    data_dir: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the tasks, or show one: classes, metric, files; of your own file, what it is understood to be."""
    from ftbench.services import catalog

    if name is None:
        _print_usable(catalog.list_tasks(), as_json)
        return
    named = columns(text, label)
    if audit:
        from ftbench.services import auditing

        found = auditing.audit(catalog.task_named(name, named), data_folder(data_dir))
        _print(found if as_json else auditing.audit_card(found), as_json)
    elif catalog.is_own_task(name):
        from ftbench.services import describing

        _print(describing.describe_own(name, named, names(models)), as_json)
    else:
        _print(catalog.task(name), as_json)


def perturbations(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Show this one whole; FILE:NAME is one of yours.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what can be done to the data, or show one: its values, its options, what it does."""
    from ftbench.services import catalog as service

    if name is not None:
        _print(service.perturbation_card(name), as_json)
        return
    _print_usable(service.list_perturbations(), as_json, ("name", "values", "neutral", "options", "changes"))


def metrics(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Show this one whole; a file is one of yours.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what scores predictions, or show one: its range, its formula, which end is better."""
    from ftbench.services import catalog as service

    if name is not None:
        _print(service.metric_card(name), as_json)
        return
    _print_usable(service.list_metrics(), as_json, ("name", "scores", "of", "better", "range", "shown"))


def models(name: NameArgument = None, as_json: JsonOption = False) -> None:
    """List the models, or show one with its recipe.

    Any hub id and any folder with weights can be queued, too.
    """
    from ftbench.services import catalog as service

    _print(service.list_models() if name is None else service.model(name), as_json)


def suites(
    name: NameArgument = None,
    models: Annotated[str | None, _instead("--models", "Other models.")] = None,
    tasks: Annotated[str | None, _instead("--tasks", "Other tasks.")] = None,
    methods: Annotated[str | None, _instead("--methods", "Other methods, or some of them.")] = None,
    seeds: Annotated[str | None, _instead("--seeds", "Another number of seeds.")] = None,
    noise: Annotated[str | None, _instead("--noise", "Other ratios.")] = None,
    reduction: Annotated[str | None, _instead("--reduction", "Other ratios.")] = None,
    train_size: Annotated[str | None, _instead("--train-size", "Other numbers of rows.")] = None,
    perturb: Annotated[list[str] | None, typer.Option("--perturb", metavar="NAME=LIST", help=PERTURB)] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="NAME", help="Every method in this variant.")
    ] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the tables of papers, or show one: its grid, its number of jobs and what they will take.

    The other options show it with axes of your own, as `ftbench queue --suite` takes them.
    """
    from ftbench.services.planning import suite_cards as service

    if name is None:
        _print(service.listed(), as_json)
        return
    changes = perturb_of({"noise": noise, "reduction": reduction, "train_size": train_size}, perturb)
    given = asked(
        suite=True,
        methods=methods,
        tasks=tasks,
        models=models,
        seeds=seeds,
        perturb=changes,
        variant=variant,
    )
    _print(service.card(name, given, database_address(db)), as_json)


def prepare(
    models: Annotated[
        str | None, typer.Option("--models", metavar="LIST", help="Models to fetch: names or hub ids.")
    ] = None,
    tasks: Annotated[
        str | None, typer.Option("--tasks", metavar="LIST", help="Tasks whose data to fetch.")
    ] = None,
    data_dir: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Download models and data for offline machines."""
    from ftbench.services import prepare as service

    if not models and not tasks:
        raise UsageError("prepare what? give --models, --tasks or both")
    lines = service.prepare(
        names(models),
        names(tasks),
        data_folder(data_dir),
        (lambda line: None) if as_json else tell,
    )
    if as_json:
        with after_work():
            print_json(lines)


def _print_usable(rows: Sequence[Mapping[str, Any]], as_json: bool, columns: Sequence[str] = ()) -> None:
    """Print what can be used as a table, and a line for each plug-in that cannot."""
    if as_json:
        print_json(rows)
        return
    print_rows([row for row in rows if not row["error"]], columns)
    for row in rows:
        if row["error"]:
            note(f"not usable: {row['name']}: {row['error']}")


def _print(found: Sequence[Mapping[str, Any]] | Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
    elif isinstance(found, Mapping):
        print_card(found)
    else:
        print_rows(found)
