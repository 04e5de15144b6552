"""Make ``ftbench.db.example`` from real databases: their results without what belongs to one machine.

    python scripts/write_example_db.py ftbench.db [older.db …] ftbench.db.example

Of the further databases, which must be of this version, the done jobs are added that the first one has not.
Jobs that are not done go, and so do folders (jobs keep their identity, which holds none) and attempts'
tracebacks. The copy is in DELETE journal mode, so that it opens from a read-only folder.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from pathlib import Path

from ftbench.db import backup_database, open_database

RESULTS = ("attempts", "scores", "past_scores", "curves", "predictions", "provenance")


def keep_done(connection: sqlite3.Connection) -> None:
    """Remove the jobs that are not done, with all that was recorded of them."""
    done = "SELECT digest FROM jobs WHERE state = 'done'"
    for table in (*reversed(RESULTS), "jobs"):
        connection.execute(f"DELETE FROM {table} WHERE digest NOT IN ({done})")


def strip(path: Path) -> None:
    """Remove what belongs to the machine, in place."""
    connection = sqlite3.connect(path)
    with connection:
        keep_done(connection)
        connection.execute("UPDATE jobs SET places = '{}'")
        connection.execute("UPDATE attempts SET traceback = '', worker = 'worker'")
        connection.execute("UPDATE provenance SET facts = json_set(facts, '$.worker', 'worker')")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("VACUUM")
    connection.close()


def main() -> int:
    """Copy and strip."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sources", nargs="+", help="databases of real runs; the first one's results win")
    parser.add_argument("target", type=Path, help="the example to write")
    options = parser.parse_args()
    if str(options.target) in options.sources:
        parser.error(f"{options.target} is the target and a source: copy it first")
    options.target.unlink(missing_ok=True)
    backup_database(options.sources[0], options.target)
    with open_database(str(options.target)) as database:
        for source in options.sources[1:]:
            with open_database(source, write=False) as other:
                database.merge(other)
    strip(options.target)
    print(f"wrote {options.target}: {options.target.stat().st_size / 2**20:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
