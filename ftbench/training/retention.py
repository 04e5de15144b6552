"""Retention: how far fine-tuning moved a model, and what it still knows of the language."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ftbench.models import folder as folders
from ftbench.models import lm_head
from ftbench.nn import decoders, structure
from ftbench.training.loading import quietly
from ftbench.training.pretrained import Pretrained

TEXT = Path(__file__).parents[1] / "assets" / "retention.txt"
#: One content token in so many is masked.
EVERY = 6
LONGEST = 128  # tokens of a sentence of the text; none of them is near it
ROWS = 32

_log = logging.getLogger("ftbench")


def retention(model: nn.Module, pretrained: Pretrained, folder: Path) -> dict[str, float]:
    """What fine-tuning did to a model.

    Args:
        model: as it was trained; left as it is.
        pretrained: what it was made of.
        folder: of the pretrained weights.

    Returns:
        ``moved``, ``moved_embeddings``, ``moved_layer_01``, …: ‖θ − θ₀‖ / ‖θ₀‖ over the pretrained
        parameters; nothing where the weights that act cannot be written as weights. ``lm_loss_before`` and
        ``lm_loss_after``: nats a token on the fixed text; nothing where the folder has no such head.
    """
    start, own = pretrained.model, _unwrapped(model)
    return {**moved(own, start, pretrained.head_names), **_losses(own, pretrained, folder)}


def moved(model: nn.Module, start: nn.Module, new: frozenset[str]) -> dict[str, float]:
    """How far the weights that act are from those of before, relative to these, by group.

    Args:
        model: of which the weights of before are ``start``'s, with or without a tuner inside.
        start: the pretrained model.
        new: names of the parameters that did not come from pretraining; they do not count.
    """
    try:
        after = effective(model)
    except NotImplementedError as error:
        _log.warning("retention: no distance: %s", error)
        return {}
    before = {name: p.detach() for name, p in start.named_parameters()}
    parts = structure.parts(start, new)
    groups = {"moved": frozenset(before) - parts.head, "moved_embeddings": parts.below}
    groups |= {f"moved_layer_{at:02d}": names for at, names in enumerate(parts.layers, start=1)}
    return {name: _distance(before, after, names) for name, names in groups.items() if names}


def effective(model: nn.Module) -> dict[str, Tensor]:
    """The weights that act, by the names that they had before a tuner: what it adds is merged into them.

    Raises:
        NotImplementedError: the tuner changes activations, which no weights stand for.
    """
    if any(map(_is_tuned, model.modules())):
        model = copy.deepcopy(model)
        for module in [m for m in model.modules() if _is_tuned(m)]:
            merge: Any = module
            merge.merge()
    return {name.replace("base_layer.", ""): p.detach() for name, p in model.named_parameters()}


def _is_tuned(module: nn.Module) -> bool:
    """Whether a module of peft stands around another one."""
    return hasattr(module, "merge") and hasattr(module, "base_layer")


def _distance(before: Mapping[str, Tensor], after: Mapping[str, Tensor], names: frozenset[str]) -> float:
    step = whole = 0.0
    for name in names:
        old = before[name].double()
        whole += float(old.square().sum())
        step += float((after[name].to(old) - old).square().sum())
    return (step / whole) ** 0.5 if whole else 0.0


def _unwrapped(model: nn.Module) -> nn.Module:
    """The model without what stands before its text: a prompt is taken off as it was put on."""
    return dict(model.named_children()).get("base_model", model)


# -- what it still knows of the language ------------------------------------------------------------------


def _losses(model: nn.Module, pretrained: Pretrained, folder: Path) -> dict[str, float]:
    head = lm_model(folder, pretrained.prefix)
    base = str(getattr(pretrained.model, "base_model_prefix", ""))
    if head is None or not hasattr(model, base) or not hasattr(head, base):
        return {}
    causal, longest = lm_head.is_causal(_family(folder)), pretrained.limits.cut(LONGEST)
    rows = list(_rows(pretrained.tokenizer, causal, longest))
    if not rows:
        return {}
    device = next(model.parameters()).device
    head = head.to(device).eval()
    before = lm_loss(head, rows, device)
    was = model.training
    setattr(head, base, getattr(model, base))  # the trained body under the head of before
    after = lm_loss(head.eval(), rows, device)
    model.train(was)
    return {"lm_loss_before": before, "lm_loss_after": after}


def lm_model(folder: Path, prefix: str = "") -> nn.Module | None:
    """The pretrained model with the head that it was pretrained with; None where its folder has none.

    Args:
        folder: of the weights.
        prefix: what a wrapper put before their names.
    """
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    if lm_head.lacks_lm_head(folder):
        return None
    kind: Any = AutoModelForCausalLM if lm_head.is_causal(_family(folder)) else AutoModelForMaskedLM
    model, info = quietly(kind, folder, prefix)
    decoders.as_linear(model)  # as the trained body has them
    lacking = sorted(name for name in info["missing_keys"] if "pooler" not in name)
    if lacking:
        _log.warning("retention: no language-model loss: the weights lack %s", lacking[0])
    found: nn.Module | None = None if lacking else model
    return found


def _family(folder: Path) -> str:
    return str(folders.config(folder).get("model_type", ""))


@cache
def sentences() -> tuple[str, ...]:
    """The fixed text, a sentence each."""
    return tuple(TEXT.read_text(encoding="utf-8").splitlines())


def _rows(tokenizer: Any, causal: bool, longest: int) -> Iterator[tuple[list[int], list[int]]]:
    """Token ids of each sentence and what is to be predicted of each, -100 where nothing is.

    Of masked words every sixth content token of the whole text, which is the same for every model of a
    tokenizer; of a next word each one but the first.
    """
    special, mask = set(tokenizer.all_special_ids), tokenizer.mask_token_id
    if not causal and mask is None:
        return
    seen = 0
    for sentence in sentences():
        ids = list(tokenizer(sentence, truncation=True, max_length=longest)["input_ids"])
        if causal:
            yield ids, [-100, *ids[1:]]
            continue
        given, wanted = list(ids), [-100] * len(ids)
        for at, token in enumerate(ids):
            if token not in special:
                seen += 1
                if seen % EVERY == 0:
                    given[at], wanted[at] = mask, token
        yield given, wanted


def lm_loss(model: nn.Module, rows: list[tuple[list[int], list[int]]], device: torch.device) -> float:
    """The mean cross-entropy over all tokens that are to be predicted, in nats; in fp32, without dropout."""
    total, count = 0.0, 0
    config: Any = getattr(model, "config", None)
    pad = getattr(config, "pad_token_id", None) or 0
    causal = lm_head.is_causal(str(getattr(config, "model_type", "")))
    with torch.inference_mode(), decoders.every_state():
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            width = max(len(ids) for ids, _ in part)
            ids = torch.tensor([i + [pad] * (width - len(i)) for i, _ in part], device=device)
            seen = torch.tensor([[1] * len(i) + [0] * (width - len(i)) for i, _ in part], device=device)
            wanted = torch.tensor([w + [-100] * (width - len(w)) for _, w in part], device=device)
            logits = model(input_ids=ids, attention_mask=seen).logits.float()
            if causal:
                logits, wanted = logits[:, :-1], wanted[:, 1:]
            loss = nn.functional.cross_entropy(
                logits.reshape(-1, logits.shape[-1]), wanted.reshape(-1), reduction="sum"
            )
            total, count = total + float(loss), count + int((wanted != -100).sum())
    return total / count if count else 0.0
