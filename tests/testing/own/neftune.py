"""NEFTune: noise on the embeddings in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench import Method, hparam

if TYPE_CHECKING:
    from torch import Tensor

    from ftbench.run.data import Batch
    from ftbench.run.run import Run


class NEFTune(Method):
    """Uniform noise of length alpha/sqrt(tokens * width) on the word embeddings (Jain et al. 2023)."""

    title = "NEFTune"
    paper = "Jain et al. 2023, arXiv:2310.05914, Alg. 1"
    family = "regularisation"
    formula = "e ← e + α/√(L·d) · U(−1, 1)"
    cost = "1 pass a step"
    memory = "one tensor of noise"
    neutral = {"alpha": 0.0}

    @dataclass(frozen=True)
    class HParams:
        """NEFTune's hyper-parameters."""

        alpha: float = hparam(5.0, range=(0, 100), help="length of the noise", grid=(5.0, 10.0, 15.0))

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        """One pass with noise on the embeddings."""
        import torch

        def noisy(words: Tensor) -> Tensor:  # (rows, tokens, width)
            noise = run.noise.uniform(
                "embeddings",
                words.shape,
                -1.0,
                1.0,
                like=words,
                rows=batch.rows,
                lengths=batch.lengths,
                left=batch.left,
            )
            sizes = torch.tensor(batch.lengths, dtype=words.dtype, device=words.device)
            scale = self.hparams.alpha / (sizes * words.shape[2]).sqrt()
            return words + noise * scale[:, None, None]

        logits = run.forward(batch, embeddings=noisy)
        return run.task.loss(logits, batch.labels)
