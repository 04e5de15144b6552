"""Folders that stand for a user's models and data; nothing in them is real."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

from tests.tasks.layouts import cola, write

WEIGHTS = {"bert.embeddings.word_embeddings.weight": (2, 3), "bert.pooler.dense.weight": (3, 3)}


def safetensors(shapes: Mapping[str, tuple[int, ...]], note: str = "") -> bytes:
    """A file of weights, all 0; files of other notes have other digests."""
    header: dict[str, object] = {"__metadata__": {"note": note}}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


def model_folder(folder: Path, weights: str = "weights") -> Path:
    """A folder that passes for a model as long as nobody loads it."""
    write(folder / "config.json", json.dumps({"model_type": "bert"}))
    (folder / "model.safetensors").write_bytes(safetensors(WEIGHTS, weights))
    write(folder / "vocab.txt", "[PAD]")
    return folder


def data_folder(folder: Path) -> Path:
    """CoLA and STS-B in the official layout, with a few rows."""
    cola(folder)
    header = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore"
    for name in ("train", "dev"):
        write(folder / f"STS-B/{name}.tsv", header, "0\tg\tf\t2012\t1\ta\tb\tA dog.\tA cat.\t2.5")
    return folder
