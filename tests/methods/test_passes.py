"""The passes that a method says an update takes are those that it makes: rows are counted in the encoder."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from ftbench import methods, tasks
from ftbench.testing.bench import CLASSIFICATION, REGRESSION
from ftbench.testing.subject import bench_of, subject_of

EPOCHS, ROWS, BATCH = 2, 20, 4
#: Beside every method with its defaults: where the number depends on what is asked.
ASKED = (
    "bidrop[k=3]",
    "bidrop[selection=none]",
    "child_tuning_d[keep_ratio=1]",
    "child_tuning_d[fisher=batch]",
    "freelb[steps=1]",
    "lp_ft[probe_epochs=0]",
    "lp_ft[probe_epochs=1]",
    "mixout[exact_gradient=false]",
    "r3f[r3f_lambda=0]",
    "rdrop[alpha=0]",
    "sam[rho=0]",
    "smart[alpha=0]",
    "smart[steps=3]",
    "smart[variant=published]",
    "soup[members=2,selection=greedy]",
    "soup[members=3]",
    "weight_mixup[alpha=joint]",
    "weight_mixup[alpha=ones]",
    "weight_mixup[k=1,search_epochs=none,finetune_epochs=none]",
    "weight_mixup[k=2,search_epochs=1,held_out=0.5]",
    "weight_mixup[k=1,search_epochs=1,variant=published]",
    "weight_mixup[k=1,search_epochs=1,rollback=real]",
)
BUILT_IN = [e.name for e in methods.available() if e.source == "built-in"]
#: Five searches are no other than one or two, and take a while.
LONG = {"weight_mixup"}


@contextmanager
def counted() -> Iterator[list[float]]:
    """The rows that go through an encoder in training, call by call; a third where nothing comes back."""
    seen: list[float] = []

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        if type(module).__name__ == "BertEncoder" and module.training:
            states = output[0]
            seen.append(len(states) if states.requires_grad else len(states) / 3)

    handle = register_module_forward_hook(note)
    try:
        yield seen
    finally:
        handle.remove()


def passes(text: str, task: str) -> tuple[float, float]:
    """What a method says of a short job, and what was counted."""
    subject, bench = subject_of(text, "tiny", ()), bench_of("tiny")
    recipe = {"epochs": EPOCHS, "batch_size": BATCH}
    trainer = subject.trainer(bench, subject.cls, subject.given, task, None, None, recipe, ROWS)
    with warnings.catch_warnings(), counted() as rows:
        warnings.simplefilter("ignore")
        trainer.method.fit(trainer)
    return trainer.method.passes(tasks.find(task), EPOCHS), sum(rows) / (EPOCHS * ROWS)


@pytest.mark.parametrize("name", [*(name for name in BUILT_IN if name not in LONG), *ASKED])
def test_a_job_makes_the_passes_that_its_method_says(name: str) -> None:
    said, made = passes(name, CLASSIFICATION)
    assert made == pytest.approx(said, rel=1e-6)


def test_every_built_in_method_is_run() -> None:
    assert {text.partition("[")[0] for text in ASKED} >= LONG and len(BUILT_IN) >= 28


@pytest.mark.parametrize(("name", "number"), [("r3f", 1.0), ("r4f", 1.0), ("rdrop", 2.0), ("smart", 3.0)])
def test_in_regression_a_noise_term_may_be_missing(name: str, number: float) -> None:
    assert passes(name, REGRESSION) == pytest.approx((number, number))
