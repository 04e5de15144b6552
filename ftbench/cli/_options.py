"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--db", metavar="ADDRESS", help="Database: a SQLite file, ftbench.db by default [FTBENCH_DB]."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
DataOption = Annotated[
    str | None,
    typer.Option("--data-dir", metavar="DIR", help="Folder with data in the official layout [FTBENCH_DATA]."),
]
StateOption = Annotated[
    str | None,
    typer.Option("--state", metavar="LIST", help="queued, running, done, failed, cancelled."),
]
ModelsFilter = Annotated[str | None, typer.Option("--models", metavar="LIST", help="Only these models.")]
TasksFilter = Annotated[str | None, typer.Option("--tasks", metavar="LIST", help="Only these tasks.")]
MethodsFilter = Annotated[str | None, typer.Option("--methods", metavar="LIST", help="Only these methods.")]
PerturbFilter = Annotated[
    list[str] | None,
    typer.Option("--perturb", metavar="NAME=X", help="Of the runs with this; may be repeated."),
]
PERTURB = "As --noise for any perturbation, NAME=LIST or FILE:NAME=LIST; may be repeated."


def perturb_of(named: Mapping[str, str | None], listed: Sequence[str] | None) -> tuple[str, ...]:
    """What was asked of the data by all flags, ``NAME=value,value`` each.

    Args:
        named: perturbation -> the text of its own flag.
        listed: the texts of ``--perturb``.
    """
    return (*(f"{name}={text}" for name, text in named.items() if text is not None), *(listed or ()))


def perturb_at(named: Mapping[str, float], listed: Sequence[str] | None) -> tuple[str, ...]:
    """The same of flags that take one value; 0 is the clean run."""
    return perturb_of(
        {name: f"{value!r}".removesuffix(".0") if value else None for name, value in named.items()}, listed
    )
