"""Conformance: what ftbench relies on in a method, checked on any of them, built-in or a user's own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ftbench import methods, models
from ftbench.domain import hparams
from ftbench.errors import FtbenchError, UnknownName
from ftbench.methods.base import VARIANTS, Method
from ftbench.testing import overhead
from ftbench.testing.bench import CLASSIFICATION, REGRESSION, Bench, Watcher
from ftbench.testing.subject import (
    Failed,
    NotApplicable,
    Subject,
    bench_of,
    distance,
    named,
    same,
    subject_of,
    told,
    written,
)
from ftbench.training.trainer import Stopped, Trainer
from ftbench.training.watch import Diverged

#: How far two computations of an update may be apart, in float64, relative to how far the weights moved.
TOLERANCE = 1e-6
#: A learning rate that moves no weight.
STILL = 1e-12


@dataclass(frozen=True)
class CheckOutcome:
    """What came of one check.

    Attributes:
        check: its name.
        passed: None where it does not apply.
        note: what was measured, what is wrong, or why it does not apply; one line.
    """

    check: str
    passed: bool | None
    note: str


def check(
    method: str | type[Method],
    *,
    model: str = "tiny",
    only: Iterable[str] = (),
    plugins: Iterable[str] = (),
) -> Iterator[CheckOutcome]:
    """Check a method; each outcome is given as soon as it is there.

    Args:
        method: a name, a file, either with hyper-parameters (``"bidrop[k=3]"``), or a class.
        model: the model to train: a name of the registry or a folder.
        only: names of checks; all by default, in the order of ``CHECKS``.
        plugins: files whose methods may be named, too.

    Raises:
        UnknownName: no such method, check or model.
        ModelError: the model cannot be found.
        BadValue: a hyper-parameter's value is not one.
    """
    subject = subject_of(method, model, plugins)
    chosen = tuple(only) or tuple(CHECKS)
    for name in chosen:
        if name not in CHECKS:
            raise UnknownName("check", name, CHECKS)
    models.locate(models.resolve(model)[1])
    if model == "tiny":
        torch.set_num_threads(1)  # its matrices are too small for two
    return (_outcome(name, subject) for name in chosen)


def _outcome(name: str, subject: Subject) -> CheckOutcome:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a method tells its user at each run
            return CheckOutcome(name, True, CHECKS[name](subject))
    except Failed as failed:
        return CheckOutcome(name, False, str(failed))
    except NotApplicable as reason:
        return CheckOutcome(name, None, str(reason))
    except (FtbenchError, Diverged) as error:
        return CheckOutcome(name, False, str(error))
    except Exception as error:  # a user's method may raise anything
        text = " ".join(str(error).split())
        return CheckOutcome(name, False, f"{type(error).__name__}: {text}"[:300])


# -- what can be said without training ----------------------------------------------------------------------


def _card(subject: Subject) -> str:
    """Title, paper and update are named, and every hyper-parameter is explained."""
    missing = [name for name in ("title", "paper", "formula", "cost") if not getattr(subject.cls, name)]
    if missing:
        raise Failed(f"the card lacks {', '.join(missing)}")
    specs = hparams.describe(subject.cls.HParams)
    bare = [spec.name for spec in specs if not spec.help]
    if bare:
        raise Failed(f"no help for {', '.join(bare)}: declare them with hparam(…, help=…)")
    return f"{len(specs)} hyper-parameters, all explained"


def _hyperparameters(subject: Subject) -> str:
    """Defaults, both variants and every value of the search grids are read back as they were written."""
    cls, count = subject.cls, 0
    points: list[dict[str, Any]] = [{"variant": variant} for variant in VARIANTS]
    points += [{s.name: value} for s in hparams.describe(cls.HParams) for value in s.grid]
    for point in [dict(subject.given), *points]:
        made = cls.resolve(point)
        values = hparams.as_dict(made)
        text = {name: written(value) for name, value in values.items()}
        for again in (values, text, hparams.normalise(values)):
            if hparams.parse(cls.HParams, again, owner=cls.name()) != made:
                raise Failed(f"{point} is not read back as it was written")
        count += 1
    return f"{count} settings"


def _light(subject: Subject) -> str:
    """The card and the hyper-parameters are read without torch."""
    code = (
        "import sys; from ftbench import methods; cls = methods.find(sys.argv[1]); cls.defaults(); "
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, subject.text], capture_output=True, text=True)
    if done.returncode:
        raise Failed("reading the card loads torch: import it inside the functions")
    return "torch is not loaded"


# -- what is seen in training -------------------------------------------------------------------------------


def _classification(subject: Subject) -> str:
    return _trains(subject, CLASSIFICATION)


def _regression(subject: Subject) -> str:
    return _trains(subject, REGRESSION)


def _trains(subject: Subject, task: str) -> str:
    """Losses stay finite and weights move; one more step moves them further."""
    bench = bench_of(subject.model)
    after, trainer = subject.first if task == CLASSIFICATION else subject.fit(bench, task=task)
    before, _ = subject.fit(bench, task=task, lr=STILL, steps=1, warmup_steps=0)
    if not all(bool(torch.isfinite(value).all()) for value in after.values() if value.is_floating_point()):
        raise Failed("a weight is not finite")
    moved = distance(after, before)
    if not moved > 0:
        raise Failed("no weight moved")
    losses = [point.value for point in trainer.curves if point.name == "loss"]
    if not losses:
        raise Failed("no loss was logged: training_step must return it")
    steps = sum(facts["total_steps"] for facts in trainer.facts["runs"].values())
    return f"{steps} steps, last logged loss {losses[-1]:.3f}"


def _same_seed(subject: Subject) -> str:
    """The same job gives the same weights, to the last bit."""
    first, _ = subject.first
    second, _ = subject.fit(bench_of(subject.model))
    same(first, second, "two runs with one seed differ: draw through run.noise, with a name")
    return f"{len(first)} tensors are equal"


def _resume(subject: Subject) -> str:
    """A job that was interrupted, in each of its runs, ends with the weights of one that was not."""
    undisturbed, trainer = subject.first
    lengths = {run: facts["total_steps"] for run, facts in trainer.facts["runs"].items()}
    stops = [(run, (last + 1) // 2) for run, last in lengths.items() if last > 1]
    for stop in stops:
        with tempfile.TemporaryDirectory() as folder:
            resumed = _interrupted(subject, bench_of(subject.model), stop, Path(folder))
        same(undisturbed, resumed, f"resumed after step {stop[1]} of run {stop[0]}, the weights differ")
    return (
        f"interrupted in {len(stops)} {'run' if len(stops) == 1 else 'runs'}; checkpoints hold plain values"
    )


def _interrupted(subject: Subject, bench: Bench, stop: tuple[str, int], folder: Path) -> dict[str, Tensor]:
    try:
        subject.fit(bench, folder=folder, watcher=Watcher(stop=stop))
    except Stopped:
        pass
    else:
        raise Failed(f"did not stop after step {stop[1]} of run {stop[0]}")
    resumed, trainer = subject.fit(bench, folder=folder, watcher=Watcher())
    if trainer.facts["runs"][stop[0]].get("resumed_at") != stop[1]:
        raise Failed("its checkpoint cannot be loaded: keep tensors and plain values in state_dict()")
    return resumed


def _neutral(subject: Subject) -> str:
    """With its neutral hyper-parameters the method is plain fine-tuning; else it begins as the model does."""
    neutral, scale = subject.cls.neutral, subject.cls.neutral_scale
    if neutral is None:
        return _neutral_start(subject)
    vanilla, shared = methods.find("vanilla"), dict(subject.cls.neutral_recipe)
    if scale == 1:
        bench = bench_of(subject.model)
        mine, _ = subject.fit(bench, given=neutral, **shared)
        plain, _ = subject.fit(bench, cls=vanilla, **shared)
        same(plain, named(mine, plain), f"with {told(neutral)} the weights are not those of vanilla")
        return f"{told(neutral)}: vanilla, bit for bit"
    bench = bench_of(subject.model, torch.float64)
    recipe = {"optimizer": "sgd", "dropout": 0.0, "clip": 0.0, "weight_decay": 0.0, **shared}
    mine, _ = subject.fit(bench, given=neutral, lr=0.1 / scale, **recipe)
    plain, _ = subject.fit(bench, cls=vanilla, lr=0.1, **recipe)
    start, _ = subject.fit(bench, cls=vanilla, lr=STILL, steps=1, warmup_steps=0, **recipe)
    apart = distance(named(mine, plain), plain) / distance(start, plain)
    if apart > TOLERANCE:
        raise Failed(f"with {told(neutral)} the weights are {apart:.1e} away from vanilla's, relatively")
    return f"{told(neutral)}: vanilla with the loss times {scale:g}, to rounding ({apart:.0e})"


def _neutral_start(subject: Subject) -> str:
    """Before its first step the method computes what the pretrained model computes."""
    if not subject.cls.neutral_start:
        raise NotApplicable("it declares no neutral setting")
    bench = bench_of(subject.model, torch.float64)
    still: dict[str, Any] = {"lr": STILL, "steps": 1, "warmup_steps": 0, "weight_decay": 0.0}
    mine, plain = (subject.logits(bench, cls, **still) for cls in (subject.cls, methods.find("vanilla")))
    apart = float(abs(mine - plain).max() / abs(plain).max())
    if apart > TOLERANCE:
        raise Failed(f"before its first step the outputs are {apart:.1e} away from the pretrained model's")
    return f"before its first step: the pretrained model, to rounding ({apart:.0e})"


def _accumulation(subject: Subject) -> str:
    """Micro-batches add up to the update of the whole batch (float64, all dropout 0)."""
    bench = bench_of(subject.model, torch.float64)
    # Plain SGD: Adam and clipping would hide a gradient that is a multiple of what it should be.
    recipe: dict[str, Any] = {"dropout": 0.0, "steps": 4, "optimizer": "sgd", "clip": 0.0, "lr": 1e-2}
    names = [s.name for s in hparams.describe(subject.cls.HParams) if s.name.endswith("dropout")]
    own = dict.fromkeys(names, 0.0)
    whole, _ = subject.fit(bench, given=own, accumulation=1, **recipe)
    parts, _ = subject.fit(bench, given=own, accumulation=2, **recipe)
    start, _ = subject.fit(bench, given=own, **{**recipe, "lr": STILL, "steps": 1, "warmup_steps": 0})
    apart = distance(whole, parts) / distance(whole, start)
    if apart > TOLERANCE:
        raise Failed(f"in two micro-batches the update is another one: {apart:.1e} apart, relatively")
    return f"two micro-batches give the update of the batch ({apart:.0e})"


def _overhead(subject: Subject) -> str:
    """Time and memory of a step, measured against vanilla; informs, and fails only where it cannot run."""
    bench, vanilla = bench_of(subject.model), methods.find("vanilla")
    subject.refuse(bench, CLASSIFICATION)

    def trainer(cls: type[Method], steps: int) -> Trainer:
        values = subject.given if cls is subject.cls else {}
        recipe = {"steps": steps, "batch_size": 16, "warmup_steps": 0}
        return subject.trainer(bench, cls, values, CLASSIFICATION, None, None, recipe)

    return overhead.overhead_of(lambda n: trainer(subject.cls, n), lambda n: trainer(vanilla, n))


#: Name -> check; a check gives a note, or raises ``Failed`` or ``NotApplicable``.
CHECKS: dict[str, Callable[[Subject], str]] = {
    "card": _card,
    "hyper-parameters": _hyperparameters,
    "light import": _light,
    "classification": _classification,
    "regression": _regression,
    "same seed": _same_seed,
    "resume": _resume,
    "neutral": _neutral,
    "accumulation": _accumulation,
    "overhead": _overhead,
}
