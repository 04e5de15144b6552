"""Evaluation rows drawn from the training file: the same for everybody who has the same rows."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from ftbench.domain.task import CLASSIFICATION, REGRESSION
from ftbench.errors import OwnDataError
from ftbench.tasks.own.labels import Labels
from ftbench.tasks.own.table import Table, short
from ftbench.tasks.rows import Rows

SHARE = 0.2
#: Parts of about as many rows, by the size of their numbers; each gives its share.
BINS = 10
LEAST = 2  # rows of a class: one for each side


def drawn_rows(rows: Rows, labels: Labels, share: float) -> list[bool]:
    """Which rows are drawn, a share of every class (of numbers: of every tenth of them), at least one.

    A row's rank in its class is the SHA-256 of ``split`` and its texts: neither the file's name, its order,
    a seed nor another row has a part in it, and rows of equal texts and labels stay together.
    """
    ranks = [_rank(texts) for texts in zip(*rows.texts, strict=True)]
    chosen = [False] * len(rows)
    for members in _strata(rows.labels, labels.kind):
        order = sorted(members, key=lambda row: ranks[row])
        count = max(1, round(share * len(order)))
        while 0 < count < len(order) and ranks[order[count - 1]] == ranks[order[count]]:
            count += 1
        if count == len(order):  # all of them are equal but for their number
            count = max(1, round(share * len(order)))
        for row in order[:count]:
            chosen[row] = True
    return chosen


def refuse_few(table: Table, rows: Rows, labels: Labels) -> None:
    """Refuse a table of which no part can be drawn.

    Raises:
        OwnDataError: a class has one row, or the table has too few.
    """
    name, _ = table.places[0]
    if labels.kind == CLASSIFICATION:
        count, first = dict[object, int](), dict[object, int]()
        for row, label in enumerate(rows.labels):
            count[label] = count.get(label, 0) + 1
            first.setdefault(label, row)
        for at, called in enumerate(labels.names):
            if count.get(at, 0) < LEAST:
                told = (
                    f"label '{short(called)}' has {count.get(at, 0)} row{'' if count.get(at) == 1 else 's'}"
                )
                why = f"{LEAST} are needed to train on one and evaluate on another; or give a validation file"
                if at in first:
                    table.fail(first[at], f"{told}; {why}")
                raise OwnDataError(f"{name}: {told}; {why}")
    elif len(rows) < LEAST:
        raise OwnDataError(f"{name}: has {len(rows)} row; {LEAST} are needed, to train and to evaluate on")


def _strata(values: Sequence[object], kind: str) -> list[list[int]]:
    if kind == CLASSIFICATION:
        by_class: defaultdict[object, list[int]] = defaultdict(list)
        for row, label in enumerate(values):
            by_class[label].append(row)
        return list(by_class.values())
    rows = list(range(len(values)))
    if kind != REGRESSION:
        return [rows]
    rows.sort(key=lambda row: (float(str(values[row])), row))
    parts = max(1, min(BINS, len(rows) // BINS))
    edges = [round(at * len(rows) / parts) for at in range(parts + 1)]
    return [rows[a:b] for a, b in zip(edges, edges[1:], strict=False)]


def _rank(texts: Sequence[str]) -> str:
    return hashlib.sha256(
        "\x1f".join(("ftbench", "split", *texts)).encode("utf-8", "surrogatepass")
    ).hexdigest()
