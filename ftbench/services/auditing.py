"""What the rows of a task do to comparisons: some were seen in training, some have labels that disagree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftbench.domain.task import CLASSIFICATION, TaskSpec
from ftbench.printable import printable
from ftbench.tasks import sources
from ftbench.tasks.near import RULE, NearPair, made_alike, near_pairs
from ftbench.tasks.rows import Rows

SHOWN = 10
_QUOTED = 60  # characters of a text


@dataclass(frozen=True)
class Overlap:
    """What of an evaluation set is in doubt; numbers of its rows.

    Attributes:
        rows: of the set.
        pairs: each row that stands in the training rows, too, or nearly so, with the nearest of these.
        equal: how many of them are equal once they are made alike.
        other_label: how many of them have another label there.
        undecided: how many cannot be right together, as rows with the same text have other labels.
    """

    rows: int
    pairs: tuple[NearPair, ...]
    equal: int
    other_label: int
    undecided: int


def audit(task: TaskSpec, folder: Path | None) -> dict[str, Any]:
    """The near-duplicates between training and evaluation rows, and conflicts of labels, as plain values.

    Args:
        task: the task.
        folder: with its rows; None for the usual places.

    Raises:
        DataError: the rows are not here, or cannot be read.
    """
    ref = sources.locate(task, folder)
    train = sources.read(task, task.train.name, ref)
    left = [made_alike(texts) for texts in zip(*train.texts, strict=True)]
    sets = []
    for one in task.evaluation:
        rows = sources.read(task, one.name, ref)
        right = [made_alike(texts) for texts in zip(*rows.texts, strict=True)]
        found = overlap(left, train.labels, right, rows.labels)
        sets.append(_row(task, one.name, found, train, rows))
    inside = conflicts(left, train.labels)
    return {
        "name": task.name,
        "title": task.title,
        "rule": RULE,
        "training rows": len(train),
        "training rows with a twin": len(left) - len(set(left)),
        "training rows whose twins have other labels": inside,
        "sets": sets,
    }


def overlap(
    left: Sequence[str], labels: Sequence[object], right: Sequence[str], gold: Sequence[object]
) -> Overlap:
    """What of an evaluation set is in doubt.

    Args:
        left: the training texts, made alike.
        labels: of these.
        right: the evaluation texts, made alike.
        gold: the labels of these.
    """
    pairs = tuple(near_pairs(left, right))
    equal = sum(pair.jaccard == 1 and left[pair.left] == right[pair.right] for pair in pairs)
    other = sum(labels[pair.left] != gold[pair.right] for pair in pairs)
    return Overlap(len(right), pairs, equal, other, undecided(right, gold))


def undecided(texts: Sequence[str], labels: Sequence[object]) -> int:
    """How many rows no function of their text gets right: all but the commonest label of each text."""
    by_text: defaultdict[str, Counter[object]] = defaultdict(Counter)
    for text, label in zip(texts, labels, strict=True):
        by_text[text][label] += 1
    return sum(sum(counts.values()) - max(counts.values()) for counts in by_text.values())


def conflicts(texts: Sequence[str], labels: Sequence[object]) -> int:
    """How many rows have a text that stands there with another label, too."""
    by_text: defaultdict[str, Counter[object]] = defaultdict(Counter)
    for text, label in zip(texts, labels, strict=True):
        by_text[text][label] += 1
    return sum(sum(counts.values()) for counts in by_text.values() if len(counts) > 1)


def _row(task: TaskSpec, name: str, found: Overlap, train: Rows, rows: Rows) -> dict[str, Any]:
    seen = len(found.pairs)
    return {
        "set": name,
        "rows": found.rows,
        "near-duplicates": seen,
        "of these equal": found.equal,
        "with another label": found.other_label,
        "undecided": found.undecided,
        "could change": _could_change(task, found),
        "pairs": [
            {
                "row": pair.right + 1,
                "training row": pair.left + 1,
                "jaccard": round(pair.jaccard, 3),
                "label": shown_label(task, rows.labels[pair.right]),
                "training label": shown_label(task, train.labels[pair.left]),
                "text": _quote(rows, pair.right),
                "training text": _quote(train, pair.left),
            }
            for pair in sorted(found.pairs, key=lambda pair: (-pair.jaccard, pair.right))
        ],
    }


def _could_change(task: TaskSpec, found: Overlap) -> str:
    """What the rows in doubt can do to a score, at most."""
    seen = len(found.pairs)
    share, ceiling = 100 * seen / found.rows, 100 * (1 - found.undecided / found.rows)
    if task.kind != CLASSIFICATION:
        return f"{share:.2f} % of the rows were seen" if seen else "nothing"
    if not seen and not found.undecided:
        return "nothing"
    told = [f"accuracy by up to {share:.2f} points if they were left out"] if seen else []
    told += [f"no model of the text alone gets above {ceiling:.2f}"] if found.undecided else []
    return "; ".join(told)


def shown_label(task: TaskSpec, label: object) -> str:
    """A label as readers see it."""
    if isinstance(label, int) and 0 <= label < len(task.labels):
        return printable(task.labels[label])
    return f"{label:g}" if isinstance(label, float) else printable(label)


def _quote(rows: Rows, row: int) -> str:
    """The beginning of a row's text."""
    text = printable(" | ".join(column[row] for column in rows.texts))
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def audit_card(found: Mapping[str, Any]) -> dict[str, Any]:
    """An audit as it is printed: a line for each set, and the first pairs of each."""
    sets = [{k: v for k, v in one.items() if k != "pairs"} for one in found["sets"]]
    pairs = [{"set": one["set"], **pair} for one in found["sets"] for pair in one["pairs"][:SHOWN]]
    return {**{k: v for k, v in found.items() if k != "sets"}, "evaluation": sets, "nearest pairs": pairs}
