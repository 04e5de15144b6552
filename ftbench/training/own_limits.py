"""What a user's own model can take: classes, token ids, positions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from ftbench.domain.task import TaskSpec

LABELS = ("labels", "label")
#: What a row may bring for the model; anything else that the model takes is refused, not dropped.
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


@dataclass(frozen=True)
class Limits:
    """What a model can take.

    Attributes:
        classes: how many; 0 for regression, None where the model does not say.
        room: how many values each of the inputs can have; those of unlimited or unknown number are left out.
        tokens: the longest row, None for any length.
        passed_over: arguments of the model that rows do not fill.
        segments: whether the model takes ``token_type_ids``.
    """

    classes: int | None
    room: Mapping[str, int]
    tokens: int | None
    passed_over: frozenset[str] = frozenset()
    segments: bool = True

    @classmethod
    def of(cls, model: nn.Module, task: TaskSpec) -> Limits:
        """The limits of a model as it is."""
        known = hasattr(getattr(model, "config", None), "num_labels")
        named = {name.rpartition(".")[2]: module for name, module in model.named_modules()}
        room = {}
        for name, module in (
            ("input_ids", _words(model)),
            ("token_type_ids", named.get("token_type_embeddings")),
        ):
            if isinstance(module, nn.Embedding):
                room[name] = module.num_embeddings
        taken = inspect.signature(model.forward).parameters.values()
        names = {p.name for p in taken if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
        return cls(
            classes=len(task.labels) if known else None,
            room=room,
            tokens=_positions(named),
            passed_over=frozenset(names - {*INPUTS, *LABELS}),
            segments="token_type_ids" in names or any(p.kind == p.VAR_KEYWORD for p in taken),
        )


def wanted_tokens(classes: int | None, regression: bool) -> str:
    """What labels a model can have, for a message."""
    if regression:
        return "a model with one output is trained on finite numbers"
    if classes is None:
        return "give class numbers from 0"
    return f"the model has the classes 0 to {classes - 1}"


def known(room: int) -> str:
    """Which values an input can have, for a message."""
    return f"the model knows 0 to {room - 1}"


def _words(model: nn.Module) -> object:
    """The embedding of token ids, None where the model does not name it."""
    find: Callable[[], object] | None = getattr(model, "get_input_embeddings", None)
    try:
        return find() if find is not None else None
    except NotImplementedError:
        return None


def _positions(named: Mapping[str, nn.Module]) -> int | None:
    """How many tokens a row may have; None where positions are no table."""
    for name in ("position_embeddings", "embed_positions", "wpe"):
        module = named.get(name)
        if isinstance(module, nn.Embedding):
            # RoBERTa's positions begin after that of the padding, BART's after an offset of its own.
            first = (
                int(getattr(module, "offset", 0)) if module.padding_idx is None else module.padding_idx + 1
            )
            return module.num_embeddings - first
    return None
