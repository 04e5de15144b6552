"""Drive one run of a method on any module, in any dtype, and look at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ftbench.domain.job import STREAMS
from ftbench.domain.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.methods.base import Method
    from ftbench.nn.optimizers import Optimizer
    from ftbench.run.data import Batch
    from ftbench.run.objectives import Objective
    from ftbench.run.run import Run

Numbers = float | Sequence[float]


def trajectory(
    method: Method | str,
    model: nn.Module,
    batches: Sequence[Any] | Mapping[str, Sequence[Any]],
    lr: Numbers | Mapping[str, Numbers],
    *,
    task: str | Objective = "classification",
    clip: float | Mapping[str, float] = 1.0,
    optimizer: str | Mapping[str, str] = "adamw_torch",
    weight_decay: float | Mapping[str, float] = 0.0,
    head: Iterable[str] = (),
    total_steps: int | None = None,
    epochs: Sequence[Any] | Mapping[str, Sequence[Any]] | None = None,
    init: Mapping[str, Any] | None = None,
    noise: Mapping[str, Any] | None = None,
    forward: Callable[[nn.Module, Any, int], Tensor] | None = None,
    seed: int = 0,
) -> list[dict[str, Tensor]]:
    """Drive one run of a method on a module, in whatever dtype it has; ``fit`` is not called.

    Args:
        method: a ``Method``, or a name with hyper-parameters (``"rdrop[alpha=0.5]"``).
        model: any module; trained in place, in training mode. A call gives logits, or an object with
            ``logits``.
        batches: one (inputs, labels) a step, shapes (rows, …) and (rows,); a dict by split where the method
            draws from several. Inputs that are a dict are the call's keyword arguments. The list is gone
            through again where the run is longer.
        lr: one number for all steps, or one a step; a dict by optimiser name where there are several.
        task: ``classification``, ``regression``, or an ``Objective``.
        clip: largest global gradient norm, 0 for none; or by optimiser name.
        optimizer: ``adamw_torch``, ``adamw_hf``, ``sgd``; or by optimiser name.
        weight_decay: decoupled; biases and normalisations have none; or by optimiser name.
        head: parameters (or modules) that did not come from pretraining.
        total_steps: updates in all; the number of training batches by default.
        epochs: what ``run.epoch`` yields: a list of batches for each pass (or one list for the first), or a
            dict of such by split.
        init: parameter values by name, loaded after ``configure_model``.
        noise: name -> recorded draws by step (then by draw, where there are several), returned as they are.
        forward: (model, inputs, pass from 0) -> logits, to supply recorded dropout.
        seed: of the random streams that are not recorded.

    Returns:
        The parameters by name after every step, detached copies: a list of ``total_steps`` dicts.
    """
    import torch

    from ftbench.nn import structure
    from ftbench.run.objectives import Objective
    from ftbench.run.run import Run
    from ftbench.training import trainer

    chosen = _method(method)
    sources = _sources(batches, epochs)
    steps = total_steps if total_steps is not None else sources["train"].steps
    recipe = Recipe(
        epochs=None,
        steps=steps,
        warmup_ratio=None,
        warmup_steps=0,
        clip=clip if isinstance(clip, int | float) else 1.0,
        optimizer=optimizer if isinstance(optimizer, str) else "adamw_torch",
        weight_decay=weight_decay if isinstance(weight_decay, int | float) else 0.0,
    )
    run = Run(
        "main",
        model,
        Objective(task, task == "regression") if isinstance(task, str) else task,
        recipe,
        steps,
        sources,
        seeds=dict.fromkeys(STREAMS, seed),
        method=type(chosen).name(),
        head_names=structure.names_under(model, head),
        call=forward,
        replay=noise,
    )
    model.train()
    trainer.configure(chosen, run)
    if init is not None:
        with torch.no_grad():
            for name, value in init.items():
                run.parameters[name].copy_(torch.as_tensor(value))
    for name, one in run.optimizers.items():
        _set(one, name, run, lr=lr, clip=clip, flavour=optimizer, decay=weight_decay)
    chosen.on_train_start(run)
    visited = []
    for step in range(steps):
        trainer.train_step(run, chosen, step)
        visited.append({name: p.detach().clone() for name, p in run.model.named_parameters()})
    return visited


def _method(given: Method | str) -> Method:
    """The method itself, or the one that a name with hyper-parameters stands for."""
    from ftbench import methods
    from ftbench.domain import axes

    if not isinstance(given, str):
        return given
    (choice,) = axes.methods(given)
    cls = methods.find(choice.name, (choice.name,) if choice.name.endswith(".py") else ())
    return cls(cls.resolve(choice.given))


class _Recorded:
    """A split whose batches are given one by one."""

    def __init__(self, batches: Sequence[Any], epochs: Sequence[Any]) -> None:
        self._batches = [_batch(b) for b in batches]
        whole = bool(epochs) and isinstance(epochs[0], tuple)
        self._epochs = [[_batch(b) for b in one] for one in ([epochs] if whole else epochs)]
        self.steps = len(self._batches)

    def batch(self, number: int) -> Batch:
        """The next recorded batch, from the first again after the last."""
        return self._batches[number % len(self._batches)]

    def epoch(self, number: int, by_length: bool = False) -> Iterator[Batch]:
        """The recorded pass; all batches where none is recorded."""
        return iter(self._epochs[number % len(self._epochs)] if self._epochs else self._batches)


def _batch(given: Any) -> Batch:
    import torch

    from ftbench.run.data import Batch

    if isinstance(given, Batch):
        return given
    inputs, labels = given
    labels = torch.as_tensor(labels)
    tensors = (
        {k: torch.as_tensor(v) for k, v in inputs.items()}
        if isinstance(inputs, Mapping)
        else torch.as_tensor(inputs)
    )
    return Batch(tensors, labels, tuple(range(len(labels))), len(labels))


def _sources(batches: Any, epochs: Any) -> dict[str, _Recorded]:
    by_split = batches if isinstance(batches, Mapping) else {"train": batches}
    passes = epochs if isinstance(epochs, Mapping) else {"train": epochs or []}
    return {split: _Recorded(list(given), list(passes.get(split, []))) for split, given in by_split.items()}


def _set(optimizer: Optimizer, name: str, run: Run, *, lr: Any, clip: Any, flavour: Any, decay: Any) -> None:
    """Give one optimiser the learning rate, clipping, flavour and decay that were asked for by its name."""
    from ftbench.nn import optimizers, structure

    rates = lr[name] if isinstance(lr, Mapping) else lr
    optimizer.schedule = (
        (lambda _: float(rates)) if isinstance(rates, int | float) else (lambda t: float(rates[t]))
    )
    if isinstance(clip, Mapping):
        optimizer.clip = float(clip.get(name, optimizer.clip))
    groups = optimizer.inner.param_groups
    if isinstance(decay, Mapping) and name in decay:
        undecayed = structure.undecayed_names(run.model)
        bare = {id(run.parameters[n]) for n in undecayed}
        for group in groups:
            group["weight_decay"] = 0.0 if all(id(p) in bare for p in group["params"]) else float(decay[name])
    if isinstance(flavour, Mapping) and name in flavour:
        first = groups[0]
        kept: list[dict[str, Any]] = [
            {k: g[k] for k in ("params", "weight_decay", "lr_scale") if k in g} for g in groups
        ]
        optimizer.inner = optimizers.build(
            flavour[name],
            kept,
            lr=first["lr"],
            betas=first.get("betas", (0.9, 0.999)),
            eps=first.get("eps", 1e-8),
        )
