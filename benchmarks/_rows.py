"""Changed rows: copies of a sound database in which some rows hold what nobody expects."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._hostile import VALUES, broken_bytes, broken_text

if TYPE_CHECKING:
    from ftbench.db import Database

_TABLES = "jobs attempts scores past_scores curves predictions provenance claims topups topup_looks settings "
_TABLES += "launches allocations"


class Rows:
    """The rows of a sound database.

    Attributes:
        digests: of its jobs.
    """

    def __init__(self, sound: Path, path: Path) -> None:
        """Learn where the rows are; copies of the database are made at ``path``."""
        self._sound, self._path = sound, path
        self._places: list[tuple[str, list[str], str, list[Any]]] = []
        with closing(sqlite3.connect(sound)) as connection:
            self.digests = {row[0] for row in connection.execute("SELECT digest FROM jobs")}
            for table in _TABLES.split():
                info = list(connection.execute(f"PRAGMA table_info({table})"))
                keys = [row[1] for row in info if row[5]]
                where = " AND ".join(f"{key} = ?" for key in keys)
                for values in connection.execute(f"SELECT {', '.join(keys)} FROM {table}"):
                    self._places.append((table, [row[1] for row in info], where, list(values)))

    def changed(self, dice: random.Random, rows: int) -> tuple[Path, set[str]]:
        """A copy in which so many rows have another value, and the digests of the jobs that these are of."""
        shutil.copy(self._sound, self._path)
        touched = set[str]()
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for table, columns, where, keys in dice.sample(self._places, min(rows, len(self._places))):
                column = dice.choice(columns)
                found = connection.execute(f"SELECT {column} FROM {table} WHERE {where}", keys).fetchone()
                touched |= {key for key in keys if key in self.digests}
                value = dice.choice(VALUES) if found is None or dice.randrange(3) else _other(dice, found[0])
                try:
                    connection.execute(
                        f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {where}", [value, *keys]
                    )
                except (sqlite3.Error, TypeError, OverflowError, UnicodeEncodeError):
                    continue
        return self._path, touched


def _other(dice: random.Random, value: object) -> object:
    if isinstance(value, str):
        return broken_text(dice, value).encode("utf-8", "replace").decode()
    return broken_bytes(dice, value) if isinstance(value, bytes) else dice.choice(VALUES)


def report_on(database: Database) -> None:
    """Make what reports, comparisons, exports and claims make of a database; our errors are as good."""
    from ftbench.cli._requests import BASELINE, selection
    from ftbench.errors import FtbenchError
    from ftbench.render import render
    from ftbench.services.claims import tested
    from ftbench.services.comparing import topup_plans
    from ftbench.services.comparing.request import CompareRequest, compared_runs
    from ftbench.services.planning import rerun
    from ftbench.services.reporting.build import build_report
    from ftbench.services.reporting.request import ReportRequest

    two = selection(None, None, "vanilla,bidrop", BASELINE)
    made: tuple[Callable[[], object], ...] = (
        lambda: tested.tested(database),
        lambda: topup_plans.listed(database),
        lambda: render(build_report(database, ReportRequest()), "html"),
        lambda: compared_runs(database, CompareRequest(two)),
        lambda: rerun.old_and_new(database.results.past()),
    )
    for make in made:
        try:
            make()
        except FtbenchError as error:
            assert "\n" not in str(error), error
