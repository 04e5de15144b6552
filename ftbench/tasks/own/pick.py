"""Which columns of a table have the text and the label: those that were named, else by their usual names."""

from __future__ import annotations

from collections.abc import Iterable

from ftbench.domain.task import OwnColumns, OwnRows
from ftbench.errors import OwnDataError, nearest
from ftbench.tasks.own.conll import TAGS, TOKENS
from ftbench.tasks.own.table import Table, short

TEXT = (
    (TOKENS,),
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("text",),
    ("sentence",),
)
LABEL = ("label", "labels")
OF_TOKENS = (TAGS, "ner_tags", "labels")


def pick(table: Table, said: OwnColumns, where: str) -> OwnColumns:
    """The columns with text and label, as the table spells them.

    Where one column alone is left beside the label, it is the text.

    Raises:
        OwnDataError: a column is named that there is not, or none has a usual name.
    """
    known = {name.lower(): name for name in table.columns}
    listed = ", ".join(short(name) for name in table.columns)
    text = tuple(_named(name, table, where) for name in said.text)
    if not text:
        text = next((_spelled(names, known) for names in TEXT if all(n in known for n in names)), ())
    if len(text) > 2:
        raise OwnDataError(f"{where}: --text {','.join(text)}: give one column, or two for pairs")
    usual = OF_TOKENS if text and text[0].lower() == TOKENS else LABEL
    label = _named(said.label, table, where) if said.label else _first(usual, known)
    if not label:
        raise OwnDataError(f"{where}: no column is called label; name it by --label, one of: {listed}")
    if not text and len(table.columns) == 2:
        text = tuple(name for name in table.columns if name != label)
    if not text:
        usual_ones = ", ".join(" and ".join(names) for names in TEXT[1:])
        raise OwnDataError(
            f"{where}: no columns are called {usual_ones}; name one or two by --text, of: {listed}"
        )
    if label in text or len(set(text)) < len(text):
        raise OwnDataError(f"{where}: column '{label if label in text else text[0]}' is named twice")
    return OwnColumns(text, label)


def usual(own: OwnRows) -> bool:
    """Whether the columns of a task are found by their names."""
    text, label = tuple(name.lower() for name in own.text), own.label.lower()
    return text in TEXT and label in (OF_TOKENS if text == (TOKENS,) else LABEL)


def _named(name: str, table: Table, where: str) -> str:
    if name in table.columns:
        return name
    known = {column.lower(): column for column in table.columns}
    if name.lower() not in known:
        raise OwnDataError(f"{where}: no column '{name}'{nearest(name, table.columns)}")
    return known[name.lower()]


def _first(names: Iterable[str], known: dict[str, str]) -> str:
    return next((known[name] for name in names if name in known), "")


def _spelled(names: Iterable[str], known: dict[str, str]) -> tuple[str, ...]:
    return tuple(known[name] for name in names)
