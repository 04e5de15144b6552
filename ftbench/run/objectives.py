"""Objectives: all that depends on whether a class or a number is predicted.

Several labels of a row, and tags of its words, are classes, too: `Batch.predictions` gives the logits of
every one of them, and `Batch.labels` what is right.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


class Objective:
    """The loss and the divergence of a task.

    Attributes:
        name: the task's name.
        regression: whether labels are numbers.
    """

    def __init__(self, name: str, regression: bool) -> None:
        """Name the task and say which kind it is."""
        self.name, self.regression = name, regression

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy, or mean squared error in regression.

        Args:
            logits: shape (predictions, classes), or (rows, 1) or (rows,) in regression.
            labels: class numbers, or numbers; shape (predictions,).

        Returns:
            Shape ().
        """
        if self.regression:
            return F.mse_loss(logits.reshape(-1), labels.to(logits.dtype).reshape(-1))
        return F.cross_entropy(logits, labels)

    def divergence(self, first: Tensor, second: Tensor) -> Tensor:
        """How far two outputs are apart, each: KL(p‖q)+KL(q‖p) without ½, or the squared difference.

        Args:
            first: logits of one pass, shape (predictions, classes).
            second: of the other, same shape.

        Returns:
            Shape (predictions,), 0 or more up to rounding.
        """
        if self.regression:
            return (first.reshape(-1) - second.reshape(-1)).square()
        log_p, log_q = torch.log_softmax(first, -1), torch.log_softmax(second, -1)
        return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1)
