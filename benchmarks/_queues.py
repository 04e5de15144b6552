"""Queues to be compared: ours and its peers, each filled, and worked through a job at a time."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

Work = Callable[[], str | None]
_CHUNK = 10_000  # jobs that are queued at once


class Queue(Protocol):
    """A queue of jobs that do nothing.

    Attributes:
        title: as the table names it.
        keeps: what it still knows of a job that is done.
        most: rows that it is filled with at most; None for any number.
    """

    title: str
    keeps: str
    most: int | None

    def fill(self, queued: int, done: int) -> None:
        """Put jobs in: some that wait, and some that are over."""

    def settle(self) -> None:
        """Leave nothing of the filling to be done while something is measured."""

    def worker(self) -> Work:
        """A connection of a process's own; each call claims a job and completes it.

        It answers with the job's name, None where nothing waits.
        """

    def counts(self) -> tuple[int, int]:
        """How many jobs wait, and how many are recorded as done."""


@dataclass
class Ftbench:
    """Ours: a claim with a lease and an attempt, and its end with a score."""

    address: str
    title: str
    keeps: str = "job, attempts, result"
    most: int | None = None

    def fill(self, queued: int, done: int) -> None:
        """Queue jobs; those that are over are copies of them under other names, each done once."""
        from ftbench.db import Entry, create_database
        from ftbench.domain.job import Job
        from ftbench.domain.perturbation import Perturbation

        with create_database(self.address) as database:
            first = sum(database.jobs.counts().values())
            for begin in range(first, first + queued, _CHUNK):
                database.jobs.add(
                    Entry(
                        Job(
                            model="tiny",
                            model_revision="sha256:m",
                            task="toy-accept",
                            data_revision="toy-1",
                            evaluation=("dev",),
                            method="vanilla",
                            hparams={},
                            seed=seed,
                            perturbation=Perturbation.of({}),
                        ),
                        "vanilla",
                    )
                    for seed in range(begin, min(begin + _CHUNK, first + queued))
                )
            with database._store.writing() as transaction:
                for copy in range(1, done // max(1, queued) + 1):
                    transaction.run(_COPIES.format(prefix=f"{copy:08x}", back=copy * queued))
                for statement in _OVER if done else ():
                    transaction.run(statement)

    def settle(self) -> None:
        """See ``Queue``."""
        _sweep(self.address)

    def worker(self) -> Work:
        """As ``ftbench worker`` claims and ends; see ``Queue``."""
        from ftbench.db import open_database
        from ftbench.domain.result import JobResult, Score

        database, name = open_database(self.address), uuid.uuid4().hex
        result = JobResult(scores=(Score("dev", "accuracy", 0.5),))

        def work() -> str | None:
            claim = database.jobs.claim(name, 60.0)
            if claim is None:
                return None
            assert database.jobs.finish(claim, result)
            return claim.digest

        return work

    def counts(self) -> tuple[int, int]:
        """See ``Queue``; a job is done once if it has one attempt, which ended well."""
        from ftbench.db import open_database

        once = "SELECT count(*) FROM attempts WHERE outcome = 'ok' AND number = 1"
        with open_database(self.address, write=False) as database:
            counts = database.jobs.counts()
            ((done,),) = database.query(once)[1]
            if counts["done"] != done:
                raise SystemExit(f"{self.title}: {counts['done']} jobs are done, {done} of them once")
            return counts["queued"], done


#: Jobs like those that are queued, done before them.
_COPIES = (
    "INSERT INTO jobs (digest, sequence, state, priority, attempts, label, model, model_revision, task, "
    "data_revision, method, hparams, seed, train_size, reduction, noise, perturbation, recipe, spec, places, "
    "created) SELECT '{prefix}' || substr(digest, 9), sequence - {back}, 'done', priority, 1, label, model, "
    "model_revision, task, data_revision, method, hparams, seed, train_size, reduction, noise, perturbation, "
    "recipe, spec, places, created FROM jobs WHERE state = 'queued'"
)
_OVER = (
    "INSERT INTO attempts (digest, number, worker, started, ended, outcome, message, traceback) "
    "SELECT digest, 1, 'somebody', created, created, 'ok', '', '' FROM jobs WHERE state = 'done'",
    "INSERT INTO scores (digest, evaluation, metric, value) "
    "SELECT digest, 'dev', 'accuracy', 0.5 FROM jobs WHERE state = 'done'",
)


@dataclass
class Huey:
    """huey with its SQLite storage: a task is deleted when it is taken, its result is stored."""

    path: str
    title: str = "huey, SQLite"
    keeps: str = "the result alone"
    most: int | None = None

    def _open(self) -> tuple[Any, Any]:
        import huey

        opened = huey.SqliteHuey(filename=self.path, timeout=60)
        return opened, opened.task(name="nothing")(_nothing)

    def fill(self, queued: int, done: int) -> None:
        """See ``Queue``."""
        opened, task = self._open()
        name = opened.storage.name
        waiting = ((name, opened.serialize_task(task.s())) for _ in range(queued))
        results = ((name, f"done-{i}", b"\x80\x04K\x01.") for i in range(done))
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.executemany("INSERT INTO task (queue, data, priority) VALUES (?, ?, 0)", waiting)
            connection.executemany("INSERT INTO kv (queue, key, value) VALUES (?, ?, ?)", results)

    def settle(self) -> None:
        """See ``Queue``."""

    def worker(self) -> Work:
        """See ``Queue``."""
        opened, _ = self._open()

        def work() -> str | None:
            task = opened.dequeue()
            if task is None:
                return None
            opened.execute(task)
            return str(task.id)

        return work

    def counts(self) -> tuple[int, int]:
        """See ``Queue``."""
        with closing(sqlite3.connect(self.path)) as connection:
            (waiting,) = connection.execute("SELECT count(*) FROM task").fetchone()
            (done,) = connection.execute("SELECT count(*) FROM kv").fetchone()
        return waiting, done


def _nothing() -> int:
    return 1


@dataclass
class Optuna:
    """Optuna's storage in a database: trials that wait are asked for, and told a value.

    Every process reads all trials of the study, and each claim all that wait: it is filled with fewer.
    """

    address: str
    title: str
    keeps: str = "trial, value"
    most: int | None = 10_000

    def _study(self) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        storage = optuna.storages.RDBStorage(self.address, engine_kwargs=_engine(self.address))
        sampler = optuna.samplers.RandomSampler()
        return optuna.create_study(storage=storage, study_name="s", sampler=sampler, load_if_exists=True)

    def fill(self, queued: int, done: int) -> None:
        """See ``Queue``."""
        study = self._study()
        into = "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) VALUES "
        over = "(:number, :study, 'COMPLETE', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
        with _executing(self.address) as (execute, ask):
            first = ask("SELECT count(*) FROM trials")
            numbers = [{"number": n, "study": study._study_id} for n in range(first, first + done + queued)]
            if done:
                execute(into + over, numbers[:done])
                execute(
                    "INSERT INTO trial_values (trial_id, objective, value, value_type) "
                    "SELECT trial_id, 0, 0.5, 'FINITE' FROM trials WHERE state = 'COMPLETE'",
                    [{}],
                )
            if queued:
                execute(into + "(:number, :study, 'WAITING', NULL, NULL)", numbers[done:])

    def settle(self) -> None:
        """See ``Queue``."""
        _sweep(self.address)

    def worker(self) -> Work:
        """See ``Queue``."""
        import optuna

        study = self._study()

        def work() -> str | None:
            trial = study.ask()
            with suppress(optuna.exceptions.UpdateFinishedTrialError, ValueError):  # another had it, too
                study.tell(trial, 0.5)
            return str(trial.number)

        return work

    def counts(self) -> tuple[int, int]:
        """See ``Queue``."""
        with _executing(self.address) as (_, ask):
            waiting, done = (
                ask(f"SELECT count(*) FROM trials WHERE state = '{s}'") for s in ("WAITING", "COMPLETE")
            )
        return waiting, done


@dataclass
class Procrastinate:
    """procrastinate: what its worker asks of the database for a job, without the rest of its worker."""

    address: str
    title: str = "procrastinate, PostgreSQL"
    keeps: str = "job, events"
    most: int | None = None

    def fill(self, queued: int, done: int) -> None:
        """See ``Queue``."""
        import procrastinate
        import psycopg

        with psycopg.connect(self.address) as connection:
            (known,) = _row(connection.execute("SELECT to_regclass('procrastinate_jobs')"))
        if known is None:
            app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=self.address))
            with app.open():
                app.schema_manager.apply_schema()
        with psycopg.connect(self.address) as connection:
            for state, number in (("succeeded", done), ("todo", queued)):
                connection.execute(
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, status) SELECT 'default', "
                    f"'nothing', '{state}' FROM generate_series(1, {number})"
                )

    def settle(self) -> None:
        """See ``Queue``."""
        _sweep(self.address)

    def worker(self) -> Work:
        """See ``Queue``."""
        import procrastinate
        from procrastinate.jobs import Status

        loop = asyncio.new_event_loop()
        connector = procrastinate.PsycopgConnector(conninfo=self.address, min_size=1, max_size=1)
        app = procrastinate.App(connector=connector)
        loop.run_until_complete(app.open_async())
        manager = app.job_manager
        known = loop.run_until_complete(manager.register_worker())

        async def one() -> str | None:
            job = await manager.fetch_job(None, known)
            if job is None:
                return None
            await manager.finish_job(job, Status.SUCCEEDED, delete_job=False)
            return str(job.id)

        return lambda: loop.run_until_complete(one())

    def counts(self) -> tuple[int, int]:
        """See ``Queue``."""
        import psycopg

        count = "SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'succeeded')"
        with psycopg.connect(self.address) as connection:
            waiting, done = _row(connection.execute(f"{count} FROM procrastinate_jobs"))
        return waiting, done


def _engine(address: str) -> dict[str, Any]:
    return {"connect_args": {"timeout": 60}} if address.startswith("sqlite") else {"pool_size": 1}


@contextmanager
def _executing(
    address: str,
) -> Iterator[tuple[Callable[[str, list[dict[str, Any]]], object], Callable[[str], int]]]:
    """Statements by SQLAlchemy: one that is executed for each row of values, one that asks for a number."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(address)
    with engine.begin() as connection:
        yield (
            lambda sql, rows: connection.execute(sqlalchemy.text(sql), rows),
            lambda sql: int(connection.execute(sqlalchemy.text(sql)).scalar_one()),
        )
    engine.dispose()


def _sweep(address: str) -> None:
    """Have a server sweep and count its tables; SQLite has nothing to be done."""
    if address.startswith("postgresql"):
        import psycopg

        plain = address.replace("postgresql+psycopg:", "postgresql:")
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")


def _row(cursor: Any) -> Any:
    row = cursor.fetchone()
    assert row is not None
    return row
