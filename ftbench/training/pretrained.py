"""Pretrained weights and tokenizers, read once and kept for the next job."""

from __future__ import annotations

import copy
import logging
from typing import Any

import torch
from torch import nn

from ftbench.domain.model import ModelRef
from ftbench.errors import ModelError
from ftbench.nn.dropout import set_dropout
from ftbench.training.seeding import stream_seed

_log = logging.getLogger("ftbench")


class Pretrained:
    """One pretrained model with a head of a given width, ready to be copied.

    Attributes:
        tokenizer: of the model.
        head_names: parameters that the checkpoint does not have.
        commit: the hub's commit of the weights, where it is known.
    """

    def __init__(self, ref: ModelRef, hub_id: str, outputs: int, device: torch.device) -> None:
        """Read the weights.

        Raises:
            ModelError: they cannot be found or read.
        """
        self._device = device
        source = ref.path or hub_id
        where: dict[str, Any] = {} if ref.path else {"revision": ref.revision}
        try:
            self._model, self.tokenizer, info = self._read(source, where, outputs)
        except (OSError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelError(
                f"model '{ref.id}' cannot be loaded ({reason}); with access to the hub, "
                f"`ftbench prepare --models {ref.id}` downloads it"
            ) from error
        self.head_names = frozenset(info["missing_keys"]) & {n for n, _ in self._model.named_parameters()}
        self.commit = getattr(self._model.config, "_commit_hash", None)
        self._std = float(getattr(self._model.config, "initializer_range", 0.02) or 0.02)

    @staticmethod
    def _read(source: str, where: dict[str, Any], outputs: int) -> tuple[nn.Module, Any, dict[str, Any]]:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(source, **where)
        # The new layers are drawn by `build`; what transformers draws for them must not touch other streams.
        with torch.random.fork_rng(devices=[]):
            model, info = AutoModelForSequenceClassification.from_pretrained(
                source, num_labels=outputs, dtype=torch.float32, output_loading_info=True, **where
            )
        if getattr(model.config, "pad_token_id", None) is None:
            model.config.pad_token_id = tokenizer.pad_token_id
        return model, tokenizer, info

    def build(self, *, task: str, head_seed: int, dropout: float) -> nn.Module:
        """A fresh copy on the device, its new layers drawn from the stream ``head``.

        Args:
            task: the task's name.
            head_seed: of the stream ``head``.
            dropout: for every dropout of the model.
        """
        model = copy.deepcopy(self._model).to(self._device)
        set_dropout(model, dropout)
        modules = dict(model.named_modules())
        for name, parameter in model.named_parameters():
            if name in self.head_names:
                owner = modules[name.rpartition(".")[0]]
                init_new(parameter, owner, self._std, stream_seed("head", task, head_seed, name))
        return model


def init_new(parameter: nn.Parameter, owner: nn.Module, std: float, seed: int) -> None:
    """Draw one parameter of a new layer: N(0, std²) for matrices, 0 for biases, 1 for the weight of a norm."""
    with torch.no_grad():
        if "Norm" in type(owner).__name__ and parameter is getattr(owner, "weight", None):
            parameter.fill_(1.0)
        elif parameter.ndim < 2:
            parameter.zero_()
        else:
            generator = torch.Generator().manual_seed(seed)
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)


class Shelf:
    """The pretrained models of one child process; the last few are kept.

    Args:
        device: where models are built.
        room: how many are kept.
    """

    def __init__(self, device: torch.device, room: int = 2) -> None:
        """Begin empty."""
        self._device, self._room = device, room
        self._kept: dict[tuple[Any, ...], Pretrained] = {}

    def get(self, ref: ModelRef, hub_id: str, outputs: int) -> Pretrained:
        """The model, read now or kept from an earlier job."""
        key = (ref.id, ref.revision, ref.path, outputs)
        if key not in self._kept:
            while len(self._kept) >= self._room:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = Pretrained(ref, hub_id, outputs, self._device)
        return self._kept[key]
