"""What differs between database systems: one subclass of ``Backend`` each; all else in ``db`` is common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPICursor

from ftbench.errors import DatabaseError, UsageError


class Files(Protocol):
    """The files beneath an open database."""

    @property
    def touched(self) -> bool:
        """Whether they may hold another database than when ``wrong_inside`` was asked before."""

    def wrong(self) -> str | None:
        """What is wrong with them, in words; None where they are those that were opened."""

    def wrong_inside(self, connection: Connection) -> str | None:
        """The same, seen from within a transaction that writes, in which a mark is left."""


class AtOnce(NamedTuple):
    """Statements each of which is a whole transaction of ``Leases``, so that a server is asked once for it.

    Each does what the transaction does; or it changes nothing and gives no row, or a constraint ends it, and
    then the transaction is to be gone through, which decides what was not as usual.

    Attributes:
        claim: gives digest, spec, label and places of the next free job, and the number of the attempt; NULL
            where the job was left as it is, because its places name files of the user's. ``{conditions}``
            stands for more conditions on it. A crash of the server may undo it, as it may a heartbeat.
        beat: gives a row where the lease was extended.
        finish: gives a row where the result was recorded; see ``recording.finish_values`` for its parameters.
    """

    claim: str
    beat: str
    finish: str


class Backend(ABC):
    """One database on one system: how to reach it, its dialect's few words, and what its errors mean.

    Attributes:
        shown: the address as messages name it, without a password.
        address: the same as printed commands and ``Database`` name it.
        now: SQL for the seconds since 1970 (UTC) by the database's own clock.
        seen: the statement whose one value, asked again on one connection, is another one once anybody has
            committed a change.
        hold: what ends a select whose rows nobody else may change until the transaction ends; "" where a
            transaction that writes has the whole database to itself.
        take_free: the same, passing over rows that others hold.
        hold_jobs: the statement that keeps all others from changing jobs until the transaction ends; "" as
            with ``hold``.
        at_once: transactions that are one statement each; None where several are as fast.
        shell: the program in which a user mends the database by hand.
    """

    now: ClassVar[str]
    seen: ClassVar[str]
    hold: ClassVar[str] = ""
    take_free: ClassVar[str] = ""
    hold_jobs: ClassVar[str] = ""
    at_once: ClassVar[AtOnce | None] = None
    shell: ClassVar[str]

    def __init__(self, shown: str, address: str = "") -> None:
        """Name the database; nothing is opened."""
        self.shown, self.address = shown, address or shown

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is something at the address; it may be empty, or not ours."""

    @abstractmethod
    def engine(self, *, write: bool, timeout: float, migrating: bool = False) -> Engine:
        """An engine with every connection set up.

        Args:
            write: whether the connections may write.
            timeout: seconds to wait for another program's lock.
            migrating: a missing database is made (empty), and references between tables are not enforced,
                because a migration that rebuilds a table drops the old one.

        Raises:
            DatabaseError: the place does not allow it; the message says what would.
        """

    @abstractmethod
    def begin(self, connection: Connection, *, write: bool, alone: bool) -> None:
        """Open a transaction on a connection that has none.

        Args:
            connection: of an engine of this backend.
            write: False for one that only reads, and sees one state of the database throughout.
            alone: whether it waits for all others that are to be alone, and these for it; one that writes.
        """

    @abstractmethod
    def prepare(self, connection: Connection) -> None:
        """Make what queries need besides the tables; after a migration, in its transaction."""

    @abstractmethod
    def settle(self, connection: Connection) -> None:
        """Make ready for queries what was filled at once, in the transaction that has filled it."""

    @abstractmethod
    def watch(self) -> Files:
        """What looks, while a connection is open, at the files beneath it."""

    @abstractmethod
    def set_durable(self, connection: Connection, durable: bool) -> None:
        """Whether what is committed from now on is on the disk by then; outside a transaction."""

    @abstractmethod
    def explain(self, error: BaseException) -> DatabaseError | None:
        """What a driver's error means for the user; None where it can only be a bug of ours."""

    @abstractmethod
    def asking(self, connection: Connection) -> AbstractContextManager[DBAPICursor]:
        """A cursor for a user's text: the database itself refuses whatever is not one query.

        Args:
            connection: in a transaction that only reads.
        """

    @abstractmethod
    def explain_query(self, error: BaseException) -> UsageError | None:
        """What is wrong with a query that a user wrote; None where it is not the query."""

    def misread(self, error: BaseException) -> bool:
        """Whether a query failed because a text of a row is none, in its encoding."""
        return False

    @contextmanager
    def any_text(self, connection: Connection) -> Iterator[None]:
        """Read texts with a sign in place of what is none."""
        yield

    @abstractmethod
    def backup(self, connection: Connection, target: Path) -> None:
        """Write a consistent copy to a SQLite file that does not exist yet, while others work on."""

    @abstractmethod
    def backup_place(self, revision: str) -> Path:
        """A file that does not exist yet, for the copy of a database of an older revision."""

    @abstractmethod
    def damage(self, connection: Connection) -> list[str]:
        """What the system itself finds wrong with a database, a line each; [] where it is whole."""

    @abstractmethod
    def strangers(self, connection: Connection) -> list[str]:
        """The names of views and triggers, of which ftbench makes none."""
