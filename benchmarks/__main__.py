"""All measurements in their short forms; their tables go into docs/benchmarks.md.

    python -m benchmarks [NAME …]

Takes about half an hour on two cores. Nothing else should run meanwhile.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
#: What the tests of the documentation are told of a measurement.
NOT_RUN = "<!-- not run: takes minutes, on a machine that does nothing else -->"
#: Name of a measurement -> what its short form is given.
SHORT = {
    "trainer": ["--rows", "256", "--threads", "2"],
    "methods": ["--rounds", "1", "--rows", "96"],
    "selection": [],
    "job": ["--jobs", "2"],
    "queue": [],
    "report": ["--scores", "100000"],
    "slots": ["--repeat", "1", "--jobs", "6"],
    "startup": [],
    "board": ["--seconds", "60"],
}


def command(name: str) -> str:
    """What a reader types for the same table."""
    return " ".join(["python -m", f"benchmarks.{name}", *SHORT[name]])


def filled(page: str, name: str, printed: str) -> str:
    """A page with a measurement's table put in its place.

    Raises:
        SystemExit: the page has no place for it.
    """
    begin, end = f"<!-- measured: {name} -->", f"<!-- end of {name} -->"
    before, opened, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        sys.exit(f"{PAGE.name}: no place for '{name}', which begins with {begin}")
    shown = printed.strip() if "|" in printed else f"```text\n{printed.strip()}\n```"
    return f"{before}{begin}\n{NOT_RUN}\n```sh\n{command(name)}\n```\n\n{shown}\n{end}{after}"


def main(chosen: list[str]) -> int:
    """Measure what was named, or all; exit 1 where a limit is missed."""
    unknown = [name for name in chosen if name not in SHORT]
    if unknown:
        sys.exit(f"no measurement '{unknown[0]}'; there are {', '.join(SHORT)}")
    missed = []
    for name in chosen or SHORT:
        print(f"$ {command(name)}", flush=True)
        words = [sys.executable, "-m", f"benchmarks.{name}", *SHORT[name]]
        ended = subprocess.run(words, stdout=subprocess.PIPE, text=True)
        print(ended.stdout, flush=True)
        if not ended.stdout.strip():
            sys.exit(f"benchmarks.{name} measured nothing")
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), name, ended.stdout), encoding="utf-8")
        missed += [name] if ended.returncode else []
    if missed:
        print(f"limits missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
