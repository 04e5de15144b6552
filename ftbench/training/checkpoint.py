"""Checkpoints: what is in them, and the files, written whole or not at all, read with ``weights_only``."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor, nn

from ftbench.domain.result import CurvePoint
from ftbench.methods.base import Method
from ftbench.run.run import Run

FORMAT = 2
Finished = tuple[dict[str, Tensor], list[CurvePoint]]
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
            _write(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _write(state: dict[str, Any], file: IO[bytes]) -> None:
    """Write a state; where the file takes no more, torch hides why behind an error of its own."""
    try:
        torch.save({"format": FORMAT, **state}, file)
    except RuntimeError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


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
        _log.warning("checkpoint %s is of another job, code or version: starting afresh", path.name)
        return None
    return state


class RunFiles:
    """The files of one job: a checkpoint of the run that is being made, the end of every run before it.

    Args:
        folder: where they stand; None: nothing is written, nothing is found.
        digest: the job's; a file of another job does not count.
        code: the digest of its method's code; nor does one that other code had begun.
        device: where tensors go.
    """

    def __init__(self, folder: Path | None, digest: str, device: torch.device, code: str = "") -> None:
        """Write nothing yet."""
        self._folder, self._device = folder, device
        self._whose = {"digest": digest, "code": code}

    def save(self, run: str, state: Mapping[str, Any]) -> None:
        """Write where a run is."""
        self._save(run, "part", state)

    def load(self, run: str) -> dict[str, Any] | None:
        """Where a run was, None where it has not begun."""
        return self._load(run, "part")

    def save_finished(self, run: str, model: nn.Module, curves: Iterable[CurvePoint]) -> None:
        """Write the model that a run gave and its curves; its checkpoint goes."""
        points = [[p.run, p.step, p.name, p.value] for p in curves]
        self._save(run, "done", {"model": model.state_dict(), "curves": points})
        if self._folder is not None:
            self._file(run, "part").unlink(missing_ok=True)

    def load_finished(self, run: str) -> Finished | None:
        """The weights that a run gave and its curves, None where it has not ended."""
        state = self._load(run, "done")
        return None if state is None else (state["model"], [CurvePoint(*p) for p in state["curves"]])

    def _save(self, run: str, kind: str, state: Mapping[str, Any]) -> None:
        if self._folder is not None:
            save(self._file(run, kind), {**self._whose, **state})

    def _load(self, run: str, kind: str) -> dict[str, Any] | None:
        if self._folder is None:
            return None
        return load(self._file(run, kind), self._device, **self._whose)

    def _file(self, run: str, kind: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{run}.{kind}.pt"


def snapshot(run: Run, method: Method) -> dict[str, Any]:
    """All that the next step depends on: tensors and plain values."""
    return {
        "run": run.name,
        "step": run.step + 1,
        "model": run.model.state_dict(),
        "optimizers": {name: o.inner.state_dict() for name, o in run.optimizers.items()},
        "method": method.state_dict(),
        "drawn": dict(run.feed.drawn),
        "epochs_drawn": dict(run.feed.epochs_drawn),
        "scale": run.scale.state() if run.scale else None,
    }


def restore(run: Run, method: Method, state: Mapping[str, Any]) -> None:
    """Continue where ``snapshot`` was taken; the run and the method are configured already."""
    run.model.load_state_dict(state["model"])
    for name, inner in state["optimizers"].items():
        run.optimizers[name].inner.load_state_dict(inner)
    method.load_state_dict(state["method"])
    run.feed.drawn, run.feed.epochs_drawn = dict(state["drawn"]), dict(state["epochs_drawn"])
    if run.scale:
        run.scale.load(state["scale"])
    run.begin(int(state["step"]))
