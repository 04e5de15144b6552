"""A user's own batches, as a data collator gives them: checked before a step is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ftbench.errors import BadValue
from ftbench.training.own_limits import LABELS, Limits, known, wanted_tokens


def checked(
    collated: Mapping[str, Any], limits: Limits, regression: bool, place: torch.device
) -> tuple[dict[str, Tensor], Tensor]:
    """The inputs and labels of a collator's batch, on a device.

    Returns:
        The inputs by name, and the labels: shape (rows,), whole numbers in classification.

    Raises:
        BadValue: labels that are none, or token ids that the model has not; names the row (from 0).
    """
    if not isinstance(collated, Mapping):
        raise BadValue(f"batch: of type {type(collated).__name__}; give a mapping of inputs and labels")
    written = next((collated[name] for name in LABELS if collated.get(name) is not None), None)
    if written is None:
        raise BadValue(f"batch: no 'labels'; it has {', '.join(map(str, collated)) or 'nothing'}")
    try:
        inputs = {k: torch.as_tensor(v, device=place) for k, v in collated.items() if k not in LABELS}
        labels = torch.as_tensor(written, device=place)
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadValue(f"batch: {' '.join(str(error).split())}; give tensors or lists of numbers") from None
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or not len(labels):
        raise BadValue(f"batch: labels of shape {tuple(labels.shape)}; give one a row")
    wrong = ~labels.isfinite() if regression else _no_class(labels, limits.classes)
    if bool(wrong.any()):
        row = int(wrong.nonzero()[0])
        raise BadValue(
            f"batch: row {row} has label {labels[row].item()}; {wanted_tokens(limits.classes, regression)}"
        )
    _check_inputs(inputs, limits, len(labels))
    return inputs, labels if regression else labels.long()


def _no_class(labels: Tensor, classes: int | None) -> Tensor:
    """Which labels are no class number; shape (rows,)."""
    wrong = (labels < 0) | (labels >= classes) if classes is not None else labels < 0
    return wrong | (labels != labels.long()) if labels.is_floating_point() else wrong


def _check_inputs(inputs: Mapping[str, Tensor], limits: Limits, rows: int) -> None:
    for name, room in limits.room.items():
        ids = inputs.get(name)
        if ids is None or ids.ndim != 2 or not ids.numel():
            continue
        if len(ids) != rows:
            raise BadValue(f"batch: {len(ids)} rows of {name}, but {rows} labels")
        beyond = (ids < 0) | (ids >= room)
        if ids.is_floating_point() or bool(beyond.any()):
            row, place = (int(i) for i in beyond.nonzero()[0]) if bool(beyond.any()) else (0, 0)
            raise BadValue(f"batch: row {row} has {ids[row, place].item()} in {name}; {known(room)}")
        if limits.tokens is not None and ids.shape[1] > limits.tokens and "position_ids" not in inputs:
            raise BadValue(f"batch: {ids.shape[1]} tokens a row, but the model has {limits.tokens} positions")
