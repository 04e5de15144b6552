"""Subject: a method under examination, the short jobs it is put through, and how their ends are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ftbench import methods, tasks
from ftbench.domain import axes, hparams
from ftbench.domain.hparams import Value
from ftbench.errors import BadValue
from ftbench.methods.base import Method
from ftbench.testing.bench import CLASSIFICATION, Bench, Watcher, weights
from ftbench.training.trainer import Trainer


class Failed(Exception):
    """The method does not do what ftbench relies on."""


class NotApplicable(Exception):
    """The check does not apply to the method."""


@dataclass(frozen=True)
class Subject:
    """A method with hyper-parameters, and the model it is checked on.

    Attributes:
        text: how the method was named.
        cls: its class.
        given: the hyper-parameters that differ from the defaults.
        model: the model's name.
    """

    text: str
    cls: type[Method]
    given: Mapping[str, Value]
    model: str = "tiny"

    def fit(
        self,
        bench: Bench,
        *,
        task: str = CLASSIFICATION,
        given: Mapping[str, Value] | None = None,
        cls: type[Method] | None = None,
        folder: Path | None = None,
        watcher: Watcher | None = None,
        **recipe: Any,
    ) -> tuple[dict[str, Tensor], Trainer]:
        """Do a short job; gives the weights of the model to evaluate, and the trainer.

        Raises:
            NotApplicable: the method refuses the model or task.
        """
        cls = cls or self.cls
        values = {**(self.given if cls is self.cls else {}), **(given or {})}
        self.refuse(bench, task)
        trainer = self.trainer(bench, cls, values, task, folder, watcher, recipe)
        return weights(trainer.method.fit(trainer)), trainer

    @cached_property
    def first(self) -> tuple[dict[str, Tensor], Trainer]:
        """The end of the short job on classes, done once for all that compare with it.

        Raises:
            NotApplicable: the method refuses the model or task.
        """
        return self.fit(bench_of(self.model))

    def logits(self, bench: Bench, cls: type[Method], **recipe: Any) -> NDArray[np.float32]:
        """What the model of a short job says of the rows it was trained on, shape (rows, outputs)."""
        self.refuse(bench, CLASSIFICATION)
        values = self.given if cls is self.cls else {}
        trainer = self.trainer(bench, cls, values, CLASSIFICATION, None, None, recipe)
        return trainer.outputs(trainer.method.fit(trainer))

    def refuse(self, bench: Bench, task: str) -> None:
        """Raise ``NotApplicable`` where the method refuses the model or a task."""
        reason = self.cls(self.cls.resolve(self.given)).unsupported(bench.spec, tasks.find(task))
        if reason:
            raise NotApplicable(reason)

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
        """The trainer of a short job, with what a method brings along, save the learning rate."""
        brought = {k: v for k, v in cls.recipe_defaults().items() if k in ("dropout", "weight_decay", "clip")}
        job = bench.job(cls, values, task=task, train_size=train_size, **{**brought, **recipe})
        method = cls(hparams.parse(cls.HParams, job.hparams, owner=cls.name()))
        return bench.trainer(job, method, folder, listener=watcher, checkpoint_seconds=math.inf)


def subject_of(method: str | type[Method], model: str, plugins: Iterable[str]) -> Subject:
    """The method that a user named, or a class.

    Raises:
        UnknownName: no such method or hyper-parameter.
        BadValue: several methods, or a value that is not right.
    """
    if not isinstance(method, str):
        return Subject(method.name(), method, {}, model)
    choices = axes.methods(method)
    if len(choices) != 1:
        raise BadValue(f"check '{method}': name one method, with one value for each hyper-parameter")
    cls = methods.find(choices[0].name, plugins)
    values = hparams.as_dict(cls.resolve(choices[0].given))
    defaults = cls.defaults()
    return Subject(choices[0].name, cls, {k: v for k, v in values.items() if v != defaults[k]}, model)


@lru_cache(maxsize=2)
def bench_of(model: str, dtype: torch.dtype = torch.float32) -> Bench:
    """The bench of a model, kept from check to check."""
    return Bench(model, dtype)


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
