"""From a place to a task: its columns, its kind and classes, its sets of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ftbench.domain.own_task import BENCHMARK
from ftbench.domain.task import (
    CLASSIFICATION,
    MULTI_LABEL,
    REGRESSION,
    TOKEN_CLASSIFICATION,
    OwnColumns,
    OwnRows,
    RowSet,
    TaskSpec,
)
from ftbench.errors import OwnDataError
from ftbench.tasks.check import wrong
from ftbench.tasks.own import draw
from ftbench.tasks.own.conll import TOKENS
from ftbench.tasks.own.formats import read_table
from ftbench.tasks.own.labels import Labels, cells_of, decide_labels
from ftbench.tasks.own.on_hub import at_hub
from ftbench.tasks.own.pick import pick
from ftbench.tasks.own.place import DEV, TRAIN, OwnPlace, at_path, is_path
from ftbench.tasks.own.read import Sets, own_rows_of, paths_of, rows_digest, with_drawn
from ftbench.tasks.own.said import Said
from ftbench.tasks.own.table import Table, shown_path
from ftbench.tasks.rows import Rows

#: The metric that a kind reports where none is said.
METRIC = {
    CLASSIFICATION: "accuracy",
    REGRESSION: "spearman",
    MULTI_LABEL: "micro_f1",
    TOKEN_CLASSIFICATION: "entity_f1",
}


@dataclass(frozen=True)
class Understood:
    """A task of a user's own, with its rows.

    Attributes:
        task: what it is.
        sets: its rows, the training ones first.
        revision: the digest of these.
        notes: what was left out, a line each.
    """

    task: TaskSpec
    sets: Sets
    revision: str
    notes: tuple[str, ...] = ()


def understand(text: str, given: OwnColumns) -> Understood:
    """The task at a path or an id of the hub.

    Args:
        text: as it was typed.
        given: the columns that were named beside it; they win over ``task.yaml``.

    Raises:
        OwnDataError: it is none; in one line with file and row.
        DataMissing: a data set of the hub is not here, and cannot be had.
    """
    place = at_path(text) if is_path(text) else at_hub(text)
    tables = {name: read_table(paths_of(place.root, files)) for name, files in place.files.items()}
    said, train = place.said, tables[TRAIN]
    wanted = OwnColumns(given.text or said.columns.text, given.label or said.columns.label)
    columns = pick(train, wanted, train.places[0][0])
    labels = decide_labels(train, columns.label, said, tokens=_is_tokens(columns))
    sets, notes = dict[str, Rows](), list[str]()
    for name, table in tables.items():
        if name != TRAIN and _unlabelled(table, columns.label):
            notes.append(f"{table.places[0][0]} has no labels: left out")
        else:
            sets[name] = own_rows_of(table, columns, labels)
    share = 0.0
    if len(sets) == 1 or (said.evaluation and DEV in said.evaluation and DEV not in sets):
        draw.refuse_few(train, sets[TRAIN], labels)
        share = draw.SHARE
    order = _evaluated(said, [name for name in sets if name != TRAIN], share)
    found = with_drawn(sets, labels, share, order)
    task = _task(place, columns, labels, order, share, len(found[TRAIN]))
    return Understood(task, found, rows_digest(task, found), tuple(notes))


def _is_tokens(columns: OwnColumns) -> bool:
    """Whether the text is a list of words, each with a label."""
    return len(columns.text) == 1 and columns.text[0].lower() == TOKENS


def _unlabelled(table: Table, label: str) -> bool:
    """Whether no row of a set has a label, as in the test sets of competitions."""
    return (
        label not in table.columns
        or all(cell is None for cell in cells_of(table, label))
        or all(value == -1 for value in table.columns[label])
    )


def _evaluated(said: Said, sets: list[str], share: float) -> list[str]:
    """The evaluation sets, the reported one first."""
    there = [DEV, *sets] if share else sets
    return [name for name in (said.evaluation or there) if name in there]


def _task(
    place: OwnPlace, columns: OwnColumns, labels: Labels, order: Sequence[str], share: float, rows: int
) -> TaskSpec:
    said = place.said
    files = {name: place.files[name] for name in (TRAIN, *order) if not (share and name == DEV)}
    name = said.name.lower() or place.name
    task = TaskSpec(
        name=name,
        title=said.title or said.name or name,
        benchmark=BENCHMARK,
        labels=labels.names,
        metric=said.metric or METRIC[labels.kind],
        train=RowSet(TRAIN),
        evaluation=tuple(RowSet(one) for one in order),
        train_rows=rows,
        note=said.note,
        kind=labels.kind,
        own=OwnRows(columns.text, columns.label, files, share, place.source, str(place.root.absolute())),
    )
    told = wrong(task)
    if told:
        raise OwnDataError(f"{said.at or place.source or shown_path(place.root)}: {told}")
    return task
