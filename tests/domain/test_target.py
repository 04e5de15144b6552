"""What a model is scored on, as it is asked for and as jobs name it."""

from __future__ import annotations

import pytest

from ftbench.domain.target import Target, TargetChoice, target_choices
from ftbench.domain.task import RowSet, TaskSpec
from ftbench.errors import BadValue, UnknownName

SNLI = TaskSpec(
    "snli", "SNLI", "nli", ("a", "b"), "accuracy", RowSet("train"), (RowSet("dev"), RowSet("test"))
)


@pytest.mark.parametrize(
    ("text", "name", "sets"),
    [
        ("snli", "snli:dev", ("dev",)),
        ("snli:test", "snli:test", ("test",)),
        ("snli@linear", "snli:dev@linear", ("train", "dev")),
        ("snli:test@logistic", "snli:test@logistic", ("train", "test")),
    ],
)
def test_a_task_means_its_reported_set_and_a_probe_trains_too(
    text: str, name: str, sets: tuple[str, ...]
) -> None:
    (choice,) = target_choices(text)
    found = choice.on(SNLI)
    assert (found.name, found.sets(SNLI)) == (name, sets)
    assert Target.of(name) == found and (choice.task, choice.text) == ("snli", text)


def test_a_set_of_the_jobs_own_task_names_no_task() -> None:
    assert Target.of("mnli-mm") == Target("", "mnli-mm") and Target.of("mnli-mm").name == "mnli-mm"
    assert Target.of("dev@linear") == Target("", "dev", "linear")


@pytest.mark.parametrize(
    ("text", "told"),
    [("snli@linea", "unknown probe 'linea'; did you mean 'linear'"), ("snli:tets", "did you mean 'test'")],
)
def test_what_there_is_not_is_refused(text: str, told: str) -> None:
    with pytest.raises(UnknownName, match=told):
        target_choices(text)[0].on(SNLI)


def test_a_text_without_a_task_is_refused() -> None:
    with pytest.raises(BadValue, match="write a task, task:set or task@linear"):
        target_choices("snli,:dev")


def test_several_are_a_list() -> None:
    assert target_choices(" snli, rte:dev@linear,snli") == (
        TargetChoice("snli"),
        TargetChoice("rte", "dev", "linear"),
    )
    assert target_choices("") == ()


def test_a_task_with_some_sets_trains_on_the_first_and_has_no_others() -> None:
    some = SNLI.with_sets("train", "test")
    assert (some.train.name, [rows.name for rows in some.evaluation]) == ("train", ["test"])
    assert SNLI.with_sets("dev").train.name == "dev" and SNLI.with_sets("dev").evaluation == ()
