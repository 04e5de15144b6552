"""The live line of work that counts what it has done."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_OFTEN, _QUIET = 0.2, 1.0  # seconds between two lines, and before the first one


class Counting:
    """``12,000 of 90,000 rows, 15 s left`` on a terminal's standard error; nothing anywhere else."""

    def __init__(self, what: str) -> None:
        """Count these."""
        self._what = what
        self._begun = time.monotonic()
        self._next = self._begun + _QUIET if sys.stderr.isatty() else float("inf")
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """So many of so many are done."""
        now = time.monotonic()
        if now < self._next or not done:
            return
        from ftbench.domain.duration import span

        left = span((now - self._begun) * (total - done) / done)
        self._write(f"{done:,} of {total:,} {self._what}, {left} left")
        self._next, self._shown = now + _OFTEN, True

    def __enter__(self) -> Self:
        """The line itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wipe it away."""
        if self._shown:
            self._write("")

    def _write(self, text: str) -> None:
        try:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        except (OSError, ValueError):  # nobody looks any more
            self._next = float("inf")
