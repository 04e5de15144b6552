"""Mixout and DPS written down step by step, as their papers and the authors' code say, to compare with."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ftbench.nn import optimizers, structure


def linears(model: nn.Module) -> dict[str, nn.Linear]:
    return {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear)}


def recorded(model: nn.Module, steps: int, p: float, *, us: int = 0, seed: int = 1) -> dict[str, np.ndarray]:
    """Keep vectors by module and step; NaN in the steps of stage II, where there are stages."""
    rng = np.random.default_rng(seed)
    noise = {}
    for name, layer in linears(model).items():
        noise[name] = rng.binomial(1, 1 - p, size=(steps, layer.in_features)).astype(float)
        for step in range(steps):
            if us and (step // us) % 2:
                noise[name][step] = np.nan
    return noise


def optimizer_of(model: nn.Module, flavour: str, decay: float) -> torch.optim.Optimizer:
    bare = structure.undecayed_names(model)
    groups: list[dict[str, Any]] = [
        {"params": [p for n, p in model.named_parameters() if (n in bare) == b], "weight_decay": d}
        for b, d in ((False, decay), (True, 0.0))
    ]
    return optimizers.build(flavour, groups, lr=1.0)


class Reference:
    """A master model, and a twin that holds the weights of the forward pass."""

    def __init__(self, model: nn.Module, *, flavour: str, decay: float, clip: float) -> None:
        self.model, self.twin, self.clip = model, copy.deepcopy(model), clip
        self.optimizer = optimizer_of(model, flavour, decay)
        self.start = {n: m.weight.detach().clone() for n, m in linears(model).items()}

    def gradients(self, batch: Any, mixed: dict[str, Tensor]) -> dict[str, Tensor]:
        """By parameter, where linear layers compute with other weights: G of the weight that computes."""
        self.twin.load_state_dict(self.model.state_dict())
        with torch.no_grad():
            for name, weight in mixed.items():
                linears(self.twin)[name].weight.copy_(weight)
        x, y = (torch.as_tensor(part) for part in batch)
        loss = nn.functional.cross_entropy(self.twin(x), y)
        names = [n for n, _ in self.twin.named_parameters()]
        return dict(zip(names, torch.autograd.grad(loss, list(self.twin.parameters())), strict=True))

    def update(self, gradients: dict[str, Tensor], lr: float) -> dict[str, Tensor]:
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients.values()))
        factor = min(1.0, self.clip / (norm + 1e-6)) if self.clip else 1.0
        for name, p in self.model.named_parameters():
            p.grad = gradients[name] * factor
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        return {n: p.detach().clone() for n, p in self.model.named_parameters()}

    def mixture(self, weight: Tensor, target: Tensor, keep: Tensor, p: float) -> Tensor:
        return ((1 - keep) * target + keep * weight - p * target) / (1 - p)


def mixout_steps(
    model: nn.Module, batches: Any, noise: Any, *, p: float, exact: bool, lr: float, **optimizer: Any
) -> list[dict[str, Tensor]]:
    found, ref = [], Reference(model, **optimizer)
    for step, batch in enumerate(batches):
        keep = {n: torch.as_tensor(v[step]) for n, v in noise.items()}
        layers = linears(model)
        mixed = {
            n: ref.mixture(layers[n].weight.detach(), ref.start[n], keep[n].expand_as(layers[n].weight), p)
            for n in keep
        }
        gradients = ref.gradients(batch, mixed)
        for n in keep:
            gradients[f"{n}.weight"] *= keep[n] / (1 - p) if exact else keep[n]
        found.append(ref.update(gradients, lr))
    return found


def dps_steps(
    model: nn.Module,
    batches: Any,
    *,
    kept: float,
    us: int,
    lr: float,
    constant: bool,
    noise: Any = None,
    exact: bool = True,
    penalty_from: int = 50,
    **optimizer: Any,
) -> list[dict[str, Tensor]]:
    """Dense where there is no noise, else Mix; steps are counted from 1, as in Algorithm 1."""
    found, ref, p = [], Reference(model, **optimizer), 1 - kept
    gam: dict[str, Tensor] = {}
    fam: dict[str, Tensor] = {}
    masks: dict[str, Tensor] = {}
    copied: dict[str, Tensor] = {}
    for t, batch in enumerate(batches, start=1):
        weights = {n: m.weight.detach() for n, m in linears(model).items()}
        second = math.ceil(t / us) % 2 == 0
        if not second and (t - 1) % us == 0:
            gam, fam = {}, {}
        if second and (t - 1) % us == 0:
            for n, g in gam.items():
                score = g
                if noise is not None:
                    count = torch.where(fam[n] == 0, torch.ones_like(fam[n]), fam[n])
                    score = g / count * (torch.exp(-count / us) if us >= penalty_from else 1.0)
                ranked = score.reshape(-1).sort(descending=True).values
                masks[n] = (score >= ranked[math.ceil(g.numel() * kept - 1e-9) - 1]).double()
            copied = {n: w.clone() for n, w in weights.items()}
        if noise is None:
            keep = masks if second else {n: torch.ones_like(w) for n, w in weights.items()}
            gradients, factor = ref.gradients(batch, {}), 1.0
        else:
            keep = {n: masks[n] if second else torch.as_tensor(noise[n][t - 1]) for n in weights}
            keep = {n: k.expand_as(weights[n]) for n, k in keep.items()}
            target = copied if second else ref.start
            gradients = ref.gradients(
                batch, {n: ref.mixture(w, target[n], keep[n], p) for n, w in weights.items()}
            )
            factor = 1 / (1 - p) if exact else 1.0
        for n, w in weights.items():
            raw = gradients[f"{n}.weight"]
            if not second:
                gam[n] = gam.get(n, torch.zeros_like(w)) + raw**2 * keep[n] / 1000
                fam[n] = fam.get(n, torch.zeros_like(w)) + keep[n]
            gradients[f"{n}.weight"] = raw * keep[n] * factor
        ref.update(gradients, lr)
        if second and constant:
            with torch.no_grad():
                for n, m in linears(model).items():
                    m.weight.copy_(torch.where(masks[n] == 1, m.weight, copied[n]))
        found.append({n: q.detach().clone() for n, q in model.named_parameters()})
    return found


def assert_same(found: list[dict[str, Tensor]], wanted: list[dict[str, Tensor]], atol: float) -> None:
    assert len(found) == len(wanted)
    for step, (mine, theirs) in enumerate(zip(found, wanted, strict=True)):
        assert mine.keys() == theirs.keys()
        for name in mine:
            apart = (mine[name] - theirs[name]).abs().max().item()
            assert apart <= atol, f"{name} at step {step}: {apart}"
