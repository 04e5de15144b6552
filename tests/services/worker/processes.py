"""Workers in processes of their own, and the training processes that they start."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.services.worker.helpers import LIMIT

DRIVER = Path(__file__).with_name("worker_driver.py")


class Driver:
    """A worker process whose lines are read with a time limit."""

    def __init__(self, address: str, lease: float, slots: int = 1) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(DRIVER), address, str(lease), str(slots)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.said: list[list[Any]] = []
        self._rest = b""

    def until(self, *what: Any) -> list[Any]:
        """Read lines until one begins so."""
        assert self.process.stdout is not None
        end = time.monotonic() + LIMIT
        while True:
            for line in self.said:
                if line[: len(what)] == list(what):
                    return line
            assert select.select([self.process.stdout], [], [], end - time.monotonic())[0], self.said
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            assert chunk, (self.said, self.process.stderr and self.process.stderr.read())
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            self.said += [json.loads(line) for line in lines]

    def end(self) -> int:
        """Wait for the end; the exit code."""
        output, errors = self.process.communicate(timeout=LIMIT)
        self.said += [json.loads(line) for line in (self._rest + output).splitlines()]
        assert errors == b""
        return self.process.returncode

    def close(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


def child_of(mark: Path) -> int:
    """A descriptor that becomes readable when the training process has ended."""
    return os.pidfd_open(int(mark.read_text().split()[-1]))


def is_over(pidfd: int) -> bool:
    over = bool(select.select([pidfd], [], [], LIMIT)[0])
    os.close(pidfd)
    return over


def open_gate_patiently(gate: Path) -> None:
    """The training process may be on its way to the gate: opening it for writing waits for that."""
    os.close(os.open(gate, os.O_WRONLY))
