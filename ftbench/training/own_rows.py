"""A user's own rows: read as people have them, or refused in one line that names the row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue
from ftbench.run.data import WORDS, Tokenised
from ftbench.tasks.rows import label_array
from ftbench.training import own_labels
from ftbench.training.own_limits import INPUTS, LABELS, Limits, known, wanted_tokens
from ftbench.training.training_rows import TrainingRows


def read(
    data: Iterable[Mapping[str, Any]], model: nn.Module, task: TaskSpec, place: torch.device
) -> TrainingRows:
    """Tokenised rows, on a device; padding is dropped.

    Raises:
        BadValue: there are none, or one cannot be trained on; names the row (from 0).
    """
    limits = Limits.of(model, task)
    tokens: dict[str, list[list[int]]] = {}
    labels: list[Any] = []
    left = False
    for number, row in enumerate(_each(data)):
        try:
            found, real = _row(row, limits)
            if labels and found.keys() != tokens.keys():
                odd = min(found.keys() ^ tokens.keys())
                has, lacks = ("has", "lacks") if odd in found else ("lacks", "has")
                raise ValueError(f"{has} '{odd}', which row 0 {lacks}")
            labels.append(_labels(_written(row), limits, task, real))
        except ValueError as error:
            raise BadValue(f"train_data: row {number} {error}") from None
        left = left or not real[0]
        for name, values in found.items():
            tokens.setdefault(name, []).append(values)
    if not labels:
        raise BadValue("train_data: no rows")
    numbers = np.arange(len(labels), dtype=np.int64)
    if task.by_word:  # every token is a word
        tokens[WORDS] = [list(range(len(ids))) for ids in tokens["input_ids"]]
    pad = getattr(getattr(model, "config", None), "pad_token_id", None) or 0
    tokenised = Tokenised(tokens, numbers.tolist(), pad, "left" if left else "right", place)
    dtype = torch.float32 if task.regression else torch.int64
    given = torch.as_tensor(label_array(task, labels), device=place).to(dtype)
    return TrainingRows(task.name, numbers, given, tokenised, {})


def _each(data: Any) -> Iterable[Any]:
    if isinstance(data, Mapping):
        raise BadValue(
            f"train_data: a mapping of {', '.join(map(str, data)) or 'nothing'}; give rows, one mapping each"
        )
    if not isinstance(data, Iterable):
        raise BadValue(f"train_data: of type {type(data).__name__}; give rows, one mapping each")
    return data


def _row(row: Any, limits: Limits) -> tuple[dict[str, list[int]], NDArray[np.bool_]]:
    """The inputs of a row without its padding, and which tokens were none.

    Raises:
        ValueError: what is wrong with it, after "row 3".
    """
    if not isinstance(row, Mapping):
        raise ValueError(f"is of type {type(row).__name__}; give a mapping with 'input_ids' and 'label'")
    for name, there in (
        ("label", _written(row) is not None),
        ("input_ids", row.get("input_ids") is not None),
    ):
        if not there:
            raise ValueError(f"has no '{name}'; it has {', '.join(map(str, row)) or 'nothing'}")
    for name in limits.passed_over:
        if row.get(name) is not None:
            raise ValueError(f"has '{name}', which is not passed on to the model; leave it out")
    given = {name: _whole(row[name], name) for name in INPUTS if row.get(name) is not None}
    if not limits.segments:
        given.pop("token_type_ids", None)
    count = len(given["input_ids"])
    for name, values in given.items():
        if len(values) != count:
            raise ValueError(f"has {len(values)} values in '{name}' and {count} in 'input_ids'")
        if name in limits.room and count and not 0 <= values.min() <= values.max() < limits.room[name]:
            odd = values.min() if values.min() < 0 else values.max()
            raise ValueError(f"has {odd} in '{name}'; {known(limits.room[name])}")
    real = _real(given.pop("attention_mask", np.ones(count, dtype=np.int64)))
    if not real.any():
        raise ValueError("has no tokens")
    if limits.tokens is not None and real.sum() > limits.tokens:
        raise ValueError(f"has {real.sum()} tokens, but the model has {limits.tokens} positions; truncate it")
    return {name: values[real].tolist() for name, values in given.items()}, real


def _whole(values: Any, name: str) -> NDArray[np.int64]:
    """Whole numbers, shape (tokens,); also of a batch of one, as a tokenizer gives it with tensors.

    Raises:
        ValueError: they are something else.
    """
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"has lists of several lengths in '{name}'; give one row, not a batch") from None
    if array.ndim == 2 and len(array) == 1:
        array = array[0]
    if array.ndim != 1:
        raise ValueError(f"has {array.ndim} dimensions in '{name}'; give one row, not a batch")
    if array.dtype.kind not in "iub" and array.size:
        raise ValueError(f"has {array.tolist()[:3]} in '{name}'; give whole numbers")
    return array.astype(np.int64)


def _real(mask: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which tokens are no padding.

    Raises:
        ValueError: the mask hides tokens between others, which is no padding.
    """
    real: NDArray[np.bool_] = mask == 1
    if not (real | (mask == 0)).all():
        raise ValueError("has other values than 0 and 1 in 'attention_mask'")
    if np.count_nonzero(np.diff(real.astype(np.int8), prepend=0) == 1) > 1:
        raise ValueError("has an 'attention_mask' with zeros between ones, which is no padding")
    return real


def _written(row: Mapping[str, Any]) -> Any:
    return next((row[name] for name in LABELS if row.get(name) is not None), None)


def _labels(written: Any, limits: Limits, task: TaskSpec, real: NDArray[np.bool_]) -> Any:
    """What a row's label is, or what its labels are."""
    if task.regression or task.one_class:
        return _label(written, limits, task.regression)
    return own_labels.several(written, task, real)


def _label(written: Any, limits: Limits, regression: bool) -> float:
    """A label as a number.

    Raises:
        ValueError: it is none for this model.
    """
    tolist: Callable[[], Any] | None = getattr(written, "tolist", None)
    value = tolist() if tolist is not None else written
    while isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, list | tuple):
        raise ValueError(f"has {len(value)} labels; give one a row")
    right = isinstance(value, int | float) and math.isfinite(value)
    if right and not regression:
        right = value >= 0 and value == int(value) and (limits.classes is None or value < limits.classes)
    if not right:
        shown = f"'{value}'" if isinstance(value, str) else value
        raise ValueError(f"has label {shown}; {wanted_tokens(limits.classes, regression)}")
    return float(value)
