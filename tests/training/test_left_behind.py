"""What one job changes in its process is seen before another one is given to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import torch
from transformers.modeling_utils import PreTrainedModel

from ftbench.training.left_behind import Before


@pytest.fixture
def undo() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def dtype(undo: ExitStack) -> None:
    undo.callback(torch.set_default_dtype, torch.get_default_dtype())
    torch.set_default_dtype(torch.float64)


def threads_of_torch(undo: ExitStack) -> None:
    undo.callback(torch.set_num_threads, torch.get_num_threads())
    torch.set_num_threads(torch.get_num_threads() + 1)


def denormal(undo: ExitStack) -> None:
    undo.callback(torch.set_flush_denormal, False)
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor keeps the smallest numbers")


def precision(undo: ExitStack) -> None:
    undo.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
    torch.set_float32_matmul_precision("medium")


def gradients(undo: ExitStack) -> None:
    undo.callback(torch.set_grad_enabled, True)
    torch.set_grad_enabled(False)


def function(undo: ExitStack) -> None:
    real = torch.nn.functional.cross_entropy
    undo.callback(setattr, torch.nn.functional, "cross_entropy", real)
    torch.nn.functional.cross_entropy = lambda *a, **k: 0.5 * real(*a, **k)


def method(undo: ExitStack) -> None:
    real = torch.optim.AdamW.step
    undo.callback(setattr, torch.optim.AdamW, "step", real)
    torch.optim.AdamW.step = lambda self: None  # type: ignore[method-assign, assignment]


def library(undo: ExitStack) -> None:
    real = PreTrainedModel.init_weights
    undo.callback(setattr, PreTrainedModel, "init_weights", real)
    PreTrainedModel.init_weights = lambda self: None


def variable(undo: ExitStack) -> None:
    undo.callback(os.environ.pop, "LEFT_BEHIND", None)
    os.environ["LEFT_BEHIND"] = "1"


def folder(undo: ExitStack) -> None:
    undo.callback(os.chdir, os.getcwd())
    os.chdir("/")


def path(undo: ExitStack) -> None:
    undo.callback(sys.path.remove, "/nowhere")
    sys.path.insert(0, "/nowhere")


def thread(undo: ExitStack) -> None:
    end = threading.Event()
    threading.Thread(target=end.wait, daemon=True).start()
    undo.callback(end.set)


def process(undo: ExitStack) -> None:
    started = subprocess.Popen(["sleep", "600"])
    undo.callback(started.wait)
    undo.callback(started.kill)


def handler(undo: ExitStack) -> None:
    undo.callback(signal.signal, signal.SIGALRM, signal.getsignal(signal.SIGALRM))
    signal.signal(signal.SIGALRM, signal.SIG_IGN)


CHANGES: list[tuple[Callable[[ExitStack], None], str]] = [
    (dtype, "the default dtype"),
    (threads_of_torch, "the number of threads"),
    (denormal, "what is done with the smallest numbers"),
    (precision, "settings of torch's backends"),
    (gradients, "how gradients are taken"),
    (function, "torch.nn.functional.cross_entropy"),
    (method, "torch.optim.adamw.AdamW.step"),
    (library, "transformers.modeling_utils.PreTrainedModel.init_weights"),
    (variable, "the environment"),
    (folder, "the working folder"),
    (path, "the path of modules"),
    (thread, "threads"),
    (process, "processes"),
    (handler, "what signals do"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_each_change_is_told_by_its_name(
    change: Callable[[ExitStack], None], told: str, undo: ExitStack
) -> None:
    before = Before()
    change(undo)
    assert told in before.changes()


def test_training_leaves_nothing_behind() -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    before = Before()
    for _ in range(2):
        loss = torch.nn.functional.cross_entropy(model(torch.randn(4, 3)), torch.tensor([0, 1, 1, 0]))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert before.changes() == []
