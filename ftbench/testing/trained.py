"""What is seen of a method in short jobs: that it trains, learns, repeats, resumes and adds up."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ftbench import methods, tasks
from ftbench.domain import hparams
from ftbench.domain.suited import no_token_head
from ftbench.methods.base import BASELINE, Method
from ftbench.testing import overhead
from ftbench.testing.bench import CLASSIFICATION, REGRESSION, SEVERAL, WORDS, Watcher
from ftbench.testing.subject import (
    STILL,
    TOLERANCE,
    Failed,
    JobEnd,
    NotApplicable,
    Subject,
    distance,
    same,
)
from ftbench.training.trainer import Stopped, Trainer

#: What is left of the loss where a short job teaches anything: on numbers, where the mean label is most of
#: it, and on classes, where a few rows must be learnt by heart.
LEFT = {REGRESSION: 0.8, CLASSIFICATION: 0.97}
#: Where a run is interrupted: at no multiple of 2, 3, 5 or 10, on both sides of the events of an epoch.
STOPS = (7, 13)
#: Steps of the jobs that only show that a method trains.
BRIEF = 4


def check_classification(subject: Subject) -> str:
    """It trains on classes."""
    subject.refuse(subject.bench(), CLASSIFICATION)
    return _trained(subject.first)


def check_regression(subject: Subject) -> str:
    """It trains on numbers."""
    return _trained(subject.numbers)


def check_several_labels(subject: Subject) -> str:
    """It trains on rows with several labels each."""
    return _trained(subject.fit(subject.bench(), task=SEVERAL, steps=BRIEF))


def check_labels_of_words(subject: Subject) -> str:
    """It trains on labels of words, as many as there are in each micro-batch."""
    bench = subject.bench()
    refusal = no_token_head(bench.spec, tasks.find(WORDS))
    if refusal:
        raise NotApplicable(refusal)
    said = _trained(subject.fit(bench, task=WORDS, steps=BRIEF))
    return said if subject.cls.whole_batch else f"{said}; {_added_up(subject, WORDS, BRIEF)}"


def _trained(end: JobEnd) -> str:
    """Weights and losses are finite, and the losses are those of steps."""
    if not all(
        bool(torch.isfinite(value).all()) for value in end.weights.values() if value.is_floating_point()
    ):
        raise Failed("a weight is not finite")
    losses = [point.value for point in end.trainer.curves if point.name == "loss"]
    if not losses:
        raise Failed("no loss was logged: training_step must return it")
    steps = sum(facts["total_steps"] for facts in end.trainer.facts["runs"].values())
    return f"{steps} steps, last logged loss {losses[-1]:.3f}"


def check_learns(subject: Subject) -> str:
    """The task's plain loss on the rows is lower after a short job than before it."""
    bench = subject.bench()
    numbers = subject.refusal(bench, REGRESSION) is None
    task = REGRESSION if numbers else CLASSIFICATION
    end = subject.numbers if numbers else subject.fit(bench, task=task, steps=2 * subject.steps)
    start = subject.still(bench, task=task).loss
    if end.loss > start * LEFT[task]:
        why = (
            "it climbs: the sign of the loss or of the gradients is wrong"
            if end.loss > start * 1.05
            else "it learns nothing: gradients of 0, no step_optimizer, or a model_for_evaluation left behind"
        )
        raise Failed(f"the loss on the rows goes from {start:.3f} to {end.loss:.3f}: {why}")
    return f"the loss on the rows falls from {start:.3f} to {end.loss:.3f}"


def check_evaluation(subject: Subject) -> str:
    """The model to evaluate says the same of the same rows, again and again, and stays as it is."""
    end = subject.first
    once, twice = (end.trainer.outputs(end.model) for _ in range(2))
    if not np.array_equal(once, twice):
        raise Failed("two evaluations of one model differ: noise must end with training (module.training)")
    after = {name: value.detach() for name, value in end.model.state_dict().items()}
    same(end.weights, after, "evaluation changes the model")
    return "two evaluations are equal, and leave the model as it is"


def check_same_seed(subject: Subject) -> str:
    """The same job gives the same weights, to the last bit."""
    first = subject.first.weights
    second = subject.fit(subject.bench()).weights
    same(first, second, "two runs with one seed differ: draw through run.noise, keep state on the instance")
    return f"{len(first)} tensors are equal"


def check_resume(subject: Subject) -> str:
    """A job that was interrupted twice in each of its runs ends with the weights of one that was not."""
    undisturbed = subject.first
    lengths = {run: facts["total_steps"] for run, facts in undisturbed.trainer.facts["runs"].items()}
    stops = [(run, step) for run, length in lengths.items() for step in _places(length)]
    with tempfile.TemporaryDirectory() as folder:
        for stop in stops:
            _interrupted(subject, stop, Path(folder))
        end = subject.fit(subject.bench(), folder=Path(folder), watcher=Watcher())
    reached = {run: facts.get("resumed_at") for run, facts in end.trainer.facts["runs"].items()}
    for run, step in stops:
        if reached[run] == 0:
            raise Failed(
                f"its checkpoint cannot be loaded (step {step} of run {run}): keep tensors and plain values "
                "in state_dict(), and read in load_state_dict() only what is in it"
            )
    where = ", ".join(f"{step} of {run}" for run, step in stops[:4]) + (", …" if len(stops) > 4 else "")
    same(
        undisturbed.weights,
        end.weights,
        f"resumed after step {where}, the weights differ: what a step reads later belongs in state_dict()",
    )
    return f"interrupted {len(stops)} times, after step {where}; checkpoints hold plain values"


def _places(length: int) -> list[int]:
    """After which steps a run of a length is interrupted: late in a long one, too."""
    if length <= max(STOPS):
        return [(length + 1) // 2] if length > 1 else []
    return [*STOPS, *([2 * length // 3 + 1] if length > 30 else [])]


def _interrupted(subject: Subject, stop: tuple[str, int], folder: Path) -> None:
    try:
        subject.fit(subject.bench(), folder=folder, watcher=Watcher(stop=stop))
    except Stopped:
        return
    raise Failed(f"did not stop after step {stop[1]} of run {stop[0]}")


def check_accumulation(subject: Subject) -> str:
    """Micro-batches add up to the update of the whole batch (float64, all dropout 0)."""
    if subject.cls.whole_batch:
        raise NotApplicable(f"needs its batch whole: {subject.cls.whole_batch}")
    return _added_up(subject, subject.task, subject.steps // 2)


def _added_up(subject: Subject, task: str, steps: int) -> str:
    """The same update in one part and in two."""
    bench = subject.bench(torch.float64)
    # Plain SGD: Adam and clipping would hide a gradient that is a multiple of what it should be.
    recipe: dict[str, Any] = {"dropout": 0.0, "task": task, "steps": steps, "optimizer": "sgd", "clip": 0.0}
    names = [s.name for s in hparams.describe(subject.cls.HParams) if s.name.endswith("dropout")]
    own = {**subject.given, **dict.fromkeys(names, 0.0)}
    ends = [subject.fit(bench, given=own, accumulation=n, lr=1e-2, **recipe) for n in (1, 2)]
    whole, parts = (end.weights for end in ends)
    moved = distance(whole, subject.still(bench, **recipe).weights)
    if not moved:  # the weights that it trains have names of their own
        still = {**recipe, "lr": STILL, "steps": 1, "warmup_steps": 0}
        moved = distance(whole, subject.fit(bench, given=own, **still).weights)
    if not moved:
        raise Failed(f"no weight moved in {steps} steps")
    apart = distance(whole, parts) / moved
    if apart > TOLERANCE:
        raise Failed(
            f"in two micro-batches the update is another one: {apart:.1e} apart, relatively; a loss is the "
            "mean of its micro-batch, and noise on activations names its rows"
        )
    return f"two micro-batches give the update of the batch ({apart:.0e})"


def check_overhead(subject: Subject) -> str:
    """Time and memory of a step, measured against vanilla; informs, and fails only where it cannot run."""
    bench, vanilla = subject.bench(), methods.find(BASELINE)
    subject.refuse(bench, subject.task)

    def trainer(cls: type[Method], steps: int) -> Trainer:
        values = subject.given if cls is subject.cls else {}
        recipe = {"steps": steps, "batch_size": 16, "warmup_steps": 0}
        return subject.trainer(bench, cls, values, subject.task, None, None, recipe)

    return overhead.overhead_of(lambda n: trainer(subject.cls, n), lambda n: trainer(vanilla, n))
