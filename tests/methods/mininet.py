"""The network of the recorded trajectories."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn


class Layer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.LayerNorm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, h):
        return self.LayerNorm(h + torch.tanh(self.dense(h)))


class Bert(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.embeddings = nn.Module()
        self.embeddings.proj = nn.Linear(inputs, width)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(Layer(width) for _ in range(2))
        self.pooler = nn.Module()
        self.pooler.dense = nn.Linear(width, width)


class MiniNet(nn.Module):
    """Two layers over a projection, with the names that rules of the papers' code look for."""

    def __init__(self, inputs: int = 5, width: int = 6, classes: int = 3) -> None:
        super().__init__()
        self.bert = Bert(inputs, width)
        self.classifier = nn.Linear(width, classes)

    def pooled(self, x):
        h = torch.tanh(self.bert.embeddings.proj(x))
        for layer in self.bert.encoder.layer:
            h = layer(h)
        return torch.tanh(self.bert.pooler.dense(h))

    def forward(self, x):
        return self.classifier(self.pooled(x))


def load(path: Path) -> SimpleNamespace:
    """A recording: its arrays, its meta data, and the model at its start (float64)."""
    arrays = dict(np.load(path))
    meta = json.loads(str(arrays.pop("meta_json")))
    init = {k.removeprefix("init/"): torch.as_tensor(v) for k, v in arrays.items() if k.startswith("init/")}
    model = MiniNet(classes=init["classifier.weight"].shape[0]).double()
    model.load_state_dict(init)
    traj = {k.removeprefix("traj/"): v for k, v in arrays.items() if k.startswith("traj/")}
    return SimpleNamespace(arrays=arrays, meta=meta, model=model, traj=traj, tolerance=meta.get("tolerance", 1e-9))
