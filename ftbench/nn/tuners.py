"""Tuners of the peft library: put into a model, what they need at each step, and whether they fit a model."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ftbench.domain.hparams import Value
from ftbench.nn import adapters, structure

#: Numbers of a configuration that say how many layers there are.
_DEPTHS = ("num_hidden_layers", "num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers")
_SPECIAL = ("pad", "bos", "eos", "cls", "sep", "unk", "mask", "decoder_start")
_NOT_SHAPES = frozenset(
    "model_type architectures auto_map id2label label2id num_labels problem_type transformers_version".split()
)
_WORDS, _LAYERS, _LENGTH = 64, 2, 8


@dataclass(frozen=True)
class TunerSettings:
    """A tuner as it is asked for.

    Attributes:
        name: as peft registers it, ``adalora``.
        prompts: whether it stands before the text and changes no module.
        values: fields of its configuration.
        lists: those among them that may be a list, which is written ``query+value``.
    """

    name: str
    prompts: bool
    values: Mapping[str, Value]
    lists: Collection[str]

    def plain(self) -> dict[str, Any]:
        """The fields as peft takes them: lists made of their texts."""
        return {k: _listed(v) if k in self.lists else v for k, v in self.values.items()}


def _listed(value: Value) -> Any:
    """A list of a text; what peft reads as a word of its own stays one."""
    if not isinstance(value, str) or value == "all-linear":
        return value
    items = [item.strip() for item in value.split("+")]
    return [int(item) for item in items] if all(item.isdecimal() for item in items) else items


@dataclass
class TunedModel:
    """A model with a tuner.

    Attributes:
        model: the model itself, changed in place, or a wrapper around it.
        tuner: what peft made of it; None where a wrapper is all there is.
        config: its configuration.
    """

    model: nn.Module
    tuner: Any
    config: Any

    def penalty(self) -> Tensor | None:
        """What AdaLoRA adds to the loss, shape (): how far its factors are from orthogonal; None elsewhere.

        Mean over the factors of ‖PᵀP - I‖ (Frobenius), times ``orth_reg_weight``; peft adds it where it
        computes the loss itself.
        """
        weight = getattr(self.config, "orth_reg_weight", None)
        if not weight:
            return None
        parts = []
        for name, p in self.model.named_parameters():
            if ".lora_A." in name or ".lora_B." in name:
                square = p @ p.T if ".lora_A." in name else p.T @ p
                parts.append(torch.linalg.norm(square - torch.eye(len(square)).to(square)))
        return float(weight) * torch.stack(parts).mean() if parts else None

    @property
    def allocates(self) -> bool:
        """Whether ranks are given and taken after each update, as AdaLoRA does."""
        return hasattr(self.tuner, "rankallocator")

    def allocate(self, step: int, gradients: Mapping[nn.Parameter, Tensor]) -> None:
        """Give and take ranks after an update.

        Args:
            step: the update that was made, from 0.
            gradients: that it was made with.
        """
        for p, gradient in gradients.items():
            p.grad = gradient
        self.tuner.update_and_allocate(step)
        for p in gradients:
            p.grad = None

    def state(self) -> dict[str, Any]:
        """What the allocation of ranks goes by: sums over the steps so far, and the ranks of the last."""
        if not self.allocates:
            return {}
        found = self.tuner.rankallocator
        sums = {name: dict(getattr(found, name)) for name in ("ipt", "exp_avg_ipt", "exp_avg_unc")}
        return {**sums, "rank_pattern": self.config.rank_pattern}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave."""
        if self.allocates and state:
            for name in ("ipt", "exp_avg_ipt", "exp_avg_unc"):
                setattr(self.tuner.rankallocator, name, dict(state[name]))
            self.config.rank_pattern = state["rank_pattern"]


def put_tuner(asked: TunerSettings, model: nn.Module, new: Collection[str], total_steps: int) -> TunedModel:
    """Put a tuner into a model, or around it; what trains then is the tuner and the classifier.

    Args:
        asked: the tuner.
        model: the whole classifier; changed in place.
        new: names of the parameters that did not come from pretraining.
        total_steps: of the run.

    Raises:
        FtbenchError: peft is not installed here, or does not fit the other packages.
        ValueError, TypeError, RuntimeError, …: peft refuses the model or a value.
    """
    library = adapters.peft(f"peft:{asked.name}")
    mapping: Any = library.mapping
    kind = asked.name.upper()
    make: Any = mapping.PEFT_TYPE_TO_CONFIG_MAPPING[kind]
    values = asked.plain()
    with _quiet():
        if asked.prompts:
            config = make(task_type="SEQ_CLS", **_shaped(asked.name, values, model))
            return TunedModel(adapters.prompted(library, model, config, new, False), None, config)
        tuner_class: Any = mapping.PEFT_TYPE_TO_TUNER_MAPPING[kind]
        listed = f"TRANSFORMERS_MODELS_TO_{kind}_TARGET_MODULES_MAPPING"  # where the class does not say
        own = getattr(tuner_class, "target_module_mapping", getattr(library.utils.constants, listed, {}))
        values |= _targets(asked.name, values, model, own)
        known = {field for field in make.__dataclass_fields__}
        for name, value in (("total_step", total_steps), ("progressbar", False)):
            if name in known:
                values[name] = value
        if "fan_in_fan_out" in known:
            values["fan_in_fan_out"] = _turned(model)
        config = make(task_type="SEQ_CLS", **values)
        trained = adapters.task_parameters(model, new, train_pooler=False)
        dtype = next(model.parameters()).dtype
        tuner = tuner_class(model, config, "default")
    for p in model.parameters():
        if p.is_floating_point() and p.dtype != dtype:
            p.data = p.data.to(dtype)
    adapters.train_only(model, [*trained, *(p for p in model.parameters() if p.requires_grad)])
    return TunedModel(model, tuner, config)


def _shaped(name: str, values: dict[str, Any], model: nn.Module) -> dict[str, Any]:
    """The fields of a prompt with the shapes of a model; its encoder is as wide unless said otherwise."""
    shape = adapters.shape_of(model)
    if (
        name != "prefix_tuning"
    ):  # a prompt is as wide as the word embeddings, which in ELECTRA is not the layers'
        shape["token_dim"] = adapters.embedding_width(model)
    if "encoder_hidden_size" in values and values["encoder_hidden_size"] is None:
        values = {**values, "encoder_hidden_size": shape["token_dim"]}
    return {**values, **shape}


def _targets(
    name: str, values: Mapping[str, Any], model: nn.Module, known: Mapping[str, Any]
) -> dict[str, Any]:
    """The modules to change where none are given and peft has none of its own for the architecture.

    The projections to queries and values, as ``lora`` takes; for ``ln_tuning`` every normalisation, for
    ``osf`` every linear map of the transformer layers.
    """
    if "target_modules" not in values or values["target_modules"] is not None:
        return {}
    if adapters.family(model) in known:
        return {}
    if name == "osf":  # every linear map of the layers; left to itself it would take the classifier, too
        return {"target_modules": adapters.linear_layers(model)}
    if name == "ln_tuning":
        found = [n for n, m in model.named_modules() if "Norm" in type(m).__name__]
        return {"target_modules": found}
    found = adapters.linear_layers(model, adapters.QUERY_VALUE)
    if not found:
        raise ValueError(
            "it names no modules for this architecture, whose queries and values are not linear layers:"
            " give target_modules"
        )
    return {"target_modules": found, **({"feedforward_modules": []} if name == "ia3" else {})}


def _turned(model: nn.Module) -> bool:
    """Whether the linear maps of the layers keep their weights as (inputs, outputs), as GPT-2's do."""
    layers = [m for layer in structure.encoder_layers(model) for m in layer.modules()]
    return any(type(m).__name__ == "Conv1D" for m in layers)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what libraries print and warn of; errors are raised."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def misfit(asked: TunerSettings, family: str, settings: Mapping[str, Any], outputs: int) -> str | None:
    """Why a tuner cannot train on a model, in peft's words, or None.

    It is put into a model of the same shapes with random weights, of two layers and few words (of all layers
    where some are named by number), and one loss goes through it and back.

    Args:
        asked: the tuner.
        family: the architecture, as its configuration names it.
        settings: that configuration; empty for the architecture's usual one.
        outputs: width of the head.
    """
    with torch.random.fork_rng(), _quiet():
        torch.manual_seed(0)
        model = _like(family, settings, outputs, whole=_numbered(asked))
        head = structure.outside_body(model)
        try:
            tuned = put_tuner(asked, model, head, total_steps=1_000_000)
            logits = tuned.model.train()(**_rows(model)).logits
            logits.square().sum().backward()
        except Exception as error:  # peft and the architecture may raise anything
            return " ".join(f"{error or type(error).__name__}".split())[:300]
    names = {id(p) for n, p in tuned.model.named_parameters() if n in head}
    own = [p for p in tuned.model.parameters() if p.requires_grad and id(p) not in names]
    if not any(p.grad is not None for p in own):
        return "none of its parameters is part of the loss"
    return None


def _numbered(asked: TunerSettings) -> bool:
    return any(any(c.isdecimal() for c in str(asked.values.get(name) or "")) for name in asked.lists)


def _like(family: str, settings: Mapping[str, Any], outputs: int, *, whole: bool) -> nn.Module:
    """A classifier of the same widths with random weights, of few layers and words."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    from ftbench.nn.t5_encoders import CLASSIFIERS

    given = {k: v for k, v in settings.items() if k not in ("model_type", "architectures", "auto_map")}
    given = {
        k: v for k, v in given.items() if k not in ("id2label", "label2id", "num_labels", "problem_type")
    }
    config: Any = AutoConfig.for_model(family, **given)
    config.num_labels = outputs
    if not whole:
        for name in _DEPTHS:
            if isinstance(getattr(config, name, None), int):
                setattr(config, name, min(_LAYERS, getattr(config, name)))
        if isinstance(getattr(config, "layer_types", None), list):
            config.layer_types = config.layer_types[:_LAYERS]
    config.vocab_size = _WORDS
    for name in _SPECIAL:
        token = getattr(config, f"{name}_token_id", None)
        if isinstance(token, int):
            setattr(config, f"{name}_token_id", token % _WORDS)
    if getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = 0
    known: Mapping[str, Any] = CLASSIFIERS
    build = known.get(family, AutoModelForSequenceClassification.from_config)
    model: nn.Module = build(config)
    return model


def _rows(model: nn.Module) -> dict[str, Tensor]:
    """Two rows of token ids; each ends with the end of the sequence, which BART looks for."""
    whole: Any = model
    ids = torch.arange(2 * _LENGTH).reshape(2, _LENGTH) + 8  # (rows, tokens)
    end = whole.config.eos_token_id
    ids[:, -1] = end if isinstance(end, int) else 7
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
