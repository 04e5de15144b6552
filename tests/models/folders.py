"""Folders that look like models."""

from __future__ import annotations

import json
from pathlib import Path

from tests.places import WEIGHTS, safetensors


def make(folder: Path, **more: str) -> Path:
    """A folder that looks like a model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (folder / "model.safetensors").write_bytes(safetensors(WEIGHTS))
    (folder / "vocab.txt").write_text("[PAD]\n")
    for name, text in more.items():
        (folder / name).write_text(text)
    return folder
