"""A small network over words, as in the recordings of R3F, and padded batches for transformers."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ftbench.methods import Method
from ftbench.nn.dropout import set_dropout
from ftbench.run.data import Batch
from tests.methods.mininet import Listed, run_of
from tests.nn.transformers_small import T5, small


class WordNet(nn.Module):
    """Words and positions, a normalisation, a hidden layer on their mean, dropout where asked for."""

    def __init__(
        self, words: int = 11, tokens: int = 5, width: int = 6, classes: int = 3, rate: float = 0.0
    ) -> None:
        super().__init__()
        self.emb = nn.Embedding(words, width)
        self.pos = nn.Parameter(torch.randn(tokens, width))
        self.ln = nn.LayerNorm(width, eps=1e-12)
        self.dense = nn.Linear(width, width)
        self.out = nn.Linear(width, classes)
        self.dropout = nn.Dropout(rate)

    def get_input_embeddings(self) -> nn.Module:
        return self.emb

    def above(self, words: Tensor) -> Tensor:
        h = self.ln(words + self.pos).mean(1)
        return self.out(self.dropout(torch.tanh(self.dense(h))))

    def forward(self, ids: Tensor) -> Tensor:
        return self.above(self.emb(ids))


RECORDED = {"emb": "emb.weight"}


def load_words(path: Path) -> SimpleNamespace:
    """A recording of R3F: the model at its start (float64), the trajectory by this network's names."""
    arrays = dict(np.load(path))
    meta = json.loads(str(arrays.pop("meta_json")))

    def part(prefix: str) -> dict[str, Any]:
        names = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
        return {RECORDED.get(n, n): v for n, v in names.items()}

    init = {n: torch.as_tensor(v) for n, v in part("init/").items()}
    model = WordNet(classes=init["out.bias"].shape[0]).double()
    model.load_state_dict(init)
    return SimpleNamespace(
        arrays=arrays, meta=meta, model=model, traj=part("traj/"), tolerance=meta["tolerance"]
    )


def sentences(steps: int = 3, rows: int = 4, classes: int = 3, seed: int = 0) -> list[tuple[Any, Any]]:
    """Batches of (ids, labels); numbers for labels where there is one class."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(11, size=(steps, rows, 5))
    labels = rng.normal(size=(steps, rows)) if classes == 1 else rng.integers(classes, size=(steps, rows))
    return list(zip(ids, labels, strict=True))


def padded(kind: str, lengths: tuple[int, ...] = (7, 4, 5, 7), outputs: int = 2) -> Batch:
    """A batch of an architecture of ``transformers_small`` with pads, on its side."""
    left, pad, width = kind == "xlnet", 5 if kind == "xlnet" else 1, max(lengths)
    generator = torch.Generator().manual_seed(3)
    ids = torch.full((len(lengths), width), pad)
    mask = torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        real = slice(width - length, None) if left else slice(length)
        ids[row, real] = torch.randint(6, 30, (length,), generator=generator)
        mask[row, real] = 1
        ids[row, -1 if left else length - 1] = 2  # BART's end of sequence
    labels = torch.arange(len(lengths)) % 2 if outputs > 1 else torch.linspace(-1, 1, len(lengths)).double()
    inputs = {"input_ids": ids, "attention_mask": mask}
    return Batch(inputs, labels, tuple(range(10, 10 + len(lengths))), len(lengths), lengths, left)


class Given(Listed):
    """A split of batches that are made already."""

    def __init__(self, *batches: Batch) -> None:
        self.batches = list(batches)


def gradients(method: Method, kind: str, *, parts: int = 1, outputs: int = 2) -> dict[str, Tensor]:
    """How far one update of plain SGD at rate 1 moves a small architecture (float64, no dropout, pads)."""
    model = small(kind, outputs, pad_token_id=5 if kind == "xlnet" else 1).double()
    set_dropout(model, 0.0)
    for p in model.parameters():  # fresh weights are so small that noise on words hardly reaches the outputs
        p.data.mul_(6.0 if p.ndim > 1 and kind not in T5 else 1.0)  # those of T5 are not
    run = run_of(method, model, [], steps=1, regression=outputs == 1, batch_size=4, accumulation=parts)
    before = {n: p.detach().clone() for n, p in run.model.named_parameters()}
    method.on_train_start(run)
    method.training_step(run, padded(kind, outputs=outputs))
    return {n: before[n] - p.detach() for n, p in run.model.named_parameters()}
