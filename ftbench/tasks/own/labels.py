"""Labels as people write them: what kind they are, the order of the classes, and what each row's is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ftbench.domain.task import CLASSIFICATION, MULTI_LABEL, REGRESSION, TOKEN_CLASSIFICATION
from ftbench.errors import OwnDataError, nearest
from ftbench.tasks.own.said import Said
from ftbench.tasks.own.table import Table, short
from ftbench.tasks.rows import plain_text

_WHOLE = re.compile(r"[+-]?\d+")
_UNTAGGED = "O"
_MANY = 0.5  # of the rows with a label that no other row has: that is no class

#: A cell: a text, the texts of a list, or None where nothing stands.
LabelCell = str | tuple[str, ...] | None
Label = int | float | tuple[int, ...]


@dataclass(frozen=True)
class Labels:
    """What the labels of a task are.

    Attributes:
        kind: what is predicted.
        names: the classes, labels or tags in their order; () for numbers.
    """

    kind: str
    names: tuple[str, ...]

    def of(self, cell: LabelCell) -> Label:
        """The label of a cell.

        Raises:
            ValueError: it is none; says why.
        """
        if cell is None:
            raise ValueError("has no label")
        if self.kind == REGRESSION:
            return _number(cell)
        if self.kind == CLASSIFICATION:
            if isinstance(cell, tuple):
                raise ValueError("has a list of labels; other rows have one")
            return self._index(cell)
        if not isinstance(cell, tuple):
            raise ValueError(f"has '{short(cell)}' where a list of labels should be")
        found = [self._index(one) for one in cell]
        if self.kind == TOKEN_CLASSIFICATION:
            return tuple(found)
        if len(set(found)) < len(found):
            raise ValueError("has a label twice")
        return tuple(int(at in found) for at in range(len(self.names)))

    def _index(self, name: str) -> int:
        try:
            return self.names.index(name)
        except ValueError:
            known = [short(one) for one in self.names]
            raise ValueError(
                f"has label '{short(name)}', which no training row has{nearest(name, known)}"
            ) from None


def cells_of(table: Table, column: str) -> list[LabelCell]:
    """The label column as texts; numbers that have names in the file by these."""
    called = table.called.get(column, ())
    return [_cell(value, called) for value in table.columns[column]]


def decide_labels(table: Table, column: str, said: Said, *, tokens: bool = False) -> Labels:
    """What the labels of the training rows are.

    Lists are several labels of a row. Numbers are to be predicted as such where one has a decimal point, and
    are classes, in their order, where all are whole. All else are names of classes, in alphabetic order. What
    ``task.yaml`` says comes before.

    Args:
        table: the training rows.
        column: with the label.
        said: what stands beside the file.
        tokens: whether a row has a label for each of its words.

    Raises:
        OwnDataError: a row has none, two classes differ in their spelling alone, or there are not two.
    """
    cells = cells_of(table, column)
    kind = said.kind or (TOKEN_CLASSIFICATION if tokens else _kind(cells))
    if tokens != (kind == TOKEN_CLASSIFICATION):
        raise OwnDataError(
            f"{said.at}: kind: {kind} does not go with {'a' if tokens else 'no'} list of tokens"
        )
    for row, cell in enumerate(cells):
        if cell is None:
            table.fail(row, f"has no label ('{column}' is empty)")
        if isinstance(cell, tuple) and kind in (CLASSIFICATION, REGRESSION):
            table.fail(row, "has a list of labels; other rows have one")
    if kind == REGRESSION:
        return Labels(kind, ())
    found = Counter(one for cell in cells for one in (cell if isinstance(cell, tuple) else (cell,)) if one)
    names = said.labels or table.called.get(column) or _ordered(found, tags=kind == TOKEN_CLASSIFICATION)
    _refuse_alike(table, cells, names)
    if len(found) < 2 and kind != TOKEN_CLASSIFICATION:
        name, _ = table.places[0]
        only = f"every row has label '{short(next(iter(found)))}'" if found else "no row has a label"
        raise OwnDataError(f"{name}: {only} in column '{column}': nothing is left to predict")
    if kind == CLASSIFICATION and len(cells) > 9 and len(found) > _MANY * len(cells):
        name, _ = table.places[0]
        raise OwnDataError(
            f"{name}: column '{column}' has {len(found)} different labels in {len(cells)} rows: name another"
            " by --label, or write kind: regression into task.yaml where they are numbers to be predicted"
        )
    return Labels(kind, tuple(names))


def _kind(cells: Sequence[LabelCell]) -> str:
    if any(isinstance(cell, tuple) for cell in cells):
        return MULTI_LABEL
    texts = [cell for cell in cells if isinstance(cell, str)]
    numbers = [text for text in texts if _is_number(text)]
    decimal = any(not _WHOLE.fullmatch(text) for text in numbers)
    return REGRESSION if decimal and 2 * len(numbers) > len(texts) else CLASSIFICATION


def _cell(value: object, called: tuple[str, ...]) -> LabelCell:
    if isinstance(value, list | tuple):
        return tuple(str(_cell(one, called) or "") for one in value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and called:
        return called[value] if 0 <= value < len(called) else None if value == -1 else str(value)
    text = repr(value) if isinstance(value, float) else str(value).strip()
    return text or None


def _number(cell: LabelCell) -> float:
    if not isinstance(cell, str) or not _is_number(cell):
        shown = short(cell) if isinstance(cell, str) else "a list"
        raise ValueError(f"has label '{shown}', which is no number as the others are")
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"has label {short(cell)}; give a finite number")
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _ordered(found: Counter[str], *, tags: bool) -> tuple[str, ...]:
    """Whole numbers by their size, all else by the alphabet; of tags, the one outside of names first."""
    if all(_WHOLE.fullmatch(name) for name in found):
        return tuple(sorted(found, key=lambda name: (int(name), name)))
    return tuple(sorted(found, key=lambda name: (tags and name != _UNTAGGED, name)))


def _refuse_alike(table: Table, cells: Sequence[LabelCell], names: Sequence[str]) -> None:
    """Refuse classes that differ in case, blanks or hyphens alone: one of them is mistyped."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(plain_text(name), name)
        if other != name:
            rows = [
                at for at, cell in enumerate(cells) if name in (cell if isinstance(cell, tuple) else (cell,))
            ]
            table.fail(
                rows[0] if rows else 0,
                f"labels '{short(other)}' and '{short(name)}' differ in spelling alone",
            )
