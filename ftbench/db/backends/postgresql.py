"""PostgreSQL: a database on a server, for workers on several machines."""

from __future__ import annotations

import itertools
import re
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.numeric import FloatLoader
from psycopg.types.string import StrDumper
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DisconnectionError

from ftbench.db.backends import postgresql_errors as errors
from ftbench.db.backends.at_once import AT_ONCE, CLOCK
from ftbench.db.backends.base import Backend
from ftbench.db.copying import copy_to_file
from ftbench.db.tables import metadata
from ftbench.errors import DatabaseBusy, DatabaseError, UsageError

_LOCKS = 20526  # the first number of our advisory locks; the second is that of the schema
_ALONE = f"SELECT pg_advisory_xact_lock({_LOCKS}, hashtext(current_schema()))"
_READS, _WRITES = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
)
_STUCK = 60  # seconds after which the server ends a transaction that writes and whose program does nothing
#: A cut cable is noticed within a minute or so, not after the two hours that systems wait by themselves.
_CONNECTING: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "application_name": "ftbench",
}
_FUNCTIONS = (
    # Volatile, so that it is called once where a query reads several facts of what it gives.
    "CREATE OR REPLACE FUNCTION ftbench_json(given text) RETURNS jsonb LANGUAGE plpgsql AS "
    "$$ BEGIN RETURN given::jsonb; EXCEPTION WHEN others THEN RETURN NULL; END $$",
    "CREATE OR REPLACE FUNCTION ftbench_fact(given text, path text) RETURNS jsonb LANGUAGE plpgsql AS "
    "$$ DECLARE found jsonb; BEGIN found := jsonb_path_query_first(given::jsonb, path::jsonpath); "
    "RETURN CASE jsonb_typeof(found) WHEN 'null' THEN NULL "
    "WHEN 'boolean' THEN to_jsonb(found::boolean::integer) ELSE found END; "
    "EXCEPTION WHEN others THEN RETURN NULL; END $$",
    "CREATE OR REPLACE FUNCTION ftbench_without(given text, keys text[]) RETURNS text LANGUAGE plpgsql AS "
    "$$ BEGIN RETURN (given::jsonb - keys)::text; EXCEPTION WHEN others THEN RETURN NULL; END $$",
)
_STRANGERS = (
    "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') "
    "AND relnamespace = current_schema()::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_depend "
    "WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e') "
    "UNION ALL SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace ORDER BY 1"
)


class _Types(PGTypeCompiler):
    """The types of columns: numbers as large as SQLite's, and texts in the order of their characters."""

    def visit_INTEGER(self, type_: Any, **options: Any) -> str:
        """A whole number."""
        return "BIGINT"

    def visit_TEXT(self, type_: Any, **options: Any) -> str:
        """A text."""
        return 'TEXT COLLATE "C"'


class _Text(StrDumper):
    """A text, with a sign in place of what PostgreSQL cannot hold: NUL, and what is no character."""

    def dump(self, obj: str) -> Any:
        """Its bytes."""
        try:
            return super().dump(obj)
        except (psycopg.DataError, UnicodeEncodeError):
            return super().dump(obj.replace("\0", "␀").encode(errors="replace").decode())


class _Connected:
    """In place of files: after each new connection the server may have another database at the address."""

    def __init__(self) -> None:
        self.touched, self.ever = True, False

    def wrong(self) -> str | None:
        """Nothing; see ``Files``."""
        return None

    def wrong_inside(self, connection: Connection) -> str | None:
        """Nothing; who asks has looked at the database's name for itself."""
        self.touched = False
        return None


class Postgresql(Backend):
    """A database on a PostgreSQL server, and in it the first schema of the search path."""

    now = CLOCK
    # Which transactions are over: it costs no look at any table, and workers need not tell anybody anything.
    seen = "SELECT txid_current_snapshot()::text"
    hold = "FOR UPDATE"
    take_free = "FOR UPDATE SKIP LOCKED"
    hold_jobs = "LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE"
    at_once = AT_ONCE
    shell = "psql"

    def __init__(self, url: URL, shown: str) -> None:
        """Name the database; nothing is opened.

        Args:
            url: of SQLAlchemy's, for psycopg.
            shown: the address without its password.
        """
        super().__init__(shown)
        self._url, self._connected = url, _Connected()
        query = url.query.get("password")
        self._secret = url.password or (query if isinstance(query, str) else "")

    def exists(self) -> bool:
        """Whether there is something: connecting tells."""
        return True

    def engine(self, *, write: bool, timeout: float, migrating: bool = False) -> Engine:
        """An engine with one connection; see ``Backend.engine``."""
        given = {name: value for name, value in _CONNECTING.items() if name not in self._url.query}
        # The usual encoding of the place does not count: texts are UTF-8 here.
        # Transactions begin by a statement of ours, and one without it is a single statement.
        arguments = {**given, "client_encoding": "utf8", "autocommit": True}
        engine = create_engine(
            self._url,
            connect_args=arguments,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=timeout,
        )
        if migrating:
            engine.dialect.type_compiler_instance = _Types(engine.dialect)

        @event.listens_for(engine, "connect")
        def set_up(connection: Any, record: object) -> None:
            self._connected.touched = self._connected.ever = True
            encoding = connection.info.parameter_status("server_encoding")
            if encoding not in (None, "UTF8"):  # a pooler need not say
                raise DatabaseError(
                    f"{self.shown} holds texts as {encoding}: make one with `createdb --encoding UTF8 "
                    "--template template0 NAME`"
                )
            connection.adapters.register_dumper(str, _Text)
            connection.adapters.register_loader("numeric", FloatLoader)
            # Digests are made there of numbers as they are written.
            settings = {"lock_timeout": f"{1000 * timeout:.0f}", "extra_float_digits": "1"}
            if write:
                settings["idle_in_transaction_session_timeout"] = f"{1000 * _STUCK}"
            asked = ", ".join("set_config(%s, %s, false)" for _ in settings)
            connection.execute(f"SELECT {asked}", [word for pair in settings.items() for word in pair])

        @event.listens_for(engine, "checkout")
        def look(connection: Any, record: object, proxy: object) -> None:
            if _has_ended(connection):
                raise DisconnectionError  # the pool makes a new one

        return engine

    def begin(self, connection: Connection, *, write: bool, alone: bool) -> None:
        """Begin, and wait for whoever is alone; see ``Backend.begin``."""
        driver: Any = connection.connection.driver_connection
        driver.execute((f"{_WRITES}; {_ALONE}" if alone else _WRITES) if write else _READS)

    def prepare(self, connection: Connection) -> None:
        """Make the functions of ``words``; see ``Backend.prepare``."""
        for statement in _FUNCTIONS:
            connection.exec_driver_sql(statement)

    def settle(self, connection: Connection) -> None:
        """Have the server learn what the tables hold; see ``Backend.settle``."""
        connection.exec_driver_sql(f"ANALYZE {', '.join(metadata.tables)}")

    def watch(self) -> _Connected:
        """Nothing but whether it was connected anew; see ``Backend.watch``."""
        return self._connected

    def set_durable(self, connection: Connection, durable: bool) -> None:
        """Nothing: the server syncs each commit, unless its owner has decided otherwise."""

    def explain(self, error: BaseException) -> DatabaseError | None:
        """What PostgreSQL's error means; see ``Backend.explain``."""
        found = errors.meaning(error, self.shown, self._secret)
        if isinstance(found, DatabaseBusy) and found.absent and not self._connected.ever:
            # A worker that is started while the server restarts waits for it, as one that works does.
            message = f"{found}: check the address, and that the server runs"
            return DatabaseBusy(message, found.told, absent=True)
        return found

    @contextmanager
    def asking(self, connection: Connection) -> Iterator[DBAPICursor]:
        """A cursor of the server's, which is declared for one query alone; see ``Backend.asking``."""
        driver: Any = connection.connection.driver_connection
        with driver.cursor(name="ftbench_query") as cursor:
            yield cursor

    def explain_query(self, error: BaseException) -> UsageError | None:
        """What is wrong with a query; see ``Backend.explain_query``."""
        return errors.query_mistake(error)

    def backup(self, connection: Connection, target: Path) -> None:
        """Write a SQLite file with all rows of one state; see ``Backend.backup``."""
        copy_to_file(connection, target)

    def backup_place(self, revision: str) -> Path:
        """A file in the current folder; see ``Backend.backup_place``."""
        name = re.sub(r"[^\w.-]", "_", self._url.database or "ftbench")
        ends = itertools.chain(("",), (f"-{number}" for number in itertools.count(2)))
        places = (Path(f"{name}.{revision}.backup{end}") for end in ends)
        return next(place for place in places if not place.exists())

    def damage(self, connection: Connection) -> list[str]:
        """Nothing: the server looks after its files itself."""
        return []

    def strangers(self, connection: Connection) -> list[str]:
        """Views and triggers, but for those of extensions; see ``Backend.strangers``."""
        return [str(name) for name in connection.exec_driver_sql(_STRANGERS).scalars()]


def _has_ended(connection: Any) -> bool:
    """Whether the server has hung up, as far as can be known without asking it: an idle one says nothing."""
    try:
        if connection.closed:
            return True
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN)
        for _ in range(3):  # its last words, and then the end of them
            if connection.closed or not poller.poll(0):
                break
            connection.pgconn.consume_input()
        return bool(connection.closed)
    except (psycopg.Error, OSError, ValueError):
        return True
