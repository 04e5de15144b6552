"""What a job leaves behind in its process: where anything is, the process is not used for another job.

A job with code of the user's own may change what every later one depends on: defaults of torch, functions of
libraries, the environment. It is not put right here, only seen: a fresh process costs some seconds, and
nothing can be forgotten in it.
"""

from __future__ import annotations

import ctypes
import decimal
import fcntl
import gc
import inspect
import itertools
import locale
import logging
import os
import random
import resource
import signal
import stat
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

#: Whose functions, classes and constants are looked at.
_LIBRARIES = frozenset(
    "torch transformers ftbench numpy scipy tokenizers safetensors builtins random os json math time hashlib "
    "copy functools itertools collections contextlib".split()
)
_Plain = bool | int | float | str | None
_LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU)


class Before:
    """How a process was before a job."""

    def __init__(self) -> None:
        """Look at it now, after torch has put in place what it brings when an optimiser is first used."""
        weight = torch.nn.Parameter(torch.zeros(1))
        weight.grad = torch.zeros(1)
        torch.optim.AdamW([weight]).step()
        self._states = {name: look() for name, look in _STATES.items()}
        self._names = _names()

    def changes(self) -> list[str]:
        """What is otherwise now, in words; what was only added counts for nothing."""
        found = [name for name, look in _STATES.items() if look() != self._states[name]]
        now = _names()
        return found + sorted(
            name
            for name, known in self._names.items()
            if name in now and _is_another(now[name], known) and not getattr(now[name], "hooked", False)
        )


def _names() -> dict[str, object]:
    """The functions, classes and constants of the libraries, and those of their classes, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is deprecated warns when it is looked at
        return dict(_found())


def _is_another(value: object, known: object) -> bool:
    return value is not known and not (isinstance(value, _Plain) and value == known)


def _found() -> Iterator[tuple[str, object]]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in _LIBRARIES or not isinstance(module, ModuleType):
            continue
        for key, value in list(vars(module).items()):
            if inspect.isclass(value):
                yield f"{name}.{key}", value
                if value.__module__ == name:
                    yield from _of_class(f"{name}.{key}", value)
            elif callable(value) or isinstance(value, ModuleType) or _is_constant(key, value):
                yield f"{name}.{key}", value
            elif isinstance(value, dict) and key.startswith("_global_"):  # hooks on all modules
                yield f"{name}.{key}", hash(tuple(map(id, dict.values(value))))
            elif isinstance(value, dict) and key.lstrip("_").isupper():
                yield from (
                    (f"{name}.{key}[{entry}]", held)
                    for entry, held in list(dict.items(value))
                    if isinstance(entry, str)
                )


def _of_class(name: str, cls: type) -> Iterator[tuple[str, object]]:
    for key, value in list(vars(cls).items()):
        if callable(value) or isinstance(value, property | staticmethod | classmethod | _Plain):
            yield f"{name}.{key}", value


def _is_constant(key: str, value: object) -> bool:
    """Whether a value is one by its name; others count something, or say whether something was loaded."""
    return isinstance(value, _Plain) and key.lstrip("_").isupper()


def _environment() -> tuple[dict[str, str], list[bytes]]:
    """Python's own copy, and what libraries see: ``os.putenv`` changes the latter alone."""
    try:
        there = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    except (ValueError, OSError):
        return dict(os.environ), []
    names = itertools.takewhile(lambda one: one is not None, (there[at] for at in itertools.count()))
    # OpenMP notes there when it is first used.
    return dict(os.environ), sorted(one for one in names if not one.startswith(b"__KMP_REGISTERED_LIB"))


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _flushes() -> bool:
    """Whether the smallest numbers are taken for 0."""
    return bool(torch.tensor(1e-40, dtype=torch.float32) * 1.0 == 0)


def _threads() -> set[int | None]:
    """Python's own; the libraries' come and go as they like."""
    return {thread.ident for thread in threading.enumerate()}


def _children() -> set[str]:
    """Processes that it has started; none where the system does not tell."""
    try:
        return set(Path("/proc/self/task", str(os.getpid()), "children").read_text().split())
    except OSError:
        return set()


def _streams() -> list[tuple[int, int] | None]:
    """The files behind standard input, output and error."""
    return [_file(descriptor) for descriptor in range(3)]


def _file(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _written() -> set[tuple[int, int, int]]:
    """The files that are open for writing, by descriptor, beside the streams; none where nobody tells."""
    found = set()
    for name in _names_in("/proc/self/fd"):
        with suppress(OSError, ValueError):
            descriptor = int(name)
            status = os.fstat(descriptor)
            written = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
            if descriptor > 2 and written and stat.S_ISREG(status.st_mode):
                found.add((descriptor, status.st_dev, status.st_ino))
    return found


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _decimals() -> tuple[object, ...]:
    """How decimal numbers round; not what has happened to them so far."""
    now = decimal.getcontext()
    rules = (now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp)
    return (*rules, tuple(signal for signal, trapped in now.traps.items() if trapped))


def _backends() -> tuple[object, ...]:
    backends = torch.backends
    return (
        backends.mkldnn.enabled,
        backends.cudnn.enabled,
        backends.cudnn.benchmark,
        backends.cudnn.deterministic,
        backends.cudnn.allow_tf32,
        backends.cuda.matmul.allow_tf32,
        torch.get_float32_matmul_precision(),
        backends.cuda.matmul.allow_fp16_reduced_precision_reduction,
        backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
        torch._C._get_flash_sdp_enabled(),
        torch._C._get_mem_efficient_sdp_enabled(),
        torch._C._get_math_sdp_enabled(),
    )


def _gradients() -> tuple[object, ...]:
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_anomaly_enabled(),
        torch._C._autograd._top_saved_tensors_default_hooks(True),
    )


def _modes() -> tuple[int, int]:
    """What stands between a call of torch and what it does."""
    return torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack()


def _of_the_process() -> tuple[object, ...]:
    mask = os.umask(0)
    os.umask(mask)
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    limits = tuple(resource.getrlimit(limit) for limit in _LIMITS)
    return (
        mask,
        cores,
        limits,
        os.getpriority(os.PRIO_PROCESS, 0),
        signal.getitimer(signal.ITIMER_REAL)[0] > 0,
    )


def _handlers() -> tuple[object, ...]:
    return tuple(signal.getsignal(number) for number in sorted(signal.valid_signals()))


#: What is looked at, as messages name it.
_STATES: dict[str, Callable[[], object]] = {
    "the default dtype": torch.get_default_dtype,
    "the default device": torch.get_default_device,
    "the number of threads": torch.get_num_threads,
    "the number of threads between operations": torch.get_num_interop_threads,
    "how gradients are taken": _gradients,
    "settings of torch's backends": _backends,
    "what is done with the smallest numbers": _flushes,
    "autocasting": lambda: (torch.is_autocast_enabled(), torch.get_autocast_dtype("cpu")),
    "modes of torch": _modes,
    "deterministic kernels": torch.are_deterministic_algorithms_enabled,
    "how tensors are printed": lambda: dict(vars(torch._tensor_str.PRINT_OPTS)),
    "how arrays are printed": np.get_printoptions,
    "decimal numbers": _decimals,
    "the locale": lambda: locale.setlocale(locale.LC_ALL),
    "files open for writing": _written,
    "errors of numpy": lambda: (np.geterr(), np.geterrcall()),
    "warnings": lambda: tuple(warnings.filters),
    "the garbage collector": lambda: (gc.isenabled(), gc.get_threshold()),
    "logging": lambda: (logging.root.manager.disable, logging.root.level),
    "how modules are found": lambda: (tuple(sys.meta_path), tuple(sys.path_hooks)),
    "limits of the process": _of_the_process,
    "the environment": _environment,
    "the working folder": _folder,
    "the path of modules": lambda: tuple(sys.path),
    "threads": _threads,
    "processes": _children,
    "standard streams": lambda: (_streams(), sys.stdin, sys.stdout, sys.stderr),
    "what signals do": _handlers,
    "the depth of recursion": sys.getrecursionlimit,
    "tracing": lambda: (sys.gettrace(), sys.getprofile(), threading.gettrace(), sys.excepthook),
    "how random numbers are drawn": lambda: type(random._inst),
}
