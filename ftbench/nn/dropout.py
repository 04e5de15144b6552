"""Dropout rates of a built model, wherever the architecture keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


def set_dropout(model: nn.Module, rate: float) -> None:
    """Give every dropout of a model one rate: hidden, attention and classifier.

    Covers ``nn.Dropout`` (and subclasses), attention modules that read a dropout module's ``p``, and
    architectures that keep rates as numbers for functional dropout (BART's ``dropout``,
    ``attention_dropout``, ``activation_dropout``). ModernBERT builds no module for the dropout behind its
    attention where it was pretrained without one; here it gets one.

    Args:
        model: changed in place.
        rate: probability of dropping, in [0, 1).
    """
    _fill_places(model)
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = rate
            continue
        for name, _ in _numbers(module):
            setattr(module, name, rate)


def has_dropout(model: nn.Module) -> bool:
    """Whether any dropout of the model has a rate above 0."""
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            if module.p > 0:
                return True
        elif any(value > 0 for _, value in _numbers(module)):
            return True
    return False


@contextmanager
def dropout_rate(model: nn.Module, rate: float) -> Iterator[None]:
    """Set one rate inside the block, and what was there before after it."""
    _fill_places(model)
    before: list[tuple[nn.Module, str, float]] = []
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            before.append((module, "p", module.p))
        else:
            before += [(module, name, value) for name, value in _numbers(module)]
    set_dropout(model, rate)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def _fill_places(model: nn.Module) -> None:
    """Put a dropout of rate 0 where an architecture has an identity instead.

    That is one called dropout in a module that keeps a rate as a number, too: ModernBERT's attention. XLNet's
    summary has an identity as well, but for a dropout that its configuration does not know.
    """
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Identity) and "drop" in name and _numbers(module):
                setattr(module, name, nn.Dropout(0.0).train(child.training))


def _numbers(module: nn.Module) -> list[tuple[str, float]]:
    """The rates that a module keeps as numbers; a configuration may write 0 for 0.0."""
    return [
        (name, value)
        for name, value in vars(module).items()
        if "dropout" in name and isinstance(value, int | float) and not isinstance(value, bool)
    ]
