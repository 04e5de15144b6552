"""A user's own model and rows, as the trainer sees those of a job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from ftbench import methods
from ftbench.domain.model import BIASES, LINEAR, ModelSpec
from ftbench.domain.recipe import Recipe, layered
from ftbench.domain.task import MULTI_LABEL, TOKEN_CLASSIFICATION, RowSet, TaskSpec
from ftbench.errors import BadValue, UsageError
from ftbench.methods.base import Method
from ftbench.nn import decoders, structure

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


def given_task(model: nn.Module) -> TaskSpec:
    """The task that a model is made for.

    As many classes as it has outputs, or a number where it has one; a model of transformers for token
    classification labels tokens, and one whose configuration says so (``problem_type``) several labels a row.
    """
    config = getattr(model, "config", None)
    outputs = int(getattr(config, "num_labels", 2))
    labels = tuple(str(i) for i in range(outputs)) if outputs > 1 else ()
    kind, metric = ("", "accuracy" if labels else "spearman")
    if type(model).__name__.endswith("ForTokenClassification"):
        kind, metric = TOKEN_CLASSIFICATION, "token_accuracy"
    elif getattr(config, "problem_type", None) == "multi_label_classification":
        kind, metric = MULTI_LABEL, "micro_f1"
    return TaskSpec(NAME, NAME, NAME, labels, metric, RowSet("train"), (RowSet("dev"),), kind=kind)


def refuse(method: Method, model: nn.Module, task: TaskSpec) -> None:
    """Raise ``UsageError`` with the method's reason where it cannot run on a model or task."""
    family = str(getattr(getattr(model, "config", None), "model_type", ""))
    whole: Any = getattr(model, "config", None)
    config = whole.to_diff_dict() if family else {}
    layers = structure.encoder_layers(model)
    lacks = {LINEAR} if decoders.transposed(model) else set()
    if layers and not any(n.endswith("bias") for layer in layers for n, _ in layer.named_parameters()):
        lacks.add(BIASES)
    spec = ModelSpec("the model", "", family, 0.0, layers=len(layers), lacks=frozenset(lacks), config=config)
    reason = method.refusal(spec, task)
    if reason:
        raise UsageError(reason)
    if decoders.reads_last_token(model) and getattr(_config(model), "pad_token_id", None) is None:
        raise BadValue(
            "model: a decoder finds the end of a text by its padding token, and model.config.pad_token_id is"
            " not set: set it, as the tokenizer's"
        )


def _config(model: nn.Module) -> object:
    """The configuration of the part of a model that reads text."""
    config: object = getattr(model, "config", None)
    of_text: Callable[[], object] | None = getattr(config, "get_text_config", None)
    return of_text() if of_text is not None else config


def head_of(model: nn.Module, given: Iterable[str] | None) -> frozenset[str]:
    """The parameters that did not come from pretraining: those given, or all outside the base model."""
    if given is not None:
        return structure.names_under(model, given)
    base = str(getattr(model, "base_model_prefix", ""))
    names = frozenset(name for name, _ in model.named_parameters())
    return names - structure.names_under(model, [base]) if base and hasattr(model, base) else frozenset()


def refuse_dtype(model: nn.Module) -> None:
    """Raise ``BadValue`` where weights are no floating-point numbers: quantised ones are not trained."""
    for name, parameter in model.named_parameters():
        if not parameter.is_floating_point():
            raise BadValue(f"model: {name} is {_dtype(parameter)}; load the model without quantisation")


def refuse_precision(model: nn.Module, recipe: Recipe) -> None:
    """Refuse fp16 where the model is not on a GPU.

    Raises:
        BadValue: it is not.
    """
    device = device_of(model)
    if recipe.precision == "fp16" and device.type != "cuda":
        raise BadValue(f"precision=fp16 needs a CUDA GPU, and the model is on the {device.type}: leave fp32")


def half(model: nn.Module) -> str:
    """The name of the half-precision type that some weights have; "" where none has."""
    return next((_dtype(p) for p in model.parameters() if p.dtype in (torch.bfloat16, torch.float16)), "")


def _dtype(parameter: nn.Parameter) -> str:
    return str(parameter.dtype).removeprefix("torch.")


def device_of(model: nn.Module) -> torch.device:
    """Where a model's weights are."""
    return next(model.parameters()).device
