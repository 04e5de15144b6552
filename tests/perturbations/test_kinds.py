"""Perturbations of rows with several labels, and of labels of words."""

from __future__ import annotations

import numpy as np
import pytest

from ftbench import tasks
from ftbench.domain.perturbation import Change
from ftbench.domain.task import NO_LABEL
from ftbench.perturbations import find
from ftbench.perturbations.train_size import strata_of, subset_order
from ftbench.run.seeding import keys
from ftbench.tasks import toy_labels
from ftbench.tasks.rows import label_array
from tests.perturbations.rows import affected, perturbed, rows

TOPICS, TAGS = tasks.find("toy-topics"), tasks.find("toy-tags")


def made(name: str, value: float, **options: object) -> object:
    return find(name).made(Change(name, value, tuple(sorted(options.items()))))  # type: ignore[arg-type]


def test_noise_turns_decisions_round() -> None:
    before = np.array([[0, 1, 0, 0, 1, 0, 0]] * 20)
    found = perturbed(rows(before, "toy-topics"), "noise", 0.1).labels
    assert (found != before).sum() == 14 and set(np.unique(found)) == {0, 1}


def test_noise_gives_labelled_words_another_tag() -> None:
    before = np.array([[0, 1, NO_LABEL], [3, NO_LABEL, NO_LABEL]] * 20)
    given = rows(before, "toy-tags")
    found = perturbed(given, "noise", 0.25).labels
    changed = found != before
    assert changed.sum() == 15 and not changed[before == NO_LABEL].any()
    assert found.min() == NO_LABEL and found.max() < 7
    assert affected(given, "noise", 0.25) == set(np.flatnonzero(changed.any(axis=1)))


@pytest.mark.parametrize("task", ["toy-topics", "toy-tags"])
def test_less_noise_is_contained_in_more(task: str) -> None:
    before = np.array([[0, 1, 0, 0, 1, 0, 0]] * 20)
    little, much = (perturbed(rows(before, task), "noise", ratio).labels for ratio in (0.1, 0.3))
    hit = little != before
    assert np.array_equal(little[hit], much[hit])


@pytest.mark.parametrize("task", [TOPICS, TAGS])
def test_what_is_about_one_class_a_row_is_refused(task: object) -> None:
    for one in (made("reduction", 0.5), made("noise", 0.1, kind="pairflip")):
        assert "several labels a row" in one.unsuitable(task, None)  # type: ignore[attr-defined]
    assert made("noise", 0.1).unsuitable(task, None) is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("task", [TOPICS, TAGS])
def test_samples_have_each_combination_at_its_share(task: object) -> None:
    labels = label_array(task, toy_labels.labelled_rows(task.name, "train").labels)  # type: ignore[attr-defined,arg-type]
    strata = strata_of(task, labels)  # type: ignore[arg-type]
    values, counts = np.unique(strata, return_counts=True)
    assert counts[values >= 0].min() >= 10 and len(values) >= 4
    order = subset_order(task, labels, keys(len(labels), 3), "stratified")  # type: ignore[arg-type]
    part = strata[order[:200]]
    for value, count in zip(values, counts, strict=True):
        assert abs((part == value).sum() - count / 4) <= 1


def test_misspelt_words_keep_their_labels() -> None:
    drawn = toy_labels.labelled_rows("toy-tags", "train")
    labels = label_array(TAGS, drawn.labels[:30])
    given = rows(labels, "toy-tags", texts=(np.array(drawn.texts[0][:30], dtype=object),))
    found = perturbed(given, "typos", 0.5)
    assert any(a != b for a, b in zip(found.texts[0], drawn.texts[0][:30], strict=True))
    assert [t.count(" ") for t in found.texts[0]] == [t.count(" ") for t in drawn.texts[0][:30]]
    assert np.array_equal(found.labels, labels)
