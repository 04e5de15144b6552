"""Metrics of several labels a row, and of labels of words: by hand, and against scikit-learn and seqeval."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from seqeval.metrics import f1_score as seqeval_f1
from sklearn.metrics import f1_score

from ftbench import tasks
from ftbench.domain.task import NO_LABEL
from ftbench.metrics import Metric, find, fitting
from ftbench.tasks.rows import label_array, logits_by_row

TOPICS, TAGS = tasks.find("toy-topics"), tasks.find("toy-tags")


def topics(name: str) -> Metric:
    return find(name).for_task(TOPICS)


def tag_logits(tags: np.ndarray) -> np.ndarray:
    """Logits whose largest is that of a tag; (rows, words) -> (rows, words, tags)."""
    return np.eye(TAGS.outputs)[np.where(tags == NO_LABEL, 0, tags)]


# Several labels -------------------------------------------------------------------------------------------

#: Three rows, two labels: hits 1 and 1, given 2 and 1, there 1 and 2.
LABELS = np.array([[1, 1], [0, 1], [0, 0]])
LOGITS = np.array([[2.0, 0.1], [3.0, -1.0], [-0.1, -5.0]])


def test_micro_f1_counts_all_labels_together() -> None:
    assert topics("micro_f1").score(LOGITS, LABELS) == pytest.approx(2 * 2 / (3 + 3))


def test_macro_f1_is_the_mean_of_the_labels() -> None:
    assert topics("macro_f1").score(LOGITS, LABELS) == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_a_probability_of_one_half_gives_no_label() -> None:
    assert topics("micro_f1").score(np.zeros((2, 2)), np.ones((2, 2))) == 0.0


def test_a_label_that_is_nowhere_is_left_out_of_the_mean_and_nothing_at_all_is_0() -> None:
    labels, logits = np.array([[1, 0], [1, 0]]), np.array([[1.0, -1.0], [1.0, -1.0]])
    assert topics("macro_f1").score(logits, labels) == 1.0
    assert topics("macro_f1").score(-np.ones((2, 2)), np.zeros((2, 2))) == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_both_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(30, 5)), (rng.random((30, 5)) < 0.3).astype(int)
    for average in ("micro", "macro"):
        wanted = f1_score(labels, logits > 0, average=average, zero_division=0)
        assert topics(f"{average}_f1").score(logits, labels) == pytest.approx(wanted)


def test_of_one_class_a_row_macro_f1_is_what_it_was() -> None:
    cola = tasks.find("cola")
    logits, labels = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), np.array([0, 0, 1])
    assert find("macro_f1").for_task(cola).score(logits, labels) == pytest.approx((2 / 3 + 2 / 3) / 2)


# Words ----------------------------------------------------------------------------------------------------


def numbers(*sentences: str) -> np.ndarray:
    """Sentences of tags as an array; ``-`` is a word without a label."""
    rows = [
        tuple(NO_LABEL if tag == "-" else TAGS.labels.index(tag) for tag in line.split())
        for line in sentences
    ]
    return label_array(TAGS, rows)


@pytest.mark.parametrize(
    ("right", "answered", "f1"),
    [
        ("B-DOER I-DOER O B-PLACE", "B-DOER I-DOER O B-PLACE", 1.0),
        ("B-DOER I-DOER O B-PLACE", "B-DOER O O B-PLACE", 0.5),  # a shorter one is wrong
        ("B-DOER I-DOER O B-PLACE", "B-TARGET I-TARGET O B-PLACE", 0.5),  # as is another type
        ("B-DOER I-DOER", "B-DOER B-DOER", 0.0),  # two for one: no hit among 1 + 2
        ("B-DOER B-DOER", "B-DOER I-DOER", 0.0),
        ("O B-DOER I-DOER", "O I-DOER I-DOER", 1.0),  # conlleval takes one that begins with I-
        ("B-DOER - I-DOER O", "B-DOER - I-DOER O", 1.0),  # what has no label is not there
        ("O O", "O O", 0.0),
        ("O O", "B-DOER O", 0.0),
    ],
)
def test_entities_are_right_as_a_whole_or_not_at_all(right: str, answered: str, f1: float) -> None:
    metric = find("entity_f1").for_task(TAGS)
    assert metric.score(tag_logits(numbers(answered)), numbers(right)) == pytest.approx(f1)


def test_entities_of_two_sentences_do_not_join() -> None:
    right = numbers("O B-DOER", "I-DOER O")
    metric = find("entity_f1").for_task(TAGS)
    assert metric.score(tag_logits(right), right) == 1.0
    assert metric.score(tag_logits(numbers("O B-DOER", "O O")), right) == pytest.approx(2 / 3)


@pytest.mark.parametrize("seed", range(4))
def test_entity_f1_is_that_of_seqeval_and_token_accuracy_counts_labelled_words(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, answered = rng.integers(7, size=(2, 12, 9))
    labels[rng.random(labels.shape) < 0.2] = NO_LABEL
    logits, there = tag_logits(answered), labels != NO_LABEL
    names = [
        [[TAGS.labels[tag] for tag in row[own]] for row, own in zip(given, there, strict=True)]
        for given in (labels, answered)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = seqeval_f1(*names)
    assert find("entity_f1").for_task(TAGS).score(logits, labels) == pytest.approx(wanted)
    accuracy = (labels == answered)[there].mean()
    assert find("token_accuracy").score(logits, labels) == pytest.approx(accuracy)


@pytest.mark.parametrize("name", ["micro_f1", "macro_f1", "entity_f1", "token_accuracy"])
def test_rows_that_count_twice_count_as_two(name: str) -> None:
    rng, words = np.random.default_rng(1), name in ("entity_f1", "token_accuracy")
    task = TAGS if words else TOPICS
    labels = rng.integers(7 if words else 2, size=(6, 7))
    logits = rng.normal(size=(6, 7, 7) if words else (6, 7))
    metric, times = find(name).for_task(task), np.array([[2, 0, 1, 1, 0, 3]])
    again = np.repeat(np.arange(6), times[0])
    found = metric.resampled(metric.seen(logits), labels, times)
    assert found[0] == pytest.approx(metric.score(logits[again], labels[again]))


def test_tags_that_name_no_entities_have_no_entity_f1() -> None:
    from dataclasses import replace

    speech = replace(TAGS, labels=("NOUN", "VERB", "O"))
    assert [one.name() for one in fitting(speech)] == ["token_accuracy"]
    assert "B-…" in find("entity_f1").unfit(speech)
    assert {one.name() for one in fitting(TAGS)} == {"entity_f1", "token_accuracy"}
    assert {one.name() for one in fitting(TOPICS)} >= {"micro_f1", "macro_f1"}


def test_stored_logits_of_words_are_laid_out_by_sentence() -> None:
    labels = label_array(TAGS, [(0, NO_LABEL, 2), (1,)])
    flat = np.arange(21.0).reshape(3, 7)
    found = logits_by_row(TAGS, flat, labels)
    assert found.shape == (2, 3, 7) and not found[0, 1].any() and not found[1, 1:].any()
    assert np.array_equal(found[labels != NO_LABEL], flat)
    assert logits_by_row(TOPICS, flat, labels) is flat
