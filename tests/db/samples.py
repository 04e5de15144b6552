"""Jobs, results and shortcuts for the tests of the database."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ftbench.db import Database, Entry, Lease
from ftbench.db.reaping import _Seen
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import CurvePoint, JobResult, Predictions, Score

#: For tests of what one system alone has.
ONLY_SQLITE = pytest.mark.parametrize("address", ["sqlite"], indirect=True)
ONLY_POSTGRESQL = pytest.mark.parametrize("address", ["postgresql"], indirect=True)

RESULT = JobResult(
    scores=(Score("dev", "accuracy", 0.75), Score("dev", "f1", 0.5)),
    curves=(CurvePoint("main", 1, "loss", 0.7), CurvePoint("main", 2, "loss", 0.6)),
    predictions=(Predictions("main", "dev", 3, 2, zlib.compress(bytes(24))),),
    provenance={"threads": 2, "versions": {"torch": "2.13"}},
)


def entry(seed: int = 0, method: str = "vanilla", **options: Any) -> Entry:
    """A job of the grid that the tests use; ``priority`` and ``places`` go to the entry."""
    outer = {k: options.pop(k) for k in ("priority", "places", "label") if k in options}
    job = Job(
        model=options.pop("model", "tiny"),
        model_revision="sha256:m",
        task=options.pop("task", "toy-entail"),
        data_revision="toy-1",
        evaluation=("dev",),
        method=method,
        hparams=options.pop("hparams", {}),
        seed=seed,
        perturbation=Perturbation.of(options),
    )
    return Entry(job, outer.pop("label", method), **outer)


def claim(database: Database, worker: str = "worker", lease: float = 60.0) -> Lease:
    """The next job, which must be there."""
    taken = database.jobs.claim(worker, lease)
    assert taken is not None
    return taken


def expire(database: Database, digest: str) -> None:
    """Let a job have had no heartbeat for so long that its lease is over."""
    execute(database, "UPDATE jobs SET expires = 1.0 WHERE digest = :digest", digest=digest)
    with database._store.reading() as connection:
        token = connection.exec_driver_sql(f"SELECT token FROM jobs WHERE digest = '{digest}'").scalar_one()
    watcher = database.jobs.watcher
    watcher._seen[token] = _Seen(1.0, watcher.clock(), still=1e6)
    watcher._next = float("-inf")


def execute(database: Database, sql: str, **values: Any) -> None:
    """Change the database behind the stores' backs."""
    with database._store.writing() as transaction:
        transaction.connection.execute(text(sql), values)


def let_in(database: Database, sql: str, **values: Any) -> bool:
    """The same, of a value that is none of its column's; False where the system itself refuses it."""
    if database.address.startswith("postgresql:") and "= x'" in sql:
        return False  # bytes are bits there, which it takes for a text of digits
    try:
        execute(database, sql, **values)
    except DBAPIError:
        assert database.address.startswith("postgresql:")
        return False
    return True


def count(database: Database, table: str) -> int:
    """The number of rows of a table."""
    with database._store.reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
