"""Folders that stand for a user's models and data; nothing in them is real."""

from __future__ import annotations

import json
from pathlib import Path

from tests.tasks.layouts import cola, write


def model_folder(folder: Path, weights: str = "weights") -> Path:
    """A folder that passes for a model as long as nobody loads it."""
    write(folder / "config.json", json.dumps({"model_type": "bert"}))
    write(folder / "model.safetensors", weights)
    write(folder / "vocab.txt", "[PAD]")
    return folder


def data_folder(folder: Path) -> Path:
    """CoLA and STS-B in the official layout, with a few rows."""
    cola(folder)
    header = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore"
    for name in ("train", "dev"):
        write(folder / f"STS-B/{name}.tsv", header, "0\tg\tf\t2012\t1\ta\tb\tA dog.\tA cat.\t2.5")
    return folder
