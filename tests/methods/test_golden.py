"""Recorded trajectories of the authors' own code, replayed through the public function."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ftbench.methods.bidrop import perturbation_factor, scaling_factor, selection_score
from ftbench.nn.selection import keep_mask
from ftbench.testing import trajectory
from tests.methods.golden import assert_replays
from tests.methods.mininet import load


@pytest.mark.parametrize("flavour", ["adamw_hf", "adamw_torch"])
def test_vanilla_follows_both_adamws(golden, flavour):
    recording = load(golden / f"vanilla_{flavour}.npz")
    batches = list(zip(recording.arrays["X"], recording.arrays["Y"], strict=True))
    steps = trajectory(
        "vanilla",
        recording.model,
        batches,
        list(recording.arrays["lr"]),
        clip=recording.meta["clip_max_norm"],
        optimizer=flavour,
        weight_decay=recording.meta["weight_decay"],
    )
    assert_replays(steps, recording)


@pytest.mark.parametrize("kind", ["", "_regression"])
def test_rdrop_hf_bert_follows_the_released_loss(golden, kind):
    recording = load(golden / f"rdrop_hf_bert{kind}.npz")
    arrays = recording.arrays
    batches = [
        ({"x": x, "drop": d}, y) for x, d, y in zip(arrays["X"], arrays["drop"], arrays["Y"], strict=True)
    ]

    def forward(model, inputs, pass_):
        return model.classifier(model.pooled(inputs["x"]) * inputs["drop"][pass_])

    steps = trajectory(
        f"rdrop[loss=hf_bert,alpha={recording.meta['alpha']}]",
        recording.model,
        batches,
        list(arrays["lr"]),
        task="regression" if kind else "classification",
        clip=0.0,
        optimizer="sgd",
        forward=forward,
    )
    assert_replays(steps, recording)


def test_bidrop_selects_as_the_worked_example(golden):
    recording = np.load(golden / "bidrop_spec_example_k2.npz")
    arrays = {k: torch.as_tensor(recording[k]) for k in recording.files if k != "meta_json"}
    mean = arrays["g"].mean(0)
    squares = ((arrays["g"] - mean) ** 2).sum(0)
    torch.testing.assert_close(mean, arrays["mu"])
    torch.testing.assert_close(perturbation_factor(mean, squares), arrays["F_per"])
    torch.testing.assert_close(scaling_factor(mean, arrays["theta"]), arrays["F_sca"])
    score = selection_score(mean, squares, arrays["theta"])
    torch.testing.assert_close(score, arrays["F_final"])
    mask = keep_mask(score, 0.5)
    assert torch.equal(mask, arrays["mask"].bool())
    torch.testing.assert_close(mean * mask, arrays["masked_grad"])
