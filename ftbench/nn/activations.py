"""Functions applied to word embeddings and hidden states while a model is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from ftbench.errors import ModelError
from ftbench.nn import structure

OnEmbeddings = Callable[[Tensor], Tensor]
OnLayers = Callable[[Tensor, int], Tensor]


@contextmanager
def changed(
    model: nn.Module, inputs: Any, embeddings: OnEmbeddings | None, layers: OnLayers | None
) -> Iterator[None]:
    """Apply functions to the activations of one call of a model, which is made inside the block.

    Both functions see (rows, tokens, width), also where the model keeps tokens first (XLNet).

    Args:
        model: called once inside the block.
        inputs: what it is called with: a dict with ``input_ids``, or the ids themselves.
        embeddings: applied to what the first look-up of words gives, before anything is added: in an
            encoder-decoder that of the encoder.
        layers: applied to the hidden states that enter a transformer layer, with the number of the call, from
            0: layers that share their weights are called several times, a decoder's follow its encoder's.

    Raises:
        ModelError: the model looks no words up, or calls no layer, and there is a function for it.
    """
    watch = _Watch(inputs, embeddings, layers)
    handles = [m.register_forward_hook(watch.looked_up) for m in structure.word_embeddings(model)]
    if layers is not None:
        handles += [
            m.register_forward_pre_hook(watch.entering, with_kwargs=True)
            for m in structure.encoder_layers(model)
        ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
    if embeddings is not None and not watch.found:
        raise ModelError(f"{type(model).__name__}: no word embeddings are looked up, so none can be changed")
    if layers is not None and not watch.calls:
        raise ModelError(f"{type(model).__name__}: no transformer layers are called, so none can be changed")


class _Watch:
    """What has been called so far, and whether the model keeps tokens before rows."""

    def __init__(self, inputs: Any, embeddings: OnEmbeddings | None, layers: OnLayers | None) -> None:
        self._ids = inputs.get("input_ids") if isinstance(inputs, Mapping) else inputs
        self._embeddings, self._layers = embeddings, layers
        self._turned = False
        self.found, self.calls = False, 0

    def looked_up(self, _: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor | None:
        if self.found:
            return None
        self.found = True
        self._turned = bool(args) and _turned(args[0], self._ids)
        return None if self._embeddings is None else self._turn(self._embeddings(self._turn(output)))

    def entering(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        assert self._layers is not None
        at, name, hidden = _hidden(args, kwargs)
        new = self._turn(self._layers(self._turn(hidden), self.calls))
        self.calls += 1
        if name is not None:
            return args, {**kwargs, name: new}
        return (*args[:at], new, *args[at + 1 :]), kwargs

    def _turn(self, x: Tensor) -> Tensor:
        return x.transpose(0, 1) if self._turned else x


def _turned(seen: Any, given: Any) -> bool:
    """Whether the ids that are looked up are those given with rows and tokens exchanged."""
    if not (isinstance(seen, Tensor) and isinstance(given, Tensor)) or seen.ndim != 2 or given.ndim != 2:
        return False
    if seen.shape != given.shape:
        return seen.shape == given.T.shape
    # As many rows as tokens: only the ids themselves tell.
    square = seen.shape[0] == seen.shape[1]
    return square and not bool((seen == given).all()) and bool((seen == given.T).all())


def _hidden(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, str | None, Tensor]:
    """The hidden states among a layer's arguments: the first tensor of numbers, and where it stands."""
    for at, value in enumerate(args):
        if isinstance(value, Tensor) and value.is_floating_point():
            return at, None, value
    for name, value in kwargs.items():
        if isinstance(value, Tensor) and value.is_floating_point():
            return 0, name, value
    raise ModelError("a transformer layer is called without hidden states, so they cannot be changed")
