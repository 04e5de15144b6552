"""Make ``ftbench.db.example`` from a real database: its results without what belongs to one machine.

    python scripts/write_example_db.py ftbench.db ftbench.db.example

Folders go (jobs keep their identity, which holds none), and so do the tracebacks of attempts. The copy is in
DELETE journal mode, so that it opens from a read-only folder.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from pathlib import Path

from ftbench.db import backup_database


def strip(path: Path) -> None:
    """Remove what belongs to the machine, in place."""
    connection = sqlite3.connect(path)
    with connection:
        (running,) = connection.execute("SELECT count(*) FROM jobs WHERE state = 'running'").fetchone()
        if running:
            raise SystemExit(f"{running} jobs are running: stop the workers first")
        connection.execute("UPDATE jobs SET places = '{}'")
        connection.execute("UPDATE attempts SET traceback = '', worker = 'worker'")
        connection.execute("UPDATE provenance SET facts = json_set(facts, '$.worker', 'worker')")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("VACUUM")
    connection.close()


def main() -> int:
    """Copy and strip."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("source", help="the database of a real run")
    parser.add_argument("target", type=Path, help="the example to write")
    options = parser.parse_args()
    options.target.unlink(missing_ok=True)
    backup_database(options.source, options.target)
    strip(options.target)
    print(f"wrote {options.target}: {options.target.stat().st_size / 2**20:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
