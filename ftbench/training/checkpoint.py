"""Checkpoints: written whole or not at all, read with ``weights_only``."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import torch

FORMAT = 1
_log = logging.getLogger("ftbench")


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a state: a reader sees the old file or the new one, never a part.

    Args:
        path: the file; its folder is made.
        state: tensors and plain values.

    Raises:
        OSError: the disk is full or read-only; the old file stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def load(path: Path, device: torch.device, **expected: Any) -> dict[str, Any] | None:
    """The state of a file, or None where there is none that fits.

    Args:
        path: the file.
        device: where its tensors go.
        expected: values that the state must have, such as ``digest``.
    """
    if not path.exists():
        return None
    try:
        state: Any = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file; all mean: start afresh
        _log.warning("checkpoint %s cannot be read (%s): starting afresh", path.name, error)
        return None
    wanted = {"format": FORMAT, **expected}
    if not isinstance(state, dict) or any(state.get(k) != v for k, v in wanted.items()):
        _log.warning("checkpoint %s is of another job or version: starting afresh", path.name)
        return None
    return state
