"""What trains a few parameters beside a frozen model: LoRA, prefix and prompt of the peft library."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Collection, Iterable
from typing import Any

from torch import Tensor, nn

from ftbench.errors import BadValue, FtbenchError
from ftbench.nn import decoders, structure

# Names of the projections to queries and values, architecture by architecture; peft's own choice where it
# has one (DeBERTa's in_proj makes queries, keys and values at once, as ModernBERT's Wqkv and GPT-2's c_attn).
QUERY_VALUE = {
    "query",
    "value",
    "query_proj",
    "value_proj",
    "q_proj",
    "v_proj",
    "q_lin",
    "v_lin",
    "in_proj",
    "Wqkv",
    "c_attn",
    "query_key_value",
    "qkv_proj",
    "q",
    "v",
}


def peft(method: str) -> Any:
    """The library.

    Raises:
        FtbenchError: it is not installed here, or does not fit the other packages.
    """
    try:
        import peft
    except ImportError as error:
        reason = "is not installed here" if error.name == "peft" else f"cannot be loaded here ({error})"
        raise FtbenchError(f"{method}: the package peft {reason}: pip install peft") from None
    return peft


def task_parameters(model: nn.Module, new: Collection[str], train_pooler: bool) -> list[nn.Parameter]:
    """The parameters that a frozen model's task needs trained: its classifier.

    Args:
        model: as it was read, not wrapped.
        new: names of those that did not come from pretraining. Where there are none, because the checkpoint
            has a head, those beside the body are taken.
        train_pooler: whether what stands between layers and classifier is trained, too.
    """
    names = frozenset(new) or structure.outside_body(model)
    if train_pooler:
        names |= structure.parts(model, names).above
    return [p for name, p in model.named_parameters() if name in names]


def train_only(model: nn.Module, trained: Iterable[nn.Parameter]) -> None:
    """Freeze a model but for some parameters."""
    chosen = {id(p) for p in trained}
    for p in model.parameters():
        p.requires_grad_(id(p) in chosen)


def linear_layers(model: nn.Module, leaves: Collection[str] | None = None) -> list[str]:
    """Names of the linear modules inside the transformer layers, in order.

    Args:
        model: searched.
        leaves: last parts of their names; all by default.
    """
    inside = {id(m) for layer in structure.encoder_layers(model) for m in layer.modules()}
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and id(module) in inside
        and (leaves is None or name.rpartition(".")[2] in leaves)
    ]


def add_lora(
    library: Any, model: nn.Module, targets: list[str], *, rank: int, alpha: float, dropout: float
) -> list[nn.Parameter]:
    """Put y ← y + α/r·B·A·dropout(x) beside linear modules, in place; B is 0 at first.

    Args:
        library: of ``peft``.
        model: changed in place.
        targets: full names of linear modules.
        rank: r, rows of A and columns of B.
        alpha: α.
        dropout: on the input of A.

    Returns:
        The new parameters.
    """
    before = {id(p) for p in model.parameters()}
    config = library.LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=targets)
    library.inject_adapter_in_model(config, model)
    return [p for p in model.parameters() if id(p) not in before]


def prompted(
    library: Any, model: nn.Module, config: Any, new: Collection[str], train_pooler: bool
) -> nn.Module:
    """A model behind virtual tokens, frozen but for these and its classifier.

    Args:
        library: of ``peft``.
        model: the whole classifier; it stands under ``base_model`` in the wrapper, and its parameters stay
            the same objects.
        config: peft's, of a prompt or prefix.
        new: names of the parameters that did not come from pretraining.
        train_pooler: whether a pretrained pooler is trained, too.
    """
    trained = task_parameters(model, new, train_pooler)
    dtype = next(model.parameters()).dtype
    with warnings.catch_warnings():
        # It asks transformers in a way that is on its way out.
        warnings.simplefilter("ignore", FutureWarning)
        wrapper: nn.Module = library.PeftModelForSequenceClassification(model, config)
    # peft trains a copy of the classifier and keeps the first beside it: one is enough.
    for parent in list(wrapper.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, library.utils.ModulesToSaveWrapper):
                setattr(parent, name, child.original_module)
    if decoders.reads_last_token(model):
        decoders.pool_by_mask(model)  # of embeddings it would not know where a text ends
    tokens = wrapper.get_submodule("prompt_encoder").to(dtype)
    train_only(wrapper, [*trained, *tokens.parameters()])
    room, count = _positions(model), int(config.num_virtual_tokens)
    if room is not None:
        wrapper.register_forward_pre_hook(
            lambda _module, _args, inputs: _check_room(inputs.get("input_ids"), count, room),
            with_kwargs=True,
        )
    return wrapper


def embedding_width(model: nn.Module) -> int:
    """How wide the word embeddings are, which is not the width of the layers in ELECTRA and ALBERT."""
    whole: Any = model
    return int(whole.get_input_embeddings().weight.shape[1])


def shape_of(model: nn.Module) -> dict[str, int]:
    """Layers, width and attention heads, as a configuration of peft wants them."""
    whole: Any = model
    config = whole.config
    return {
        "num_layers": int(config.num_hidden_layers),
        "token_dim": int(config.hidden_size),
        "num_attention_heads": int(config.num_attention_heads),
    }


def family(model: nn.Module) -> str:
    """The architecture's name in its configuration, "" where it has none."""
    return str(getattr(getattr(model, "config", None), "model_type", ""))


def takes_past(model: nn.Module) -> bool:
    """Whether the backbone's attention takes keys and values from outside."""
    backbone: Any = getattr(model, "base_model", model)
    return "past_key_values" in inspect.signature(backbone.forward).parameters


def _positions(model: nn.Module) -> int | None:
    """How many positions the model has embeddings for; None where it has none of a fixed number."""
    for name, module in model.named_modules():
        if name.rpartition(".")[2] in ("position_embeddings", "wpe") and isinstance(module, nn.Embedding):
            # Positions of RoBERTa begin after that of the padding.
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return None


def _check_room(ids: Tensor | None, tokens: int, room: int) -> None:
    if ids is not None and ids.shape[1] + tokens > room:
        raise BadValue(
            f"{tokens} virtual tokens and a row of {ids.shape[1]} exceed the model's {room} positions:"
            f" set max_length to {room - tokens} or less"
        )
