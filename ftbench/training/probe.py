"""Probes: a new head on another task, over features of a frozen encoder.

The features are what the model's last linear layer reads, without dropout: BERT's pooled output, say. They
are computed once for each row. The linear head is that of Aghajanyan et al. 2021 (arXiv:2008.03156); its
settings are not in the papers and are ours. The logistic regression has none that matter, and no randomness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ftbench.domain.target import LINEAR
from ftbench.domain.task import TaskSpec
from ftbench.run.data import Tokenised
from ftbench.run.seeding import ranking, stream_seed
from ftbench.training import evaluation

Features = NDArray[np.float32]

LR, DECAY, BATCH, EPOCHS = 1e-3, 0.01, 16, 20
HEAD_STD = 0.02
PENALTY = 1.0  # of the logistic regression: ½·‖W‖² beside the summed loss, as scikit-learn's C=1


def features(
    model: nn.Module, data: Tokenised, rows: Sequence[int], outputs: int, precision: str
) -> Features:
    """What the last linear layer reads of every row.

    Args:
        model: trained.
        data: tokenised rows.
        rows: original row numbers, in the order of the result.
        outputs: width of the model's own head.
        precision: of the recipe.

    Returns:
        Shape (rows, width).
    """
    read: list[torch.Tensor] = []

    def keep(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        read[:] = [inputs[0].detach()]  # of a pass, the last one stays

    def of_batch(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        batches.append(read[0].float().cpu().numpy())

    batches: list[NDArray[np.float32]] = []
    linear = [m for m in model.modules() if getattr(getattr(m, "weight", None), "ndim", 0) == 2]
    layers = [m for m in linear if not isinstance(m, nn.Embedding)]
    hooks = [layer.register_forward_pre_hook(keep) for layer in layers]
    hooks.append(model.register_forward_hook(of_batch, with_kwargs=True))
    try:
        order = evaluation.prediction_order(data, rows)
        evaluation.predict(model, data, rows, outputs, precision)
    finally:
        for hook in hooks:
            hook.remove()
    found = np.concatenate(batches)
    placed = np.empty_like(found)
    placed[order] = found
    return placed


def linear_head(
    train: Features,
    labels: NDArray[np.float64],
    test: Features,
    task: TaskSpec,
    seed_of: Callable[[str], int],
) -> NDArray[np.float32]:
    """The logits of a linear head trained by AdamW on the features of a task.

    Args:
        train: features of the training rows, shape (rows, width).
        labels: theirs, shape (rows,).
        test: features of the scored rows, shape (scored, width).
        task: whose labels they are.
        seed_of: the seed of a random stream by its name; ``head`` and ``order`` are drawn from.

    Returns:
        Shape (scored, outputs).
    """
    generator = torch.Generator().manual_seed(stream_seed("head", task.name, seed_of("head"), "probe"))
    head = nn.Linear(train.shape[1], task.outputs)
    with torch.no_grad():
        head.weight.copy_(torch.empty_like(head.weight).normal_(0, HEAD_STD, generator=generator))
        head.bias.zero_()
    inputs, wanted = torch.from_numpy(train), _wanted(labels, task)
    optimizer = torch.optim.AdamW(head.parameters(), lr=LR, weight_decay=DECAY)
    for epoch in range(EPOCHS):
        order = ranking(len(train), stream_seed("order", task.name, seed_of("order"), "probe", epoch))
        for start in range(0, len(train), BATCH):
            rows = torch.as_tensor(order[start : start + BATCH].astype(np.int64))
            optimizer.zero_grad()
            torch.autograd.backward(_loss(head(inputs[rows]), wanted[rows], task))
            optimizer.step()
    with torch.no_grad():
        return np.asarray(head(torch.from_numpy(test)).numpy(), dtype=np.float32)


def logistic_regression(
    train: Features, labels: NDArray[np.float64], test: Features, task: TaskSpec
) -> NDArray[np.float32]:
    """The logits of a logistic regression (of scores: a ridge regression) on standardised features.

    Args and returns as ``linear_head``.
    """
    from scipy.optimize import minimize

    mean, spread = train.mean(0, dtype=np.float64), train.std(0, dtype=np.float64)
    spread[spread == 0] = 1.0
    inputs = torch.from_numpy((train - mean) / spread)
    wanted = _wanted(labels, task).to(torch.float64 if task.regression else torch.int64)
    width, outputs = train.shape[1], task.outputs

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        both = torch.from_numpy(flat.copy()).reshape(width + 1, outputs).requires_grad_(True)
        logits = inputs @ both[:width] + both[width]
        fit = _loss(logits, wanted, task) * len(wanted)
        loss = fit + 0.5 * PENALTY * both[:width].square().sum()
        (gradient,) = torch.autograd.grad(loss, both)
        return float(loss.detach()), gradient.reshape(-1).numpy()

    found = minimize(objective, np.zeros((width + 1) * outputs), jac=True, method="L-BFGS-B")
    both = found.x.reshape(width + 1, outputs)
    logits = ((test - mean) / spread) @ both[:width] + both[width]
    return np.asarray(logits, dtype=np.float32)


def probe_predictions(
    probe: str,
    train: Features,
    labels: NDArray[np.float64],
    test: Features,
    task: TaskSpec,
    seed_of: Callable[[str], int],
) -> NDArray[np.float32]:
    """The logits of one of the probes; see ``linear_head``."""
    if probe == LINEAR:
        return linear_head(train, labels, test, task, seed_of)
    return logistic_regression(train, labels, test, task)


def _wanted(labels: NDArray[np.float64], task: TaskSpec) -> torch.Tensor:
    return torch.as_tensor(labels, dtype=torch.float32 if task.regression else torch.int64)


def _loss(logits: torch.Tensor, wanted: torch.Tensor, task: TaskSpec) -> torch.Tensor:
    if task.regression:
        return nn.functional.mse_loss(logits.reshape(-1), wanted)
    return nn.functional.cross_entropy(logits, wanted)
