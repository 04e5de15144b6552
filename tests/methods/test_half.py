"""Every method in fp16: it sees unscaled gradients, keeps nothing of those that overflow, and resumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from ftbench import methods
from ftbench.run import scaling
from ftbench.testing.bench import Watcher
from ftbench.testing.subject import Subject, distance, subject_of
from ftbench.training.trainer import Stopped
from tests.methods.short import SHORT

#: The others are left to the slow tests.
FIRST = ("vanilla", "bidrop", "child_tuning_d", "dps_dense", "sam")
NAMES = [
    pytest.param(entry.name, marks=() if entry.name in FIRST else pytest.mark.slow)
    for entry in methods.available()
]
#: Plain gradient descent shows a gradient that is scaled, which Adam and clipping would hide.
PLAIN: dict[str, Any] = {"optimizer": "sgd", "clip": 0.0, "dropout": 0.0, "lr": 1e-3, "warmup_steps": 0}
#: Their own Adam makes first steps of one size whatever the gradient's: rounding decides the direction of
#: those near zero. Gradients that are left scaled would put the weights thousands of times as far apart.
ADAM_INSIDE = ("weight_mixup",)


def subject(name: str) -> Subject:
    return subject_of(f"{name}[{SHORT[name]}]" if name in SHORT else name, "tiny", ())


@pytest.mark.parametrize("name", NAMES)
def test_updates_are_those_of_fp32_to_rounding(name: str) -> None:
    assert apart(subject(name)) < (1.0 if name in ADAM_INSIDE else 0.1)


@pytest.mark.slow
def test_updates_of_a_mixture_whose_alpha_stays_are_those_of_fp32_to_rounding() -> None:
    assert apart(subject_of("weight_mixup[alpha=ones]", "tiny", ())) < 0.1


def apart(one: Subject) -> float:
    """How far weights of fp16 and fp32 are apart after two updates, as a part of the way to the latter."""
    start, plain, found = (
        one.fit(one.bench(), rows=8, steps=2, **{**PLAIN, **more}).weights
        for more in ({"lr": 1e-12}, {}, {"precision": "fp16"})
    )
    return distance(found, plain) / distance(start, plain)


@pytest.mark.parametrize("name", NAMES)
def test_an_overflow_leaves_nothing_behind(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "START", 2.0 ** (18 if name in FIRST else 22))
    one = subject(name)
    end = one.fit(one.bench(), rows=16, steps=8, precision="fp16")
    runs = end.trainer.facts["runs"].values()
    skipped, updates = (sum(run[key] for run in runs) for key in ("skipped", "total_steps"))
    assert 0 < skipped and (skipped < updates or name not in FIRST)
    kept = {**end.weights, **_tensors(end.trainer.method.state_dict())}
    assert all(bool(torch.isfinite(v).all()) for v in kept.values() if v.is_floating_point())


def _tensors(state: Any, name: str = "state") -> dict[str, torch.Tensor]:
    if isinstance(state, dict):
        return {k: v for n, part in state.items() for k, v in _tensors(part, f"{name}.{n}").items()}
    return {name: state} if torch.is_tensor(state) else {}


@pytest.mark.parametrize("name", ["vanilla", "dps_dense", "bidrop"])
def test_what_overflowed_before_a_stop_is_known_after_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "START", 2.0**24)
    one, recipe = subject(name), {"rows": 16, "steps": 10, "precision": "fp16"}
    straight = one.fit(one.bench(), **recipe)
    with pytest.raises(Stopped):
        one.fit(one.bench(), folder=tmp_path, watcher=Watcher(stop=("main", 2)), **recipe)
    again = one.fit(one.bench(), folder=tmp_path, watcher=Watcher(), **recipe)
    first, second = (end.trainer.facts["runs"]["main"] for end in (straight, again))
    assert second["resumed_at"] == 2 and first["skipped"] == second["skipped"] > 2
    assert all(torch.equal(value, again.weights[n]) for n, value in straight.weights.items())
    assert again.trainer.curves == straight.trainer.curves
