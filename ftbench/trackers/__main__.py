"""``python -m ftbench.trackers NAME``: the process of a tracker; a worker starts it and writes to it."""

from __future__ import annotations

import os
import sys

from ftbench.trackers._process import TrackerProcess, end_with
from ftbench.trackers._registry import find


def serve_worker() -> int:
    """Serve until the input ends; what libraries print goes nowhere."""
    end_with(os.getppid())
    os.nice(5)  # the training beside it goes first
    out = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    TrackerProcess(find(sys.argv[1])(), out).serve(sys.stdin.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(serve_worker())
