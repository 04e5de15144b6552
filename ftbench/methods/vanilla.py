"""Vanilla: plain fine-tuning of all weights, what every method is compared with."""

from __future__ import annotations

from ftbench.methods.base import Method


class Vanilla(Method):
    """Fine-tune every parameter on the task's loss with the recipe's optimiser (Devlin et al. 2019)."""

    title = "Vanilla"
    paper = "Devlin et al. 2019, arXiv:1810.04805"
    family = "baseline"
    formula = "θ ← AdamW(θ, ∇ mean loss of the batch)"
    cost = "1 pass a step: forward and backward; the unit of every other card"
    neutral = {}
    memory = "weights, gradients and two moments of Adam"
    differs = (
        "optimizer: the papers' scripts ran transformers 4's AdamW; the default is torch's, which decays "
        "first and adds ε after the bias correction. `--set optimizer=adamw_hf` gives the former.",
    )
