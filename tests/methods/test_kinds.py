"""Every method on rows with several labels and on labels of words: it trains, or says why not."""

from __future__ import annotations

import math

import pytest

from ftbench import methods
from ftbench.testing import trained
from ftbench.testing.bench import SEVERAL, WORDS, Bench
from ftbench.testing.subject import NotApplicable, Subject

METHODS = tuple(entry.name for entry in methods.available() if entry.source == "built-in")
#: What is given to a method whose defaults make many more steps.
SHORT: dict[str, dict[str, float]] = {
    "soup": {"members": 2},
    "weight_mixup": {"k": 1, "search_epochs": 0.5, "finetune_epochs": 0.5},
}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def subject_of(name: str) -> Subject:
    return Subject(name, methods.find(name), SHORT.get(name, {}))


@pytest.mark.parametrize("task", [SEVERAL, WORDS])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_on_it(bench: Bench, name: str, task: str) -> None:
    subject = subject_of(name)
    assert subject.refusal(bench, task) is None
    end = subject.fit(bench, task=task, steps=2, rows=12)
    assert math.isfinite(end.loss)
    assert all(math.isfinite(point.value) for point in end.trainer.curves)


@pytest.mark.slow
@pytest.mark.parametrize("task", [SEVERAL, WORDS])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_adds_micro_batches_up_and_resumes(name: str, task: str) -> None:
    subject = subject_of(name)
    vars(subject)["task"] = task
    for check in (trained.check_accumulation, trained.check_resume, trained.check_same_seed):
        try:
            assert check(subject)
        except NotApplicable as reason:
            assert "batch whole" in str(reason)
