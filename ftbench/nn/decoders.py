"""Decoders as classifiers: where their last token is, and their transposed linear maps as linear layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn


def reads_last_token(model: nn.Module) -> bool:
    """Whether a model is a decoder that predicts from its last token, as transformers builds classifiers.

    Those that label each token may have a head of the same name.
    """
    score = getattr(model, "score", None)
    if type(model).__name__.endswith("ForTokenClassification"):
        return False
    return isinstance(score, nn.Linear) and getattr(model, "base_model", model) is not model


def pool_by_mask(model: nn.Module) -> None:
    """Let a decoder predict from the last token that its attention mask names, wherever pads stand.

    transformers takes the last token that is not the padding token: the wrong one where a text ends with it
    (it is often that of the end of the text), and a pad where it is given embeddings in place of tokens.

    Args:
        model: of ``reads_last_token``; changed in place, its copies too. A further call changes nothing.
    """
    body: Any = getattr(model, "base_model")  # noqa: B009
    if all(hook is not _spread_last for hook in body._forward_hooks.values()):
        body.register_forward_hook(_spread_last, with_kwargs=True)


_EVERY_STATE = ContextVar("every_state", default=False)


@contextmanager
def every_state() -> Iterator[None]:
    """Let decoders of ``pool_by_mask`` give the state of each token, as a language model needs them."""
    token = _EVERY_STATE.set(True)
    try:
        yield
    finally:
        _EVERY_STATE.reset(token)


def _spread_last(_body: nn.Module, _args: Any, kwargs: dict[str, Any], output: Any) -> Any:
    """Give every place of a row the state of its last real token: any that is then chosen is that one."""
    mask = kwargs.get("attention_mask")
    if isinstance(mask, Tensor) and mask.ndim == 2 and not _EVERY_STATE.get():
        states = output.last_hidden_state  # (rows, tokens, width)
        output.last_hidden_state = at_last(states, mask[:, -states.shape[1] :])
    return output


def at_last(states: Tensor, mask: Tensor) -> Tensor:
    """The state of each row's last real token in the place of all of its states.

    Args:
        states: shape (rows, tokens, width).
        mask: 1 for real tokens, shape (rows, tokens); pads on either side.

    Returns:
        The shape of ``states``; no memory of its own is taken for it.
    """
    places = torch.arange(mask.shape[1], device=mask.device)
    last = ((mask != 0) * places).argmax(-1)  # (rows,)
    return states[torch.arange(len(states), device=states.device), last].unsqueeze(1).expand_as(states)


def transposed(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """The linear maps of a model that keep their weight as (in, out): GPT-2's ``Conv1D``, by name."""
    theirs = ("transformers.pytorch_utils", "Conv1D")
    return [
        (name, module)
        for name, module in model.named_modules()
        if (type(module).__module__, type(module).__name__) == theirs
    ]


def as_linear(model: nn.Module) -> None:
    """Make linear layers of a model's ``Conv1D``, in place: the same maps under the same names.

    Methods that mix, select or adapt linear maps then find them; weights are (out, in).
    """
    for name, module in transposed(model):
        weight, bias = module.get_parameter("weight"), module.get_parameter("bias")
        linear = nn.Linear(weight.shape[0], weight.shape[1], device="meta")
        linear.weight, linear.bias = nn.Parameter(weight.detach().t().contiguous()), bias
        linear.weight.requires_grad_(weight.requires_grad)
        _put(model, name, linear.train(module.training))


def as_conv1d(model: nn.Module, names: list[str]) -> None:
    """Make ``Conv1D`` of a model's linear layers of these names, in place: undoes ``as_linear``."""
    from transformers.pytorch_utils import Conv1D

    for name in names:
        linear = model.get_submodule(name)
        weight, bias = linear.get_parameter("weight"), linear.get_parameter("bias")
        module = Conv1D(weight.shape[0], weight.shape[1])
        module.weight, module.bias = nn.Parameter(weight.detach().t().contiguous()), bias
        module.weight.requires_grad_(weight.requires_grad)
        _put(model, name, module.train(linear.training))


def _put(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(model.get_submodule(parent), own, module)
