"""Suggestions of Optuna's tree-structured Parzen estimator: asked and told in memory, never stored by it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ftbench.domain.hparams import Value
from ftbench.domain.space import Dimension
from ftbench.errors import FtbenchError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

#: What a trial was given, and its score; None for one that failed.
Trialled = tuple[Mapping[str, Value], float | None]


def check_installed() -> None:
    """Make sure that Optuna is there.

    Raises:
        FtbenchError: it is not installed; names the extra that brings it.
    """
    if importlib.util.find_spec("optuna") is None:
        raise FtbenchError("--sampler tpe needs one more package: run `pip install 'ftbench[tune]'`")


def suggestions(
    dimensions: Sequence[Dimension], told: Sequence[Trialled], seed: Sequence[object]
) -> Iterator[dict[str, Value]]:
    """What to try next, without end: the same for the same trials in the same order, and the same seed.

    A suggestion that has no score yet counts as a bad one, so that those of a round lie apart. A failed trial
    counts as the worst.

    Args:
        dimensions: of the space; names are keys of the values.
        told: the trials so far; a value outside its dimension says nothing of it.
        seed: what the random numbers hang on.

    Raises:
        FtbenchError: Optuna is not installed.
    """
    check_installed()
    optuna = importlib.import_module("optuna")
    from optuna.samplers import TPESampler
    from optuna.trial import create_trial

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    number = hashlib.sha256("\x1f".join(map(str, ("ftbench", "tpe", *seed))).encode()).digest()[:4]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = TPESampler(
            seed=int.from_bytes(number, "big"), n_startup_trials=1, multivariate=False, constant_liar=True
        )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    searched = {one.name: _distribution(one) for one in dimensions}
    worst = min((score for _, score in told if score is not None), default=0.0)
    for values, score in told:
        inside = {name: value for name, value in values.items() if _holds(searched.get(name), value)}
        study.add_trial(
            create_trial(
                params=inside,
                distributions={name: searched[name] for name in inside},
                value=worst if score is None else score,
            )
        )
    while True:
        asked = study.ask(searched).params
        yield {one.name: one.rounded(asked[one.name]) for one in dimensions}


def _distribution(one: Dimension) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if one.values:
        return CategoricalDistribution(one.values)
    if one.whole:
        return IntDistribution(round(one.low), round(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)


def _holds(distribution: BaseDistribution | None, value: Value) -> bool:
    """Whether a value is one of a dimension's."""
    from optuna.distributions import CategoricalDistribution

    if distribution is None:
        return False
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    return isinstance(value, int | float) and distribution._contains(value)
