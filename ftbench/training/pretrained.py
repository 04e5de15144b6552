"""Pretrained weights and tokenizers, read once and kept for the next job."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from ftbench import models
from ftbench.domain.model import ModelRef
from ftbench.errors import ModelError
from ftbench.nn.dropout import has_dropout, set_dropout
from ftbench.run.seeding import stream_seed
from ftbench.training.loading import load_checkpoint, outside
from ftbench.training.model_limits import ModelLimits

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    ImportError,
    SafetensorError,
    UnpicklingError,
)


class Pretrained:
    """One pretrained model with a head of a given width, ready to be copied.

    Attributes:
        tokenizer: of the model.
        head_names: parameters of the head, and what else pretraining did not bring.
        limits: what the model can read.
        prefix: what was taken off the names of its weights; "" for nothing.
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
        drawn: Iterable[str] | None = None,
        limits: ModelLimits | None = None,
        prefix: str = "",
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
            drawn: what is drawn of ``head_names``, where the checkpoint's own head is kept; None for all.
            limits: what the model can read.
            prefix: what was taken off the names of the weights.
        """
        self._model, self._device = model, device
        self._own_head, self._own_dropout = own_head, own_dropout
        self.tokenizer, self.commit, self.prefix = tokenizer, commit, prefix
        self.limits = limits or ModelLimits()
        names = {n for n, _ in model.named_parameters()}
        self.head_names = frozenset(head_names) & names
        self._drawn = self.head_names if drawn is None else frozenset(drawn) & names
        self._still = _dropout_left_out(model)
        config = getattr(model, "config", None)
        self._std = float(getattr(config, "initializer_range", 0.02) or 0.02)

    @classmethod
    def read(
        cls,
        ref: ModelRef,
        outputs: int,
        device: torch.device,
        keep_head: bool = False,
        tokens: bool = False,
    ) -> Pretrained:
        """The weights of a model, with a head of this width: a new one, or that of the checkpoint.

        Args:
            ref: which model.
            outputs: the width of the head.
            device: where copies are built.
            keep_head: whether the checkpoint's own head is kept.
            tokens: whether it is a head on every token.

        Raises:
            ModelError: they cannot be found or read, lack a part of the encoder, or the head to keep.
        """
        folder = models.locate(ref)
        try:
            loaded = load_checkpoint(folder, outputs, tokens)
        except ModelError as error:
            raise ModelError(f"model '{ref.id}': {error}") from None
        except _UNREADABLE as error:
            raise ModelError(f"model '{ref.id}' cannot be read: {_reason(error)}") from error
        if keep_head and loaded.lacking & outside(loaded.model):
            raise ModelError(f"model '{ref.id}': its checkpoint has no head of {outputs} outputs to keep")
        return cls(
            loaded.model,
            loaded.head,
            device,
            tokenizer=loaded.tokenizer,
            commit="" if ref.revision.startswith("sha256:") else folder.name,
            drawn=loaded.lacking if keep_head else None,
            limits=loaded.limits,
            prefix=loaded.prefix,
        )

    def build(self, *, task: str, head_seed: int, dropout: float) -> nn.Module:
        """A fresh copy on the device, its new layers drawn from the stream ``head``.

        Args:
            task: the task's name.
            head_seed: of the stream ``head``.
            dropout: for every dropout of the model but those of the head that its configuration turns off.
        """
        model = copy.deepcopy(self._model).to(self._device)
        if not self._own_dropout:
            set_dropout(model, dropout)
        modules = dict(model.named_modules())
        for name, module in modules.items():
            if name in self._still and not self._own_dropout and isinstance(module, _DropoutNd):
                module.p = 0.0
        if head_seed == self._own_head:
            return model
        for name, parameter in model.named_parameters():
            if name in self._drawn:
                owner = modules[name.rpartition(".")[0]]
                init_new(parameter, owner, self._std, stream_seed("head", task, head_seed, name))
        return model

    @property
    def model(self) -> nn.Module:
        """The model as it was read, which is copied and never trained."""
        return self._model

    def draws_head(self, seed: int) -> bool:
        """Whether ``build`` draws the head for this seed; else it keeps the one that came with the model."""
        return seed != self._own_head and self._drawn == self.head_names

    def cast(self, dtype: torch.dtype) -> None:
        """Keep the weights in another dtype from now on."""
        self._model.to(dtype)


def head_digest(head: Mapping[str, Tensor]) -> str:
    """A fingerprint of new layers, by the names of their parameters (16 hexadecimal characters)."""
    values = hashlib.sha256()
    for name in sorted(head):
        values.update(name.encode() + head[name].detach().cpu().numpy().tobytes())
    return values.hexdigest()[:16]


def _dropout_left_out(model: nn.Module) -> frozenset[str]:
    """The dropouts of the head with rate 0 in a model that has dropout elsewhere.

    DeBERTa's pooler and BART's head are such by their authors' choice. ModernBERT has none at all, and is
    given the recipe's everywhere.
    """
    base = str(getattr(model, "base_model_prefix", ""))
    if not base or not hasattr(model, base) or not has_dropout(model):
        return frozenset()
    return frozenset(
        name
        for name, module in model.named_modules()
        if isinstance(module, _DropoutNd) and module.p == 0 and not name.startswith(f"{base}.")
    )


def _reason(error: Exception) -> str:
    """A library's reason in a line, without its advice to trust a file or its code."""
    text = " ".join(str(error).split())
    if "weights_only" in text:
        return "its weights are a pickle that holds more than tensors; save them as safetensors"
    if "trust_remote_code" in text:
        return "it needs code of its own (config.json: auto_map), which ftbench does not run"
    return text[:200]


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

    def get(self, ref: ModelRef, outputs: int, keep_head: bool = False, tokens: bool = False) -> Pretrained:
        """The model, read now or kept from an earlier job; see ``Pretrained.read``."""
        key = (ref.id, ref.revision, ref.path, outputs, keep_head, tokens)
        if key not in self._kept:
            while len(self._kept) >= self._room:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = Pretrained.read(ref, outputs, self._device, keep_head, tokens)
        return self._kept[key]
