"""The toy tasks with several labels a row and with labels of words."""

from __future__ import annotations

import pytest

from ftbench import tasks
from ftbench.tasks import toy, toy_labels, toy_lexicon
from ftbench.tasks.toy_labels import TAGS, labelled_rows, role_tags


def test_revision_names_the_generated_rows() -> None:
    assert toy_labels.digest() == toy_labels.REVISION


@pytest.mark.parametrize("name", ["toy-topics", "toy-tags"])
def test_train_and_dev_have_no_text_in_common(name: str) -> None:
    train, dev = (labelled_rows(name, one) for one in ("train", "dev"))
    assert (len(train), len(dev)) == (800, 400)
    assert len({*train.texts[0], *dev.texts[0]}) == 1200


def test_a_phrase_is_one_entity_from_its_determiner_to_its_noun() -> None:
    roles = {"DOER": toy_lexicon.NOUNS["dog"], "TARGET": toy_lexicon.NOUNS["cat"]}
    words = "the cat was not chased by those big hounds".split()
    found = role_tags(words, roles)
    assert found == "B-TARGET I-TARGET O O O O B-DOER I-DOER I-DOER".split()


def test_every_word_has_a_tag_and_every_tag_occurs() -> None:
    drawn = labelled_rows("toy-tags", "dev")
    assert all(len(t.split(" ")) == len(tags) for t, tags in zip(drawn.texts[0], drawn.labels, strict=True))  # type: ignore[arg-type]
    assert {tag for row in drawn.labels for tag in row} == set(range(len(TAGS)))  # type: ignore[union-attr]


def test_they_stand_in_a_group_of_their_own() -> None:
    groups = tasks.groups()
    assert groups["toy-labels"] == ("toy-topics", "toy-tags")
    assert groups["toy"] == tuple(task.name for task in toy.TASKS)
