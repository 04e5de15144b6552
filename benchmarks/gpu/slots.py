"""Several jobs at once on one GPU: steps a second of 1, 2, 4 and 8 processes, with and without MPS.

    python -m benchmarks.gpu.slots --device cuda:0 [--short]      one of the processes

Each reads from standard input for how many seconds to train, and answers with what it did.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks._measure import synchronize
from benchmarks.gpu.findings import Finding, Value, found, told_apart
from benchmarks.gpu.material import Setup
from ftbench.services.worker.mps import Mps

SLOTS = "jobs at once"
SLICES, SHARED = "in slices", "with MPS"
COUNTS = (1, 2, 4, 8)


class Crew:
    """Processes that train when they are told to."""

    def __init__(self, count: int, setup: Setup, environment: Mapping[str, str]) -> None:
        """Start them, and wait until all are ready.

        Raises:
            RuntimeError: one of them died.
        """
        words = [sys.executable, "-m", "benchmarks.gpu.slots", "--device", setup.device]
        self._processes = [
            subprocess.Popen(
                [*words, *(["--short"] if setup.short else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
            )
            for _ in range(count)
        ]
        try:
            for number in range(count):
                self._hear(number)
        except BaseException:
            self.end()
            raise

    def train(self, count: int, seconds: float) -> float:
        """Steps a second of the first ``count`` of them together.

        Raises:
            RuntimeError: one of them died.
        """
        for process in self._processes[:count]:
            assert process.stdin is not None
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
        told = [self._hear(number) for number in range(count)]
        return sum(one["steps"] / one["seconds"] for one in told)

    def end(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
            process.wait()

    def _hear(self, number: int) -> dict[str, float]:
        stdout = self._processes[number].stdout
        assert stdout is not None
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"process {number} of {len(self._processes)} died: see the log")
        heard: dict[str, float] = json.loads(line)
        return heard


def measure(setup: Setup) -> Iterator[Finding]:
    """In slices of time, then with MPS."""
    counts = COUNTS[:2] if setup.short else COUNTS
    yield from _together(SLICES, counts, setup, {})
    with tempfile.TemporaryDirectory() as folder:
        service = Mps(Path(folder))
        said = service.start() if setup.cuda else "there is no GPU"
        try:
            if service.environment:
                yield from _together(SHARED, counts, setup, service.environment)
            else:
                yield Finding(SLOTS, SHARED, {"not run": said})
        finally:
            service.stop()


def _together(
    title: str, counts: tuple[int, ...], setup: Setup, environment: Mapping[str, str]
) -> Iterator[Finding]:
    crew: list[Crew] = []

    def start() -> Mapping[str, Value]:
        crew.append(Crew(counts[-1], setup, environment))
        return {}

    began = found(SLOTS, title, start)
    if not crew:
        yield began
        return
    try:
        one: list[float] = []
        for count in counts:
            yield found(SLOTS, f"{title}, {count}", partial(_trained, crew[0], count, setup, one))
    finally:
        crew[0].end()


def _trained(crew: Crew, count: int, setup: Setup, one: list[float]) -> Mapping[str, Value]:
    rate = crew.train(count, 0.3 if setup.short else 4.0)
    one.append(rate)
    return {"steps/s": rate, "× one": rate / one[0]}


def main() -> None:
    """Be one of the processes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--device", required=True)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    out = told_apart()
    from benchmarks.gpu import material
    from ftbench.training.perform import prepare_device
    from ftbench.training.trainer import train_step
    from ftbench.training.watch import Watch

    setup = Setup(options.device, options.short, 0.0)
    prepare_device(setup.device, 1, "deterministic")
    source = material.pretrained(setup.minilm, "rte", setup.device)
    corpus = material.rows("rte", 640, setup.minilm, setup.device)
    trainer = material.trainer_of(material.job_of("vanilla", "rte", setup.minilm), source, corpus)
    run, step = material.begun(trainer), 0
    watch = Watch(run)

    def once() -> None:
        nonlocal step
        train_step(run, trainer.method, step, watch)
        step += 1
        if step % watch.every == 0:  # as a job reads its losses
            watch.read()

    for _ in range(2 if setup.short else 10):
        once()
    synchronize(setup.device)
    print("{}", file=out, flush=True)
    for line in sys.stdin:
        began, first = time.perf_counter(), step
        while time.perf_counter() - began < float(line):
            once()
        synchronize(setup.device)
        told = {"steps": step - first, "seconds": time.perf_counter() - began}
        print(json.dumps(told), file=out, flush=True)


if __name__ == "__main__":
    main()
