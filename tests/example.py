"""The example database, and the part of it that tests of small tables need."""

from __future__ import annotations

import sqlite3
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1] / "ftbench.db.example"
LABELS = ("vanilla", "rdrop", "bidrop")
RESULTS = ("provenance", "predictions", "curves", "scores", "attempts")


def three_methods(target: Path) -> Path:
    """A copy with the runs of three methods on 500 rows: clean on three tasks, noisy and reduced on two."""
    target.write_bytes(EXAMPLE.read_bytes())
    connection = sqlite3.connect(target)
    with connection:
        kept = f"SELECT digest FROM jobs WHERE train_size = 500 AND label IN {LABELS}"
        for table in (*RESULTS, "jobs"):
            connection.execute(f"DELETE FROM {table} WHERE digest NOT IN ({kept})")
    connection.close()
    return target
