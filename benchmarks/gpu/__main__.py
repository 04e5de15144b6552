"""Run the parts, one process each, and keep what they tell; see the package."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import platform
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.gpu.findings import Finding, Notebook, Told, Value, told_apart

DONE, CUT, FAILED = "done", "cut", "failed"


@dataclass(frozen=True)
class Part:
    """A file of this package.

    Attributes:
        seconds: that it may take, of nine minutes in all.
        about: what it measures.
    """

    seconds: float
    about: str


#: By worth.
PARTS = {
    "correct": Part(140, "recordings, memory that runs out, half precision, seeds, resuming"),
    "step": Part(100, "the step beside the Hugging Face Trainer"),
    "methods": Part(75, "each method beside vanilla"),
    "selection": Part(15, "thresholds"),
    "slots": Part(85, "several jobs at once"),
    "graphs": Part(150, "CUDA graphs and compiling"),
    "conformance": Part(120, "the rest of the conformance suite"),
}


class Child:
    """A process that loads the libraries, then waits to be told to begin its part."""

    def __init__(self, name: str, options: argparse.Namespace, log: IO[Any]) -> None:
        """Start it."""
        words = [sys.executable, "-m", "benchmarks.gpu", "--part", name, "--device", options.device]
        words += ["--golden", options.golden, *(["--short"] if options.short else [])]
        environment = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8", "TOKENIZERS_PARALLELISM": "false"}
        self.name = name
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            process_group=0,
            env={"HF_HUB_OFFLINE": "1", **environment, **os.environ},
        )

    def lines(self, seconds: float) -> Iterator[dict[str, Any]]:
        """Let it begin; what it tells, until it ends or its time is over.

        Raises:
            TimeoutError: its time is over.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it died while it loaded: its end says so
            stdin.write(f"{seconds}\n".encode())
            stdin.flush()
        until, waiting = time.monotonic() + seconds, b""
        while True:
            ready, _, _ = select.select([stdout], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            chunk = os.read(stdout.fileno(), 1 << 16)
            if not chunk:
                return
            *whole, waiting = (waiting + chunk).split(b"\n")
            for line in whole:
                yield json.loads(line)

    def end(self, patience: float = 5.0) -> int:
        """Its exit status, after it and what it started are gone; it has some seconds to end by itself."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()  # one that was never told to begin ends at this
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()


def carried_out(child: Child, seconds: float, book: Notebook) -> None:
    """Run a part, and write down what it tells as it comes."""
    from benchmarks.gpu.rules import decisions

    told = book.parts.setdefault(child.name, Told())
    began = time.monotonic()
    try:
        for line in child.lines(seconds):
            if "about" in line:
                book.about |= line["about"]
            elif "ended" in line:  # what becomes of the process after that says nothing
                told.ended = line["ended"]
            elif "error" in line and "table" not in line:
                told.error = line["error"]
            else:
                told.findings.append(Finding(**line))
            told.seconds = time.monotonic() - began
            book.write(decisions(book.parts))
        status = child.end()
        if told.ended != DONE:
            told.ended = FAILED
            told.error = told.error or f"exit status {status}: see gpu.log"
    except TimeoutError:
        told.ended = CUT
        child.end(patience=0.0)
    told.seconds = time.monotonic() - began
    book.write(decisions(book.parts))


def part(options: argparse.Namespace) -> int:
    """Be the process of one part."""
    out = told_apart()

    def tell(line: Any) -> None:
        print(json.dumps(line), file=out, flush=True)

    try:
        module = importlib.import_module(f"benchmarks.gpu.{options.part}")
        from benchmarks._measure import machine
        from benchmarks.gpu.material import Setup

        line = sys.stdin.readline()
        if not line:
            return 0  # nobody wants it any more
        setup = Setup(options.device, options.short, float(line), options.golden)
        tell({"about": {"machine": machine(options.device)}})
        for one in module.measure(setup):
            tell(asdict(one))
        tell({"ended": DONE})
    except Exception:
        tell({"error": traceback.format_exc()})
        return 1
    return 0


def main() -> int:
    """Run the parts; 1 where one failed, or a result is wrong."""
    options = _options()
    if options.part:
        return part(options)
    names = [name.strip() for name in options.only.split(",") if name.strip()] or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.exit(f"no part '{unknown[0]}'; there are {', '.join(PARTS)}")
    folder = Path(options.out)
    about: dict[str, Value] = {"device": options.device, "host": platform.machine(), "short": options.short}
    book = Notebook(folder, about)
    until = time.monotonic() + 60 * options.minutes
    with (folder / "gpu.log").open("ab") as log:
        ahead: Child | None = Child(names[0], options, log)
        for place, name in enumerate(names):
            child, ahead = ahead, None
            assert child is not None
            if place + 1 < len(names):
                ahead = Child(names[place + 1], options, log)  # loads its libraries meanwhile
            bounded = len(names) > 1 and not options.short
            seconds = min(PARTS[name].seconds if bounded else 1e6, until - time.monotonic())
            print(f"{name}: {PARTS[name].about}, at most {max(0, seconds):.0f} s", flush=True)
            if seconds <= 1:
                book.parts[name] = Told(CUT)
                child.end()
                continue
            carried_out(child, seconds, book)
            told = book.parts[name]
            if told.ended == FAILED and "machine" not in book.about:
                print(f"  nothing can be measured on {options.device}: see gpu.log and gpu.json", flush=True)
                break
            print(f"  {told.ended} after {told.seconds:.0f} s, {len(told.findings)} findings", flush=True)
    return _summary(book)


def _summary(book: Notebook) -> int:
    from benchmarks.gpu.rules import decisions

    made = decisions(book.parts)
    book.write(made)
    print(book.page(made))
    for one in made:
        print(f"{one.question} {one.answer or 'not decided'} ({one.because})")
    bad = [name for name, told in book.parts.items() if told.ended == FAILED]
    return 1 if bad or made[0].answer == "no" else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--device", default="cuda:0", help="as torch names it; cpu to see that it runs")
    parser.add_argument("--short", action="store_true", help="small shapes, few steps: no measurement")
    parser.add_argument("--minutes", type=float, default=9.0, help="for all parts")
    parser.add_argument("--only", default="", help=f"some of {', '.join(PARTS)}")
    parser.add_argument(
        "--golden", default=os.environ.get("FTBENCH_GOLDEN", ""), help="recorded trajectories"
    )
    parser.add_argument("--out", default=os.environ.get("OUT") or "gpu-results", help="folder of the results")
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
