"""Pretrained weights and tokenizers, read once and kept for the next job."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from ftbench import models
from ftbench.domain.model import ModelRef
from ftbench.errors import ModelError
from ftbench.nn.dropout import set_dropout
from ftbench.run.seeding import stream_seed


class Pretrained:
    """One pretrained model with a head of a given width, ready to be copied.

    Attributes:
        tokenizer: of the model.
        head_names: parameters that the checkpoint does not have.
        commit: the hub's commit of the weights; "" where they come from a folder.
    """

    def __init__(
        self,
        model: nn.Module,
        head_names: Iterable[str],
        device: torch.device,
        *,
        tokenizer: Any = None,
        commit: str = "",
        own_head: int | None = None,
        own_dropout: bool = False,
    ) -> None:
        """Keep a model; it is copied, never trained.

        Args:
            model: with its head.
            head_names: parameters that did not come from pretraining.
            device: where copies are built.
            tokenizer: of the model.
            commit: the hub's commit of the weights.
            own_head: the head seed for which the head stays as it is; it is drawn for every other.
            own_dropout: whether the model's own dropout stays, whatever the recipe says.
        """
        self._model, self._device = model, device
        self._own_head, self._own_dropout = own_head, own_dropout
        self.tokenizer, self.commit = tokenizer, commit
        self.head_names = frozenset(head_names) & {n for n, _ in model.named_parameters()}
        config = getattr(model, "config", None)
        self._std = float(getattr(config, "initializer_range", 0.02) or 0.02)

    @classmethod
    def read(cls, ref: ModelRef, outputs: int, device: torch.device) -> Pretrained:
        """The weights of a model, with a new head of this width.

        Raises:
            ModelError: they cannot be found or read.
        """
        folder = models.locate(ref)
        try:
            model, tokenizer, info = _read(folder, outputs)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelError(f"model '{ref.id}' cannot be read: {reason}") from error
        commit = "" if ref.revision.startswith("sha256:") else folder.name
        return cls(model, info["missing_keys"], device, tokenizer=tokenizer, commit=commit)

    def build(self, *, task: str, head_seed: int, dropout: float) -> nn.Module:
        """A fresh copy on the device, its new layers drawn from the stream ``head``.

        Args:
            task: the task's name.
            head_seed: of the stream ``head``.
            dropout: for every dropout of the model.
        """
        model = copy.deepcopy(self._model).to(self._device)
        if not self._own_dropout:
            set_dropout(model, dropout)
        if not self.draws_head(head_seed):
            return model
        modules = dict(model.named_modules())
        for name, parameter in model.named_parameters():
            if name in self.head_names:
                owner = modules[name.rpartition(".")[0]]
                init_new(parameter, owner, self._std, stream_seed("head", task, head_seed, name))
        return model

    def draws_head(self, seed: int) -> bool:
        """Whether ``build`` draws the head for this seed; else it keeps the one that came with the model."""
        return seed != self._own_head

    def cast(self, dtype: torch.dtype) -> None:
        """Keep the weights in another dtype from now on."""
        self._model.to(dtype)

    def head_digest(self, model: nn.Module) -> str:
        """A fingerprint of the new layers of a model (16 hexadecimal characters)."""
        values = hashlib.sha256()
        for name, parameter in sorted(model.named_parameters()):
            if name in self.head_names:
                values.update(name.encode() + parameter.detach().cpu().numpy().tobytes())
        return values.hexdigest()[:16]


def _read(folder: Path, outputs: int) -> tuple[nn.Module, Any, dict[str, Any]]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    # Its report of new layers is what every job here expects.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    # The new layers are drawn by `build`; what transformers draws for them must not touch other streams.
    with torch.random.fork_rng(devices=[]):
        model, info = AutoModelForSequenceClassification.from_pretrained(
            folder, num_labels=outputs, dtype=torch.float32, output_loading_info=True, local_files_only=True
        )
    if getattr(model.config, "pad_token_id", None) is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    return model, tokenizer, info


def init_new(parameter: nn.Parameter, owner: nn.Module, std: float, seed: int) -> None:
    """Draw one parameter of a new layer: N(0, std²) for matrices, 0 for biases, 1 for a norm's weight."""
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

    def get(self, ref: ModelRef, outputs: int) -> Pretrained:
        """The model, read now or kept from an earlier job."""
        key = (ref.id, ref.revision, ref.path, outputs)
        if key not in self._kept:
            while len(self._kept) >= self._room:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = Pretrained.read(ref, outputs, self._device)
        return self._kept[key]
