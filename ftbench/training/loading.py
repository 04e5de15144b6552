"""Loading: from a folder to a model with a head, and which of its parameters pretraining did not bring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ftbench.errors import ModelError
from ftbench.models import architecture, checkpoint
from ftbench.models import folder as folders
from ftbench.nn import decoders, structure
from ftbench.training import backbones
from ftbench.training.model_limits import ModelLimits

POOLER = "pooler"
_LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


@dataclass(frozen=True)
class Loaded:
    """A model as it came from its folder.

    Attributes:
        model: with a head.
        tokenizer: of the model; its padding token is one that the model has.
        head: the parameters that are drawn for every seed: what a checkpoint without a head lacks.
        lacking: those among them that the checkpoint does not have.
        limits: what it can read.
        prefix: what was taken off the names of its weights.
    """

    model: nn.Module
    tokenizer: Any
    head: frozenset[str]
    lacking: frozenset[str]
    limits: ModelLimits
    prefix: str = ""


def load_checkpoint(folder: Path, outputs: int, tokens: bool = False) -> Loaded:
    """Read a model with a head of this width; code of its own is never run.

    Args:
        folder: with its files.
        outputs: the width of the head.
        tokens: whether it is a head on every token, not one on the whole text.

    Raises:
        ModelError: the checkpoint lacks a part of the encoder.
        OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError, UnpicklingError: from the
            libraries.
    """
    from transformers import AutoTokenizer
    from transformers.utils import logging

    # Its report of new layers is what every job here expects.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    config = folders.config(folder)
    folders.refuse_adapter(folder)
    names = checkpoint.shapes(folders.checkpoint_files(folder))
    family = str(config.get("model_type", ""))
    before = checkpoint.prefix(names, architecture.base(family))
    _refuse_own_tokenizer(folder, config)
    tokenizer = AutoTokenizer.from_pretrained(folder, **_LOCAL)
    # The new layers are drawn by `build`; what transformers draws for them must not touch other streams.
    # Of another shape than here may be the head alone; others are refused below.
    kind = backbones.model_class(family, tokens=tokens)
    model, info = quietly(kind, folder, before, num_labels=outputs, ignore_mismatched_sizes=True)
    resized = {str(name): (tuple(there), tuple(here)) for name, there, here in info["mismatched_keys"]}
    lacking = frozenset(info["missing_keys"]) | frozenset(resized)
    _refuse_lost(model, lacking, resized)
    limits = _limits(model)
    backbones.choose_padding(tokenizer, model, limits.tokens)
    decoders.as_linear(model)
    decoder = backbones.is_decoder(model, family, tokens=tokens)
    if decoder or family in architecture.T5:
        backbones.suit_tokenizer(tokenizer)
    if decoder:
        backbones.suit_decoder(model)
    head = _head(model, lacking - set(resized), lacking)
    return Loaded(model, tokenizer, head, lacking, limits, before)


def quietly(kind: Any, folder: Path, before: str, **settings: Any) -> tuple[Any, Any]:
    """A model of a folder, in fp32, and what transformers says of its weights.

    Args:
        kind: transformers' class.
        folder: of the weights.
        before: what a wrapper put before their names.
        settings: of the configuration.
    """
    with torch.random.fork_rng(devices=[]):
        found: tuple[Any, Any] = kind.from_pretrained(
            folder,
            dtype=torch.float32,
            output_loading_info=True,
            key_mapping={f"^{re.escape(before)}": ""} if before else None,
            **settings,
            **_LOCAL,
        )
    return found


def outside(model: nn.Module) -> frozenset[str]:
    """The parameters outside a model's encoder; of one that has no such part, those of the last layer."""
    base = str(getattr(model, "base_model_prefix", ""))
    names = frozenset(name for name, _ in model.named_parameters())
    if base and hasattr(model, base):
        return names - structure.names_under(model, [base])
    matrices = [name for name, parameter in model.named_parameters() if parameter.ndim == 2]
    return structure.names_under(model, [matrices[-1].partition(".")[0]]) if matrices else frozenset()


def _refuse_own_tokenizer(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuse a tokenizer of the model's own code: without that, a like one would be taken in silence."""
    import transformers

    told = folders.tokenizer_config(folder)
    own = any("AutoTokenizer" in (where.get("auto_map") or {}) for where in (told, config))
    if own and not hasattr(transformers, str(told.get("tokenizer_class"))):
        raise ModelError("its tokenizer needs code of its own (auto_map), which ftbench does not run")


def _refuse_lost(model: nn.Module, lacking: Iterable[str], resized: dict[str, Any]) -> None:
    """Refuse a checkpoint that would leave a part of the encoder drawn at random, its pooler aside."""
    encoder = [name for name, _ in model.named_parameters() if name not in outside(model)]
    wanted = set(lacking)
    lost = [name for name in encoder if name in wanted and POOLER not in name.split(".")]
    if not lost:
        return
    first = lost[0]
    if first in resized:
        there, here = resized[first]
        raise ModelError(
            f"{first} has the shape {list(there)} in its weights and {list(here)} by its config.json"
        )
    raise ModelError(
        f"its weights lack {len(lost)} of the {len(encoder)} tensors of the encoder ({first}"
        f"{', …' if len(lost) > 1 else ''}), which would be drawn at random"
    )


def _head(model: nn.Module, missing: frozenset[str], lacking: frozenset[str]) -> frozenset[str]:
    """What is new in a checkpoint of this architecture that was never fine-tuned."""
    parameters = dict(model.named_parameters())
    beyond = [name for name in parameters if name in outside(model)]
    last = next((name for name in reversed(beyond) if parameters[name].ndim == 2), None)
    lacking = lacking & parameters.keys()
    if last is None or last in missing:
        return lacking
    return lacking | (frozenset(beyond) - _pretrained(model) | {last})


def _pretrained(model: nn.Module) -> frozenset[str]:
    """The parameters that the architecture's pretraining brings beside the encoder, as ModernBERT's does."""
    from transformers import AutoModelForMaskedLM, AutoModelForPreTraining

    names: set[str] = set()
    for kind in (AutoModelForMaskedLM, AutoModelForPreTraining):
        build: Any = kind.from_config
        try:
            with torch.device("meta"):
                names |= {name for name, _ in build(model.config).named_parameters()}
        except ValueError:  # the architecture has no such model
            continue
    return frozenset(names)


def _limits(model: Any) -> ModelLimits:
    config = model.config.to_dict()
    try:
        words = getattr(model.get_input_embeddings(), "num_embeddings", 0)
    except NotImplementedError:  # CANINE hashes characters: any will do
        words = 0
    return ModelLimits(
        architecture.positions(config), int(words or 0), int(config.get("type_vocab_size") or 0)
    )
