"""What two records of the same code may differ in, and how it is made the same.

Text goes through the RULES, each with its reason. Times and sizes of trained jobs are set to fixed ones in
their database, once, so that all that reads it needs no rule.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

STARTED = time.time()
#: What every time in the trained grid is set to: seconds since 1970.
FIXED_TIME = 1_700_000_000.0
#: Facts of a result that are measured, beside its seconds.
MEASURED_FACTS = ("git_commit", "git_dirty", "peak_memory_mb", "wall_seconds")
#: The same and the seconds, as an event has them.
MEASURED_EVENT = r'("(?:model|data|training|evaluation|one_off_seconds|peak_memory_mb)":)[\d.e-]+'
#: Longer lines (the plotting library inside a page) are kept as their digest.
LONG_LINE = 100_000


def _now(found: re.Match[str], seconds: float) -> str:
    return "NOW" if STARTED - 60 <= seconds <= time.time() + 1 else found[0]


def _utc(text: str) -> float:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


@dataclass(frozen=True)
class Rule:
    """What differs between two runs of the same code, and is replaced."""

    name: str
    pattern: str
    by: str | Callable[[re.Match[str]], str]
    reason: str


RULES = (
    Rule(
        "frames",
        r'(?:  File "CHECKOUT/ftbench/[^\n]*\n(?:    [^\n]*\n)*)+',
        '  File "CHECKOUT/ftbench/…"\n',
        "in which file and line of ftbench an error passed by is internal",
    ),
    Rule(
        "warnings",
        r"CHECKOUT/ftbench/\S+:\d+: (\w*Warning: [^\n]*\n)  [^\n]*\n",
        r"CHECKOUT/ftbench/…: \1",
        "which line of ftbench a warning comes from is internal, too",
    ),
    Rule(
        "time of day",
        r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?Z?",
        lambda found: _now(found, _utc(found[0])),
        "the time of the recording itself; other times stay",
    ),
    Rule(
        "epoch",
        r"\b1[789]\d{8}(?:\.\d+)?\b",
        lambda found: _now(found, float(found[0])),
        "the same in seconds since 1970",
    ),
    Rule(
        "progress",
        r'\{"event":"progress",[^\n]*\n',
        "",
        "a job run from a file reports its steps as often as time passes",
    ),
    Rule(
        "measured facts",
        r'\{"event":"provenance",[^\n]*',
        lambda found: re.sub(MEASURED_EVENT, r"\g<1>MEASURED", found[0]),
        "seconds and memory of a job run from a file",
    ),
    Rule("bar", r"\r?Loading weights: [^\r\n]*", "", "transformers shows how fast it reads"),
    Rule("duration", r"(?<=  )\d+\.\d s(?=  \(\d+ done)", "SECONDS", "how long a worker's job took"),
    Rule("overhead", r"\d+\.\d\d(?= × vanilla's time)", "FACTOR", "a measurement of time by ftbench check"),
    Rule("memory", r"[+-]\d\.\d\d(?= weights of memory at the peak)", "WEIGHTS", "measured by ftbench check"),
    Rule(
        "code digest",
        r"(method_digest\W+)[0-9a-f]{16}\b",
        r"\g<1>DIGEST",
        "of a method's code, which changes with its imports",
    ),
)


def normal(content: bytes, places: list[tuple[str, str]]) -> str:
    """Text without what may differ; of other content the digest.

    Args:
        content: what a command printed or wrote.
        places: folders, and the words that stand for them.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return f"sha256: {hashlib.sha256(content).hexdigest()}"
    for place, name in places:
        text = text.replace(place, name)
    for rule in RULES:
        text = re.sub(rule.pattern, rule.by, text)
    return "\n".join(_short(line) for line in text.split("\n"))


def _short(line: str) -> str:
    if len(line) <= LONG_LINE:
        return line
    return f"{len(line)} characters, sha256: {hashlib.sha256(line.encode()).hexdigest()}"


def settle(trained: Path, to: Path) -> None:
    """Copy a trained database with every measured time, size and commit set to a fixed one."""
    with sqlite3.connect(trained) as source, sqlite3.connect(to) as copy:
        source.backup(copy)
        copy.execute("UPDATE jobs SET created = ? + sequence", (FIXED_TIME,))
        copy.execute("UPDATE attempts SET started = ?, ended = ?", (FIXED_TIME, FIXED_TIME + 2))
        for row, text in copy.execute("SELECT rowid, facts FROM provenance").fetchall():
            facts = json.loads(text)
            facts |= {name: 1 for name in MEASURED_FACTS if name in facts}
            facts["seconds"] = dict.fromkeys(facts.get("seconds", {}), 1.0)
            for run in facts.get("runs", {}).values():
                run |= {name: 1.0 for name in run if name.endswith("seconds")}
            copy.execute("UPDATE provenance SET facts = ? WHERE rowid = ?", (json.dumps(facts), row))
    source.close()
    copy.close()
