"""Dropout rates of a built model, wherever the architecture keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


def set_dropout(model: nn.Module, rate: float) -> None:
    """Give every dropout of a model one rate: hidden, attention and classifier.

    Covers ``nn.Dropout`` (and subclasses), attention modules that read a dropout module's ``p``, and
    architectures that keep rates as numbers for functional dropout (BART's ``dropout``,
    ``attention_dropout``, ``activation_dropout``).

    Args:
        model: changed in place.
        rate: probability of dropping, in [0, 1).
    """
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = rate
            continue
        for name, value in vars(module).items():
            if "dropout" in name and isinstance(value, float):
                setattr(module, name, rate)


def has_dropout(model: nn.Module) -> bool:
    """Whether any dropout of the model has a rate above 0."""
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            if module.p > 0:
                return True
        elif any("dropout" in k and isinstance(v, float) and v > 0 for k, v in vars(module).items()):
            return True
    return False


@contextmanager
def dropout_rate(model: nn.Module, rate: float) -> Iterator[None]:
    """Set one rate inside the block, and what was there before after it."""
    before: list[tuple[nn.Module, str, float]] = []
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            before.append((module, "p", module.p))
        else:
            before += [
                (module, k, v) for k, v in vars(module).items() if "dropout" in k and isinstance(v, float)
            ]
    set_dropout(model, rate)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
