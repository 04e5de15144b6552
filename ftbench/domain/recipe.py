"""Recipe: the training settings of a job."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ftbench.domain import hparams
from ftbench.domain.hparams import hparam
from ftbench.errors import BadValue


@dataclass(frozen=True)
class Recipe:
    """How a run is trained; the defaults are BERT's (Devlin et al. 2019) as the three papers use them."""

    epochs: float | None = hparam(
        3.0, range=(0, math.inf), open="low", unit="epochs", help="passes over the data"
    )
    steps: int | None = hparam(
        None, range=(1, math.inf), unit="updates", help="updates in all, instead of epochs"
    )
    batch_size: int = hparam(16, range=(1, 65536), unit="rows", help="rows of one update")
    accumulation: int = hparam(1, range=(1, 65536), help="micro-batches that one update is split into")
    lr: float = hparam(2e-5, range=(0, math.inf), open="low", help="peak learning rate")
    schedule: str = hparam("linear", choices=("linear", "cosine", "constant"), help="after warm-up")
    warmup_ratio: float | None = hparam(0.1, range=(0, 1), help="warm-up as a fraction of all updates")
    warmup_steps: int | None = hparam(
        None, range=(0, math.inf), unit="updates", help="instead of warmup_ratio"
    )
    optimizer: str = hparam(
        "adamw_torch", choices=("adamw_torch", "adamw_hf", "sgd"), help="torch's AdamW, or transformers 4's"
    )
    beta1: float = hparam(0.9, range=(0, 1), open="high", help="decay of the first moment")
    beta2: float = hparam(0.999, range=(0, 1), open="high", help="decay of the second moment")
    eps: float = hparam(1e-8, range=(0, 1), help="added to the denominator")
    weight_decay: float = hparam(0.01, range=(0, math.inf), help="decoupled; not on biases and LayerNorm")
    clip: float = hparam(1.0, range=(0, math.inf), help="largest global gradient norm; 0 clips nothing")
    dropout: float = hparam(0.1, range=(0, 1), open="high", help="hidden, attention and classifier dropout")
    max_length: int = hparam(128, range=(4, 8192), unit="tokens", help="longer inputs are cut")
    precision: str = hparam(
        "fp32",
        choices=("fp32", "bf16", "fp16"),
        help="autocast over fp32 weights; fp16, scaled losses: CUDA only",
    )
    subset: str = hparam(
        "stratified", choices=("stratified", "uniform"), help="how train_size draws (regression: by quantile)"
    )
    kernels: str = hparam("deterministic", choices=("deterministic", "fast"), help="on CUDA")
    head: str | None = hparam(
        None,
        choices=("drawn", "kept"),
        help="of a checkpoint with a head; none: it has none, as far as known",
        later=True,
    )

    def __post_init__(self) -> None:
        """Check what no single field can: one length, one warm-up."""
        if (self.epochs is None) == (self.steps is None):
            raise BadValue("recipe: give either epochs or steps")
        if (self.warmup_ratio is None) == (self.warmup_steps is None):
            raise BadValue("recipe: give either warmup_ratio or warmup_steps")
        if self.accumulation > self.batch_size:
            raise BadValue(f"recipe: accumulation {self.accumulation} exceeds batch_size {self.batch_size}")

    def total_steps(self, rows: int) -> int:
        """Updates over ``rows`` training rows; the last, smaller batch of an epoch counts."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return max(1, math.ceil(self.epochs * math.ceil(rows / self.batch_size) - 1e-9))

    def warmup(self, total_steps: int) -> int:
        """Updates of linear warm-up: ceil(ratio * total), as the Hugging Face trainer counts."""
        if self.warmup_steps is not None:
            return self.warmup_steps
        assert self.warmup_ratio is not None
        return math.ceil(self.warmup_ratio * total_steps - 1e-9)

    def canonical(self) -> dict[str, Any]:
        """Every setting by name, as a job's identity has it: what came later is left out at its default."""
        return hparams.identity(self)


_EITHER = ({"epochs", "steps"}, {"warmup_ratio", "warmup_steps"})


def layered(*layers: Mapping[str, Any]) -> Recipe:
    """A recipe from layers of settings, the later ones winning.

    Setting one of a pair (``epochs``/``steps``, ``warmup_ratio``/``warmup_steps``) in a layer unsets its
    partner from the layers below.

    Raises:
        UnknownName: a setting that a recipe does not have.
        BadValue: a value out of range, or both of a pair in one layer.
    """
    values: dict[str, Any] = {}
    for layer in layers:
        for pair in _EITHER:
            given = [k for k in pair if layer.get(k) is not None]
            if len(given) == 2:
                raise BadValue(f"recipe: give either {' or '.join(sorted(pair))}, not both")
            if given:
                (other,) = pair - set(given)
                values[other] = None
        values.update(layer)
    return hparams.parse(Recipe, values, kind="recipe setting")
