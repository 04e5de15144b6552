"""What the parts of an architecture are, found by structure rather than by name."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn


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


def layer_parameter_names(model: nn.Module) -> frozenset[str]:
    """Names of all parameters inside the transformer layers: weights, biases, LayerNorms."""
    inside = {id(p) for layer in encoder_layers(model) for p in layer.parameters()}
    return frozenset(name for name, p in model.named_parameters() if id(p) in inside)


def linear_weight_names(model: nn.Module) -> frozenset[str]:
    """Names of the weight matrices of all linear layers: attention, feed-forward, pooler, classifier."""
    return frozenset(
        f"{name}.weight" if name else "weight"
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
    )


def undecayed_names(model: nn.Module) -> frozenset[str]:
    """Names of the parameters that weight decay leaves alone: biases and the weights of normalisations."""
    names = {name for name, _ in model.named_parameters() if name.rpartition(".")[2].endswith("bias")}
    for name, module in model.named_modules():
        if "Norm" in type(module).__name__:
            names.update(
                f"{name}.{own}" if name else own for own, _ in module.named_parameters(recurse=False)
            )
    return frozenset(names)


def names_under(model: nn.Module, parts: Iterable[str]) -> frozenset[str]:
    """Names of the parameters that are one of ``parts`` or stand below one."""
    wanted = tuple(parts)
    return frozenset(
        name
        for name, _ in model.named_parameters()
        if any(name == part or name.startswith(part + ".") for part in wanted)
    )
