"""Options that several commands share, and the commands that have them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

from ftbench.cli._output import note
from ftbench.errors import BadValue
from ftbench.secrets import HIDDEN, masked

if TYPE_CHECKING:
    from ftbench.domain.task import OwnColumns


def warned(address: str | None) -> str | None:
    """An address; whoever gives a password with it is told who can read it."""
    if address and "://" in address and HIDDEN not in address and masked(address) != address:
        note(
            "all users of this machine can see the password in the list of processes: put the address into "
            "FTBENCH_DB, or the password into ~/.pgpass"
        )
    return address


DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="ADDRESS",
        callback=warned,
        help="Database: a SQLite file, ftbench.db by default, or postgresql://USER@HOST/NAME [FTBENCH_DB].",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
DataOption = Annotated[
    str | None,
    typer.Option("--data-dir", metavar="DIR", help="Folder with data in the official layout [FTBENCH_DATA]."),
]
TextOption = Annotated[
    str | None,
    typer.Option("--text", metavar="COLUMNS", help="Of your own files: the column with the text, or two."),
]
LabelOption = Annotated[
    str | None, typer.Option("--label", metavar="COLUMN", help="Of your own files: the column to predict.")
]
StateOption = Annotated[
    str | None,
    typer.Option("--state", metavar="LIST", help="queued, running, done, failed, cancelled."),
]
ModelsFilter = Annotated[str | None, typer.Option("--models", metavar="LIST", help="Only these models.")]
TasksFilter = Annotated[str | None, typer.Option("--tasks", metavar="LIST", help="Only these tasks.")]
MethodsFilter = Annotated[str | None, typer.Option("--methods", metavar="LIST", help="Only these methods.")]
WhereOption = Annotated[
    str | None,
    typer.Option(
        "--where", metavar="EXPR", help="Only jobs of which this holds: 'method=bidrop and noise>0'."
    ),
]
RenameOption = Annotated[
    list[str] | None,
    typer.Option("--rename", metavar="METHOD=TITLE", help="Call a method so: bidrop=Ours; may be repeated."),
]
NamesOption = Annotated[
    str | None,
    typer.Option("--names", metavar="WHICH", help="Call methods by title (default), or by id, as typed."),
]
MetricOption = Annotated[
    str | None,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="Score by this metric instead, from the stored logits: ece, macro_f1, ./mine.py.",
    ),
]
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


def columns(text: str | None, label: str | None) -> OwnColumns:
    """Which columns of a user's own file are meant.

    Raises:
        BadValue: more than two with text, or a flag without a name.
    """
    from ftbench.domain.axes import split_names
    from ftbench.domain.task import OwnColumns

    named = split_names(text or "")
    if (text is not None and not 1 <= len(named) <= 2) or (label is not None and not label.strip()):
        given = (
            f"--label '{label}': give a column" if text is None else f"--text '{text}': give a column, or two"
        )
        raise BadValue(given)
    return OwnColumns(named, (label or "").strip())


class Command(TyperCommand):
    """A command whose help names what is found by listing, which happens when the help is shown.

    Options say ``{formats}`` for the formats there are, ``{lists}`` for those that print lists of findings,
    and ``{statistics}``.
    """

    def filled(self) -> Command:
        """The command with its help filled in."""
        for option in self.params:
            if isinstance(option, TyperOption) and option.help:
                option.help = re.sub(r"\{(\w+)\}", lambda found: _listed(found[1]), option.help)
        return self

    def get_help(self, ctx: Any) -> str:
        """The help, filled in; ``ctx`` is of a class that typer keeps to itself."""
        self.filled()
        return super().get_help(ctx)


def _listed(what: str) -> str:
    from ftbench.render import formats, layouts

    if what == "statistics":
        return ", ".join(layouts.statistics())
    return _choice(formats.names(lists=what == "lists"))


def _choice(names: Sequence[str]) -> str:
    """``rich (default), csv or json``."""
    first, *others, last = names
    return f"{', '.join([f'{first} (default)', *others])} or {last}"
