"""What the measurements share: taking turns, ratios with their spread, and the machine in words."""

from __future__ import annotations

import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class Turns:
    """Programs that work in turns, a step at a time, so that what disturbs one disturbs all.

    Each runs in a thread of its own and waits while another works.

    Args:
        programs: name -> what to run; it is given the function to call after each step.
        finish: called at the end of each turn, before the clock is read: waits for the device.
        steps: steps of a turn.
        begin: called with the name when a turn begins, before the clock is read.
    """

    def __init__(
        self,
        programs: Mapping[str, Callable[[Callable[[], None]], None]],
        finish: Callable[[], None] = lambda: None,
        steps: int = 1,
        begin: Callable[[str], None] = lambda name: None,
    ) -> None:
        """Nothing runs yet."""
        self._programs, self._finish, self._steps, self._begin = programs, finish, steps, begin
        self._begins = {name: threading.Event() for name in programs}
        self._waiting = list(programs)
        self._seconds: dict[str, list[float]] = {name: [] for name in programs}
        self._begun, self._made = 0.0, 0
        self._error: BaseException | None = None

    def run(self) -> dict[str, list[float]]:
        """Run all to their ends; seconds of every turn, by name.

        Raises:
            BaseException: what a program raised.
        """
        threads = [
            threading.Thread(target=self._program, args=(name,), daemon=True) for name in self._programs
        ]
        for thread in threads:
            thread.start()
        self._begins[self._waiting[0]].set()
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error
        return self._seconds

    def _program(self, name: str) -> None:
        self._wait(name)
        try:
            self._programs[name](lambda: self._step(name))
        except BaseException as error:
            self._error = error
        self._waiting.remove(name)
        if self._waiting:
            self._begins[self._waiting[0]].set()

    def _step(self, name: str) -> None:
        self._made += 1
        if self._made < self._steps:
            return
        self._finish()
        self._seconds[name].append(time.perf_counter() - self._begun)
        at = self._waiting.index(name)
        following = self._waiting[(at + 1) % len(self._waiting)]
        self._begins[following].set()
        self._wait(name)

    def _wait(self, name: str) -> None:
        self._begins[name].wait()
        self._begins[name].clear()
        self._begin(name)
        self._made, self._begun = 0, time.perf_counter()


@dataclass(frozen=True)
class Ratio:
    """How many times as long one took as another, with the spread over parts of the run.

    Attributes:
        value: of the whole times.
        low: the least over the parts.
        high: the most over the parts.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, above: Sequence[float], below: Sequence[float], parts: int = 4) -> Ratio:
        """Of the seconds of turns made alternately; ``parts`` stretches of the run give the spread."""
        edges = [round(i * len(above) / parts) for i in range(parts + 1)]
        stretches = [(a, b) for a, b in zip(edges, edges[1:], strict=False) if b > a]
        found = [sum(above[a:b]) / sum(below[a:b]) for a, b in stretches]
        return cls(sum(above) / sum(below), min(found), max(found))

    def __str__(self) -> str:
        """As a table shows it."""
        return f"{self.value:.2f} ({self.low:.2f}–{self.high:.2f})"


@dataclass
class Table:
    """A markdown table, printed line by line as it fills."""

    head: Sequence[str]
    left: int = 1
    rows: list[Sequence[str]] = field(default_factory=list)

    def begin(self) -> None:
        """Print the heading."""
        self._print(self.head)
        self._print(["---" if at < self.left else "---:" for at in range(len(self.head))])

    def add(self, *cells: str) -> None:
        """Print a line."""
        self.rows.append(cells)
        self._print(cells)

    def _print(self, cells: Sequence[str]) -> None:
        print("| " + " | ".join(cells) + " |", flush=True)


def geometric(values: Sequence[float]) -> float:
    """The geometric mean."""
    return statistics.geometric_mean(values)


def machine(device: str = "cpu") -> str:
    """Processor or GPU, cores and versions, in one line."""
    import torch
    import transformers

    libraries = f"torch {torch.__version__}, transformers {transformers.__version__}"
    versions = f"Python {platform.python_version()}, {libraries}"
    if device.startswith("cuda"):
        return f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}, {versions}"
    cores = len(os.sched_getaffinity(0))
    return f"{_processor()}, {cores} cores, {torch.get_num_threads()} threads, {versions}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [line for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    return names[0].partition(":")[2].strip() if names else platform.machine()
