"""What the measurements share: taking turns, ratios with their spread, and the machine in words."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Turns:
    """Processes that work in turns, some steps at a time, so that what disturbs one disturbs all.

    Each is a process of its own, with the environment that its users have; it takes its ``Seat``, and waits
    while another works.

    Args:
        commands: name -> the command that starts the process.
        environments: name -> what to add to its environment.
    """

    def __init__(
        self, commands: Mapping[str, Sequence[str]], environments: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Start them all; they prepare themselves beside one another."""
        self._processes = {
            name: subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **environments.get(name, {})},
            )
            for name, command in commands.items()
        }

    def run(self) -> tuple[dict[str, list[float]], dict[str, dict[str, float]]]:
        """Let all work to their ends: the seconds of every turn, and what each told of itself, by name.

        Raises:
            SystemExit: one of them died.
        """
        seconds: dict[str, list[float]] = {name: [] for name in self._processes}
        told: dict[str, dict[str, float]] = {}
        try:
            for name in self._processes:
                self._hear(name)
            while left := [name for name in self._processes if name not in told]:
                for name in left:
                    self._ask(name)
                    heard = self._hear(name)
                    if isinstance(heard, float):
                        seconds[name].append(heard)
                    else:
                        told[name] = heard
        finally:
            for process in self._processes.values():
                process.kill()
        return seconds, told

    def _ask(self, name: str) -> None:
        stdin = self._processes[name].stdin
        assert stdin is not None
        stdin.write("\n")
        stdin.flush()

    def _hear(self, name: str) -> Any:
        stdout = self._processes[name].stdout
        assert stdout is not None
        line = stdout.readline()
        if not line:
            raise SystemExit(f"{name} ended before its time")
        return json.loads(line)


class Seat:
    """One process's place among ``Turns``; what it prints goes to standard error.

    Args:
        finish: called at the end of each turn, before the clock is read: waits for the device.
        steps: steps of a turn.
    """

    def __init__(self, finish: Callable[[], None] = lambda: None, steps: int = 1) -> None:
        """Keep standard output for what is told."""
        self._out, sys.stdout = sys.stdout, sys.stderr
        self._finish, self._steps = finish, steps
        self._begun, self._made = 0.0, 0

    def wait(self) -> None:
        """Tell that all is ready, and wait for the first turn."""
        self._tell("ready")

    def step(self) -> None:
        """A step is made: the turn may be over."""
        self._made += 1
        if self._made < self._steps:
            return
        self._finish()
        self._tell(time.perf_counter() - self._begun)

    def leave(self, facts: Mapping[str, float]) -> None:
        """Tell some facts, and take no further turn."""
        print(json.dumps(dict(facts)), file=self._out, flush=True)

    def _tell(self, what: str | float) -> None:
        print(json.dumps(what), file=self._out, flush=True)
        if not sys.stdin.readline():
            raise SystemExit("nobody gives turns any more")
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


def synchronize(device: str) -> None:
    """Wait for a GPU."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize()


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


def plain_machine() -> str:
    """Processor, cores and Python, where no library is measured."""
    return f"{_processor()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [line for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    return names[0].partition(":")[2].strip() if names else platform.machine()
