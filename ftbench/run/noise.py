"""The random draws of a method: named, independent of all other streams, and replayable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ftbench.run.counter import events, normals, uniforms

Sampler = Callable[[Sequence[int], int, torch.device], Tensor]


class Noise:
    """A method's source of random numbers.

    Every draw has a name (a parameter, a module, ``embeddings``). Its value is a function of the stream's
    seed, the name, the step and the pass, not of the order of calls: a resumed run draws what the undisturbed
    one drew, and the micro-batches of one pass share the noise of a weight. Noise on activations takes
    ``rows``: each row's draw then depends on its row number alone, so that splitting a batch changes nothing.

    Args:
        seed_of: (name, *parts) -> seed of a generator.
        replay: name -> values by step (then by draw, where there are several), returned as they are.
    """

    def __init__(
        self, seed_of: Callable[..., int], replay: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        """Begin at step 0."""
        self._seed_of, self._replay = seed_of, replay or {}
        self._step, self._pass, self._micro = 0, 0, 0
        self._counts: dict[str, int] = {}
        self._seen: dict[str, list[tuple[int, int]]] = {}

    def at(self, step: int, pass_: int, micro: int) -> None:
        """Move to a step, pass and micro-batch; the trainer calls it."""
        if step != self._step:
            self._seen = {}
        if (step, pass_, micro) != (self._step, self._pass, self._micro):
            self._counts = {}
        self._step, self._pass, self._micro = step, pass_, micro

    def bernoulli(self, name: str, shape: Sequence[int], p: float, *, like: Tensor, **rows: Any) -> Tensor:
        """1 with probability ``p`` (to 2^-16), else 0; for ``like`` and ``rows`` see ``normal``."""
        return self._draw(name, shape, like, lambda seeds, n, place: events(seeds, n, p, place), **rows)

    def uniform(
        self,
        name: str,
        shape: Sequence[int],
        low: float = 0.0,
        high: float = 1.0,
        *,
        like: Tensor,
        **rows: Any,
    ) -> Tensor:
        """Uniform on [low, high)."""
        return self._draw(name, shape, like, lambda *a: uniforms(*a) * (high - low) + low, **rows)

    def normal(
        self, name: str, shape: Sequence[int], std: float = 1.0, *, like: Tensor, **rows: Any
    ) -> Tensor:
        """Normal with mean 0.

        Args:
            name: what the noise is for.
            shape: of the result; with ``rows``: (rows, tokens, width).
            std: standard deviation.
            like: gives dtype and device.
            rows: ``rows=`` original row numbers and ``lengths=`` real tokens of each row, for noise on
                activations: pads get 0; ``left=True`` where they stand on the left.
        """
        return self._draw(name, shape, like, lambda *a: normals(*a) * std, **rows)

    @contextmanager
    def torch_seed(self, name: str) -> Iterator[None]:
        """Seed torch's global generator inside the block, for initialisers of other libraries."""
        devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self._seed_of(name, "torch"))
            yield

    def _draw(
        self,
        name: str,
        shape: Sequence[int],
        like: Tensor,
        sample: Sampler,
        rows: Sequence[int] | None = None,
        lengths: Sequence[int] | None = None,
        left: bool = False,
    ) -> Tensor:
        count = self._counts.get(name, 0)
        self._counts[name] = count + 1
        if name in self._replay:
            return self._recorded(name, count, tuple(shape), like)
        where = (name, self._step, self._pass, count)
        if rows is None:
            return (
                sample([self._seed_of(*where)], math.prod(shape), like.device).reshape(tuple(shape)).to(like)
            )
        seeds = [self._seed_of(*where, int(row)) for row in rows]
        values = sample(seeds, math.prod(shape[1:]), like.device).reshape(tuple(shape))
        if lengths is None:
            return values.to(like)
        # A row's numbers are counted from its first real token, wherever the pads are.
        places = torch.arange(shape[1], device=like.device)[None, :]
        sizes = torch.tensor([int(n) for n in lengths], device=like.device)[:, None]
        if left:
            pads = shape[1] - sizes
            order = (places - pads).clamp(min=0)
            index = order.reshape(len(seeds), shape[1], *[1] * (len(shape) - 2)).expand(tuple(shape))
            values = values.gather(1, index)
            real = places >= pads
        else:
            real = places < sizes
        return (values * real.reshape(len(seeds), shape[1], *[1] * (len(shape) - 2))).to(like)

    def _recorded(self, name: str, count: int, shape: tuple[int, ...], like: Tensor) -> Tensor:
        value = torch.as_tensor(self._replay[name][self._step])
        if value.ndim > len(shape):
            drawn = self._seen.setdefault(name, [])
            key = (self._pass, count)
            if key not in drawn:
                drawn.append(key)
            value = value[drawn.index(key)]
        return value.to(like).reshape(shape)
