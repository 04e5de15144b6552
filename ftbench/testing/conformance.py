"""Conformance: what ftbench relies on in a method, checked on any of them, built-in or a user's own."""

from __future__ import annotations

import inspect
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from ftbench import models
from ftbench.errors import FtbenchError, UnknownName
from ftbench.methods.base import Method
from ftbench.testing import beside_vanilla, declared, draws, hooks, trained
from ftbench.testing.subject import Failed, NotApplicable, Subject, subject_of
from ftbench.training.perform import prepare_device
from ftbench.training.watch import Diverged


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
    device: str = "cpu",
) -> Iterator[CheckOutcome]:
    """Check a method; each outcome is given as soon as it is there.

    Args:
        method: a name, a file, either with hyper-parameters (``"bidrop[k=3]"``), or a class.
        model: the model to train: a name of the registry or a folder.
        only: names of checks; all by default, in the order of ``CHECKS``.
        plugins: files whose methods may be named, too.
        device: that the short jobs are trained on, such as ``cuda:0``, with deterministic kernels.

    Raises:
        UnknownName: no such method, check or model.
        ModelError: the model cannot be found.
        BadValue: a hyper-parameter's value is not one.
    """
    subject = subject_of(method, model, plugins, device)
    chosen = tuple(only) or tuple(CHECKS)
    for name in chosen:
        if name not in CHECKS:
            raise UnknownName("check", name, CHECKS)
    models.locate(models.resolve(model)[1])
    if device != "cpu":
        prepare_device(device, 0, "deterministic")
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
        text = " ".join(str(error).split())[:300]
        return CheckOutcome(name, False, f"{type(error).__name__}: {text}{_line(error, subject.cls)}")


def _line(error: Exception, cls: type[Method]) -> str:
    """Where in the method's file an exception passed, `` (mine.py:12)``; "" where it did not."""
    file = inspect.getsourcefile(cls)
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return f" ({Path(file).name}:{lines[-1]})" if file and lines else ""


#: Name -> check; a check gives a note, or raises ``Failed`` or ``NotApplicable``.
CHECKS: dict[str, Callable[[Subject], str]] = {
    "hooks": hooks.check_hooks,
    "title": declared.check_title,
    "family": declared.check_family,
    "card": declared.check_card,
    "hyper-parameters": declared.check_hyperparameters,
    "recipe": declared.check_recipe,
    "light import": declared.check_light_import,
    "classification": trained.check_classification,
    "regression": trained.check_regression,
    "several labels": trained.check_several_labels,
    "labels of words": trained.check_labels_of_words,
    "learns": trained.check_learns,
    "evaluation": trained.check_evaluation,
    "differs from vanilla": beside_vanilla.check_differs,
    "neutral": beside_vanilla.check_neutral,
    "loss scale": beside_vanilla.check_loss_scale,
    "draws": draws.check_draws,
    "same seed": trained.check_same_seed,
    "resume": trained.check_resume,
    "accumulation": trained.check_accumulation,
    "overhead": trained.check_overhead,
}
