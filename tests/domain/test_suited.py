"""Recipes as models can follow them: lengths and heads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftbench import tasks
from ftbench.domain.hparams import Value
from ftbench.domain.model import ModelSpec
from ftbench.domain.recipe import Recipe
from ftbench.domain.suited import suited, too_short

RTE, STSB, TOY = tasks.find("rte"), tasks.find("stsb"), tasks.find("toy-entail")
SHORT = ModelSpec("short", "", "bert", 0.0, positions=64)
PROMPT: dict[str, Value] = {"num_virtual_tokens": 20}


@pytest.mark.parametrize(
    ("asked", "positions", "hparams", "length"),
    [
        (128, 64, {}, 64),
        (128, 128, {}, 128),
        (64, 512, {}, 64),
        (128, 0, {}, 128),  # no limit, or none known
        (128, 64, PROMPT, 44),
        (44, 64, PROMPT, 44),
        (128, 512, PROMPT, 128),
    ],
)
def test_a_recipe_is_no_longer_than_the_positions(
    asked: int, positions: int, hparams: dict[str, Value], length: int
) -> None:
    found = suited(Recipe(max_length=asked), replace(SHORT, positions=positions), RTE, hparams)
    assert found.recipe == Recipe(max_length=length) and not found.refused
    assert bool(found.note) == (asked != length)


def test_what_was_shortened_is_told() -> None:
    assert suited(Recipe(), SHORT, RTE, {}).note == "max_length is 64, not 128: short has 64 positions"
    assert suited(Recipe(), SHORT, RTE, PROMPT).note.endswith("64 positions, 20 of them for virtual tokens")


def test_a_task_without_long_rows_keeps_its_recipe() -> None:
    assert suited(Recipe(), SHORT, TOY, PROMPT).recipe == Recipe()
    assert suited(Recipe(), replace(SHORT, positions=32), TOY, {}).recipe.max_length == 32


def test_no_room_for_a_text_is_refused() -> None:
    assert "too few for any text" in suited(Recipe(), SHORT, RTE, {"num_virtual_tokens": 61}).refused


def test_a_head_is_spoken_of_where_the_weights_have_one() -> None:
    headed = replace(SHORT, head=3, positions=0)
    assert suited(Recipe(), headed, RTE, {}).recipe.head == "drawn"
    assert suited(Recipe(), SHORT, TOY, {}).recipe.head is None
    assert suited(Recipe(head="drawn"), SHORT, TOY, {}).recipe == Recipe()  # the same job
    assert suited(Recipe(), replace(headed, head=None), RTE, {}).recipe.head is None


@pytest.mark.parametrize(
    ("head", "labels", "reason"),
    [
        (2, ("entailment", "not_entailment"), ""),
        (2, ("Entailment", "not-entailment"), ""),
        (None, (), ""),  # not known: the job looks
        (0, (), "its weights have no head to keep"),
        (3, ("entailment", "neutral", "contradiction"), "its head has 3 outputs, and RTE needs 2"),
        (2, ("not_entailment", "entailment"), "the classes of its head are not_entailment, entailment, and"),
        (2, ("LABEL_0", "LABEL_1"), "those of RTE entailment, not_entailment"),
    ],
)
def test_a_head_is_kept_where_its_classes_are_the_tasks(
    head: int | None, labels: tuple[str, ...], reason: str
) -> None:
    found = suited(Recipe(head="kept"), replace(SHORT, positions=0, head=head, labels=labels), RTE, {})
    assert reason in found.refused if reason else not found.refused and found.recipe.head == "kept"


def test_a_regression_keeps_a_head_of_one_output() -> None:
    one = replace(SHORT, positions=0, head=1, labels=("LABEL_0",))
    assert not suited(Recipe(head="kept"), one, STSB, {}).refused


def test_identities_of_older_jobs_have_no_head() -> None:
    assert "head" not in Recipe().canonical()
    assert Recipe(head="drawn").canonical()["head"] == "drawn"


@pytest.mark.parametrize(
    ("updates", "hparams", "reason"),
    [
        (4, {}, ""),
        (4, {"tinit": 0, "tfinal": 0}, ""),
        (4, {"tinit": 2, "tfinal": 1}, ""),
        (4, {"tinit": 3, "tfinal": 1}, "tinit=3 and tfinal=1 leave none of the job's 4 updates between them"),
        (None, {"tinit": 50, "tfinal": 50}, ""),
    ],
)
def test_a_job_that_ends_before_its_method_begins_is_refused(
    updates: int | None, hparams: dict[str, Value], reason: str
) -> None:
    assert too_short(updates, hparams) == reason
