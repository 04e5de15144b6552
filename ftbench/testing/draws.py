"""Draws: random numbers that a method takes from anywhere but ``run.noise``, with file and line."""

from __future__ import annotations

import ast
import inspect
import random
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import ftbench
from ftbench.methods.base import Method
from ftbench.run.noise import Noise
from ftbench.run.run import Run
from ftbench.testing.subject import Failed, Subject

#: What makes a generator of one's own: no checkpoint has its state, and no seed of the job is in it.
GENERATORS = frozenset({"Random", "SystemRandom", "RandomState", "default_rng"})
_HOUSE = Path(ftbench.__file__).parent
_LIBRARIES = tuple(Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib"))
_DROPOUT = frozenset(
    {str(Path(torch.__file__).parent / "nn" / place) for place in ("functional.py", "modules/dropout.py")}
)
Tracer = Callable[[FrameType, str, Any], Any]


def check_draws(subject: Subject) -> str:
    """A short job draws through ``run.noise`` alone."""
    own = _Own(subject.cls)
    found = _made(own.file)
    # To look at each line takes several times the job's time: done where there is something to be found.
    if _seen(subject, own, by_line=False):
        found += _seen(subject, own, by_line=True)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Failed(f"{found[0]}{more}: draw through run.noise, with a name")
    return "none but through run.noise"


def _seen(subject: Subject, own: _Own, *, by_line: bool) -> list[str]:
    """What a short job draws; by line, or else by function, with places that are not exact."""
    with _watched(own, by_line) as seen:
        subject.fit(subject.bench(), rows=12, steps=6)
    return seen


class _Own:
    """Which code is the method's own: its folder, without the libraries that may lie in it."""

    def __init__(self, cls: type[Method]) -> None:
        self.file = Path(inspect.getsourcefile(cls) or cls.__module__).resolve()
        self._built_in = self.file.is_relative_to(_HOUSE)
        self._known: dict[str, bool] = {}

    def holds(self, file: str) -> bool:
        """Whether a file of code is the method's."""
        if file not in self._known:
            self._known[file] = self._look(Path(file))
        return self._known[file]

    def _look(self, path: Path) -> bool:
        if path == self.file:
            return True
        if self._built_in:
            return path.is_relative_to(self.file.parent)
        around = [place for place in _LIBRARIES if path.is_relative_to(place)]
        inside = all(self.file.is_relative_to(place) for place in around)
        return inside and path.is_relative_to(self.file.parent) and not path.is_relative_to(_HOUSE)


@contextmanager
def _watched(own: _Own, by_line: bool) -> Iterator[list[str]]:
    """What is drawn inside the block by the method's code, ``mine.py:12: random``, each place once."""
    found: dict[str, None] = {}
    inside = [0]
    seeded = Noise.torch_seed

    @contextmanager
    def counted(noise: Noise, name: str) -> Iterator[None]:
        with seeded(noise, name):
            inside[0] += 1
            try:
                yield
            finally:
                inside[0] -= 1

    def drawn(frame: FrameType | None, line: int | None, source: str) -> None:
        if frame is not None and not inside[0]:
            place = Path(frame.f_code.co_filename).name
            found[f"{place}:{line or frame.f_lineno}: {source} draws a random number"] = None

    before = sys.gettrace()
    places: list[str] = []
    with mock.patch.object(Noise, "torch_seed", counted), _TorchDraws(own, drawn):
        sys.settrace(_tracer(own, drawn, by_line))
        try:
            yield places
        finally:
            sys.settrace(before)
            places += found


def _tracer(own: _Own, drawn: Callable[[FrameType, int | None, str], None], by_line: bool) -> Tracer:
    """A tracer that compares the states of the two global generators from line to line of a method.

    Not by line, it does so where the method's functions begin and end.
    """
    last = _states()
    lines: dict[FrameType, int] = {}  # of the method's functions that are running, innermost last

    def compare(frame: FrameType) -> None:
        nonlocal last
        now = _states()
        for source in now:
            if now[source] != last[source]:
                drawn(frame, lines.get(frame), source)
        last = now

    def local(frame: FrameType, event: str, _: Any) -> Tracer:
        compare(frame)
        lines[frame] = frame.f_lineno
        if event == "return":
            lines.pop(frame, None)
        return local

    def called(frame: FrameType, event: str, _: Any) -> Tracer | None:
        nonlocal last
        if not own.holds(frame.f_code.co_filename):
            return None
        if lines:
            compare(next(reversed(lines)))
        else:
            last = _states()
        lines[frame] = frame.f_lineno
        frame.f_trace_lines = by_line
        return local

    return called


def _states() -> dict[str, object]:
    numpys: Any = np.random.get_state(legacy=False)
    words, (_, places, gauss) = numpys["state"], random.getstate()
    return {
        "random": (places[-1], places[0], gauss),
        "numpy.random": (words["pos"], int(words["key"][0]), numpys["has_gauss"], numpys["gauss"]),
    }


class _TorchDraws(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation of torch that draws, whoever asks for it, and looks up who did."""

    def __init__(self, own: _Own, drawn: Callable[[FrameType | None, int | None, str], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._own, self._drawn = own, drawn

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if torch.Tag.nondeterministic_seeded in func.tags:
            self._drawn(self._asking(sys._getframe(1)), None, f"torch ({func.__name__.partition('.')[0]})")
        return func(*args, **(kwargs or {}))

    def _asking(self, frame: FrameType | None) -> FrameType | None:
        """The method's code that drew; None where ftbench did, or a dropout in a pass that it seeded."""
        dropout = False
        while frame is not None:
            code = frame.f_code
            dropout = dropout or code.co_filename in _DROPOUT
            if self._own.holds(code.co_filename):
                return None if dropout and _in_pass(frame) else frame
            if Path(code.co_filename).is_relative_to(_HOUSE) and code.co_filename != __file__:
                return None
            frame = frame.f_back
        return None


def _in_pass(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code is Run.forward.__code__:
            return True
        frame = frame.f_back
    return False


def _made(file: Path) -> list[str]:
    """The generators that a file makes."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in GENERATORS:
                found.append(f"{file.name}:{node.lineno}: {name} makes a generator of its own")
    return found
