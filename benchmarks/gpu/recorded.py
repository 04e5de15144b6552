"""The recorded trajectories of the authors' own code, replayed on a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ftbench import methods
from ftbench.domain import axes
from ftbench.testing import trajectory

#: Recording -> the method as users name it, with settings that stand in the recording.
METHODS = {
    "vanilla_adamw_hf": "vanilla",
    "vanilla_adamw_torch": "vanilla",
    "dps_dense": "dps_dense[variant=published,keep_ratio={keep},update_ratio={update_ratio}]",
    "dps_mix": "dps_mix[variant=published,keep_ratio={keep},update_ratio={update_ratio}]",
    "childtuning_d": "child_tuning_d[variant=published,fisher_clip=0.2]",
    "childtuning_f": "child_tuning_f[variant=published,keep_ratio=0.3]",
    "recadam": "recadam[variant=published,anneal_fun={anneal_fun},anneal_k={anneal_k},"
    "anneal_t0={anneal_t0},anneal_w={anneal_w},pretrain_cof={pretrain_cof}]",
    "prior_wd": "prior_wd[variant=published,decay={weight_decay}]",
    "mixout_sgd": "mixout[variant=published,p={p}]",
    "r3f_uniform": "r3f[eps={eps},r3f_lambda={r3f_lambda}]",
    "r3f_regression": "r3f[eps={eps},r3f_lambda={r3f_lambda}]",
    "rdrop_hf_bert": "rdrop[loss=hf_bert,alpha={alpha}]",
    "rdrop_hf_bert_regression": "rdrop[loss=hf_bert,alpha={alpha}]",
}
SEARCH, SELECTION = "blo_betty020", "bidrop_spec_example_k2"
NAMES = (*METHODS, SEARCH, SELECTION)
#: Plain gradient descent without clipping or decay.
_SGD = ("mixout", "r3f", "rdrop")


class Recording:
    """One file: its arrays on the device, and the model at its start.

    Attributes:
        arrays: by name; floating-point ones in the dtype.
        meta: what was run.
        tolerance: of float64, by the file.
    """

    def __init__(self, name: str, folder: Path, device: str, dtype: torch.dtype) -> None:
        """Read it."""
        from tests.methods.mininet import MiniNet, load
        from tests.methods.wordnet import load_words

        path = folder / f"{name}.npz"
        self.model: nn.Module = MiniNet().double()
        if name in METHODS:
            read = load_words(path) if name.startswith("r3f") else load(path)
            self.model, raw, self.meta, traj = read.model, read.arrays, read.meta, read.traj
            self.tolerance = float(read.tolerance)
        else:
            raw, self.meta, self.tolerance = dict(np.load(path)), {}, 1e-9
            raw.pop("meta_json", None)
            traj = {k.removeprefix("traj/"): v for k, v in raw.items() if k.startswith("traj/")}
        self.traj = {n: torch.as_tensor(v) for n, v in traj.items()}
        self.model.to(device=device, dtype=dtype)
        self.arrays = {n: _on(v, device, dtype) for n, v in raw.items() if not n.startswith("traj/")}

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The arrays whose names begin so, without that."""
        return {n.removeprefix(prefix): v for n, v in self.arrays.items() if n.startswith(prefix)}


def _on(value: Any, device: str, dtype: torch.dtype) -> Tensor:
    tensor = torch.as_tensor(value)
    return tensor.to(device=device, dtype=dtype) if tensor.is_floating_point() else tensor.to(device)


def replay(name: str, folder: Path, device: str, dtype: torch.dtype) -> tuple[float, float, float]:
    """Replay a recording.

    Returns:
        The largest distance of a parameter from the recorded one, how far the farthest moved in it, and the
        recording's tolerance in float64.
    """
    one = Recording(name, folder, device, dtype)
    if name == SELECTION:
        return _selection(one)
    steps = _search(one) if name == SEARCH else _replay(name, one)
    apart = moved = 0.0
    for parameter, wanted in one.traj.items():
        found = torch.stack([step[parameter].detach().double().cpu() for step in steps])
        apart = max(apart, float((found - wanted[1:]).abs().max()))
        moved = max(moved, float((wanted[-1] - wanted[0]).abs().max()))
    return apart, moved, one.tolerance


def _replay(name: str, one: Recording) -> list[dict[str, Tensor]]:
    meta, arrays = one.meta, one.arrays
    text = METHODS[name].format(**meta, keep=1 - meta.get("p", 0.0))
    (choice,) = axes.methods(text)
    cls = methods.find(choice.name)
    plain = choice.name in _SGD
    flavour = "sgd" if plain else "adamw_hf"
    if name in ("vanilla_adamw_torch", "prior_wd"):
        flavour = "adamw_torch"
    inputs: list[Any] = list(arrays["X"])
    forward: Callable[..., Tensor] | None = None
    if choice.name == "rdrop":
        inputs, forward = [{"x": x, "drop": d} for x, d in zip(inputs, arrays["drop"], strict=True)], _dropped
    return trajectory(
        cls(cls.resolve(choice.given)),
        one.model,
        list(zip(inputs, arrays["Y"], strict=True)),
        [float(rate) for rate in arrays["lr"].double()],
        task="regression" if name.endswith("regression") else "classification",
        clip=meta["clip_max_norm"] if choice.name == "mixout" or not plain else 0.0,
        optimizer=flavour,
        weight_decay=0.0 if plain else meta["weight_decay"],
        head=("classifier",) if choice.name in ("recadam", "prior_wd") else (),
        epochs=[_fisher_epoch(one)] if name == "childtuning_d" else None,
        noise=_noise(one),
        forward=forward,
    )


def _dropped(model: Any, inputs: Mapping[str, Tensor], number: int) -> Tensor:
    logits: Tensor = model.classifier(model.pooled(inputs["x"]) * inputs["drop"][number])
    return logits


def _fisher_epoch(one: Recording) -> list[tuple[Tensor, Tensor]]:
    rows = [batch[batch >= 0] for batch in one.arrays["fisher_batches"].long()]
    return [(one.arrays["XF"][r], one.arrays["YF"][r]) for r in rows]


def _noise(one: Recording) -> dict[str, Tensor]:
    """The recorded draws by name."""
    drawn = {**one.under("noise/"), **one.under("bernoulli/")}
    return {"embeddings": one.arrays["noise"]} if "noise" in one.arrays else drawn


def _search(one: Recording) -> list[dict[str, Tensor]]:
    from ftbench.methods.weight_mixup import WeightMixup

    a, init = one.arrays, one.under("init/")
    one.model.load_state_dict({n: v for n, v in init.items() if n in one.model.state_dict()})
    return trajectory(
        WeightMixup.Search(WeightMixup.resolve({"variant": "published"})),
        one.model,
        {
            "train": list(zip(a["Xtr"], a["Ytr"], strict=True)),
            "held_out": list(zip(a["Xva"], a["Yva"], strict=True)),
        },
        {"weights": a["lr_w"].double().tolist(), "alphas": a["lr_a"].double().tolist()},
        optimizer={"weights": "adamw_hf", "alphas": "adamw_torch"},
        clip={"weights": 5.0, "alphas": 0.0},
        weight_decay={"weights": 0.1, "alphas": 0.05},
        init=init,
    )


def _selection(one: Recording) -> tuple[float, float, float]:
    """Bi-Drop's worked example: the scores, and the gradient that its mask leaves."""
    from ftbench.methods.bidrop import selection_score
    from ftbench.nn.selection import keep_mask

    a = one.arrays
    mean = a["g"].mean(0)
    score = selection_score(mean, ((a["g"] - mean) ** 2).sum(0), a["theta"])
    masked = mean * keep_mask(score, 0.5)
    finite = torch.isfinite(a["F_final"])
    apart = float((masked - a["masked_grad"]).abs().max())
    if not torch.equal(finite, torch.isfinite(score)):
        return float("inf"), 0.0, one.tolerance
    wanted = a["F_final"][finite]
    relative = (score[finite] - wanted).abs() / wanted.abs().clamp_min(1.0)  # some are divided by next to 0
    apart = max(apart, float(relative.max()))
    return apart, float(a["masked_grad"].abs().max()), one.tolerance
