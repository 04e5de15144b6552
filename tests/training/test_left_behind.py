"""What one job changes in its process is seen before another one is given to it."""

from __future__ import annotations

import decimal
import gc
import io
import locale
import logging
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, redirect_stdout

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_hook
from torch.overrides import BaseTorchFunctionMode
from transformers import activations
from transformers.modeling_utils import PreTrainedModel

from ftbench.methods.base import Method
from ftbench.training import trainer
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


def constant(undo: ExitStack) -> None:
    undo.callback(setattr, trainer, "EXPLAINED_ROWS", trainer.EXPLAINED_ROWS)
    trainer.EXPLAINED_ROWS = 3


def default_of_a_class(undo: ExitStack) -> None:
    undo.callback(setattr, Method, "held_out_fraction", Method.held_out_fraction)
    Method.held_out_fraction = 0.5


def registry(undo: ExitStack) -> None:
    undo.callback(activations.ACT2CLS.__setitem__, "gelu", activations.ACT2CLS["gelu"])
    activations.ACT2CLS["gelu"] = torch.nn.ReLU


def module(undo: ExitStack) -> None:
    undo.callback(setattr, torch.nn, "functional", torch.nn.functional)
    torch.nn.functional = torch  # type: ignore[assignment]


def standard_library(undo: ExitStack) -> None:
    undo.callback(setattr, math, "exp", math.exp)
    math.exp = math.log


def hook_on_all_modules(undo: ExitStack) -> None:
    undo.callback(register_module_forward_hook(lambda *_: None).remove)


def mode(undo: ExitStack) -> None:
    undo.enter_context(BaseTorchFunctionMode())


def saved_tensors(undo: ExitStack) -> None:
    undo.enter_context(torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x))


def errors_of_numpy(undo: ExitStack) -> None:
    undo.enter_context(np.errstate(all="raise"))


def filters(undo: ExitStack) -> None:
    undo.enter_context(warnings.catch_warnings())
    warnings.simplefilter("error")


def collector(undo: ExitStack) -> None:
    undo.callback(gc.enable)
    gc.disable()


def level(undo: ExitStack) -> None:
    undo.callback(logging.disable, logging.root.manager.disable)
    logging.disable(logging.CRITICAL)


def mask(undo: ExitStack) -> None:
    undo.callback(os.umask, os.umask(0o077))


def output(undo: ExitStack) -> None:
    undo.enter_context(redirect_stdout(io.StringIO()))


def variable_of_libraries(undo: ExitStack) -> None:
    undo.callback(os.unsetenv, "LEFT_BEHIND")
    os.putenv("LEFT_BEHIND", "1")


def printed_tensors(undo: ExitStack) -> None:
    undo.callback(torch.set_printoptions, profile="default")
    torch.set_printoptions(precision=2)


def printed_arrays(undo: ExitStack) -> None:
    undo.callback(np.set_printoptions, **np.get_printoptions())
    np.set_printoptions(precision=2)


def decimals(undo: ExitStack) -> None:
    undo.callback(decimal.setcontext, decimal.getcontext().copy())
    decimal.getcontext().prec = 5


def place(undo: ExitStack) -> None:
    usual = locale.setlocale(locale.LC_ALL)
    undo.callback(locale.setlocale, locale.LC_ALL, usual)
    locale.setlocale(locale.LC_ALL, "C" if "UTF-8" in usual else "C.UTF-8")


def file(undo: ExitStack) -> None:
    undo.enter_context(tempfile.TemporaryFile())


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
    (constant, "ftbench.training.trainer.EXPLAINED_ROWS"),
    (default_of_a_class, "ftbench.methods.base.Method.held_out_fraction"),
    (registry, "transformers.activations.ACT2CLS[gelu]"),
    (module, "torch.nn.functional"),
    (standard_library, "math.exp"),
    (hook_on_all_modules, "torch.nn.modules.module._global_forward_hooks"),
    (mode, "modes of torch"),
    (saved_tensors, "how gradients are taken"),
    (errors_of_numpy, "errors of numpy"),
    (filters, "warnings"),
    (collector, "the garbage collector"),
    (level, "logging"),
    (mask, "limits of the process"),
    (output, "standard streams"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_each_change_is_told_by_its_name(
    change: Callable[[ExitStack], None], told: str, undo: ExitStack
) -> None:
    before = Before()
    change(undo)
    assert told in before.changes()


def test_settings_that_do_not_meet_each_other_are_each_told(undo: ExitStack) -> None:
    settings = {
        variable_of_libraries: "the environment",
        printed_tensors: "how tensors are printed",
        printed_arrays: "how arrays are printed",
        decimals: "decimal numbers",
        place: "the locale",
        file: "files open for writing",
    }
    before = Before()
    for change in settings:
        change(undo)
    assert sorted(before.changes()) == sorted(settings.values())


def test_training_and_looking_leave_nothing_behind(undo: ExitStack) -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    before = Before()
    for _ in range(2):
        loss = torch.nn.functional.cross_entropy(model(torch.randn(4, 3)), torch.tensor([0, 1, 1, 0]))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    undo.enter_context(open(__file__))
    assert decimal.Decimal(1) / 3 and repr(np.ones(2)) and repr(torch.ones(2))
    assert before.changes() == []
