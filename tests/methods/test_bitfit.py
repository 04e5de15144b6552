"""BitFit: which parameters train, and the recipe it brings along."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from ftbench.domain.model import BIASES, ModelSpec
from ftbench.domain.recipe import layered
from ftbench.errors import ModelError
from ftbench.methods.bitfit import BitFit
from ftbench.testing import trajectory
from tests.methods.mininet import MiniNet, examples, seeded
from tests.nn.transformers_small import CONFIGS, DECODERS, head_of, inputs, small

#: Their layers have no biases.
BIASLESS = {"modernbert", "t5", "umt5"} | set(DECODERS) - {"gpt2", "qwen2"}


def spec(family: str) -> ModelSpec:
    return ModelSpec(name="some", hub_id="", family=family, parameters=1, layers=3)


@pytest.mark.parametrize("kind", [k for k in CONFIGS if k not in BIASLESS])
def test_biases_and_the_head_train_and_nothing_else(kind: str) -> None:
    model = small(kind)
    head = head_of(kind, model)
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    wanted = {n for n in start if "bias" in n} | head
    end = trajectory(
        "bitfit", model, [(inputs(), [0, 1, 0])] * 2, 1e-3, weight_decay=0.1, head=head, optimizer="adamw_hf"
    )[-1]
    found = {n for n in start if not torch.equal(start[n], end[n])}
    assert {n for n, p in model.named_parameters() if p.requires_grad} == wanted
    assert found <= wanted and head <= found and any("bias" in n for n in found - head)


def test_without_new_layers_the_classifier_is_the_head() -> None:
    model = seeded(MiniNet)
    trajectory("bitfit", model, examples(1), 1e-3)
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert trained == {n for n, _ in model.named_parameters() if n.endswith("bias")} | {"classifier.weight"}


def test_a_model_without_biases_is_refused() -> None:
    reason = BitFit().unsupported(spec("modernbert"), None)  # type: ignore[arg-type]
    assert reason == "bitfit: some has no biases to train"
    assert BitFit().unsupported(spec("bert"), None) is None  # type: ignore[arg-type]
    bare_llama = replace(spec("llama"), lacks=frozenset({BIASES}))
    assert BitFit().refusal(bare_llama, None) == reason  # type: ignore[arg-type]
    assert BitFit().refusal(spec("qwen2"), None) is None  # type: ignore[arg-type]
    bare = nn.Sequential(nn.Linear(5, 4, bias=False), nn.Linear(4, 3)).double()
    with pytest.raises(ModelError, match="no biases"):
        trajectory("bitfit", bare, examples(1), 0.1, head=["1"])


def test_regression_trains() -> None:
    steps = trajectory(
        "bitfit", seeded(lambda: MiniNet(classes=1)), examples(2, classes=1), 1e-3, task="regression"
    )
    assert all(bool(torch.isfinite(p).all()) for p in steps[-1].values())
    assert any(not torch.equal(steps[0][n], steps[1][n]) for n in steps[0])


def test_its_recipes_are_recipes() -> None:
    model: dict[str, Any] = {"steps": 2036, "warmup_steps": 122, "lr": 2e-5}
    paper = layered(model, BitFit.recipe_defaults())
    assert (paper.lr, paper.epochs, paper.steps, paper.warmup_steps) == (1e-3, 16, None, 122)
    code = layered(model, BitFit.recipe_defaults("published"))
    assert (code.lr, code.epochs, code.steps, code.batch_size) == (1e-3, 16, None, 8)
    assert (code.schedule, code.warmup(100), code.weight_decay) == ("constant", 0, 0)
    assert layered(BitFit.recipe_defaults(), {"lr": 1e-4}).lr == 1e-4
