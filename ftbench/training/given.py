"""A user's own model and rows, as the trainer sees those of a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from ftbench import methods
from ftbench.domain.model import ModelSpec
from ftbench.domain.recipe import Recipe, layered
from ftbench.domain.task import RowSet, TaskSpec
from ftbench.errors import BadValue, UsageError
from ftbench.methods.base import Method
from ftbench.nn import structure
from ftbench.run.data import Tokenised
from ftbench.training.corpus import TrainingRows

#: What the task is called where streams of random numbers and messages need a name.
NAME = "given"


def method_of(given: str | type[Method], hyperparameters: Mapping[str, Any]) -> tuple[type[Method], Method]:
    """The class of a method, and the method with its hyper-parameters.

    Raises:
        UsageError: there is none of this name, or a hyper-parameter is not right.
    """
    cls = methods.find(given) if isinstance(given, str) else given
    return cls, cls(cls.resolve(hyperparameters))


def recipe_of(
    cls: type[Method], hyperparameters: Mapping[str, Any], *settings: Mapping[str, Any]
) -> tuple[Recipe, bool]:
    """The recipe: the default one, what a method brings along, then the given layers of settings.

    Returns:
        The recipe, and whether any layer speaks of dropout: the model keeps its own where none does.
    """
    brought = cls.recipe_defaults(str(hyperparameters.get("variant", "paper")))
    return layered(brought, *settings), any("dropout" in layer for layer in (brought, *settings))


def task_of(model: nn.Module) -> TaskSpec:
    """The task that a model is made for: as many classes as it has outputs, or a number where it has one."""
    outputs = int(getattr(getattr(model, "config", None), "num_labels", 2))
    labels = tuple(str(i) for i in range(outputs)) if outputs > 1 else ()
    metric = "accuracy" if labels else "spearman"
    return TaskSpec(NAME, NAME, NAME, labels, metric, RowSet("train"), (RowSet("dev"),))


def refuse(method: Method, model: nn.Module, task: TaskSpec) -> None:
    """Raise ``UsageError`` with the method's reason where it cannot run on a model or task."""
    family = str(getattr(getattr(model, "config", None), "model_type", ""))
    spec = ModelSpec("the model", "", family, 0.0, layers=len(structure.encoder_layers(model)))
    reason = method.unsupported(spec, task)
    if reason:
        raise UsageError(reason)


def head_of(model: nn.Module, given: Iterable[str] | None) -> frozenset[str]:
    """The parameters that did not come from pretraining: those given, or all outside the base model."""
    if given is not None:
        return structure.names_under(model, given)
    base = str(getattr(model, "base_model_prefix", ""))
    names = frozenset(name for name, _ in model.named_parameters())
    return names - structure.names_under(model, [base]) if base and hasattr(model, base) else frozenset()


def rows_of(data: Iterable[Mapping[str, Any]], model: nn.Module, task: TaskSpec) -> TrainingRows:
    """Tokenised rows, on the model's device; padding is dropped.

    Raises:
        BadValue: there are none, or one lacks its tokens or its label.
    """
    tokens: dict[str, list[list[int]]] = {}
    labels: list[float] = []
    left = False
    for number, row in enumerate(data):
        label = row.get("labels", row.get("label"))
        if label is None or "input_ids" not in row:
            lacks = "label" if label is None else "input_ids"
            raise BadValue(f"train_data: row {number} has no '{lacks}'; it has {', '.join(row) or 'nothing'}")
        mask = np.asarray(row.get("attention_mask", np.ones(len(row["input_ids"]))), dtype=bool)
        left = left or not mask[0]
        for name in ("input_ids", "token_type_ids"):
            if name in row:
                tokens.setdefault(name, []).append(np.asarray(row[name])[mask].tolist())
        labels.append(float(label))
    if not labels:
        raise BadValue("train_data: no rows")
    numbers = np.arange(len(labels), dtype=np.int64)
    place = device_of(model)
    pad = getattr(getattr(model, "config", None), "pad_token_id", None) or 0
    tokenised = Tokenised(tokens, numbers.tolist(), pad, "left" if left else "right", place)
    dtype = torch.float32 if task.regression else torch.int64
    return TrainingRows(NAME, numbers, torch.as_tensor(labels, device=place).to(dtype), tokenised, {})


def device_of(model: nn.Module) -> torch.device:
    """Where a model's weights are."""
    return next(model.parameters()).device
