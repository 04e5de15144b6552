"""A method beside plain fine-tuning: where the two must differ, and where they must not."""

from __future__ import annotations

import statistics
from typing import Any

import torch

from ftbench.domain import hparams
from ftbench.testing.bench import CLASSIFICATION, REGRESSION
from ftbench.testing.subject import (
    STILL,
    TOLERANCE,
    Failed,
    JobEnd,
    NotApplicable,
    Subject,
    distance,
    named,
    same,
    told,
)

#: Steps after which a method that does something rarely has done it.
LONG = 104
#: A loss is a multiple of vanilla's where their ratio varies by less than this over the batches …
STEADY = 0.02
#: … and is so far from 1.
OFF = 0.2


def check_differs(subject: Subject) -> str:
    """The weights are not those of vanilla at the same streams, unless the method says that they are."""
    neutral, bench = subject.cls.neutral, subject.bench()
    values = {**subject.cls.defaults(), **subject.given}
    if neutral is not None and all(values.get(name) == value for name, value in neutral.items()):
        raise NotApplicable(f"it says that it is plain fine-tuning with {told(neutral)}")
    if not _alike(subject.first, subject.beside(bench, task=subject.task)):
        return f"after {subject.steps} steps the weights are not those of vanilla"
    if subject.given:
        plain = subject.beside(bench, task=subject.task)
        if not _alike(subject.fit(bench, given={}), plain):
            return f"not with {told(subject.given)}, but with its defaults"
    if not _alike(subject.fit(bench, steps=LONG), subject.beside(bench, steps=LONG)):
        return f"not after {subject.steps} steps, but after {LONG}"
    raise Failed(
        "it trains exactly as vanilla does: no hook of it has an effect (where that is meant: neutral = {})"
    )


def _alike(mine: JobEnd, plain: JobEnd) -> bool:
    both = named(mine.weights, plain.weights)
    return both.keys() == plain.weights.keys() and all(
        torch.equal(value, plain.weights[name]) for name, value in both.items()
    )


def check_loss_scale(subject: Subject) -> str:
    """The loss is the batch's, not a multiple of it (float64, no dropout, weights that stand still)."""
    bench, neutral = subject.bench(torch.float64), subject.cls.neutral
    task = REGRESSION if subject.refusal(bench, REGRESSION) is None else CLASSIFICATION
    recipe: dict[str, Any] = {
        "lr": STILL,
        "warmup_steps": 0,
        "weight_decay": 0.0,
        "dropout": 0.0,
        "batch_size": 2,
    }
    names = [s.name for s in hparams.describe(subject.cls.HParams) if s.name.endswith("dropout")]
    own = {**(subject.given if neutral is None else {}), **dict.fromkeys(names, 0.0), **(neutral or {})}
    recipe |= {"steps": 12, **subject.cls.neutral_recipe}
    mine = subject.fit(bench, task=task, given=own, **recipe)
    plain = subject.beside(bench, task=task, **recipe)
    if _rows(mine) != _rows(plain):
        raise NotApplicable("its first run does not train on all rows")
    ratios = [a / b for a, b in zip(mine.losses(), plain.losses(), strict=False)]
    if not ratios:
        raise Failed("no loss was logged: training_step must return it")
    if neutral is not None:
        return _exact(ratios, subject.cls.neutral_scale, told(neutral))
    return _multiple(ratios)


def _rows(end: JobEnd) -> tuple[Any, ...]:
    facts = next(iter(end.trainer.facts["runs"].values()))
    return facts["order"], facts["rows"]


def _exact(ratios: list[float], scale: float, setting: str) -> str:
    """With a neutral setting the loss of every batch is that of vanilla, times a declared scale."""
    worst = max(ratios, key=lambda r: abs(r / scale - 1))
    if abs(worst / scale - 1) > TOLERANCE:
        raise Failed(
            f"with {setting} the loss of a batch is {worst:.4g} times vanilla's, not {scale:g} times: return "
            "the mean over the batch (where it is meant: neutral_scale)"
        )
    return f"with {setting} the loss of every batch is vanilla's{f' times {scale:g}' if scale != 1 else ''}"


def _multiple(ratios: list[float]) -> str:
    """The loss is not one multiple of vanilla's in all batches."""
    mean = statistics.mean(ratios)
    steady = statistics.stdev(ratios) <= STEADY * abs(mean)
    if steady and abs(mean - 1) > OFF:
        raise Failed(
            f"the loss of every batch is {mean:.3g} times vanilla's: return the mean over the batch, once"
        )
    return (
        "the loss of every batch is vanilla's" if steady else f"{mean:.2f} times vanilla's, and not steadily"
    )


def check_neutral(subject: Subject) -> str:
    """With its neutral hyper-parameters the method is plain fine-tuning; else it begins as the model does."""
    values, scale = subject.cls.neutral, subject.cls.neutral_scale
    if values is None:
        return _neutral_start(subject)
    shared = dict(subject.cls.neutral_recipe)
    if scale == 1:
        bench = subject.bench()
        mine = subject.fit(bench, given=values, **shared).weights
        plain = subject.beside(bench, **shared).weights
        same(plain, named(mine, plain), f"with {told(values)} the weights are not those of vanilla")
        return f"{told(values)}: vanilla, bit for bit"
    bench = subject.bench(torch.float64)
    recipe = {"optimizer": "sgd", "dropout": 0.0, "clip": 0.0, "weight_decay": 0.0, **shared}
    mine = subject.fit(bench, given=values, lr=0.1 / scale, **recipe).weights
    plain = subject.beside(bench, lr=0.1, **recipe).weights
    moved = distance(subject.still(bench, **recipe).weights, plain)
    apart = distance(named(mine, plain), plain) / moved if moved else 0.0
    if apart > TOLERANCE:
        raise Failed(f"with {told(values)} the weights are {apart:.1e} away from vanilla's, relatively")
    return f"{told(values)}: vanilla with the loss times {scale:g}, to rounding ({apart:.0e})"


def _neutral_start(subject: Subject) -> str:
    """Before its first step the method computes what the pretrained model computes."""
    if not subject.cls.neutral_start:
        raise NotApplicable("it declares no neutral setting")
    bench = subject.bench(torch.float64)
    still: dict[str, Any] = {"lr": STILL, "steps": 1, "warmup_steps": 0, "weight_decay": 0.0}
    ends = subject.fit(bench, **still), subject.beside(bench, **still)
    mine, plain = (end.trainer.outputs(end.model) for end in ends)
    apart = float(abs(mine - plain).max() / abs(plain).max())
    if apart > TOLERANCE:
        raise Failed(f"before its first step the outputs are {apart:.1e} away from the pretrained model's")
    return f"before its first step: the pretrained model, to rounding ({apart:.0e})"
