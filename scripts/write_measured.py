"""Writes docs/methods/measured.md: what every method scored and cost beside vanilla, in one small real run.

ftbench queue …; ftbench worker --drain          # the page names the grid
python -m benchmarks.methods > costs.md
python scripts/write_measured.py ftbench.db costs.md
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "methods" / "measured.md"
MODEL, ROWS = "minilm", 300
TASKS = {"sst2": "SST-2 (accuracy)", "stsb": "STS-B (Spearman)"}


def scores(database: str) -> dict[str, dict[str, list[float]]]:
    """Label of a method -> task -> scores by seed, as the report has them."""
    command = [sys.executable, "-m", "ftbench", "report", "--db", database, "--models", MODEL, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(ended.stderr.strip())
    report = json.loads(ended.stdout)
    found: dict[str, dict[str, list[float]]] = {}
    for section in report["sections"]:
        if section["train_size"] == ROWS and not section["changed"]:
            for row in section["groups"][0]["rows"]:
                found[row["label"]] = {task: row["cells"][task]["values"] for task in TASKS}
    return found


def costs(path: Path) -> dict[str, tuple[str, str]]:
    """Method -> time and peak memory against vanilla, from the benchmark's table."""
    if not path.is_file():
        sys.exit(f"{path} is not there: write it with python -m benchmarks.methods > {path}")
    rows = re.findall(
        r"^\| `(\w+)` \| ([^|]*) \| [^|]* \| [^|]* \| ([^|]*) \|$", path.read_text(encoding="utf-8"), re.M
    )
    return {name: (time.partition(" (")[0].strip(), memory.strip()) for name, time, memory in rows}


def mean(values: list[float]) -> float:
    """× 100."""
    return 100 * sum(values) / len(values)


def cell(values: list[float], plain: list[float]) -> str:
    """The mean, the difference to vanilla over the seeds that both have, and the seeds."""
    if not values:
        return "–"
    shared = min(len(values), len(plain))
    apart = mean(values[:shared]) - mean(plain[:shared]) if shared else 0.0
    return f"{mean(values):.2f} ({apart:+.2f})" + ("" if len(values) == 2 else f" n={len(values)}")


def table(found: dict[str, Any], spent: dict[str, tuple[str, str]]) -> str:
    """A line for each method, vanilla first."""
    plain = found["vanilla"]
    head = [
        "method",
        *(f"{title}, Δ vanilla" for title in TASKS.values()),
        "time, × vanilla",
        "memory, weights",
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for label in sorted(found, key=lambda one: (one != "vanilla", one)):
        name = label.partition("[")[0]
        time, memory = spent.get(name, ("1", "0") if name == "vanilla" else ("", ""))
        shown = [cell(found[label][task], plain[task]) for task in TASKS]
        lines.append([f"[`{label}`]({name}.md)", *shown, time, memory])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Fill the part of the page between its marks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("database")
    parser.add_argument("costs", type=Path)
    options = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- measured:begin -->", "<!-- measured:end -->"
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    filled = table(scores(options.database), costs(options.costs))
    PAGE.write_text(f"{before}{begin}\n{filled}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
