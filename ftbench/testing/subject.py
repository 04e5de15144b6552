"""Subject: a method under examination, the short jobs it is put through, and how their ends are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ftbench import methods, tasks
from ftbench.domain import axes, hparams
from ftbench.domain.hparams import Value
from ftbench.domain.task import NO_LABEL
from ftbench.errors import BadValue
from ftbench.methods.base import BASELINE, Method
from ftbench.run.data import Batch
from ftbench.run.objectives import Objective
from ftbench.testing.bench import CLASSIFICATION, REGRESSION, Bench, Watcher, weights
from ftbench.training.trainer import Trainer

#: Rows of the short jobs, and their steps in batches of 4: four epochs of 6, and two periods of 10.
ROWS, STEPS = 24, 24
#: Longest period, as a hyper-parameter that counts steps gives it, that the jobs are made long enough for.
LONGEST = 100
#: How far two computations of an update may be apart, in float64, relative to how far the weights moved.
TOLERANCE = 1e-6
#: A learning rate that moves no weight.
STILL = 1e-12
#: The learning rate at which every built-in method learns on numbers in so few steps.
FAST = 3e-3


class Failed(Exception):
    """The method does not do what ftbench relies on."""


class NotApplicable(Exception):
    """The check does not apply to the method."""


@dataclass(frozen=True)
class JobEnd:
    """What is left of a short job.

    Attributes:
        weights: all parameters and buffers of the model to evaluate, by name.
        model: that model.
        trainer: which made it.
        loss: of that model on the job's rows, without dropout.
    """

    weights: dict[str, Tensor]
    model: nn.Module
    trainer: Trainer
    loss: float

    def losses(self) -> list[float]:
        """What the first run reported, step by step; nothing where no loss was logged."""
        first = next(iter(self.trainer.facts["runs"]))
        return [p.value for p in self.trainer.curves if p.name == "loss" and p.run == first]


@dataclass(frozen=True)
class Subject:
    """A method with hyper-parameters, and the model it is checked on.

    Attributes:
        text: how the method was named.
        cls: its class.
        given: the hyper-parameters that differ from the defaults.
        model: the model's name.
        plugins: files whose methods may be named, too.
        device: that it is trained on, as torch names it.
    """

    text: str
    cls: type[Method]
    given: Mapping[str, Value]
    model: str = "tiny"
    plugins: tuple[str, ...] = ()
    device: str = "cpu"

    def bench(self, dtype: torch.dtype = torch.float32) -> Bench:
        """The bench of its model, in a dtype."""
        return bench_of(self.model, dtype, self.device)

    def fit(
        self,
        bench: Bench,
        *,
        task: str | None = None,
        given: Mapping[str, Any] | None = None,
        cls: type[Method] | None = None,
        folder: Path | None = None,
        watcher: Watcher | None = None,
        rows: int = ROWS,
        **recipe: Any,
    ) -> JobEnd:
        """Do a short job.

        Args:
            bench: whose model.
            task: ``self.task`` by default.
            given: hyper-parameters; those of the subject by default, and vanilla has none.
            cls: another method, at the recipe of this one.
            folder: of checkpoints.
            watcher: may stop it.
            rows: of the training set.
            recipe: settings that differ from the short job's.

        Raises:
            NotApplicable: the method refuses the model or task.
        """
        task = task or self.task
        self.refuse(bench, task)
        cls = cls or self.cls
        values = (self.given if cls is self.cls else {}) if given is None else given
        settings = {"steps": self.steps, **self.brought(), **recipe}
        trainer = self.trainer(bench, cls, values, task, folder, watcher, settings, rows)
        model = trainer.method.fit(trainer)
        return JobEnd(weights(model), model, trainer, _loss(bench, trainer, model))

    @property
    def steps(self) -> int:
        """Of the short jobs: enough for two periods of any hyper-parameter that counts steps."""
        values = hparams.as_dict(self.cls.resolve(self.given))
        specs = hparams.describe(self.cls.HParams)
        counts = [values[s.name] for s in specs if s.unit in ("steps", "updates")]
        periods = [c for c in counts if isinstance(c, int | float) and 0 < c <= LONGEST]
        return max([STEPS, *(2 * math.ceil(p) + 4 for p in periods)])

    @cached_property
    def task(self) -> str:
        """What the method is trained on: classes, or numbers where it refuses them."""
        return CLASSIFICATION if self.refusal(self.bench(), CLASSIFICATION) is None else REGRESSION

    @cached_property
    def first(self) -> JobEnd:
        """The end of the short job, done once for all that compare with it.

        Raises:
            NotApplicable: the method refuses the model or both tasks.
        """
        return self.fit(self.bench())

    @cached_property
    def numbers(self) -> JobEnd:
        """The end of the short job on numbers, at a learning rate at which little time is enough.

        Raises:
            NotApplicable: the method refuses the model or the task.
        """
        lr = max(FAST, float(self.cls.recipe_defaults().get("lr", 0)))
        return self.fit(self.bench(), task=REGRESSION, lr=lr)

    def beside(self, bench: Bench, *, task: str | None = None, **recipe: Any) -> JobEnd:
        """The end of vanilla's job at the same recipe and streams; done once for all methods."""
        task = task or self.task
        self.refuse(bench, task)
        settings = {"steps": self.steps, **self.brought(), **recipe}
        return _vanilla(bench, task, tuple(sorted(settings.items())))

    def still(self, bench: Bench, **settings: Any) -> JobEnd:
        """The end of vanilla's job of one step that moves no weight: the start of all others."""
        return self.beside(
            bench, **{**settings, "lr": STILL, "steps": 1, "warmup_steps": 0, "weight_decay": 0.0}
        )

    def refusal(self, bench: Bench, task: str) -> str | None:
        """Why the method cannot run on a model or task, in its words."""
        return self.cls(self.cls.resolve(self.given)).refusal(bench.spec, tasks.find(task))

    def refuse(self, bench: Bench, task: str) -> None:
        """Raise ``NotApplicable`` where the method refuses the model or a task."""
        reason = self.refusal(bench, task)
        if reason:
            raise NotApplicable(reason)

    def brought(self) -> dict[str, Any]:
        """The recipe settings of the method's own, save length and learning rate."""
        return {
            k: v for k, v in self.cls.recipe_defaults().items() if k in ("dropout", "weight_decay", "clip")
        }

    def trainer(
        self,
        bench: Bench,
        cls: type[Method],
        values: Mapping[str, Any],
        task: str,
        folder: Path | None,
        watcher: Watcher | None,
        recipe: Mapping[str, Any],
        train_size: int = 40,
    ) -> Trainer:
        """The trainer of a short job."""
        job = bench.job(cls, values, task=task, train_size=train_size, **{**self.brought(), **recipe})
        method = cls(hparams.parse(cls.HParams, job.hparams, owner=cls.name()))
        return bench.trainer(job, method, folder, listener=watcher, checkpoint_seconds=math.inf)


@lru_cache(maxsize=32)
def _vanilla(bench: Bench, task: str, recipe: tuple[tuple[str, Any], ...]) -> JobEnd:
    plain = Subject(BASELINE, methods.find(BASELINE), {}, bench.spec.name)
    return plain.fit(bench, task=task, **dict(recipe))


def _loss(bench: Bench, trainer: Trainer, model: nn.Module) -> float:
    """The task's plain loss of a model on the rows of a job."""
    corpus, task = bench.corpus(trainer.job), trainer.task
    labels = corpus.labels_of(corpus.rows).cpu()
    logits = torch.as_tensor(trainer.outputs(model))
    if task.by_word:
        labels = labels[labels != NO_LABEL]  # shape (labelled words,), as the logits have it
    batch = Batch.of(None, labels, (), len(corpus.rows))
    return float(Objective(task.name, task.regression).loss(batch.predictions(logits), batch.labels))


def subject_of(
    method: str | type[Method], model: str, plugins: Iterable[str], device: str = "cpu"
) -> Subject:
    """The method that a user named, or a class.

    Raises:
        UnknownName: no such method or hyper-parameter.
        BadValue: several methods, or a value that is not right.
    """
    files = tuple(plugins)
    if not isinstance(method, str):
        return Subject(method.name(), method, {}, model, files, device)
    choices = axes.methods(method)
    if len(choices) != 1:
        raise BadValue(f"check '{method}': name one method, with one value for each hyper-parameter")
    cls = methods.find(choices[0].name, files)
    if not choices[0].given:
        return Subject(choices[0].name, cls, {}, model, files, device)
    values = hparams.as_dict(cls.resolve(choices[0].given))
    defaults = cls.defaults()
    given = {k: v for k, v in values.items() if v != defaults[k]}
    return Subject(choices[0].name, cls, given, model, files, device)


def bench_of(model: str, dtype: torch.dtype = torch.float32, device: str = "cpu") -> Bench:
    """The bench of a model, kept from check to check."""
    return _kept(model, dtype, device)


@lru_cache(maxsize=2)
def _kept(model: str, dtype: torch.dtype, device: str) -> Bench:
    return Bench(model, dtype, device=device)


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor], said: str) -> None:
    """Raise ``Failed`` where two sets of weights are not the same to the last bit."""
    if first.keys() != second.keys():
        raise Failed(f"{said}: one has tensors that the other lacks")
    other = [name for name in first if not torch.equal(first[name], second[name])]
    if other:
        raise Failed(f"{said} ({len(other)} of {len(first)} tensors, first {other[0]})")


def named(mine: Mapping[str, Tensor], plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that vanilla has too: a method may keep more."""
    return {name: mine[name] for name in plain if name in mine}


def distance(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """The Euclidean distance of two sets of weights, over what they share."""
    shared = [n for n in first if n in second and first[n].is_floating_point()]
    squares = sum(float((first[n].double() - second[n].double()).square().sum()) for n in shared)
    return math.sqrt(squares)


def told(values: Mapping[str, Any]) -> str:
    """Hyper-parameters as a user writes them."""
    return ", ".join(f"{k}={written(v)}" for k, v in values.items()) or "the defaults"


def written(value: Value) -> str:
    """A value as a user writes it."""
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else repr(value).strip("'")
    )
