"""What a job leaves behind in its process: where anything is, the process is not used for another job.

A job with code of the user's own may change what every later one depends on: defaults of torch, functions of
libraries, the environment. It is not put right here, only seen: a fresh process costs some seconds, and
nothing can be forgotten in it.
"""

from __future__ import annotations

import inspect
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import torch

_LIBRARIES = ("torch", "transformers", "ftbench", "numpy", "tokenizers", "builtins", "random", "os", "json")
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGHUP)


class Before:
    """How a process was before a job."""

    def __init__(self) -> None:
        """Look at it now, after torch has put in place what it brings when an optimiser is first used."""
        weight = torch.nn.Parameter(torch.zeros(1))
        weight.grad = torch.zeros(1)
        torch.optim.AdamW([weight]).step()
        self._states = {name: look() for name, look in _STATES.items()}
        self._functions = _functions()

    def changes(self) -> list[str]:
        """What is otherwise now, in words; what was only added counts for nothing."""
        found = [name for name, look in _STATES.items() if look() != self._states[name]]
        now = _functions()
        return found + sorted(
            name
            for name, known in self._functions.items()
            if name in now and now[name] is not known and not getattr(now[name], "hooked", False)
        )


def _functions() -> dict[str, object]:
    """The functions and classes of the libraries, and the functions of those classes, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is deprecated warns when it is looked at
        return dict(_found())


def _found() -> Iterator[tuple[str, object]]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in _LIBRARIES or not isinstance(module, ModuleType):
            continue
        for key, value in list(vars(module).items()):
            if inspect.isclass(value):
                yield f"{name}.{key}", value
                if value.__module__ == name:
                    yield from _methods(f"{name}.{key}", value)
            elif callable(value):
                yield f"{name}.{key}", value


def _methods(name: str, cls: type) -> Iterator[tuple[str, object]]:
    for key, value in list(vars(cls).items()):
        if callable(value) or isinstance(value, property | staticmethod | classmethod):
            yield f"{name}.{key}", value


def _environment() -> dict[str, str]:
    return dict(os.environ)


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
    )


def _gradients() -> tuple[bool, bool, bool]:
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_anomaly_enabled()


#: What is looked at, as messages name it.
_STATES: dict[str, Callable[[], object]] = {
    "the default dtype": torch.get_default_dtype,
    "the default device": torch.get_default_device,
    "the number of threads": torch.get_num_threads,
    "the number of threads between operations": torch.get_num_interop_threads,
    "how gradients are taken": _gradients,
    "settings of torch's backends": _backends,
    "what is done with the smallest numbers": _flushes,
    "autocasting": torch.is_autocast_enabled,
    "the environment": _environment,
    "the working folder": _folder,
    "the path of modules": lambda: tuple(sys.path),
    "threads": _threads,
    "processes": _children,
    "standard streams": _streams,
    "what signals do": lambda: tuple(signal.getsignal(number) for number in _SIGNALS),
    "the depth of recursion": sys.getrecursionlimit,
    "tracing": lambda: (sys.gettrace(), sys.getprofile()),
    "how random numbers are drawn": lambda: type(random._inst),
}
