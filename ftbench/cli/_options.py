"""Options that several commands share."""

from __future__ import annotations

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
