"""How long ``ftbench --help`` takes: under 0.3 s, beside a bare start of Python in the same run.

python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

LIMIT, REPEAT = 0.3, 15


def seconds(*arguments: str) -> float:
    """Wall seconds of one start of Python."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> int:
    """Measure both in turn, print, and fail where the limit is missed."""
    pairs = [(seconds("-m", "ftbench", "--help"), seconds("-c", "pass")) for _ in range(REPEAT)]
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"ftbench --help   median {ours:.3f} s of {REPEAT} (limit {LIMIT} s); python -c pass {bare:.3f} s")
    return 0 if ours <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
