"""Training rows: those that a job trains on, and how a part of them is held out for its method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ftbench.run.data import Tokenised
from ftbench.run.seeding import keys_of, stream_seed


class TrainingRows:
    """The rows that a job trains on.

    Attributes:
        rows: their original numbers, ascending; the k-th copy of row i of n is i + k·n.
        labels: their labels, on the device; class numbers or numbers.
        data: their tokens.
        digests: fingerprints of the rows and of those affected, by perturbation.
    """

    def __init__(
        self,
        task: str,
        rows: NDArray[np.int64],
        labels: Tensor,
        data: Tokenised,
        digests: Mapping[str, Any],
        total: int | None = None,
    ) -> None:
        """Keep them; ``task`` names the task, for the stream ``split``; ``total`` is n."""
        self.rows, self.labels, self.data, self.digests = rows, labels, data, dict(digests)
        self._name, self._total = task, total

    def split(
        self, rows: NDArray[np.int64], fraction: float, seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Hold out round(fraction·n) of ``rows``: those first in the ranking of the stream ``split``.

        Copies of a row stay together, or a model would be judged on rows that it was trained on.

        Returns:
            The rows that stay and those held out, both ascending.
        """
        count = round(fraction * len(rows))
        if not count:
            return rows, rows[:0]
        origins = rows % self._total if self._total else rows
        ranks = keys_of(origins, stream_seed("split", self._name, seed))
        order = np.argsort(ranks, kind="stable")
        while count < len(rows) and origins[order[count]] == origins[order[count - 1]]:
            count += 1
        return np.sort(rows[order[count:]]), np.sort(rows[order[:count]])

    def labels_of(self, rows: NDArray[np.int64]) -> Tensor:
        """The labels of some of the training rows, on the device."""
        return self.labels[torch.as_tensor(np.searchsorted(self.rows, rows), device=self.labels.device)]
