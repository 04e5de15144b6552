"""Whether a task that a package brings can be read, trained on and reported."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from ftbench.domain.task import CLASSIFICATION, KINDS, REGRESSION, RowSet, TaskSpec
from ftbench.errors import nearest
from ftbench.metrics import fitting, of_score
from ftbench.tasks.rows import plain_text

#: What is typed between commas, colons and brackets.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def metrics_of(task: TaskSpec) -> tuple[str, ...]:
    """The metrics that are computed for a task's kind; it reports one of them."""
    return tuple(metric.name() for metric in fitting(task))


def wrong(task: TaskSpec) -> str:
    """The first thing that is wrong with a task, in one line that says what would be right; "" for none.

    A task that is not built in is meant: its types were checked by nobody.
    """
    return next((found for check in _CHECKS for found in check(task)), "")


def is_name(text: object) -> bool:
    """Whether this can be the name of a task, a benchmark or a set of rows."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def _names(task: TaskSpec) -> Iterator[str]:
    rule = "letters, digits, '_', '-', '.' and '+' make a name"
    for field, text in (("name", task.name), ("benchmark", task.benchmark)):
        if not is_name(text):
            yield f"{field} {text!r}: {rule}"
    for field, text in (("title", task.title), ("note", task.note)):
        if not isinstance(text, str) or "\n" in text or (field == "title" and not text.strip()):
            yield f"{field} {text!r}: give one line of text"
    if task.builtin:
        yield "builtin: rows come from files or the hub; only ftbench's own tasks are generated"


def _labels(task: TaskSpec) -> Iterator[str]:
    labels = task.labels
    if not isinstance(labels, tuple) or not all(isinstance(name, str) and name.strip() for name in labels):
        yield f"labels {labels!r}: give a tuple of names, () for regression"
    elif task.kind not in KINDS:
        yield f"kind {task.kind!r}: give one of {', '.join(KINDS)}{nearest(str(task.kind), KINDS)}"
    elif bool(labels) == (task.kind == REGRESSION):
        yield f"labels {labels!r}: {task.kind} has {'none' if labels else 'two or more'}"
    elif len(labels) == 1:
        yield f"labels {labels!r}: one class leaves nothing to predict; give two or more, () for regression"
    elif len({plain_text(name) for name in labels}) < len(labels):
        yield f"labels {labels!r}: two classes differ by nothing that files keep apart"
    names = task.label_names
    if not isinstance(names, Mapping):
        yield f"label_names {names!r}: give a mapping from what a file has to the class's index"
        return
    for written, index in names.items():
        if not isinstance(written, str):
            yield f"label_names: {written!r} is no text; labels are matched as text"
        elif type(index) is not int or index not in range(len(labels)):
            right = f"is not one of 0 to {len(labels) - 1}" if labels else "has no place in regression"
            yield f"label_names: {index!r} for '{written}' {right}"
        elif plain_text(written) in map(plain_text, labels[:index] + labels[index + 1 :]):
            yield f"label_names: '{written}' stands for class {index}, but is the name of another"
    if task.label_range is not None:
        yield from _range(task)


def _range(task: TaskSpec) -> Iterator[str]:
    bounds = task.label_range
    if not task.regression:
        yield "label_range: for regression alone, and this task has classes"
    elif not (
        isinstance(bounds, Sequence)
        and len(bounds) == 2
        and all(isinstance(x, int | float) and math.isfinite(x) for x in bounds)
        and bounds[0] < bounds[1]
    ):
        yield f"label_range {bounds!r}: give the smallest and the largest label"


def _metric(task: TaskSpec) -> Iterator[str]:
    known = metrics_of(task)
    if task.metric in known:
        one = of_score(task.metric)
        if not one.higher or not one.percent:
            yield (
                f"metric '{task.metric}': a task reports a fraction of which higher is better; "
                f"others are shown by `report --metric {task.metric}`"
            )
        return
    kind = f"{len(task.labels)} classes" if task.kind == CLASSIFICATION else task.kind
    yield f"metric '{task.metric}' is not computed for {kind}{nearest(str(task.metric), known)}"


def _sets(task: TaskSpec) -> Iterator[str]:
    if not isinstance(task.train, RowSet):
        yield f"train {task.train!r}: give a RowSet"
        return
    sets = task.evaluation
    if not isinstance(sets, tuple) or not all(isinstance(rows, RowSet) for rows in sets):
        yield f"evaluation {sets!r}: give a tuple of RowSets"
        return
    if not sets:
        yield "evaluation: no sets; give one at least, the first is reported"
    taken: set[str] = set()
    for rows in (task.train, *sets):
        if not is_name(rows.name):
            yield f"set {rows.name!r}: letters, digits, '_', '-', '.' and '+' make a name"
        elif rows.name in taken:
            yield f"set '{rows.name}' stands there twice; each set has a name of its own"
        taken.add(rows.name)
    if task.own is None:
        yield from _sources((task.train, *sets))


def _sources(sets: tuple[RowSet, ...]) -> Iterator[str]:
    """All sets are read from one place: every set needs a file, or every set a split of one data set."""
    files = [rows.name for rows in sets if rows.tsv is None]
    splits = [rows.name for rows in sets if rows.hub is None]
    if files and splits:
        yield f"set '{files[0]}' has no file and '{splits[0]}' no split of the hub; give all sets one of both"
    if len(files) not in (0, len(sets)) or len(splits) not in (0, len(sets)):
        lacks, what = (
            (files[0], "file") if len(files) not in (0, len(sets)) else (splits[0], "split of the hub")
        )
        yield f"set '{lacks}' has no {what}, though others have"
    found = {rows.hub.dataset for rows in sets if rows.hub is not None}
    if len(found) > 1:
        yield f"the sets' splits are of several data sets ({', '.join(sorted(found))}); give one"
    widths = {len(source.text) for rows in sets for source in (rows.tsv, rows.hub) if source is not None}
    if widths - {1, 2} or len(widths) > 1:
        yield "text: give one column, or two for pairs, the same number in every set and source"
    for rows in sets:
        if rows.tsv is not None:
            yield from _file(rows)


def _file(rows: RowSet) -> Iterator[str]:
    tsv = rows.tsv
    assert tsv is not None
    path = PurePosixPath(tsv.path)
    if path.is_absolute() or ".." in path.parts or not path.name:
        yield f"set '{rows.name}': path {tsv.path!r} is not below the data folder"
    for column in (*tsv.text, tsv.label):
        if tsv.header and not isinstance(column, str):
            yield f"set '{rows.name}': column {column!r}: the header names the columns; give a name"
        elif not tsv.header and (type(column) is not int or column not in range(tsv.width)):
            right = f"0 to {tsv.width - 1}" if tsv.width > 0 else "below width, which is not given"
            yield f"set '{rows.name}': column {column!r}: without a header, columns are numbers, {right}"


_CHECKS = (_names, _labels, _metric, _sets)
