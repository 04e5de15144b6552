"""What can go wrong for a user, each with the exit code of the command that met it.

    FtbenchError                exit 1: the work could not be done
    ├── UsageError              exit 2: the command was asked for something that does not exist
    │   ├── UnknownName         … with the nearest right name
    │   └── BadValue            … with what would be right
    ├── DataError               a data file is missing or malformed
    │   ├── DataMissing         … rows are not on this machine
    │   └── OwnDataError        … a user's own file is no task; exit 2, as for all that was typed
    ├── ModelError              a model cannot be found or read
    │   └── ModelMissing        … it is not on this machine
    ├── DeviceMissing           the job needs a device that this machine lacks
    ├── PluginError             a user's file or entry point cannot be used
    └── DatabaseError           the database cannot be used
        ├── DatabaseMissing     … there is none
        ├── DatabaseReadOnly
        ├── DatabaseBusy        … just now: it is locked, or its server does not answer
        ├── DatabaseGone        … its file was deleted or replaced while it was open
        ├── NotOurDatabase
        └── NewerDatabase

An error's docstring is its default message; its text is one line that names the wrong thing and says what
to do. Only bugs show tracebacks.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def one_line(text: str) -> str:
    """A text without its line breaks; blanks elsewhere stay, they may be a path's."""
    return " ".join(line.strip() for line in text.strip().splitlines())


class FtbenchError(Exception):
    """The work could not be done."""

    exit_code = 1

    def __init__(self, message: str | None = None) -> None:
        """Take the one-line message, or fall back to the class's docstring."""
        super().__init__(one_line(message or type(self).__doc__ or ""))


class UsageError(FtbenchError):
    """The command was asked for something that does not exist."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that nothing carries."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Name the wrong thing and the nearest right one.

        Args:
            kind: what the name should have been, in the singular: ``method``, ``task``, ``key``.
            name: the name as it was given.
            known: the names that exist.
        """
        self.kind, self.name = kind, name
        super().__init__(f"unknown {kind} '{name}'{nearest(name, known)}")


class BadValue(UsageError):
    """A value that its option does not take."""


class DataError(FtbenchError):
    """A data file is missing or malformed."""


class DataMissing(DataError):
    """Rows are not on this machine; on another one, or later, they may be."""

    def __init__(self, message: str | None = None, away: str = "") -> None:
        """Take the message, and why the hub could not be asked; "" where it was, or need not be."""
        super().__init__(message)
        self.away = away


class OwnDataError(DataError):
    """A file of your own cannot be a task."""

    exit_code = 2


class ModelError(FtbenchError):
    """A model cannot be found or read."""


class ModelMissing(ModelError):
    """A model is not on this machine; on another one, or later, it may be."""

    def __init__(self, message: str | None = None, away: str = "") -> None:
        """Take the message, and why the hub could not be asked; "" where it was, or need not be."""
        super().__init__(message)
        self.away = away


class DeviceMissing(FtbenchError):
    """The job needs a device that this machine lacks; another one may have it."""


class PluginError(FtbenchError):
    """A plug-in cannot be used."""


class DatabaseError(FtbenchError):
    """The database cannot be used."""


class DatabaseReadOnly(DatabaseError):
    """The database cannot be written to."""


class DatabaseMissing(DatabaseError):
    """There is no database."""


class DatabaseBusy(DatabaseError):
    """The database cannot be used just now; later it may."""

    def __init__(
        self,
        message: str | None = None,
        told: str = "the database is locked by another program: waiting until it is free",
        *,
        absent: bool = False,
    ) -> None:
        """Take the message, what is told while it is waited for, and whether nobody answers there."""
        super().__init__(message)
        self.told, self.absent = one_line(told), absent


class DatabaseGone(DatabaseError):
    """The database is not there any more."""


class NotOurDatabase(DatabaseError):
    """The file is not an ftbench database."""


class NewerDatabase(DatabaseError):
    """The database was written by a newer version of ftbench."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, or list a few.

    Returns:
        ``"; did you mean 'bidrop'?"``, or ``"; known: a, b, c"`` where nothing is close.
    """
    names = sorted({str(k) for k in known})
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    if not names:
        return "; none are known"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"; known: {shown}"


class NothingToReport(FtbenchError):
    """There is nothing to report."""


class ProtocolError(FtbenchError):
    """What the training process sent is not an event."""
