"""Metrics of tasks whose rows have several labels, and of those whose words have labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ftbench.domain.task import NO_LABEL
from ftbench.tasks.check import tags_entities

Integers = NDArray[np.int64]


def several(logits: NDArray[np.float32], labels: Integers) -> dict[str, float]:
    """F1 of the labels that are predicted: those with a probability above ½.

    Args:
        logits: shape (rows, labels).
        labels: 0 or 1, same shape.

    Returns:
        ``micro_f1``: of all decisions together; ``macro_f1``: the mean of each label's own. An F1 without a
        row that has or is given the label is 0.
    """
    predicted = logits > 0
    hits = (predicted & (labels == 1)).sum(axis=0)
    sizes = predicted.sum(axis=0) + (labels == 1).sum(axis=0)
    return {
        "micro_f1": float(_f1(hits.sum(), sizes.sum())),
        "macro_f1": float(np.mean([_f1(hit, size) for hit, size in zip(hits, sizes, strict=True)])),
    }


def of_words(tags: Sequence[str], logits: NDArray[np.float32], labels: Integers) -> dict[str, float]:
    """How many words, and how many entities, are right.

    Args:
        tags: their names.
        logits: shape (labelled words, tags).
        labels: shape (rows, words), ``NO_LABEL`` where nothing is predicted.

    Returns:
        ``token_accuracy``: the share of the labelled words with the right tag; and where the tags are those
        of entities ``entity_f1``, as seqeval and conlleval count it: an entity is right where its first word,
        its last word and its type are.
    """
    labelled = labels != NO_LABEL
    predicted, gold = logits.argmax(-1), labels[labelled]
    found = {"token_accuracy": float((predicted == gold).mean()) if len(gold) else 0.0}
    if tags_entities(tags):
        ends = np.cumsum(labelled.sum(axis=1))[:-1]
        found["entity_f1"] = entity_f1(tags, np.split(gold, ends), np.split(predicted, ends))
    return found


def entity_f1(tags: Sequence[str], gold: Sequence[Integers], predicted: Sequence[Integers]) -> float:
    """F1 of the entities of sentences, over all types together; 0 where there are none.

    Args:
        tags: their names.
        gold: for each sentence the tags of its labelled words, each of shape (words,).
        predicted: the same of a model.
    """
    from seqeval.metrics import f1_score

    right, given = ([[tags[tag] for tag in row] for row in rows] for rows in (gold, predicted))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where nothing was found
        return float(f1_score(right, given, zero_division=0))


def _f1(hits: int, sizes: int) -> float:
    """2·TP / (2·TP + FP + FN): ``sizes`` are the labels given and those that are right."""
    return 2 * hits / sizes if sizes else 0.0
