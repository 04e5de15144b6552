"""What the parts of an architecture are, found by structure rather than by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

# XLNet's projections to queries, keys, values and positions, and back: linear maps that are no modules.
_RAW = ("q", "k", "v", "r", "o")


def encoder_layers(model: nn.Module) -> list[nn.Module]:
    """The transformer layers, bottom first; an encoder-decoder gives both stacks, the encoder first.

    A stack is an outermost ``ModuleList`` of two or more modules of one class that hold weights; a single
    layer counts where nothing longer is found.
    """
    stacks: list[tuple[str, nn.ModuleList]] = []
    for name, module in model.named_modules():
        inside = any(name.startswith(outer + ".") for outer, _ in stacks)
        if isinstance(module, nn.ModuleList) and not inside and _is_stack(module):
            stacks.append((name, module))
    longest = max((len(stack) for _, stack in stacks), default=0)
    return [layer for _, stack in stacks if len(stack) == longest or len(stack) > 1 for layer in stack]


def _is_stack(module: nn.ModuleList) -> bool:
    classes = {type(child) for child in module}
    return len(classes) == 1 and all(any(p.ndim >= 2 for p in child.parameters()) for child in module)


def word_embeddings(model: nn.Module) -> list[nn.Module]:
    """The modules that look words up, in the order of the model: one for each stack that reads tokens.

    Several may share one table (BART's encoder and decoder); the module that only holds it is left out. Empty
    for a model without ``get_input_embeddings``.
    """
    get = getattr(model, "get_input_embeddings", None)
    try:
        table = get() if callable(get) else None
    except NotImplementedError:  # what transformers raises where a model does not say
        table = None
    if not isinstance(table, nn.Embedding):
        return [table] if isinstance(table, nn.Module) else []
    sharing = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Embedding) and module.weight is table.weight
    }
    around = {name: name.rpartition(".")[0] for name in sharing}
    stacks = set(around.values())
    return [m for name, m in sharing.items() if not any(_inside(s, around[name]) for s in stacks)]


def _inside(name: str, outer: str) -> bool:
    """Whether a module stands somewhere below another one."""
    return name != outer and (not outer or name.startswith(outer + "."))


def layer_parameter_names(model: nn.Module) -> frozenset[str]:
    """Names of all parameters inside the transformer layers: weights, biases, LayerNorms."""
    inside = {id(p) for layer in encoder_layers(model) for p in layer.parameters()}
    return frozenset(name for name, p in model.named_parameters() if id(p) in inside)


@dataclass(frozen=True)
class Parts:
    """Names of a model's parameters by where they stand; every name is in one of them.

    Attributes:
        below: embeddings, and what all layers share (relative positions).
        layers: of each transformer layer, bottom first, a decoder above its encoder.
        above: what follows the layers and is not new: a pooler, a last normalisation.
        head: what did not come from pretraining.
    """

    below: frozenset[str]
    layers: tuple[frozenset[str], ...]
    above: frozenset[str]
    head: frozenset[str]


def parts(model: nn.Module, head: Iterable[str] = ()) -> Parts:
    """Sort the parameters of a model into embeddings, layers, pooler and head.

    Args:
        model: any; where no layers are found, all but the head is ``below``.
        head: names of the parameters that did not come from pretraining.
    """
    names = {id(p): name for name, p in model.named_parameters()}
    stack = encoder_layers(model)
    layers = tuple(frozenset(names[id(p)] for p in layer.parameters()) for layer in stack)
    new = frozenset(head) & frozenset(names.values())
    follows = {names[id(p)] for module in _after(model, stack) for p in module.parameters()}
    above = frozenset(follows).difference(new, *layers)
    return Parts(frozenset(names.values()).difference(above, new, *layers), layers, above, new)


def outside_body(model: nn.Module) -> frozenset[str]:
    """Names of the parameters beside the part of the model that holds the layers: its head, new or not."""
    stack = encoder_layers(model)
    bodies = [c for c in model.children() if any(m in stack for m in c.modules())]
    inside = {id(p) for body in bodies for p in body.parameters()}
    return frozenset(n for n, p in model.named_parameters() if stack and id(p) not in inside)


def _after(model: nn.Module, stack: list[nn.Module]) -> list[nn.Module]:
    """The modules registered behind the last layer, save those that belong to its embeddings.

    A normalisation beside an embedding is the embedding's where its name says so (BART), or where no words
    are looked up there (DeBERTa); else it is the last one of the model (ModernBERT, GPT-2, Llama, T5). What
    holds a linear layer is a pooler wherever it stands.
    """
    found: list[nn.Module] = []
    words = word_embeddings(model)
    around = model
    while stack and around is not stack[-1]:
        named = list(around.named_children())
        children = [child for _, child in named]
        way = max(i for i, child in enumerate(children) if any(m is stack[-1] for m in child.modules()))
        embeds = any(isinstance(child, nn.Embedding) for child in children)
        last = any(child in words for child in children)
        for name, child in named[way + 1 :]:
            if any(m in stack for m in child.modules()):
                continue
            pools = any(isinstance(m, nn.Linear) for m in child.modules())
            if pools or not embeds or (last and "emb" not in name):
                found.append(child)
        around = children[way]
    return found


def linear_weight_names(model: nn.Module) -> frozenset[str]:
    """Names of the weight matrices of all linear maps: attention, feed-forward, pooler, classifier.

    Besides ``nn.Linear`` these are the projections that XLNet's attention keeps as parameters of its own, of
    shape (width, heads, head width): linear maps all the same. Its segment embeddings are not.
    """
    found = set()
    for name, module in model.named_modules():
        for own, p in module.named_parameters(recurse=False):
            raw = own in _RAW and p.ndim == 3
            if raw or (isinstance(module, nn.Linear) and own == "weight"):
                found.add(f"{name}.{own}" if name else own)
    return frozenset(found)


def undecayed_names(model: nn.Module) -> frozenset[str]:
    """Names of the parameters that weight decay leaves alone: biases and the weights of normalisations."""
    names = {name for name, _ in model.named_parameters() if name.rpartition(".")[2].endswith("bias")}
    for name, module in model.named_modules():
        if "Norm" in type(module).__name__:
            names.update(
                f"{name}.{own}" if name else own for own, _ in module.named_parameters(recurse=False)
            )
    return frozenset(names)


def neutral_scale(norm: nn.Module) -> float:
    """The weight with which a normalisation does not scale: 1, or 0 where it scales by 1 + weight (Gemma).

    Args:
        norm: with a ``weight``; called twice, and left as it is.
    """
    weight = norm.get_parameter("weight").detach()
    kept, generator = weight.clone(), torch.Generator().manual_seed(0)
    states = torch.randn(1, *weight.shape, generator=generator).to(weight)
    with torch.no_grad():
        weight.zero_()
        scaled = norm(states) - norm(-states)  # without what is added to both
        weight.copy_(kept)
    return 0.0 if bool(scaled.any()) else 1.0


def names_under(model: nn.Module, parts: Iterable[str]) -> frozenset[str]:
    """Names of the parameters that are one of ``parts`` or stand below one."""
    wanted = tuple(parts)
    return frozenset(
        name
        for name, _ in model.named_parameters()
        if any(name == part or name.startswith(part + ".") for part in wanted)
    )
