"""What makes a step fast changes no method's result: at dropout 0 all updates agree to rounding."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from ftbench import methods
from ftbench.nn import tables
from ftbench.run.splitting import Splitting
from ftbench.testing.bench import weights
from ftbench.training import products

from .conftest import Bench

METHODS = [entry.name for entry in methods.available() if entry.source == "built-in"]
#: Members and phases are runs of methods that are tested themselves; the shortest of theirs will do.
GIVEN = {"weight_mixup": {"k": 1, "search_epochs": 1}, "soup": {"members": 2}, "lora": {"lora_dropout": 0.0}}

#: These train float32 weights that peft adds, whatever the model's.
SINGLE = {"prefix", "prompt", "lora"}
#: These keep the largest of many scores: rounding may swap the last one kept for its neighbour.
SELECTING = {"bidrop", "dps_dense", "dps_mix", "child_tuning_d", "top_k"}


@contextmanager
def plainly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whole batches, dense gradients, torch's products."""
    with monkeypatch.context() as patch:
        patch.setattr(Splitting, "overhead", lambda *_: None)
        patch.setattr(tables, "LARGE", 1 << 60)
        yield


@contextmanager
def fast(monkeypatch: pytest.MonkeyPatch, onednn: bool) -> Iterator[None]:
    """Batches split by length wherever it saves a token, gradients of rows, oneDNN's products."""
    with monkeypatch.context() as patch:
        patch.setattr(Splitting, "overhead", lambda *_: 1)
        patch.setattr(tables, "LARGE", 1)
        if onednn:
            products.use_onednn()
        try:
            yield
        finally:
            products.use_torch()


def trained(bench: Bench, method: str, lr: float = 1e-3, steps: int = 4) -> dict[str, Tensor]:
    """The weights after a few steps."""
    settings = {"steps": steps, "batch_size": 8, "dropout": 0.0, "warmup_steps": 1, "eps": 1e-3}
    trainer = bench.trainer(bench.job(method, GIVEN.get(method), lr=lr, **settings))
    return weights(trainer.method.fit(trainer))


def norm(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    """The Euclidean distance of two sets of weights."""
    pairs = [(first[n].double(), second[n].double()) for n in first if first[n].is_floating_point()]
    return sum(float((a - b).square().sum()) for a, b in pairs) ** 0.5


def apart(bench: Bench, method: str, monkeypatch: pytest.MonkeyPatch, *, onednn: bool) -> float:
    """How far the switches move the end of a method's training, as a part of its way from the start."""
    with plainly(monkeypatch):
        expected, start = trained(bench, method), trained(bench, method, 1e-30, steps=1)
    with fast(monkeypatch, onednn=onednn):
        found = trained(bench, method)
    return norm(found, expected) / norm(expected, start)


@pytest.fixture(scope="module")
def double() -> Bench:
    """Small jobs in double precision."""
    return Bench(dtype=torch.float64)


@pytest.mark.parametrize("method", METHODS)
def test_splits_and_gradients_of_rows_move_no_update_beyond_rounding(
    method: str, double: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    within = 1e-6 if method in SINGLE else 1e-12
    assert apart(double, method, monkeypatch, onednn=False) < within


@pytest.mark.parametrize("method", METHODS)
def test_products_move_no_update_beyond_rounding(
    method: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    within = 5e-3 if method in SELECTING else 1e-4
    assert apart(bench, method, monkeypatch, onednn=True) < within
